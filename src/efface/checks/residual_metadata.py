"""Is there anything in the finished file that nobody asked for?

Two kinds of eyes look. efface's own walk names every part, down to the messages within a video's pictures, that its
allow-lists do not
know. Where exiftool and ffprobe are installed, they are asked as well: they know formats of makers that efface never heard of,
and
share no code with it. Without them the check is complete in its own terms; its facts then say that they were not there.
"""

from __future__ import annotations

from collections.abc import Iterator

from efface.checks.external_findings import ABSENT, ToolFindings, exiftool, ffprobe
from efface.containers.allowlist import WALKED, unlisted_parts
from efface.containers.sniff import format_of
from efface.errors import EffaceError
from efface.findings import Check, Finding, Outcome
from efface.media.interfaces import SourceInfo

NAME = "leftovers"


def residual_metadata(target: SourceInfo) -> list[Finding]:
    """Parts of a finished photo or video that no allow-list names. Raises SourceUnreadable.

    A format that efface cannot walk is a finding too: what was not looked at is not clean.
    """
    name = _format(target)
    if name not in WALKED:
        return [Finding(NAME, f"it is of a format that cannot be walked ({name})")]
    return [Finding(NAME, f"it holds {part}") for part in unlisted_parts(target.path, name)]


def _format(target: SourceInfo) -> str:
    try:
        return format_of(target.path)
    except EffaceError:
        return target.format


def check_residual_metadata(target: SourceInfo, *, with_others: bool = True) -> Check:
    """The same as a check. Raises SourceUnreadable.

    with_others  exiftool and ffprobe are asked as well, where they are installed; a second or two for each file.
    """
    found = residual_metadata(target)
    facts: dict[str, str | int | float] = {"walked": _format(target)}
    if with_others:
        for said in _others(target):
            facts[said.program] = _fact(said)
            found += [Finding(NAME, f"{said.program} sees {what}") for what in said.unlisted]
    return Check(NAME, Outcome.NOT_CLEAN if found else Outcome.CLEAN, tuple(found), facts)


def _fact(said: ToolFindings) -> str:
    if said.why:
        return said.why if said.why == ABSENT else f"gave no answer: {said.why}"
    return f"looked, version {said.version}"


def _others(target: SourceInfo) -> Iterator[ToolFindings]:
    yield exiftool(target.path)
    if target.medium == "video":  # to ffprobe a photo is a film of one frame
        yield ffprobe(target.path)
