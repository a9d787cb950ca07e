"""Makes the tree of errors in docs/errors.md from the classes: their names, exit codes and first
sentences.

    python docs/make_error_tree.py           writes the tree into docs/errors.md
    python docs/make_error_tree.py --print   prints it

The paragraphs of the page are written by hand. The tree stands between two marks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from efface import errors
from efface.errors import EffaceError

TARGET = Path(__file__).with_name("errors.md")
BEGIN = "<!-- The tree is made by docs/make_error_tree.py; do not edit it by hand. -->"
END = "<!-- end of the tree -->"
NAME_COLUMNS = 30
"""Width of the column of names."""


def tree() -> str:
    """The tree as a block of code."""
    return "\n".join(["```", *_lines(EffaceError), "```"])


def page(text: str) -> str:
    """The page with a new tree in place of the old one."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tree()}\n\n{END}{after}"


def _lines(
    kind: type[EffaceError], indent: str = "", lead: str = "", parent_code: int | None = None
) -> Iterator[str]:
    code = "" if kind.exit_code == parent_code else str(kind.exit_code)
    yield f"{lead + kind.__name__:<{NAME_COLUMNS}}{code:>3}  {_first_sentence(kind)}".rstrip()
    children = public_children(kind)
    for child in children:
        is_last = child is children[-1]
        below = indent + ("   " if is_last else "│  ")
        yield from _lines(child, below, indent + ("└─ " if is_last else "├─ "), kind.exit_code)


def public_children(kind: type[EffaceError]) -> list[type[EffaceError]]:
    """Public classes right below this one, in the order of `errors.__all__`.

    A class that is not listed there is passed through.
    """
    found: list[type[EffaceError]] = []
    for child in kind.__subclasses__():
        found += [child] if child.__name__ in errors.__all__ else public_children(child)
    return sorted(found, key=lambda child: errors.__all__.index(child.__name__))


def _first_sentence(kind: type[EffaceError]) -> str:
    return (kind.__doc__ or "").partition(". ")[0].partition("\n")[0].rstrip(".;")


def main(arguments: list[str]) -> None:
    """Writes or prints the tree."""
    if "--print" in arguments:
        sys.stdout.write(tree() + "\n")
    else:
        TARGET.write_text(page(TARGET.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
