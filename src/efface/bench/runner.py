"""Run efface on pictures and clips, and score the plans.

Only the plan is scored: the boxes that would be erased. Nothing is rendered. Only kinds of objects
that the set labels are looked for, since any other find would count as a false alarm.
"""

from __future__ import annotations

import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from efface.bench import drawn, moving, stress
from efface.bench.camera_path import Rgb
from efface.bench.clips import Clip, made
from efface.bench.light import LIGHTS, Light
from efface.bench.score import StillScore, VideoScore, stays_legible
from efface.bench.truth import StillTruth, VideoTruth, load_stills
from efface.containers.admission import admit
from efface.detections import FINDABLE, KINDS
from efface.errors import BadTruth, UsageError
from efface.events import silent
from efface.files import writing
from efface.geometry import Boxes
from efface.kinds import BY_DEFAULT
from efface.options import DetectOptions, Options, ReadOptions, TrackOptions
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.one_source import find
from efface.pipeline.sources import opened
from efface.planning.plan import Plan

Say = Callable[[str], None]
"""Takes a line of progress."""


@dataclass(slots=True)
class Result:
    """What a run measured.

    bench      "stills", "video", "moving", "stress" or "drawn".
    sets       names of folders or files, without their places.
    numbers    of all together.
    parts      the same numbers for each part: one video, or one kind of disturbance.
    detectors  name, version, checksum and run-time of each network used.
    settings   the requested options, branch by branch, without those that do not affect what is
               found.
    frames_per_second  processed: decoding, detecting and tracking.
    """

    bench: str
    sets: list[str]
    settings: dict[str, Any]
    numbers: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    detectors: list[dict[str, str]] = field(default_factory=list)
    frames_per_second: float = 0.0


def plain(options: Options) -> Options:
    """Return options without tracking: each frame covers only what counts by itself in that very
    frame, with its margin."""
    return replace(
        options, track=TrackOptions(bridge_s=0.0, lead_in_s=0.0, lead_out_s=0.0, hold_s=0.0)
    )


class Looker:
    """Analyses files, and measures the time that takes."""

    def __init__(self, session: DetectorSession) -> None:
        self._session = session
        self._frames, self._seconds = 0, 0.0
        self._last: Plan | None = None

    def plan(self, path: Path) -> Plan:
        """Return what would be erased. Raises InputError, PartMissing."""
        began = time.perf_counter()
        self._last = find(self._session, admit(path), silent)
        self._seconds += time.perf_counter() - began
        self._frames += len(self._last.timeline)
        return self._last

    def sign(self, result: Result) -> None:
        """Add the detectors and the speed to the result."""
        result.detectors = [dict(d) for d in self._last.detectors] if self._last else []
        result.frames_per_second = round(self._frames / self._seconds, 2) if self._seconds else 0.0


@contextmanager
def looking(options: Options) -> Iterator[Looker]:
    """Provide a looker that is ready inside the block."""
    with DetectorSession(options) as session:
        yield Looker(session)


def settings(options: Options, **more: Any) -> dict[str, Any]:
    """Return what the numbers depend on, for the report."""
    said = asdict(options)
    for name in ("device", "timeout_s"):
        del said["detect"][name]
    return {branch: said[branch] for branch in ("detect", "track", "cover")} | more


def for_kinds(options: Options, labelled: Iterable[str]) -> Options:
    """Return options that look only for labelled kinds: of those that were named, or of all where
    nobody named any. Raises UsageError if none is left."""
    asked = FINDABLE if options.detect.wanted == BY_DEFAULT else options.detect.wanted
    wanted = [k for k in FINDABLE if k in set(labelled) and k in asked]
    if not wanted:
        raise UsageError(f"--kinds: these labels are about {' and '.join(sorted(set(labelled)))}.")
    detect: DetectOptions = replace(options.detect, kinds=",".join(wanted))
    return replace(options, detect=detect)


def erased_of_kind(plan: Plan, kind: str) -> Boxes:
    """Return what would be erased of a photo for that kind: (m, 4) whole pixels."""
    tracks = {t.id for t in plan.revised.tracks if KINDS[t.kind] == kind}
    boxes = [r.box for r in plan.regions(0) if r.track in tracks]
    return np.array(boxes, np.float32).reshape(-1, 4)


