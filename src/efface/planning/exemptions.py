"""Why something is erased, in the words of an office: a reason for each track, from a list.

Offices that answer requests for information have to say under which exemption they left something
out. A person gives reasons in the review; the plan holds them in its log.
"""

from __future__ import annotations

import os
from pathlib import Path

from efface.errors import UsageError
from efface.files import open_plain, reason
from efface.planning.edits import LONGEST_REASON, Join, Justify, Split, is_reason, read
from efface.planning.plan import Plan

LARGEST, MOST_REASONS = 1 << 16, 200
"""Bytes of a list of reasons, and their maximum number: more than anybody chooses from."""


def reasons_of(plan: Plan) -> dict[int, str]:
    """Return the reason of each track that has one, by the track's id after all edits."""
    found: dict[int, str] = {}
    for edit in read(plan.edits).in_force:
        match edit:
            case Justify(tracks, why):
                found |= dict.fromkeys(tracks, why)
            case Split(track, _, new) if track in found:
                found[new] = found[track]
            case Join(track, other) if other in found:
                found.setdefault(track, found[other])
    there = {t.id for t in plan.revised.tracks}
    return {track: why for track, why in found.items() if why and track in there}


def load_reasons(path: Path) -> tuple[str, ...]:
    """Return the reasons that a file lists, one a line. Blank lines, and those that begin with #,
    do not count. Raises UsageError."""
    try:
        with open_plain(path) as f:
            data = f.read(min(os.fstat(f.fileno()).st_size, LARGEST) + 1)
        text = data.decode("utf-8-sig")
    except OSError as e:
        raise UsageError(f"--reasons {path}: {reason(e)}") from e
    except ValueError as e:
        raise UsageError(f"--reasons {path}: it is not text in UTF-8.") from e
    lines = (line.strip() for line in text.splitlines())
    found = tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
    if not found or len(data) > LARGEST or len(found) > MOST_REASONS:
        raise UsageError(f"--reasons {path}: it must list 1 to {MOST_REASONS} reasons.")
    for line in found:
        if not is_reason(line):
            raise UsageError(
                f"--reasons {path}: a reason has more than {LONGEST_REASON} characters, or some "
                "that cannot be printed."
            )
    return found
