"""What checks found: sentences with a place in the target, and which of the checks could look at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from efface.geometry import Box


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    check    name of the check, e.g. "coverage".
    message  one sentence without a full stop, for people.
    frame    number of the frame in the target, where that makes sense.
    box      the area in that frame, where that makes sense.
    time_s   when that frame is shown, in seconds from the start of the target, where that makes sense.
    score    of a detector, 0 to 1, where one found it.
    """

    check: str
    message: str
    frame: int | None = None
    box: Box | None = None
    time_s: float | None = None
    score: float | None = None


class Outcome(Enum):
    """How a check ended. "We could not look" is never "nothing there", so it has a value of its own."""

    CLEAN = "clean"
    NOT_CLEAN = "not clean"
    REVIEW = "needs review"
    """Something was found that may be harmless; a person decides."""
    SKIPPED = "not looked"
    """It was not asked for, or lacks what it needs (a source, a plan); `why` says which."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check and how it ended.

    name      short: "coverage", "second look", "leftovers", "fidelity", "hashes".
    outcome   how it ended.
    findings  what it found, in the order of time; empty when it is clean or did not look.
    facts     what it measured or looked with, for the report: names in plain words, values for people.
    why       why it did not look; empty otherwise.
    """

    name: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    why: str = ""

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.SKIPPED) != bool(self.why):
            raise ValueError("a check that did not look says why, and no other does")
        if bool(self.findings) != (self.outcome in (Outcome.NOT_CLEAN, Outcome.REVIEW)):
            raise ValueError("findings go with an outcome that is not clean, and the other way round")


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
        """The gravest of the checks that looked. Raises ValueError when none did: that is no result."""
        looked = {c.outcome for c in self.checks} - {Outcome.SKIPPED}
        for gravest in (Outcome.NOT_CLEAN, Outcome.REVIEW, Outcome.CLEAN):
            if gravest in looked:
                return gravest
        raise ValueError("no check looked")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all checks."""
        return tuple(f for c in self.checks for f in c.findings)
