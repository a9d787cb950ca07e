"""The base classes of all errors, how their messages are printed, and exit codes.

`efface.errors` is the public module: import from there.
"""

from __future__ import annotations

from collections.abc import Iterable

EXIT_OK = 0
EXIT_LOOK = 7
"""Done, and something may still be visible at moments that were listed."""

NOTHING_WRITTEN = "Nothing was written."


def printable(text: object) -> str:
    """Return the text on one line.

    File names may hold line breaks, escape codes or undecodable bytes.
    """
    return "".join(c if c.isprintable() else _escaped(c) for c in str(text))


def _escaped(character: str) -> str:
    # Python keeps the undecodable byte 0xff of a name as U+DCFF. Other lone surrogates come from
    # plans and from Windows.
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


class EffaceError(Exception):
    """Base of every error that efface raises on purpose.

    `exit_code` is what the command line ends with.
    """

    exit_code = 1

    def __str__(self) -> str:
        return printable(" ".join(str(a) for a in self.args))


class AboutFile(EffaceError):
    """An error about one file:

    `path` is the file, `why` a clause without full stop, `hint` what to try.
    """

    def __init__(self, path: object, why: str = "", hint: str = "") -> None:
        super().__init__(str(path), why, hint)
        self.path, self.why, self.hint = str(path), why, hint

    lead = "cannot be used"

    def __str__(self) -> str:
        why = f": {self.why}" if self.why else ""
        parts = [f"{self.path}: {self.lead}{why}.", NOTHING_WRITTEN, self.hint]
        return printable(" ".join(p for p in parts if p))


_SEVERITY = (EXIT_OK, EXIT_LOOK, 2, 5, 3, 4, 6, 1, 130)
"""From best to gravest.

After EXIT_LOOK the file exists; after an error it does not, so every error is graver.
"""


def worst(codes: Iterable[int]) -> int:
    """Return the exit code of a batch: the gravest of its files' codes."""
    return max(
        codes,
        key=lambda c: _SEVERITY.index(c) if c in _SEVERITY else _SEVERITY.index(1),
        default=EXIT_OK,
    )
