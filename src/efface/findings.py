"""Holds the results of checks: findings with their place in the target, and which checks could look
at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from efface.geometry import Box


WALLS = "walls around decoders"
"""The fact of a check that tells which walls stood around the processes that decoded its files."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in a target, or may be.

    check    name of the check, e.g. "coverage".
    message  one sentence without a full stop, for people.
    frame    number of the frame in the target, if the finding is about one.
    box      the area in that frame, if the finding is about one.
    time_s   when that frame is shown, in seconds from the start of the target, if it has a time.
    score    the score of the detector, 0 to 1, if one found it.
    """

    check: str
    message: str
    frame: int | None = None
    box: Box | None = None
    time_s: float | None = None
    score: float | None = None


class Outcome(Enum):
    """How a check ended.

    "We could not look" is never "nothing there", so it has a value of its own.
    """

    CLEAN = "clean"
    NOT_CLEAN = "not clean"
    REVIEW = "needs review"
    """Something was found that may be harmless; a person decides."""
    SKIPPED = "not looked"
    """The check was not requested, or lacks what it needs (a source, a plan); `why` says which."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check and how it ended.

    name      short: "coverage", "second look", "leftovers", "fidelity", "hashes".
    outcome   how it ended.
    findings  what it found, in order of time; empty if it is clean or did not look.
    facts     what it measured and with what, for the report: plain names, readable values.
    why       why it did not look; empty otherwise.
    """

    name: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    why: str = ""

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.SKIPPED) != bool(self.why):
            raise ValueError(
                "a check needs a reason if it did not look, and must not have one otherwise"
            )
        if bool(self.findings) != (self.outcome in (Outcome.NOT_CLEAN, Outcome.REVIEW)):
            raise ValueError(
                "a check has findings if and only if its outcome is NOT_CLEAN or REVIEW"
            )


@dataclass(frozen=True, slots=True)
class Verification:
    """Everything that was checked on one target."""

    checks: tuple[Check, ...]

    @property
    def has_looked(self) -> bool:
        """Whether any of the checks looked."""
        return any(c.outcome is not Outcome.SKIPPED for c in self.checks)

    @property
    def outcome(self) -> Outcome:
        """The gravest outcome of the checks that looked.

        Raises ValueError if none looked: that is not a result.
        """
        looked = {c.outcome for c in self.checks} - {Outcome.SKIPPED}
        for gravest in (Outcome.NOT_CLEAN, Outcome.REVIEW, Outcome.CLEAN):
            if gravest in looked:
                return gravest
        raise ValueError("no check looked")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all checks."""
        return tuple(f for c in self.checks for f in c.findings)
