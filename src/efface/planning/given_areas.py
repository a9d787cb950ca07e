"""Areas that the command names by --erase and --keep, as a part of the plan.

An area to erase is a track of the kind `drawn`, as if a person had drawn it: it is rendered,
checked, priced, reviewed and exported like one. An area to keep is a `KeptArea`. Rounding is on the
safe side: an erased area grows to whole pixels and covers every frame that is shown at any moment
of its span; a kept one shrinks, and counts only for frames that are shown within it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, floor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from efface.detections import DRAWN
from efface.errors import OutsideSource, UsageError
from efface.geometry import Box, Size
from efface.option_values import GivenArea, TimeSpan, given_area
from efface.options import CoverOptions
from efface.planning.doubt import WHOLE, Doubt
from efface.planning.plan import Plan
from efface.planning.revise import KeptArea, part_of
from efface.regions import Region
from efface.timing import Timeline
from efface.tracks import Reason, Track

TOLERANCE_S = 0.0005
"""People write times in milliseconds; frames of 30 per second do not begin at whole ones."""

EXACT_S = 1e-6
"""Rounding errors of times stay below this; a frame that ends that soon is not seen."""

HINT = "Look up its size and length, or leave this file out."


def with_given_areas(
    plan: Plan, sightings: Sequence[Track], cover: CoverOptions, path: Path
) -> tuple[Plan, list[Track]]:
    """Return the plan with the areas that the options name, and the sightings of what it still
    leaves visible.

    What was seen too weakly to be erased is not left visible in a kept area: a person decided.

    Raises OutsideSource if an area, or its span of time, is not in the source.
    """
    if not cover.erase and not cover.keep:
        return plan, list(sightings)
    number = max((t.id for t in (*plan.tracks, *plan.left)), default=0)
    tracks: list[Track] = []
    for text in cover.erase:
        tracks.append(_erased(plan, text, number + len(tracks) + 1, path))
    number += len(tracks)
    areas: list[KeptArea] = []
    for text in cover.keep:
        areas += _kept(plan, text, number + len(areas) + 1, path)
    left = [t for track in plan.left for t in _outside(track, areas)]
    frames = {t.id: t.frame for t in left}
    seen = [t for t in sightings if t.id in frames and np.isin(t.frame, frames[t.id]).any()]
    seen = [part_of(t, np.isin(t.frame, frames[t.id])) for t in seen]
    known = {t.id for t in seen}
    stays = tuple(t for t in left if t.id in known)
    plan = replace(plan, tracks=(*plan.tracks, *tracks), left=stays, areas=tuple(areas))
    return plan, seen


def outside_kept_areas(plan: Plan, doubts: Sequence[Doubt]) -> tuple[Doubt, ...]:
    """Return the doubts without those about moments that the command keeps visible."""
    if not plan.areas:
        return tuple(doubts)
    tracks = {t.id: t for t in plan.tracks}
    return tuple(d for d in doubts if not _is_spared(tracks.get(d.track), d, plan.areas))


def _is_spared(track: Track | None, doubt: Doubt, areas: Sequence[KeptArea]) -> bool:
    if track is None or doubt.track == WHOLE:
        return False
    is_then = (track.frame >= doubt.first) & (track.frame <= doubt.last)
    return bool(is_then.any() and _spared(track, areas)[is_then].all())


def _spared(track: Track, areas: Sequence[KeptArea]) -> NDArray[np.bool_]:
    return np.asarray(np.any([area.spares(track) for area in areas], axis=0))


def _outside(track: Track, areas: Sequence[KeptArea]) -> Iterator[Track]:
    stays = ~_spared(track, areas) if areas else np.ones(len(track), np.bool_)
    if stays.any():
        yield part_of(track, stays)


def _erased(plan: Plan, text: str, number: int, path: Path) -> Track:
    area = given_area(text)
    frames = _frames(plan, area.span, text, path, is_whole=False)
    boxes = [(i, box) for i in frames if (box := box_in(area, plan.size_at(i))) is not None]
    if not boxes:
        raise OutsideSource(path, f"{text} is outside of its picture", HINT)
    n = len(boxes)
    return Track(
        number,
        DRAWN,
        np.array([i for i, _ in boxes], np.int32),
        np.array([box for _, box in boxes], np.float32),
        np.full(n, Reason.DRAWN, np.uint8),
        np.zeros(n, np.float32),
    )


def _kept(plan: Plan, text: str, number: int, path: Path) -> Iterator[KeptArea]:
    """Yield the area, once for each run of frames or pages in which it has one place."""
    area = given_area(text)
    frames = _frames(plan, area.span, text, path, is_whole=True)
    places = [(i, box_in(area, plan.size_at(i), grows=False)) for i in frames]
    if all(box is None for _, box in places):
        raise OutsideSource(path, f"{text} is outside of its picture", HINT)
    while places:
        first, box = places[0]
        run = next((n for n, (_, other) in enumerate(places) if other != box), len(places))
        if box is not None:
            yield KeptArea(number, first, places[run - 1][0], box)
            number += 1
        places = places[run:]


def _frames(
    plan: Plan, span: TimeSpan | None, text: str, path: Path, *, is_whole: bool
) -> list[int]:
    """Return the numbers of the frames in a span. is_whole: only those that it contains."""
    if span is None:
        return list(range(len(plan.timeline)))
    if plan.medium == "photo":
        raise OutsideSource(path, f"{text} names a time, and a photo has none", HINT)
    start, end = _shown(plan.timeline)
    if is_whole:
        chosen = (start >= span.start_s - TOLERANCE_S) & (end <= span.end_s + TOLERANCE_S)
    else:
        chosen = (end > span.start_s + EXACT_S) & (start < span.end_s + TOLERANCE_S)
    if not chosen.any():
        raise OutsideSource(path, f"none of its frames is shown at the time of {text}", HINT)
    return [int(i) for i in np.flatnonzero(chosen)]


def _shown(timeline: Timeline) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return when each frame appears and disappears. The last is shown as long as most."""
    start = timeline.seconds
    usual = float(np.median(np.diff(start))) if len(start) > 1 else 0.0
    return start, np.append(start[1:], start[-1:] + usual)


