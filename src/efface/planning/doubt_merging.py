"""Merge doubts of one time and place, and keep no more than people will check.

A list that is too long helps nobody. Of the merged doubts only the riskiest dozen a minute are
kept, and all above the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from efface.geometry import Box
from efface.planning.doubt import (
    LEFT,
    WHOLE,
    Doubt,
    riskiest_first,
)
from efface.planning.doubt_moment import MOST_A_MINUTE, ONE_MOMENT_S, TIGHT, Film
from efface.planning.doubt_risk import NAMED_RISK

LONGEST_S = 4.0
"""... and the merged one is at most this long."""


def merged_and_limited(found: Sequence[Doubt], film: Film, bound: float) -> tuple[Doubt, ...]:
    """Return the doubts that are kept, riskiest first: one for a moment and place, and no more than
    people will check."""
    length_s = (
        float(film.seconds[-1] - film.seconds[0]) + film.frame_s if len(film.seconds) else 0.0
    )
    pages = len(film.seconds) if film.plan.medium == "photo" else length_s / 60
    most = ceil(MOST_A_MINUTE * pages)
    kept: list[Doubt] = []
    sizes: list[float] = []
    room = {False: most, True: most}
    for doubt in found:
        for i, other in enumerate(kept):
            if (one := _one_moment(other, doubt, sizes[i], film)) is not None:
                kept[i] = one
                break
        else:
            # What a crowd leaves visible must not take the places of what is erased badly.
            is_apart = film.plan.medium == "photo" and LEFT in doubt.causes
            if room[is_apart] > 0 or doubt.risk > bound:
                room[is_apart] -= 1
                kept.append(doubt)
                sizes.append(_size(doubt.box))
    return riskiest_first(kept)


def _one_moment(a: Doubt, b: Doubt, size: float, film: Film) -> Doubt | None:
    """Merge both, riskier first; None if they differ in time or place, or the merged one would be
    too large.

    size  of the box of a before anything was merged with it.
    """
    s = film.seconds
    if WHOLE in (a.track, b.track) or film.plan.medium == "photo":
        return None
    if LEFT in (*a.causes, *b.causes):  # a person who erases one must know which
        return None
    if max(s[a.first], s[b.first]) - min(s[a.last], s[b.last]) > ONE_MOMENT_S:
        return None
    first, last = min(a.first, b.first), max(a.last, b.last)
    if s[last] - s[first] > max(LONGEST_S, s[a.last] - s[a.first]) or film.shot(first) != film.shot(
        last
    ):
        return None
    box = (
        min(a.box[0], b.box[0]),
        min(a.box[1], b.box[1]),
        max(a.box[2], b.box[2]),
        max(a.box[3], b.box[3]),
    )
    if _size(box) > TIGHT * min(size, _size(b.box)):
        return None
    return replace(
        a,
        first=first,
        last=last,
        box=box,
        causes=tuple(dict.fromkeys([*a.causes, *(b.causes if b.risk >= NAMED_RISK else ())])),
    )


def _size(box: Box) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))