def erased_by(plan: Plan) -> list[Boxes]:
    """Return for each frame what would be erased: (m, 4) whole pixels.

    Areas are not grown to blocks of the source: that depends on its compression, and a small area
    would no longer resemble the label that it covers.
    """
    plan = replace(plan, grid=None)
    return [
        np.array([r.box for r in plan.regions(f)], np.float32).reshape(-1, 4)
        for f in range(len(plan.timeline))
    ]


def run_stills(
    sets: Sequence[tuple[str, Sequence[StillTruth]]],
    options: Options,
    say: Say,
    *,
    light: str = "as-is",
) -> Result:
    """Measure recall and false alarms on labelled pictures.

    sets   name and pictures of each.
    light  in which the pictures are shown, one of `light.LIGHTS`.
    """
    pictures = [s for _, stills in sets for s in stills]
    options = for_kinds(options, {k for s in pictures for k in s.kinds})
    more = {} if light == "as-is" else {"light": light}
    result = Result("stills", [name for name, _ in sets], settings(options, **more))
    total = StillScore()
    with looking(options) as looker:
        for name, stills in sets:
            score, kinds = StillScore(), sorted({k for s in stills for k in s.labels.kinds})
            by_kind = {k: StillScore() for k in kinds if k in options.detect.wanted}
            for i, still in enumerate(_lit(stills, options.read, LIGHTS[light]), start=1):
                plan = _plan_of(still, looker)
                for counting in (score, total):
                    counting.add(still.labels, erased_by(plan)[0], still.size_wh)
                for kind, counting in by_kind.items():
                    labels, erased = still.labels.of_kind(kind), erased_of_kind(plan, kind)
                    counting.add(labels, erased, still.size_wh)
                if i % 50 == 0 or i == len(stills):
                    say(f"{name}: {i} of {len(stills)} pictures")
            result.parts[name] = score.numbers()
            if len(by_kind) > 1:
                result.parts |= {f"{name}, {k}": s.numbers() for k, s in by_kind.items()}
        result.numbers = total.numbers()
        looker.sign(result)
    return result


def _lit(
    stills: Sequence[StillTruth], options: ReadOptions, light: Light | None
) -> Iterator[StillTruth]:
    """Yield the pictures in that light, each in a file that is replaced by the next one."""
    if light is None:
        yield from stills
        return
    read = reader(options)
    with tempfile.TemporaryDirectory(prefix="efface-bench-") as folder:
        path = Path(folder, "picture.png")
        for still in stills:
            # The name decides on the noise, so it is the same in every run and for every subset.
            random = np.random.default_rng(zlib.crc32(still.path.name.encode()))
            lit = light(read(still), still.labels.xyxy, random)
            cv2.imwrite(str(path), lit[..., ::-1])
            yield replace(still, path=path)


def _plan_of(still: StillTruth, looker: Looker) -> Plan:
    plan = looker.plan(still.path)
    if plan.size_at(0) != still.size_wh:
        raise BadTruth(still.path, "its labels are about a picture of another size")
    return plan


def run_drawn(options: Options, say: Say, wanted: ClipsWanted) -> Result:
    """Measure recall and false alarms on text and codes that are drawn for it."""
    sets = []
    with _folder(wanted.keep) as folder:
        for kind in drawn.chosen(wanted.kinds):
            place = folder / kind
            with writing(place):
                place.mkdir(exist_ok=True)
                drawn.make(place, kind, wanted.count, wanted.seed)
            sets.append((kind, load_stills(place)))
        result = run_stills(sets, options, say)
    result.bench, result.settings["seed"] = "drawn", wanted.seed
    return result


def run_videos(truths: Sequence[VideoTruth], options: Options, say: Say) -> Result:
    """Measure leaks and false alarms in labelled videos."""
    options = for_kinds(options, {t.kind for t in truths})
    result = Result("video", [t.path.name for t in truths], settings(options))
    with looking(options) as looker:
        _score(result, ((t, (t.path.name,)) for t in truths), looker, say)
        looker.sign(result)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipsWanted:
    """Which clips to make of labelled pictures.

    count  of all moving clips, of the stress clips of each kind, or of the pictures of each object
           in each way.
    kinds  what may happen in them; empty for everything.
    keep   folder in which they stay; None for a temporary one.
    """

    count: int
    seed: int
    kinds: Sequence[str]
    keep: Path | None


Sets = Sequence[tuple[str, Sequence[StillTruth]]]
"""Name and pictures of each labelled set."""


def run_moving(sets: Sets, options: Options, say: Say, wanted: ClipsWanted) -> Result:
    """Measure leaks in clips made of labelled pictures."""
    return _run_clips("moving", moving.clips, sets, options, say, wanted, legible=False)


