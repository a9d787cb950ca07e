"""Tests stand apart from benchmarks: neither imports the other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def imported(path: Path) -> Iterator[str]:
    """Yield the name of each module that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def importers(folder: Path, package: str) -> list[str]:
    """Return the files below a folder that import a package."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*.py"))
        if any(name.split(".")[0] == package for name in imported(path))
    ]


@pytest.mark.parametrize(("folder", "package"), [("tests", "benchmarks"), ("benchmarks", "tests")])
def test_tests_and_benchmarks_do_not_import_each_other(folder: str, package: str) -> None:
    assert importers(ROOT / folder, package) == []


def test_an_import_is_noticed_wherever_it_stands(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("def f():\n    from benchmarks.live import read\n")
    (tmp_path / "other.py").write_text("import benchmarks\n")
    (tmp_path / "neither.py").write_text("import efface.bench\n")
    assert importers(tmp_path, "benchmarks") == ["one.py", "other.py"]
