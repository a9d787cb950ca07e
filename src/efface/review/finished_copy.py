"""The finished copy of a file: where it is, whether a browser shows it, and what it still shows."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from efface.planning.left_visible import by_kind
from efface.planning.plan import Plan
from efface.report import wording
from efface.review.file_registry import Folder
from efface.review.session import ReviewSession

VIDEOS = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm"}
IMAGES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
}
"""Formats that browsers show, by suffix. QuickTime files are sent as MP4, which they resemble."""

UNKNOWN = "application/octet-stream"


def media_type_of(path: Path) -> str:
    """Return the type under which a browser gets the copy."""
    return (VIDEOS | IMAGES).get(path.suffix.lower(), UNKNOWN)


def copy_of(folder: Folder) -> Path | None:
    """Return the copy that was made from this plan, or from an earlier state of it; None if it was
    not made yet, or another file has taken its place.

    A link in its place is not followed.
    """
    path = folder.job.target
    if folder.rendered_plan is None or not folder.has_own_copy:
        return None
    try:
        is_file = stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return None
    return path if is_file else None


def described(session: ReviewSession, folder: Folder) -> dict[str, Any] | None:
    """Describe the finished copy for the page, or return None before it is made."""
    path, plan, done = copy_of(folder), folder.rendered_plan, folder.done
    if path is None or plan is None or done is None or folder.document is None:
        return None
    return {
        "name": path.name,
        "kind": media_type_of(path).partition("/")[0],
        "current": session.state(folder) == "rendered",
        "report": True,
        "shows": still_shown(plan, done.audio_kept),
        "limits": list(wording.LIMITS),
    }


def still_shown(plan: Plan, sounds_kept: int) -> list[str]:
    """Return sentences on what a copy made by this plan still shows, as far as efface knows it."""
    now = plan.revised
    kept = sum(t.keep for t in now.tracks)
    left = wording.left_visible(by_kind(plan))
    found = [
        f"{wording.counted(kept, 'track')} kept visible by a person." if kept else "",
        f"{wording.counted(len(now.deleted), 'track')} deleted by a person: not erased."
        if now.deleted
        else "",
        f"{wording.counted(len(now.areas), 'area')} in which what was found stays visible."
        if now.areas
        else "",
        f"{left}." if left else "",
        "The sound, and so the voices." if sounds_kept else "",
    ]
    return [sentence for sentence in found if sentence]
