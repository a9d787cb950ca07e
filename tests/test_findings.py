"""Outcomes of checks: what was not looked at is never clean."""

import pytest

from efface.findings import Check, Finding, Outcome, Verification

FOUND = (Finding("coverage", "frame 3 still shows what the plan erases", 2),)
CLEAN = Check("coverage", Outcome.CLEAN)
SKIPPED = Check("second look", Outcome.SKIPPED, why="it was not asked for")
REVIEW = Check("second look", Outcome.REVIEW, FOUND)
BAD = Check("coverage", Outcome.NOT_CLEAN, FOUND)


@pytest.mark.parametrize(
    ("checks", "outcome"),
    [
        ((CLEAN, SKIPPED), Outcome.CLEAN),
        ((CLEAN, REVIEW), Outcome.REVIEW),
        ((BAD, REVIEW, CLEAN), Outcome.NOT_CLEAN),
    ],
)
def test_the_gravest_outcome_counts(checks, outcome):
    assert Verification(checks).outcome is outcome


@pytest.mark.parametrize("checks", [(), (SKIPPED,)])
def test_where_nobody_looked_there_is_no_outcome(checks):
    with pytest.raises(ValueError, match="no check looked"):
        Verification(checks).outcome  # noqa: B018


@pytest.mark.parametrize(
    ("outcome", "findings", "why"),
    [
        (Outcome.CLEAN, FOUND, ""),
        (Outcome.NOT_CLEAN, (), ""),
        (Outcome.REVIEW, (), ""),
        (Outcome.SKIPPED, (), ""),
        (Outcome.SKIPPED, FOUND, "no source"),
        (Outcome.CLEAN, (), "no source"),
    ],
)
def test_a_check_agrees_with_itself(outcome, findings, why):
    with pytest.raises(ValueError, match=r"check|findings"):
        Check("coverage", outcome, findings, why=why)


def test_findings_of_all_checks_come_in_their_order():
    assert Verification((BAD, CLEAN, REVIEW)).findings == FOUND + FOUND
