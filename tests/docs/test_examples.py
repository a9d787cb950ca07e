"""The README's first command, run as it stands there: same words on the screen, and nothing that
was planted left."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SHOWN = re.compile(r"^```\n\$ (efface redact examples/.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LIMITS = {"astronaut.jpg": 60_000, "astronaut.mp4": 300_000, "overview.jpg": 300_000}


def planted() -> tuple[str, ...]:
    spec = importlib.util.spec_from_file_location("make_examples", EXAMPLES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    words: tuple[str, ...] = module.PLANTED
    return words


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    """What the README shows, what came instead, and the folder of targets."""
    shown = SHOWN.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert shown is not None
    here = tmp_path_factory.mktemp("clone")
    (here / "examples").symlink_to(EXAMPLES, target_is_directory=True)
    words = [w.replace("examples/redacted", "redacted") for w in shlex.split(shown[1])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return shown[2].replace("examples/redacted", "redacted"), done.stdout, here / "redacted"


def without_numbers(text: str) -> str:
    """Counts may differ by a frame between processors."""
    return re.sub(r"\d+", "N", re.sub(r"\.mp4|\.jpg", "", text))


def test_the_readme_shows_what_is_said(run: tuple[str, str, Path]) -> None:
    shown, said, _ = run
    assert without_numbers(said) == without_numbers(shown)


def test_what_was_planted_is_in_the_examples_and_not_in_the_targets(
    run: tuple[str, str, Path],
) -> None:
    _, _, targets = run
    for word in planted():
        assert any(
            word.encode() in (EXAMPLES / n).read_bytes() for n in ("astronaut.jpg", "astronaut.mp4")
        )
        for target in targets.iterdir():
            assert word.encode() not in target.read_bytes(), (word, target.name)


def test_the_thumbnail_is_gone(run: tuple[str, str, Path]) -> None:
    start = b"\xff\xd8\xff"
    assert (EXAMPLES / "astronaut.jpg").read_bytes().count(start) == 2
    assert (run[2] / "astronaut.jpg").read_bytes().count(start) == 1


@pytest.mark.parametrize("name", LIMITS)
def test_examples_stay_small(name: str) -> None:
    assert 0 < (EXAMPLES / name).stat().st_size <= LIMITS[name]
