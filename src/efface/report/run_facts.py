"""Facts about the run: settings, detectors, software, verdicts and errors, without file names."""

from __future__ import annotations

import platform
import re
from collections.abc import Collection, Iterable, Mapping
from importlib import metadata
from typing import Any

from efface.errors import printable
from efface.findings import WALLS, Outcome, Verification
from efface.media.decoder.source_opening import standing_walls
from efface.options import PAINTED, settings
from efface.planning.plan import Plan
from efface.report.report_model import Chosen, Failure, Found, Network, Verdict
from efface.version import VERSION

LONGEST_TEXT = 200
"""Maximum characters of a text from a plan's file. Such files may be hostile."""

LIBRARIES = (
    "av",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "pillow",
    "pillow-heif",
    "zxing-cpp",
)
"""Libraries that decode, detect, paint and encode. Their versions are part of the record."""

NOT_TOLD = {
    "redact": ("report", "sign"),
    "render": ("report", "sign"),
    "verify": ("report", "sign", "paint", "write"),
}
"""Option branches that say nothing about what was erased, by command. When a copy is only checked,
nobody knows how it was painted. Those of "sign" name files of the signer."""


def networks_of(plan: Plan) -> tuple[Network, ...]:
    """Return the detectors that a plan names, at most 16."""
    told = [
        [shortened(d.get(name, "")) for name in ("name", "version", "sha256", "runtime")]
        for d in plan.detectors[:16]
    ]
    return tuple(Network(*values) for values in told)


def chosen(
    command: str, asked: Mapping[str, Any], planned: Mapping[str, Any] | None = None
) -> tuple[Chosen, ...]:
    """Return the settings that took effect, changed ones first.

    asked    of this run, branch by branch, as `dataclasses.asdict(Options)` gives it.
    planned  of the run that made the plan, which decided what to look for, and how. A plan's file
             may hold anything.
    """
    told = []
    for s in settings():
        if s.branch in NOT_TOLD[command]:
            continue
        branch = (asked if planned is None or s.branch in PAINTED else planned).get(s.branch)
        if isinstance(branch, Mapping) and s.name in branch:
            told.append(Chosen(s.flag, _said(branch[s.name]), _said(s.default), s.unit))
    return tuple(sorted(told, key=lambda c: not c.is_changed))


def _said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | list):  # an option that may be given several times
        return shortened(" ".join(map(str, value)))
    return f"{value:g}" if isinstance(value, float) else shortened(value)


def shortened(value: object) -> str:
    text = printable(value)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def verdict_of(found: Found | None, verification: Verification | None) -> Verdict:
    """Return the verdict for a file whose target exists."""
    outcomes = {c.outcome for c in verification.checks} if verification else set()
    if Outcome.NOT_CLEAN in outcomes:
        return Verdict.NOT_CLEAN
    if not outcomes - {Outcome.SKIPPED}:
        return Verdict.NOT_VERIFIED
    is_doubtful = found is not None and found.above > 0
    return Verdict.REVIEW if is_doubtful or Outcome.REVIEW in outcomes else Verdict.CLEAN


def failure_of(error: Exception, private: Collection[str]) -> Failure:
    """Describe an error for the report without file names.

    private  words of names and folders, as `words_of` gives them. A reason from the system or a
             decoder may quote some. Such a
             reason is left out: a short message is better than a leaked name.
    """
    kind = type(error).__name__
    lead = str(getattr(error, "lead", ""))
    why, at, hint = (
        _public(str(getattr(error, part, "") or ""), private) for part in ("why", "at", "hint")
    )
    message = f"It {lead}" if lead else _FIXED.get(kind, "An error that efface did not expect")
    message += f" at {at}" if at else ""
    message += f": {why}." if why else "."
    return Failure(kind, shortened(message), shortened(hint))


def words_of(text: str) -> set[str]:
    """Return the words in a name or path, in lower case."""
    return set(re.findall(r"[^\W_]+", text.casefold()))


def _public(text: str, private: Collection[str]) -> str:
    return "" if "/" in text or "\\" in text or not words_of(text).isdisjoint(private) else text


_FIXED = {
    "UndecodableFrame": "A frame cannot be decoded",
    "TooManyPixels": "It has more pixels than the limit",
    "UsageError": "The request contradicts itself",
    "ModelUnusable": "A model cannot be used",
    "DeviceMissing": "The device that was asked for is not available",
    "PartMissing": "A part of efface is missing",
    "DetectorFailed": "The detector failed",
    "WorkerDied": "The process that worked on it died",
    "WallsMissing": "The system lacks the walls that were asked for",
    "OutOfMemory": "There was not enough memory for it",
    "ClusterUnusable": "The cluster cannot be used",
    "ProtocolMissing": "A protocol that it needs is not to be had on this machine",
    "CameraGivenUp": "A camera failed again and again, and was given up",
    "EncoderMissing": "The encoder is not part of this installation",
    "ExtraMissing": "A part of efface that is installed on request is missing",
    "VerificationFailed": "The finished draft did not pass its check and was deleted",
    "Interrupted": "It was not finished, as the run was interrupted",
}
"""Messages of errors that are built from other parts."""


def walls_of(found: Iterable[Verification | None]) -> str:
    """Return which walls stood around the decoders of a run, by its checks; without any check,
    those of this system."""
    checks = [check for one in found if one is not None for check in one.checks]
    told = {str(check.facts[WALLS]) for check in checks if WALLS in check.facts}
    return "; ".join(sorted(shortened(t) for t in told)[:4]) or str(standing_walls())


def software() -> dict[str, str]:
    """Return the versions of the software in use, by name."""
    told = {"efface": VERSION, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            told[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # another build of the run-time replaces it
            continue
    return told
