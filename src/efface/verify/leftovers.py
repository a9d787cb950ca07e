"""Is there anything in the finished file that nobody asked for?"""

from __future__ import annotations

from efface.findings import Finding
from efface.media.base import SourceInfo
from efface.media.metadata import strangers


def leftovers(target: SourceInfo) -> list[Finding]:
    """Parts of a finished photo that no allow-list names. Videos are built stream by stream, and are not walked yet."""
    if target.medium == "video":
        return []
    return [Finding("leftovers", f"it holds {part}") for part in strangers(target.path, target.format)]
