"""Files and functions stay small enough to be read at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

SOURCES = sorted((Path(__file__).parents[2] / "src" / "efface").rglob("*.py"))
LONGEST_FILE = 450
LONGEST_FUNCTION = 40
"""Lines of a body without its docstring."""

MEDIAN_FUNCTION = 7


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and lines of each function of a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            yield f"{path.name}:{node.lineno} {node.name}", lines


def test_no_file_is_too_long() -> None:
    lines = {p.name: p.read_text("utf-8").count("\n") for p in SOURCES}
    assert {name: n for name, n in lines.items() if n > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    lengths = [f for p in SOURCES for f in functions(p)]
    assert [(name, n) for name, n in lengths if n > LONGEST_FUNCTION] == []


def test_most_functions_are_short() -> None:
    assert median(n for p in SOURCES for _, n in functions(p)) <= MEDIAN_FUNCTION


def test_no_two_files_share_a_name() -> None:
    names = [p.name for p in SOURCES if p.name != "__init__.py"]
    assert sorted(names) == sorted(set(names))
