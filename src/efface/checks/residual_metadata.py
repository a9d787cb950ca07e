"""Check that the finished file holds no metadata that nobody asked for.

There are two independent checks. efface's own walk reports every part that its allow-lists do not
name, down to the messages within a video bitstream. exiftool and ffprobe, if they are installed,
are asked as well. They know vendors' formats that efface does not, and share no code with it.
Without them the check is still complete in its own terms; its facts then say that they were
missing.
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


def residual_metadata(target: SourceInfo, manifest: str = "") -> list[Finding]:
    """Return the parts of a finished photo or video that no allow-list names. Raises
    SourceUnreadable.

    manifest  see `allowlist.unlisted_parts`.

    A format that efface cannot walk is a finding too: what was not examined does not count as
    clean.
    """
    name = _format(target)
    if name not in WALKED:
        return [Finding(NAME, f"it is of a format that cannot be walked ({name})")]
    return [
        Finding(NAME, f"it holds {part}") for part in unlisted_parts(target.path, name, manifest)
    ]


def _format(target: SourceInfo) -> str:
    try:
        return format_of(target.path)
    except EffaceError:
        return target.format


def check_residual_metadata(
    target: SourceInfo, *, with_others: bool = True, manifest: str = ""
) -> Check:
    """Run the check. Raises SourceUnreadable.

    manifest     see `allowlist.unlisted_parts`.
    with_others  ask exiftool and ffprobe too, if they are installed; this takes a second or two for
                 each file.
    """
    found = residual_metadata(target, manifest)
    is_signed = bool(manifest) and not found  # then efface knows every byte of the manifest
    facts: dict[str, str | int | float] = {"walked": _format(target)}
    if with_others:
        for said in _others(target, is_signed=is_signed):
            facts[said.program] = _fact(said)
            found += [Finding(NAME, f"{said.program} sees {what}") for what in said.unlisted]
    return Check(NAME, Outcome.NOT_CLEAN if found else Outcome.CLEAN, tuple(found), facts)


def _fact(said: ToolFindings) -> str:
    if said.why:
        return said.why if said.why == ABSENT else f"gave no answer: {said.why}"
    return f"looked, version {said.version}"


def _others(target: SourceInfo, *, is_signed: bool) -> Iterator[ToolFindings]:
    yield exiftool(target.path, is_signed=is_signed)
    if target.medium == "video":  # ffprobe treats a photo as a one-frame video
        yield ffprobe(target.path)