def box_in(area: GivenArea, size_wh: Size, *, grows: bool = True) -> Box | None:
    """Return the area in whole pixels of a picture of that size; None if it is outside.

    grows  round outwards, to erase; otherwise inwards, to keep.
    """
    sides = (*size_wh, *size_wh)
    places = [
        edge * side if is_share else edge
        for edge, is_share, side in zip(area.edges, area.shares, sides, strict=True)
    ]
    low, high = (floor, ceil) if grows else (ceil, floor)
    left, top = low(places[0]), low(places[1])
    right, bottom = min(high(places[2]), sides[2]), min(high(places[3]), sides[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def zones(cover: CoverOptions, size_wh: Size) -> tuple[list[Region], list[Box]]:
    """Return the areas of a camera's picture that are always erased, and those that are kept.

    Raises UsageError for an area outside of the picture.
    """
    erased, kept = (
        [_zone(text, size_wh, grows=grows) for text in texts]
        for texts, grows in ((cover.erase, True), (cover.keep, False))
    )
    return [Region(box) for box in erased], kept


def _zone(text: str, size_wh: Size, *, grows: bool) -> Box:
    box = box_in(given_area(text), size_wh, grows=grows)
    if box is None:
        width, height = size_wh
        raise UsageError(f"{text!r} is outside of the camera's picture of {width} x {height}.")
    return box


def is_inside(box: Box, other: Box) -> bool:
    """Return whether a box lies wholly inside another one."""
    return box[0] >= other[0] and box[1] >= other[1] and box[2] <= other[2] and box[3] <= other[3]
