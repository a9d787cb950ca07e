"""Where tests stand: one file a module, and apart from benchmarks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

NO_MODULES = ("contracts", "docs", "saboteurs", "training")
"""Folders of tests that are not about one package of efface."""

BEHAVIOURS = {
    "checks/test_one_colour.py",  # pictures that erasing does not change
    "cli/test_bad_input.py",
    "cli/test_command_files.py",
    "cli/test_crashes.py",
    "cli/test_doubts.py",
    "cli/test_fails_closed.py",
    "cli/test_folders.py",
    "cli/test_kinds.py",
    "cli/test_safety.py",
    "cli/test_stripping.py",
    "cli/test_wheel.py",
    "cluster/test_command_line.py",
    "detect/test_detectors.py",  # what every detector must do
    "detect/test_precision.py",  # eight bits against floats
    "live/test_peers.py",  # real programs that send and take streams
    "media/still/test_damaged_photos.py",
    "media/still/test_stills_hostile.py",
    "media/still/test_stills_needles.py",
    "media/still/test_stills_strangers.py",
    "media/video/test_strange_films.py",
    "painting/test_promise.py",
    "pipeline/test_admitted_once.py",
    "pipeline/test_redact_promise.py",
    "review/test_accessibility.py",  # what axe-core finds
    "review/test_messages_in_german.py",
    "review/test_open_page.py",
    "review/test_page.py",  # in a browser
    "review/test_page_sound.py",
    "review/test_page_language.py",
    "review/test_page_triage.py",
    "test_public.py",  # the public names
    "test_without_posix.py",
}
"""Tests of what several modules do together. Any other file is named after its module."""


def module_of(test: Path, source: Path) -> Path:
    """Return the module that a test file is named after: tests/x/test_y.py is about x/y.py."""
    return source / test.parent / f"{test.stem.removeprefix('test_')}.py"


def test_a_test_file_is_named_after_its_module() -> None:
    tests = {path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    others = {
        test.as_posix()
        for test in tests
        if test.parts[0] not in NO_MODULES and not module_of(test, ROOT / "src/efface").exists()
    }
    assert others - BEHAVIOURS == set(), "name it after its module, or list it as a behaviour"
    assert BEHAVIOURS - others == set(), "no longer there, or named after a module"


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