def run_stress(sets: Sets, options: Options, say: Say, wanted: ClipsWanted) -> Result:
    """Measure leaks in the stress clips: faces that stay legible, and, as `leak_rate_at_90`, those
    that are not covered in full."""
    return _run_clips("stress", stress.clips, sets, options, say, wanted, legible=True)


def _run_clips(
    name: str,
    make: Callable[..., Iterator[Clip]],
    sets: Sets,
    options: Options,
    say: Say,
    wanted: ClipsWanted,
    *,
    legible: bool,
) -> Result:
    made_of = _faces(sets)
    options = for_kinds(options, ["face"])
    clips = make(made_of, reader(options.read), wanted.count, seed=wanted.seed, kinds=wanted.kinds)
    asked = settings(options, seed=wanted.seed, clips=wanted.count, kinds=list(wanted.kinds))
    result = Result(name, [n for n, _ in sets], asked)
    with looking(options) as looker, _folder(wanted.keep) as folder:
        _score(result, _produced(clips, folder), looker, say, legible=legible)
        looker.sign(result)
    return result


def _faces(sets: Sequence[tuple[str, Sequence[StillTruth]]]) -> list[StillTruth]:
    pictures = [s for _, stills in sets for s in stills]
    if any("face" not in s.kinds for s in pictures):
        raise UsageError(
            "Clips are made from pictures with labelled faces, and one of these sets has none."
        )
    return pictures


def reader(options: ReadOptions) -> moving.Read:
    """Return a reader for the pixels of labelled pictures. It raises InputError, and BadTruth if
    the labels state another size."""

    def read(still: StillTruth) -> Rgb:
        with opened(admit(still.path), options) as source:
            frame = next(iter(source.frames()))
            if frame.size_wh != still.size_wh:
                raise BadTruth(still.path, "its labels are about a picture of another size")
            return frame.look(frame.size_wh)

    return read


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Provide the folder for clips: kept on request, otherwise removed afterwards."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="efface-bench-") as folder:
            yield Path(folder)
        return
    with writing(keep):
        keep.mkdir(parents=True, exist_ok=True)
    yield keep


def _produced(clips: Iterable[Clip], folder: Path) -> Iterator[tuple[VideoTruth, tuple[str, ...]]]:
    for clip in clips:
        yield made(clip, folder), clip.kinds


def _score(
    result: Result,
    videos: Iterable[tuple[VideoTruth, tuple[str, ...]]],
    looker: Looker,
    say: Say,
    *,
    legible: bool = False,
) -> None:
    """Analyse each video, and fill in the numbers of all and of each part.

    videos  with the names of the parts that each belongs to.
    """
    total, parts = _Pair(legible), dict[str, _Pair]()
    for truth, names in videos:
        plan = looker.plan(truth.path)
        if plan.size_at(0) != truth.size_wh or len(plan.timeline) != truth.frames:
            raise BadTruth(truth.path, "its labels are about a video of another size or length")
        erased = erased_by(plan)
        alone = _Pair(legible)
        for counting in (alone, total, *(parts.setdefault(n, _Pair(legible)) for n in names)):
            counting.add(truth, erased)
        say(_line(truth, names, alone.numbers()))
    result.numbers = total.numbers()
    result.parts = {name: pair.numbers() for name, pair in parts.items()}


class _Pair:
    """Scores by full cover, and for the stress clips by legibility, which is the number that counts
    there."""

    def __init__(self, legible: bool) -> None:
        self._full = VideoScore()
        self._legible = VideoScore(stays_legible) if legible else None

    def add(self, truth: VideoTruth, erased: Sequence[Boxes]) -> None:
        for score in (self._full, self._legible):
            if score is not None:
                score.add(truth, erased)

    def numbers(self) -> dict[str, Any]:
        full = self._full.numbers()
        if self._legible is None:
            return full
        return {**self._legible.numbers(), "leak_rate_at_90": full["leak_rate"]}


def _line(truth: VideoTruth, names: Sequence[str], numbers: dict[str, Any]) -> str:
    kinds = "" if list(names) == [truth.path.name] else f" ({', '.join(names)})"
    leaks = f"{numbers['leaks']} leaks in {numbers['boxes']} boxes of {numbers['tracks']} tracks"
    return f"{truth.path.stem}{kinds}: {leaks}, longest {numbers['longest_leak_frames']} frames"
