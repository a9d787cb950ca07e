"""Clean the names of dropped files: what a browser sends may hold anything.

The result is a relative path whose parts mean the same on every file system, and which leads
nowhere else.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePosixPath

MOST_PARTS = 8
"""Maximum number of folders and name. Of deeper ones the last parts stay."""

MOST_BYTES = 120
"""Maximum length of a part, in bytes. It leaves room for what targets and plans add."""

_FORBIDDEN = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names that Windows gives to devices, with any ending."""


def cleaned(name: str) -> PurePosixPath:
    """Return the name as a relative path without anything that leads elsewhere or is not shown."""
    parts = [_cleaned_part(p) for p in re.split(r"[/\\]", name) if p not in ("", ".", "..")]
    return PurePosixPath(*parts[-MOST_PARTS:]) if parts else PurePosixPath("file")


def _cleaned_part(part: str) -> str:
    """Return a part without control, direction and other invisible characters."""
    visible = "".join(c for c in part if unicodedata.category(c)[0] != "C")
    plain = _FORBIDDEN.sub("_", visible).strip().lstrip(".").rstrip(". ")
    if not plain or _RESERVED.fullmatch(plain):
        plain = f"file-{plain}" if plain else "file"
    return _shortened(plain)


def _shortened(part: str) -> str:
    """Return the part with its middle cut out if it is too long; its ending stays."""
    stem, ending = os.path.splitext(part)
    if len(ending.encode()) > MOST_BYTES // 4:
        stem, ending = part, ""
    while len((stem + ending).encode()) > MOST_BYTES:
        stem = stem[:-1]
    return stem.rstrip(". ") + ending
