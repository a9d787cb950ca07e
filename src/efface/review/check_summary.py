"""Summarise for the page what was checked of a copy."""

from __future__ import annotations

from typing import Any

from efface.findings import Outcome, Verification


def checks(verification: Verification) -> dict[str, Any]:
    """Return what was checked, for the page."""
    outcome = (
        verification.outcome.value
        if any(c.outcome is not Outcome.SKIPPED for c in verification.checks)
        else "not looked"
    )
    return {
        "outcome": outcome,
        "checks": [
            {
                "name": c.name,
                "outcome": c.outcome.value,
                "why": c.why,
                "findings": [
                    {"message": f.message, "frame": f.frame, "box": f.box} for f in c.findings[:200]
                ],
            }
            for c in verification.checks
        ],
    }
