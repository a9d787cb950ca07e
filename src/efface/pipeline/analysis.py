"""Source to plan: the whole source is examined before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Detector, Sight
from efface.detect.look import THOROUGH
from efface.detections import TEXT, Detections
from efface.events import Event, Listener
from efface.frames import Frame
from efface.geometry import Size
from efface.media.interfaces import Source, SourceInfo
from efface.options import CoverOptions, Options, recorded
from efface.pipeline.follower import Follower
from efface.pipeline.perceive import Perceived, perceived, rate_of
from efface.planning.build import covering, numbered, tallness
from efface.planning.doubt_rules import doubts
from efface.planning.given_areas import outside_kept_areas, with_given_areas
from efface.planning.given_boxes import GivenBoxes
from efface.planning.left_visible import bounded
from efface.planning.photo_risk import is_worth_telling, risk_on_photo
from efface.planning.plan import Plan
from efface.streaming import frames_ahead, prefetched
from efface.timing import Timeline
from efface.track.camera_motion import Step, Views
from efface.track.captions import Captions, stands_still
from efface.track.score_margin import ON_PHOTOS, growth
from efface.track.still_boxes import held_still
from efface.tracks import Reason, Track


@dataclass(slots=True)
class _Notes:
    """What is recorded while the frames go by."""

    pts: list[int] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)
    checksums: list[int] = field(default_factory=list)
    captions: Captions = field(default_factory=Captions)

    def add(self, one: Frame | Perceived, checksum: int) -> None:
        self.pts.append(one.pts)
        self.sizes.append(one.size_wh)
        self.checksums.append(checksum)
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
            seen = list(_page_by_page(_told(frames, notes, listener, info), detector))
            found = _on_pages(seen, _sizes(notes), options)
            return _planned(source, sha256, detector, options, notes, found)
        parts = perceived(frames, detectors, options.detect, rate_of(info))
        with closing(parts):
            return joined(_told_of(parts, listener, info), source, sha256, detector, options)


def given(
    source: Source, sha256: str, boxes: GivenBoxes, options: Options, listener: Listener
) -> Plan:
    """Return the plan that erases what another program's file names, and nothing else.

    Nothing is searched. Every frame is decoded, since a plan names each by its checksum.

    Raises InputError, and ValueError if the file does not fit the source.
    """
    info, notes = source.info, _Notes()
    with prefetched(source.frames(), frames_ahead(info.size_wh)) as frames:
        for _ in _told(frames, notes, listener, info):
            pass
    sizes = _sizes(notes)
    tracks = boxes.tracks(info.path.name, sizes, len(notes.pts), info.medium)
    origin = {"name": boxes.format, "version": "", "sha256": boxes.sha256, "runtime": "a file"}
    plan = Plan(
        source_sha256=sha256,
        medium=info.medium,
        sizes=sizes,
        timeline=Timeline(np.array(notes.pts, np.int64), source.time_base),
        tracks=tuple(tracks),
        bad=tuple(notes.bad),
        detectors=(origin,),
        options=recorded(options) | {"detect": {"kinds": ""}},
        checksums=tuple(notes.checksums),
    )
    return with_given_areas(plan, [], options.cover, info.path)[0]


def joined(
    parts: Iterable[Perceived], source: Source, sha256: str, sight: Sight, options: Options
) -> Plan:
    """Return the plan for a video or an animation, from the perceived content of each frame, in
    order."""
    notes, base = _Notes(), source.time_base
    # high: doubtful objects are covered
    drops = options.detect.sensitivity != "high"
    follower = Follower(options.track, options.cover, sight.sure, base, drops_parts=drops)
    for part in parts:
        notes.add(part, part.checksum)
        if part.view is not None:
            notes.captions.add(part.view)
        second = part.pts * float(base)
        follower.take(follower.measured(part.pts, second, part.size_wh, part.seen, part.small))
    follower.flush()
    followed = list(follower.followed())
    seconds = (np.array(notes.pts) - notes.pts[0]) * float(base) if notes.pts else np.zeros(0)
    if options.detect.text == "captions":
        followed = [f for f in followed if f.seen.kind != TEXT or stands_still(f.seen, seconds)]
    found = _Found(
        [held_still(f.covered, seconds) for f in followed if f.covered is not None],
        _by_place([(f.left, f.seen) for f in followed if f.left is not None]),
        [m.view for m in follower.moments],
        follower.cuts,
    )
    return _planned(source, sha256, sight, options, notes, found)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found in a source.

    covered  tracks as they are erased.
    left     objects seen too weakly to be covered, as they would be erased, each with the track of
             sightings that it is a part of; in the order in which they are shown.
    views    where the camera looked in each frame, see `Moment`.
    """

    covered: list[Track]
    left: Sequence[tuple[Track, Track]] = ()
    views: Sequence[Step | None] = ()
    cuts: Sequence[int] = ()


