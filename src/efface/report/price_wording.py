"""Makes the sentences on how much of the picture is erased, and on what to do where it is too
much."""

from __future__ import annotations

from collections.abc import Sequence

from efface.kinds import KINDS, PERSON
from efface.report.report_model import Cost, KindCost, Media
from efface.report.wording import kinds, share
from efface.timing import timecode

MOST_OF_A_PICTURE = 0.5
"""Share of the picture from which whole persons leave too little to be seen of it."""


def price(cost: Cost, costs: Sequence[KindCost], media: Media) -> str:
    """Say how much of the picture is erased, as a sentence without a full stop; empty if nothing
    is."""
    if not cost.worst:
        return ""
    parts = [f"{kinds(c.kind)} {share(c.cost.mean)}" for c in costs] if len(costs) > 1 else []
    return f"{share(cost.mean)} of the picture is erased{_worst(cost, media)}" + (
        f" ({', '.join(parts)})" if parts else ""
    )


def _worst(cost: Cost, media: Media) -> str:
    if media.frames < 2:
        return ""
    at = (
        f"on page {cost.worst_frame + 1}"
        if media.medium == "photo"
        else f"at {timecode(cost.worst_s)}"
    )
    return f" on average, {share(cost.worst)} at most, {at}"


def unsure_cost(cost: KindCost) -> str:
    """Say that a kind covers much of the picture, and that its sightings are uncertain."""
    said = (
        f"{kinds(cost.kind).capitalize()} cost {share(cost.cost.mean)} of the picture, "
        f"{share(cost.cost.worst)} at most"
    )
    return f"{said}, and no sighting is certain: the best score is {cost.best:.2f}."


def ways_out(cost: KindCost, without: str, review: str) -> tuple[str, ...]:
    """Say what to do about it, each way with its command.

    `without` leaves the kind out, where that is possible.
    """
    if not cost.instead:
        return (f"Remove by hand what was covered by mistake: {review}",)
    return (
        f"If there are no {kinds(cost.kind)}, leave them out: {without}",
        f"Or decide one by one: {review}",
    )


def whole_persons(costs: Sequence[KindCost]) -> str:
    """Say that whole persons take most of the picture; empty if they do not."""
    taken = max((c.cost.mean for c in costs if c.kind == KINDS[PERSON]), default=0.0)
    if taken < MOST_OF_A_PICTURE:
        return ""
    return (
        f"Whole persons cost {share(taken)} of the picture, so it shows hardly what happened. "
        "Less of people who are close by is erased with --cover head or --cover face."
    )
