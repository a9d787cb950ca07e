"""Fragments of the changelog have names that towncrier takes, and make a changelog."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRAGMENTS = sorted(p for p in (ROOT / "changelog.d").iterdir() if p.name != "README.md")


def kinds() -> list[str]:
    """The kinds of change that pyproject.toml names."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return [kind["directory"] for kind in tomllib.load(file)["tool"]["towncrier"]["type"]]


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda p: p.name)
def test_a_fragment_is_named_by_its_change_and_kind(path: Path) -> None:
    """Towncrier passes over a file of another name without a word."""
    assert re.fullmatch(rf"\+[a-z0-9-]+\.({'|'.join(kinds())})\.md", path.name)


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda p: p.name)
def test_a_fragment_begins_with_a_sentence(path: Path) -> None:
    """Towncrier makes a list item of it. A fragment that is a list would make an empty item."""
    assert re.match(r"[*`A-Z-]?[*`A-Za-z]", path.read_text(encoding="utf-8"))
    assert not path.read_text(encoding="utf-8").startswith(("- ", "* "))


@pytest.mark.skipif(
    importlib.util.find_spec("towncrier") is None, reason="towncrier comes with the extra dev"
)
def test_towncrier_makes_a_changelog_of_them() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "towncrier", "build", "--draft"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    missing = [
        p.name
        for p in FRAGMENTS
        if first_words(p.read_text(encoding="utf-8")) not in joined(done.stdout)
    ]
    assert missing == []


def first_words(text: str) -> str:
    return joined(text)[:60]


def joined(text: str) -> str:
    return " ".join(text.split())
