"""The last line of `efface verify`: "clean" is said only of what was looked at."""

from __future__ import annotations

import pytest

from efface.cli.verify_command import conclusion
from efface.findings import Check, Finding, Outcome, Verification


def look(frames, looked):
    return Check(
        "second look",
        Outcome.CLEAN,
        facts={"frames": frames, "frames looked at": looked, "moments": 0},
    )


COVERAGE = Check("coverage", Outcome.CLEAN)
UNSEEN = Check("coverage", Outcome.SKIPPED, why="there is no source to compare with")
FOUND = Check(
    "second look",
    Outcome.REVIEW,
    (Finding("second look", "a face"),),
    {"frames": 9, "frames looked at": 2},
)


@pytest.mark.parametrize(
    ("checks", "is_quick", "said"),
    [
        ((COVERAGE, look(9, 9)), False, "Altogether: clean."),
        (
            (COVERAGE, look(9, 8)),
            False,
            "Altogether: clean.",
        ),  # the ninth shows what the eighth showed
        ((COVERAGE, look(1, 1)), True, "Altogether: clean."),
        (
            (COVERAGE, look(9, 2)),
            True,
            "Altogether: nothing found where it looked. It did not look at: 7 of 9 frames "
            "in the second look (--quick).",
        ),
        (
            (UNSEEN, look(9, 9)),
            False,
            "Altogether: nothing found where it looked. It did not look at: coverage.",
        ),
        ((UNSEEN, FOUND), False, "Altogether: needs review. It did not look at: coverage."),
        ((UNSEEN,), False, "Altogether: not looked."),
    ],
)
def test_the_last_line(checks, is_quick, said):
    assert conclusion(Verification(checks), is_quick=is_quick) == said
