"""Source to plan: the whole source is looked at before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from efface.detect.base import Detector
from efface.detections import Detections
from efface.events import Event, Listener
from efface.frames import Frame
from efface.geometry import Size
from efface.media.base import Source, SourceInfo
from efface.options import Options
from efface.planning.build import covering, numbered, tallness
from efface.planning.plan import Plan
from efface.planning.risk import doubts
from efface.streaming import frames_ahead, prefetched
from efface.timing import Timeline
from efface.track.camera import STILL, Camera, Step, Views
from efface.track.follow import Grey, in_grey, small_wh
from efface.track.gaps import Shots, filled
from efface.track.shots import THUMB_WH, thumbnail, with_cuts
from efface.track.tracker import Tracker
from efface.track.trails import Trails
from efface.track.unsure import ON_PHOTOS, widened
from efface.tracks import Reason, Track

THUMB_SOURCE = 8
"""A thumbnail is made from the frame at this many times the thumbnail's size: the scaler averages better from there."""


@dataclass(slots=True)
class _Notes:
    """What is written down while the frames go by."""

    pts: list[int] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    checksums: list[int] = field(default_factory=list)
    views: list[Step | None] = field(default_factory=list)


def look(source: Source, sha256: str, detector: Detector, options: Options, listener: Listener) -> Plan:
    """The plan for a source. Raises InputError, DetectorFailed."""
    notes, trails = _Notes(), Trails()
    with prefetched(source.frames(), frames_ahead(source.info.size_wh)) as frames:
        watched = _noted(frames, notes, listener, source.info)
        if source.info.medium == "photo":
            tracks = list(_page_by_page(watched, detector))
        else:
            tracks = list(_over_time(watched, detector, options, notes, trails, source))
    timeline = Timeline(np.array(notes.pts, np.int64), source.time_base)
    sizes = tuple(notes.sizes) if len(set(notes.sizes)) > 1 else tuple(notes.sizes[:1])
    views = Views.fixed(len(timeline))
    if source.info.medium != "photo":
        shots, views = Shots(notes.cuts, len(timeline)), Views.of(notes.views)
        tracks = [filled(t, timeline, shots, options.track, views, sizes, trails.of.get(t.id, ())) for t in tracks]
    covered = [c for t in tracks if (c := covering(t, sizes, options.cover))]
    plan = Plan(
        source_sha256=sha256,
        medium=source.info.medium,
        sizes=sizes,
        timeline=timeline,
        tracks=numbered(covered),
        cuts=tuple(notes.cuts),
        bad=tuple(notes.bad),
        detectors=tuple(asdict(info) for info in detector.infos),
        options=asdict(options),
        checksums=tuple(notes.checksums),
    )
    return replace(plan, doubts=doubts(plan, detector.sure, tallness(options.cover), views.seen_from))


def _noted(frames: Iterator[Frame], notes: _Notes, listener: Listener, info: SourceInfo) -> Iterator[Frame]:
    for frame in frames:
        notes.pts.append(frame.pts)
        notes.sizes.append(frame.size_wh)
        if frame.is_bad:
            notes.bad.append(frame.index)
        if info.medium == "video":  # photos are decoded by one thread, and a picture of theirs may be large
            notes.checksums.append(frame.unpack().checksum())
        yield frame
        listener(Event("look", frame.index + 1, info.frame_count))


def _page_by_page(frames: Iterator[Frame], detector: Detector) -> Iterator[Track]:
    for frame in frames:
        seen = Detections.none() if frame.is_bad else detector.detect(replace(frame, is_alone=True))
        for i in np.flatnonzero(seen.are_sure(detector.sure)):
            track = Track(
                id=1,
                kind=int(seen.kind[i]),
                frame=np.array([frame.index], np.int32),
                xyxy=seen.xyxy[[i]],
                reason=np.array([Reason.SEEN], np.uint8),
                score=seen.score[[i]],
            )
            yield widened(track, ON_PHOTOS[track.kind]) if track.kind in ON_PHOTOS else track


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """What is left of a frame.

    picture  small and grey; None when nobody knows what it shows.
    """

    index: int
    pts: int
    size_wh: Size
    seen: Detections
    picture: Grey | None


def _over_time(
    frames: Iterator[Frame], detector: Detector, options: Options, notes: _Notes, trails: Trails, source: Source
) -> Iterator[Track]:
    tracker = Tracker(options.track, detector.sure)
    base, held = float(source.time_base), STILL
    for looked, is_cut in with_cuts(_looked_at(frames, detector, notes)):
        i, second = looked.index, looked.pts * base
        if is_cut:
            notes.cuts.append(i)
        held = notes.views[i] or held
        yield from tracker.update(i, second, looked.seen, is_cut=is_cut, view=held)
        trails.update(i, second, looked.picture, looked.size_wh, tracker.seen_in(i), is_cut=is_cut)
    yield from tracker.flush()
    trails.flush()


def _looked_at(frames: Iterator[Frame], detector: Detector, notes: _Notes) -> Iterator[tuple[_Looked, NDArray[np.float32]]]:
    thumb = np.zeros((THUMB_WH[1], THUMB_WH[0], 3), np.float32)
    camera = Camera()
    for frame in frames:
        if frame.is_bad:  # what it shows is unknown: no sighting, and no sign of a shot change
            notes.views.append(None)
            yield _Looked(frame.index, frame.pts, frame.size_wh, Detections.none(), None), thumb
            continue
        seen = detector.detect(frame)
        small = frame.look((THUMB_WH[0] * THUMB_SOURCE, THUMB_WH[1] * THUMB_SOURCE))
        thumb = thumbnail(small)
        notes.views.append(camera.view(small, frame.size_wh))
        grey = in_grey(frame.look(small_wh(frame.size_wh)))
        yield _Looked(frame.index, frame.pts, frame.size_wh, seen, grey), thumb
