"""Source to plan: the whole source is examined before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Detector, Sight
from efface.detections import Detections
from efface.events import Event, Listener
from efface.frames import Frame
from efface.geometry import Size
from efface.media.interfaces import Source, SourceInfo
from efface.options import Options
from efface.pipeline.perceive import Perceived, perceived
from efface.planning.build import covering, numbered, tallness
from efface.planning.doubt_rules import doubts
from efface.planning.left_visible import bounded
from efface.planning.plan import Plan
from efface.streaming import frames_ahead, prefetched
from efface.timing import Timeline
from efface.track.camera_motion import STILL, Camera, Step, Views
from efface.track.captions import Captions
from efface.track.gaps import Shots, fill_track
from efface.track.pixel_trails import PixelTrails
from efface.track.score_margin import ON_PHOTOS, growth, in_films
from efface.track.shots import THUMB_WH, with_cuts
from efface.track.support import supported, unsupported
from efface.track.tracker import Tracker
from efface.tracks import Reason, Track


@dataclass(slots=True)
class _Notes:
    """What is recorded while the frames go by."""

    pts: list[int] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    checksums: list[int] = field(default_factory=list)
    views: list[Step | None] = field(default_factory=list)
    captions: Captions = field(default_factory=Captions)

    def add(self, one: Frame | Perceived) -> None:
        self.pts.append(one.pts)
        self.sizes.append(one.size_wh)
        if one.is_bad:
            self.bad.append(one.index)


def look(
    source: Source, sha256: str, detectors: Sequence[Detector], options: Options, listener: Listener
) -> Plan:
    """Return the plan for a source. Raises InputError, DetectorFailed.

    detectors  as many as frames of a video are examined at the same time; all give the same
               results. The first examines photos.
    """
    info, detector = source.info, detectors[0]
    with prefetched(source.frames(), frames_ahead(info.size_wh)) as frames:
        if info.medium == "photo":
            notes = _Notes()
            tracks = list(_page_by_page(_told(frames, notes, listener, info), detector))
            views = Views.fixed(len(notes.pts))
            return _planned(source, sha256, detector, options, notes, tracks, views)
        parts = perceived(frames, detectors, options.detect)
        with closing(parts):
            return joined(_told_of(parts, listener, info), source, sha256, detector, options)


def joined(
    parts: Iterable[Perceived], source: Source, sha256: str, sight: Sight, options: Options
) -> Plan:
    """Return the plan for a video or an animation, from the perceived content of each frame, in
    order."""
    notes, trails = _Notes(), PixelTrails()
    tracks = list(_over_time(parts, sight, options, notes, trails, source))
    shots, views = Shots(notes.cuts, len(notes.pts)), Views.of(notes.views)
    timeline, sizes = _timeline(notes, source), _sizes(notes)
    covered: list[Track] = []
    left: list[tuple[Track, Track]] = []
    for track in tracks:
        ways = trails.of.get(track.id, ())
        full = fill_track(track, timeline, shots, options.track, views, sizes, ways)
        kept = supported(
            full, track, timeline.seconds, options.track, sight.sure[track.kind], views, ways
        )
        if kept is not None:
            covered.append(kept)
        if (rest := unsupported(full, kept, timeline.seconds, options.track)) is not None:
            left.append((rest, track))
    return _planned(source, sha256, sight, options, notes, covered, views, left)


def _planned(
    source: Source,
    sha256: str,
    sight: Sight,
    options: Options,
    notes: _Notes,
    tracks: list[Track],
    views: Views,
    left: Sequence[tuple[Track, Track]] = (),
) -> Plan:
    """Return the plan for these tracks.

    left  objects seen too weakly to be covered, each with the track of sightings that it is a part
          of.
    """
    sizes, seconds = _sizes(notes), _timeline(notes, source).seconds
    is_film, margin = source.info.medium != "photo", options.cover.margin
    covered = [
        c
        for t in tracks
        if (
            c := covering(
                t, sizes, options.cover, in_films(t, seconds, margin) if is_film else _on_photos(t)
            )
        )
    ]
    numbered_tracks = numbered(covered)
    open_tracks, sightings = _left_visible(left, sizes, options, len(numbered_tracks))
    plan = Plan(
        source_sha256=sha256,
        medium=source.info.medium,
        sizes=sizes,
        timeline=_timeline(notes, source),
        tracks=numbered_tracks,
        left=open_tracks,
        cuts=tuple(notes.cuts),
        bad=tuple(notes.bad),
        detectors=tuple(asdict(info) for info in sight.infos),
        options=asdict(options),
        checksums=tuple(notes.checksums),
    )
    unknown = [i for i, view in enumerate(notes.views) if view is None]
    text = notes.captions.boxes(sizes[0]) if sizes else []
    told = doubts(
        plan,
        sight.sure,
        tallness(options.cover),
        views.seen_from,
        unknown,
        options.risk.bound,
        sightings,
        text,
    )
    return bounded(replace(plan, doubts=told))


def _left_visible(
    left: Sequence[tuple[Track, Track]], sizes: tuple[Size, ...], options: Options, before: int
) -> tuple[tuple[Track, ...], list[Track]]:
    """Return the tracks left visible, as they would be erased, and their sightings as the detector
    drew them.

    Both get the same number.

    before  highest number of the tracks that are covered.
    """
    parts = [(c, seen) for rest, seen in left if (c := covering(rest, sizes, options.cover))]
    parts.sort(
        key=lambda p: (int(p[0].frame[0]), float(p[0].xyxy[0, 0]), float(p[0].xyxy[0, 1]), p[0].id)
    )
    tracks = tuple(replace(c, id=before + i) for i, (c, _) in enumerate(parts, start=1))
    return tracks, [_seen_in(t, seen) for t, (_, seen) in zip(tracks, parts, strict=True)]


def _seen_in(track: Track, seen: Track) -> Track:
    """Return the sightings in the frames of a track, under its number."""
    rows = np.isin(seen.frame, track.frame)
    reason, score = seen.reason[rows], seen.score[rows]
    return replace(track, frame=seen.frame[rows], xyxy=seen.xyxy[rows], reason=reason, score=score)


def _timeline(notes: _Notes, source: Source) -> Timeline:
    return Timeline(np.array(notes.pts, np.int64), source.time_base)


def _sizes(notes: _Notes) -> tuple[Size, ...]:
    return tuple(notes.sizes) if len(set(notes.sizes)) > 1 else tuple(notes.sizes[:1])


def _told(
    frames: Iterator[Frame], notes: _Notes, listener: Listener, info: SourceInfo
) -> Iterator[Frame]:
    for frame in frames:
        notes.add(frame)
        notes.checksums.append(frame.unpack().checksum())
        yield frame
        listener(Event("look", frame.index + 1, info.frame_count))


def _told_of(
    parts: Iterator[Perceived], listener: Listener, info: SourceInfo
) -> Iterator[Perceived]:
    for part in parts:
        yield part
        listener(Event("look", part.index + 1, info.frame_count))


def _page_by_page(frames: Iterator[Frame], detector: Detector) -> Iterator[Track]:
    for frame in frames:
        seen = Detections.none() if frame.is_bad else detector.detect(replace(frame, is_alone=True))
        for i in np.flatnonzero(seen.are_sure(detector.sure)):
            yield Track(
                id=1,
                kind=int(seen.kind[i]),
                frame=np.array([frame.index], np.int32),
                xyxy=seen.xyxy[[i]],
                reason=np.array([Reason.SEEN], np.uint8),
                score=seen.score[[i]],
            )


def _on_photos(track: Track) -> float | NDArray[np.float32]:
    """Return how far an object may reach beyond its box, see `covering`."""
    return growth(track, ON_PHOTOS[track.kind]) if track.kind in ON_PHOTOS else 0.0


def _over_time(
    parts: Iterable[Perceived],
    sight: Sight,
    options: Options,
    notes: _Notes,
    trails: PixelTrails,
    source: Source,
) -> Iterator[Track]:
    tracker = Tracker(options.track, sight.sure)
    base, held = float(source.time_base), STILL
    for part, is_cut in with_cuts(_watched(parts, notes)):
        i, second = part.index, part.pts * base
        if is_cut:
            notes.cuts.append(i)
        held = notes.views[i] or held
        yield from tracker.update(i, second, part.seen, is_cut=is_cut, view=held)
        trails.update(i, second, part.grey, part.size_wh, tracker.seen_in(i), is_cut=is_cut)
    yield from tracker.flush()
    trails.flush()


def _watched(
    parts: Iterable[Perceived], notes: _Notes
) -> Iterator[tuple[Perceived, NDArray[np.float32]]]:
    """Yield each frame's content with its thumbnail.

    A bad frame gets the thumbnail of the frame before: its content is unknown, and does not
    indicate a new shot.
    """
    thumb = np.zeros((THUMB_WH[1], THUMB_WH[0], 3), np.float32)
    camera = Camera()
    for part in parts:
        notes.add(part)
        notes.checksums.append(part.checksum)
        notes.views.append(camera.view(part.view, part.size_wh) if part.view is not None else None)
        if part.view is not None:
            notes.captions.add(part.view)
        thumb = part.thumb if part.thumb is not None else thumb
        yield part, thumb
