"""What is missing can be added with the command that the error names, however efface came here."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import pytest

from efface import part_errors
from efface.part_errors import ExtraMissing, installed_from


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """installed(direct_url) puts efface where pip puts it, with what pip notes of where it came
    from."""

    class Distribution:
        said: object = None

        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"
            return None if self.said is None else json.dumps(self.said)

    made = Distribution()
    monkeypatch.setattr(part_errors, "__file__", str(tmp_path / "lib" / "efface" / "x.py"))
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: made)

    def install(said: object) -> None:
        made.said = said

    return install


def test_a_clone_is_named_by_its_folder():
    root = Path(__file__).parents[1]
    assert installed_from("review") == f"-e '{root}[review]'"
    assert f"pip install -e '{root}[review]'" in str(ExtraMissing("review"))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, "'efface[review]'"),
        ({}, "'efface[review]'"),
        (
            {"url": "file:///home/a/efface", "dir_info": {}},
            "'efface[review] @ file:///home/a/efface'",
        ),
        (
            {"url": "https://example.org/efface.git", "vcs_info": {"vcs": "git"}},
            "'efface[review] @ git+https://example.org/efface.git'",
        ),
    ],
)
def test_an_installation_is_named_as_pip_had_it(installed, said, words):
    installed(said)
    assert installed_from("review") == words


def test_without_any_trace_it_is_the_name_alone(installed, monkeypatch):
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    installed(None)
    assert installed_from("ray") == "'efface[ray]'"