def _planned(
    source: Source, sha256: str, sight: Sight, options: Options, notes: _Notes, found: _Found
) -> Plan:
    """Return the plan for what was found."""
    sizes = _sizes(notes)
    numbered_tracks = numbered(found.covered)
    open_tracks, sightings = _left_visible(found.left, len(numbered_tracks))
    plan = Plan(
        source_sha256=sha256,
        medium=source.info.medium,
        sizes=sizes,
        timeline=Timeline(np.array(notes.pts, np.int64), source.time_base),
        tracks=numbered_tracks,
        left=open_tracks,
        cuts=tuple(found.cuts),
        bad=tuple(notes.bad),
        detectors=tuple(asdict(info) for info in sight.infos),
        options=recorded(options),
        checksums=tuple(notes.checksums),
    )
    plan, sightings = with_given_areas(plan, sightings, options.cover, source.info.path)
    views = Views.of(found.views) if found.views else Views.fixed(len(notes.pts))
    unknown = [i for i, view in enumerate(found.views) if view is None]
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
    return bounded(replace(plan, doubts=outside_kept_areas(plan, told)))


def _by_place(left: Sequence[tuple[Track, Track]]) -> list[tuple[Track, Track]]:
    """Sort what is left visible by the frame in which it begins, and there from left to right."""
    return sorted(
        left,
        key=lambda p: (int(p[0].frame[0]), float(p[0].xyxy[0, 0]), float(p[0].xyxy[0, 1]), p[0].id),
    )


def _left_visible(
    left: Sequence[tuple[Track, Track]], before: int
) -> tuple[tuple[Track, ...], list[Track]]:
    """Return the tracks left visible, as they would be erased, and their sightings as the detector
    drew them.

    Both get the same number.

    before  highest number of the tracks that are covered.
    """
    tracks = tuple(replace(c, id=before + i) for i, (c, _) in enumerate(left, start=1))
    return tracks, [_seen_in(t, seen) for t, (_, seen) in zip(tracks, left, strict=True)]


def _seen_in(track: Track, seen: Track) -> Track:
    """Return the sightings in the frames of a track, under its number."""
    rows = np.isin(seen.frame, track.frame)
    reason, score = seen.reason[rows], seen.score[rows]
    return replace(track, frame=seen.frame[rows], xyxy=seen.xyxy[rows], reason=reason, score=score)


def _sizes(notes: _Notes) -> tuple[Size, ...]:
    return tuple(notes.sizes) if len(set(notes.sizes)) > 1 else tuple(notes.sizes[:1])


def _told(
    frames: Iterator[Frame], notes: _Notes, listener: Listener, info: SourceInfo
) -> Iterator[Frame]:
    for frame in frames:
        notes.add(frame, frame.samples().checksum())
        yield frame
        listener(Event("look", frame.index + 1, info.frame_count))


def _told_of(
    parts: Iterator[Perceived], listener: Listener, info: SourceInfo
) -> Iterator[Perceived]:
    for part in parts:
        yield part
        listener(Event("look", part.index + 1, info.frame_count))


def _page_by_page(frames: Iterator[Frame], detector: Detector) -> Iterator[tuple[Track, bool]]:
    """Yield every sighting as a track of one page, and whether it counts by itself."""
    for frame in frames:
        seen = Detections.none() if frame.is_bad else detector.detect(frame, THOROUGH)
        for i, is_sure in enumerate(seen.are_sure(detector.sure)):
            track = Track(
                id=1,
                kind=int(seen.kind[i]),
                frame=np.array([frame.index], np.int32),
                xyxy=seen.xyxy[[i]],
                reason=np.array([Reason.SEEN], np.uint8),
                score=seen.score[[i]],
            )
            yield track, bool(is_sure)


def sightings_on_photo(frame: Frame, detector: Detector) -> list[Track]:
    """Return what is surely seen in one picture, as tracks of one frame without margins."""
    return [track for track, is_sure in _page_by_page(iter([frame]), detector) if is_sure]


def _on_pages(
    seen: Sequence[tuple[Track, bool]], sizes: tuple[Size, ...], options: Options
) -> _Found:
    """Return what is erased of the sightings on the pages of a photo, and what is left visible: the
    riskiest of each page first."""
    told = recorded(options)
    weak = [t for t, is_sure in seen if not is_sure and is_worth_telling(t, told)]
    weak.sort(key=lambda t: (int(t.frame[0]), -risk_on_photo(t, told)))
    left = [(covering(t, sizes, options.cover, _on_photos(t)), t) for t in weak]
    return _Found(
        covered_on_photos([t for t, is_sure in seen if is_sure], sizes, options.cover),
        [(erased, t) for erased, t in left if erased is not None],
    )


def covered_on_photos(
    tracks: Sequence[Track], sizes: tuple[Size, ...], cover: CoverOptions
) -> list[Track]:
    """Return the tracks with boxes of what is erased. sizes: of every page, or the one of all."""
    covered = [covering(t, sizes, cover, _on_photos(t)) for t in tracks]
    return [c for c in covered if c is not None]


def _on_photos(track: Track) -> float | NDArray[np.float32]:
    """Return how far an object may reach beyond its box, see `covering`."""
    return growth(track, ON_PHOTOS[track.kind]) if track.kind in ON_PHOTOS else 0.0
