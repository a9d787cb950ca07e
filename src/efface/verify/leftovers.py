"""Is there anything in the finished file that nobody asked for?"""

from __future__ import annotations

from efface.findings import Check, Finding, Outcome
from efface.media.base import SourceInfo
from efface.media.metadata import strangers

NAME = "leftovers"


def leftovers(target: SourceInfo) -> list[Finding]:
    """Parts of a finished photo that no allow-list names. Videos are built stream by stream, and are not walked yet."""
    if target.medium == "video":
        return []
    return [Finding(NAME, f"it holds {part}") for part in strangers(target.path, target.format)]


def check_leftovers(target: SourceInfo) -> Check:
    """The same as a check, with what it looked with. Raises SourceUnreadable."""
    if target.medium == "video":
        return Check(NAME, Outcome.SKIPPED, why="videos are not walked yet")
    found = tuple(leftovers(target))
    return Check(NAME, Outcome.NOT_CLEAN if found else Outcome.CLEAN, found)
