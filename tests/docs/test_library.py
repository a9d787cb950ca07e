"""The examples of docs/library.md run as they stand there, one after the other."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "library.md"


def examples() -> list[str]:
    """The page's blocks of Python."""
    return re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def test_the_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "examples" / "astronaut.jpg", tmp_path / "protest.jpg")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, example in enumerate(examples()):
        exec(compile(example, f"example {number} of {PAGE.name}", "exec"), names)
    said = capsys.readouterr().out
    assert "1 faces and plates" in said
    assert "exists already" in said
    assert {"public.jpg", "public.jpg.plan.json", "rendered.jpg", "solid.jpg"} <= {
        p.name for p in tmp_path.iterdir()
    }
