"""Show what settings do to a person's own picture: efface looks at one picture and draws the
result with the real renderer.

The search is remembered, so that only a change of what is searched for takes its time. The
picture of a film is looked at as a photo is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from efface.containers.admission import admit
from efface.frames import Frame, Picture
from efface.geometry import Box
from efface.media.interfaces import SourceInfo
from efface.media.preview import fitted, jpeg, rgb_of
from efface.media.video.frame_access import FrameAccess
from efface.options import Options
from efface.painting.paint import paint
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.jpeg_blocks import grid_of
from efface.pipeline.sources import opened
from efface.planning.plan import Plan
from efface.regions import Region
from efface.tracks import Track

UNSEEN_FRAME = 24
"""Frame of a film without a plan: the first ones are often black."""

THUMB_SIDE = 320
"""Longer side, in pixels, of the picture of a file that efface has not looked at yet."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen in one picture, before margins. Nobody paints into `picture` itself."""

    key: tuple[Any, ...]
    picture: Picture
    info: SourceInfo
    tracks: Sequence[Track]


_last: list[_Seen] = []


def telling_frame(plan: Plan | None) -> int:
    """Return the frame that shows most of what is erased, to try settings on."""
    if plan is None:
        return UNSEEN_FRAME
    areas = [
        (float(sizes.max()), int(t.frame[int(sizes.argmax())]))
        for t in plan.revised.tracks
        for sizes in [(t.xyxy[:, 2] - t.xyxy[:, 0]) * (t.xyxy[:, 3] - t.xyxy[:, 1])]
    ]
    return max(areas)[1] if areas else min(UNSEEN_FRAME, len(plan.timeline) - 1)


def preview(
    source: Path, options: Options, index: int, pts: Sequence[int], side: int
) -> tuple[bytes, int]:
    """Return a JPEG of a frame as efface would erase it with these options, and the number of areas
    in it. Raises InputError, PartMissing.

    pts  times of all frames, if a plan knows them.
    """
    from efface.pipeline.analysis import covered_on_photos  # loads slowly

    seen = _seen(source, options, index, pts)
    size_wh = seen.picture.size_wh
    covered = covered_on_photos(seen.tracks, (size_wh,), options.cover)
    regions = [Region(_box(t), i) for i, t in enumerate(covered, start=1)]
    painting, grid = options.paint, grid_of(seen.info, options)
    if grid is not None:
        regions = grid.regions(regions, size_wh)
        painting = replace(painting, shape="box")
    planes = tuple(plane.copy() for plane in seen.picture.planes)
    picture = Picture(planes, seen.picture.layout)
    paint(picture, regions, painting)
    rgb = rgb_of(picture, seen.info, fitted(size_wh, side))
    return jpeg(np.ascontiguousarray(rgb)), len(regions)


def _seen(source: Path, options: Options, index: int, pts: Sequence[int]) -> _Seen:
    from efface.pipeline.analysis import sightings_on_photo

    found = source.stat()
    key = (source, found.st_mtime_ns, found.st_size, index, options.detect)
    if _last and _last[0].key == key:
        return _last[0]
    _last.clear()
    with opened(admit(source), options.read) as media:
        if pts and media.info.medium == "video":
            frame = FrameAccess(media, np.array(pts, np.int64)).frame(index)
        else:
            frame = _frame_at(media.frames(), index if media.info.medium == "video" else 0)
        with DetectorSession(options) as session, session.for_photos() as detector:
            tracks = sightings_on_photo(frame, detector)
        _last.append(_Seen(key, frame.unpack(), media.info, tracks))
    return _last[0]


def _frame_at(frames: Iterable[Frame], index: int) -> Frame:
    """Return that frame, or the last one of a shorter film."""
    last: Frame | None = None
    for frame in frames:
        last = frame
        if frame.index >= index:
            break
    if last is None:
        raise IndexError("there is no frame")
    return last


def _box(track: Track) -> Box:
    x1, y1, x2, y2 = (int(v) for v in track.xyxy[0])
    return x1, y1, x2, y2


def thumbnail(source: Path, options: Options) -> bytes:
    """Return a small JPEG of the first frame, as it is. Raises InputError."""
    with opened(admit(source), options.read) as media:
        frame = _frame_at(media.frames(), 0)
        return jpeg(np.ascontiguousarray(frame.look(fitted(frame.size_wh, THUMB_SIDE))))
