"""Whether the list of doubts shows a person what was missed.

The detector is made blind to one object for a while, and its leaks are looked for in the list.

    python benchmarks/doubts.py FOLDER [--clips NAME,...] [--cases 12] [--seed 1] [--cache
    build/doubts] [--tight 4] [--a-minute 12] [--json OUT]

FOLDER holds videos. Beside a video may lie its labels, NAME.faces.json or NAME.plates.json (boxes
by frame, as in "tracks": [{"id": 1, "ignore": false, "boxes": {"0": [x1, y1, x2, y2]}}]). Of a
video without labels, the objects that the detector sees surely are taken for the truth.

A case: for 0.6 to 4 s, from a random frame on, no sighting of one object reaches the tracker; all
else is at its defaults. Labelled boxes of that object, of at least 24 px (plates: 12 px), in those
frames, of which less than 90 % is erased, are leaks. A doubt shows a leak when it contains 90 % of
the labelled box, is at most four times as large, and is about a frame within a second of it. A case
counts as shown when some leak of it is, and its rank is that of the first doubt that shows one. A
doubt leads to a leak when it is about a frame within a second of it, and no farther away than the
labelled box is long.

Prints for each clip how many doubts a minute the list has without any blindness, and how many of
them are above the bound. What the network says of each frame is kept in the folder of --cache, as
the network takes nearly all of the time.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.containers.admission import admit
from efface.detect.registry import open_lanes
from efface.detections import FACE, KINDS, PLATE
from efface.files import sha256_of
from efface.geometry import area, iou, overlap
from efface.options import DetectOptions, Options
from efface.pipeline.analysis import joined
from efface.pipeline.perceive import Perceived, perceived, rate_of
from efface.pipeline.sources import opened
from efface.planning import doubt_merging
from efface.planning.doubt import Doubt
from efface.planning.doubt_moment import MOST_A_MINUTE
from efface.planning.plan import Plan
from efface.tracks import Reason

VIDEOS = (".mp4", ".mkv", ".avi", ".mov", ".webm")
LOWEST = {FACE: 24.0, PLATE: 12.0}
"""Heights, in pixels, from which a labelled box counts."""

BLIND_S = (0.6, 4.0)
COVERED = 0.9
TIGHT = 4.0
"""A doubt is at most so many times as large as what it shows ..."""
NEAR_S = 1.0
"""... and about frames at most so far away."""

SURELY = 0.3
"""Above the threshold: a sighting that is taken for the truth where there are no labels."""

Truth = Mapping[int, NDArray[np.float32]]
"""Boxes (4,) of one object, by frame."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What the network said of a video, and what a plan needs of it besides."""

    name: str
    parts: Sequence[Perceived]
    source: Any
    sight: Any
    sha256: str

    def plan(self, parts: Sequence[Perceived] | None = None) -> Plan:
        """The plan from these frames, or from all that the network said."""
        return joined(iter(parts or self.parts), self.source, self.sha256, self.sight, Options())


@dataclass(frozen=True, slots=True)
class Case:
    """One blindness: who, from which frame to which, how many leaks came of it, how many are shown,
    by the doubt of which rank, and to how many a doubt leads.

    rank  from 1; None where no doubt shows a leak. `height` is that of the tallest leak, `listed`
          how many doubts there are.
    """

    clip: str
    kind: str
    first: int
    last: int
    leaks: int
    shown: int
    near: int
    rank: int | None
    height: int
    listed: int


def clip_of(path: Path, cache: Path) -> Clip:
    """The network's answers, from the cache or from the video."""
    kept = cache / f"{path.stem}.pickle"
    if kept.exists():
        return Clip(path.stem, *pickle.loads(kept.read_bytes()))
    options = Options(detect=DetectOptions())
    with open_lanes(options.detect) as detectors, opened(admit(path), options.read) as source:
        frames = perceived(source.frames(), detectors, options.detect, rate_of(source.info))
        with closing(frames):
            parts = list(frames)
        about = SimpleNamespace(info=source.info, time_base=source.time_base)
        sight = SimpleNamespace(infos=detectors[0].infos, sure=dict(detectors[0].sure))
    cache.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pickle.dumps((parts, about, sight, sha256_of(path))))
    return Clip(path.stem, parts, about, sight, sha256_of(path))


def labelled(path: Path) -> list[tuple[int, Truth]]:
    """Kind and boxes of every labelled object; none where there are no labels."""
    found = []
    for kind, name in ((FACE, "faces"), (PLATE, "plates")):
        labels = path.with_suffix(f".{name}.json")
        tracks = json.loads(labels.read_text())["tracks"] if labels.exists() else []
        for track in tracks:
            if not track.get("ignore"):
                found.append(
                    (kind, {int(f): np.array(b, np.float32) for f, b in track["boxes"].items()})
                )
    return found


def sure_sightings(clip: Clip, plan: Plan) -> list[tuple[int, Truth]]:
    """Kind and boxes of every object that is seen surely, as the network drew them."""
    found = []
    for track in plan.tracks:
        sure = clip.sight.sure.get(track.kind, 0.0) + SURELY
        rows = np.flatnonzero((track.reason == Reason.SEEN) & (track.score >= sure - 0.01))
        boxes = {}
        for row in rows:
            seen = clip.parts[int(track.frame[row])].seen
            same = np.flatnonzero(seen.kind == track.kind)
            if len(same):
                fit = iou(track.xyxy[[row]], seen.xyxy[same])[0]
                boxes[int(track.frame[row])] = seen.xyxy[same[int(fit.argmax())]]
        if len(boxes) > len(track) / 2:
            found.append((track.kind, boxes))
    return found


def cases(
    clip: Clip, truths: list[tuple[int, Truth]], count: int, seed: int
) -> Iterator[tuple[int, Truth, int, int]]:
    """Whom to be blind to, from when to when."""
    random = np.random.default_rng(seed)
    tall = [
        (k, t, [f for f, b in sorted(t.items()) if b[3] - b[1] >= LOWEST[k]]) for k, t in truths
    ]
    tall = [(k, t, frames) for k, t, frames in tall if len(frames) > 3]
    frame_s = frame_time(clip)
    for _ in range(count if tall else 0):
        kind, truth, frames = tall[int(random.integers(len(tall)))]
        first = int(random.choice(frames))
        yield kind, truth, first, first + max(1, round(float(random.uniform(*BLIND_S)) / frame_s))


def frame_time(clip: Clip) -> float:
    """Seconds from frame to frame."""
    pts = np.array([p.pts for p in clip.parts], np.float64) * float(clip.source.time_base)
    return float(np.median(np.diff(pts)))


def blinded(clip: Clip, kind: int, truth: Truth, first: int, last: int) -> list[Perceived]:
    """The frames without any sighting of that object."""
    parts = list(clip.parts)
    for f in range(first, min(last + 1, len(parts))):
        box = truth.get(f)
        if box is None:  # labels may have holes
            near = min(truth, key=lambda known: abs(known - f))
            box = truth[near] if abs(near - f) <= 5 else None
        seen = parts[f].seen
        if box is None or not len(seen):
            continue
        middle = (seen.xyxy[:, :2] + seen.xyxy[:, 2:]) / 2
        is_it = ((middle >= box[:2]) & (middle <= box[2:])).all(axis=1) | (
            iou(box[None], seen.xyxy)[0] > 0.1
        )
        parts[f] = replace(parts[f], seen=seen.rows(~(is_it & (seen.kind == kind))))
    return parts


def leaks(
    plan: Plan, kind: int, truth: Truth, first: int, last: int
) -> list[tuple[int, NDArray[np.float32]]]:
    """Frames and boxes of what stays open."""
    found = []
    for f, box in truth.items():
        if (
            first <= f <= last
            and box[3] - box[1] >= LOWEST[kind]
            and _covered(box, plan, f) < COVERED
        ):
            found.append((f, box))
    return found


def _covered(box: NDArray[np.float32], plan: Plan, frame: int) -> float:
    width, height = plan.size_at(frame)
    x1, y1, x2, y2 = (
        int(v) for v in (*np.floor(box[:2]).clip(0), *np.ceil(np.minimum(box[2:], (width, height))))
    )
    mask = np.zeros((max(y2 - y1, 1), max(x2 - x1, 1)), np.bool_)
    for region in plan.regions(frame):
        a, b, c, d = region.box
        mask[max(b - y1, 0) : max(d - y1, 0), max(a - x1, 0) : max(c - x1, 0)] = True
    return float(mask.mean())


def rank_of(
    doubts: Sequence[Doubt],
    open_: list[tuple[int, NDArray[np.float32]]],
    frame_s: float,
    tight: float = TIGHT,
) -> tuple[int | None, int]:
    """Rank of the first doubt that shows a leak, and how many leaks some doubt shows."""
    shown, best = 0, None
    for frame, box in open_:
        for i, doubt in enumerate(doubts, start=1):
            if shows(doubt, frame, box, frame_s, tight):
                shown, best = shown + 1, min(best or i, i)
                break
    return best, shown


def shows(doubt: Doubt, frame: int, box: NDArray[np.float32], frame_s: float, tight: float) -> bool:
    """Whether the doubt puts its box around that one."""
    place = np.array([doubt.box], np.float32)
    is_tight = float(area(place)[0]) <= tight * float(area(box[None])[0])
    holds = float(overlap(box[None], place)[0, 0]) >= COVERED * float(area(box[None])[0])
    return _is_soon(doubt, frame, frame_s) and is_tight and holds


def leads(doubt: Doubt, frame: int, box: NDArray[np.float32], frame_s: float) -> bool:
    """Whether a person who looks at the doubt has that box before the eyes."""
    x1, y1, x2, y2 = box
    apart = max(doubt.box[0] - x2, x1 - doubt.box[2], doubt.box[1] - y2, y1 - doubt.box[3])
    return _is_soon(doubt, frame, frame_s) and bool(apart <= max(x2 - x1, y2 - y1))


def _is_soon(doubt: Doubt, frame: int, frame_s: float) -> bool:
    near = round(NEAR_S / frame_s)
    return doubt.first - near <= frame <= doubt.last + near


def measured(
    clip: Clip, path: Path, count: int, seed: int, tight: float
) -> tuple[dict[str, Any], list[Case]]:
    """Doubts a minute of a clip, and its cases with leaks."""
    plan, bound = clip.plan(), Options().risk.bound
    minutes = (float(plan.timeline.seconds[-1]) + frame_time(clip)) / 60
    told = {
        "clip": clip.name,
        "seconds": round(60 * minutes, 1),
        "doubts": len(plan.doubts),
        "above": sum(d.risk > bound for d in plan.doubts),
        "a_minute": round(len(plan.doubts) / minutes, 1),
    }
    found = []
    for kind, truth, first, last in cases(
        clip, labelled(path) or sure_sightings(clip, plan), count, seed
    ):
        blind = clip.plan(blinded(clip, kind, truth, first, last))
        if open_ := leaks(blind, kind, truth, first, last):
            frame_s = frame_time(clip)
            rank, shown = rank_of(blind.doubts, open_, frame_s, tight)
            near = sum(any(leads(d, *leak, frame_s) for d in blind.doubts) for leak in open_)
            height = max(round(float(b[3] - b[1])) for _, b in open_)
            found.append(
                Case(
                    clip.name,
                    KINDS[kind],
                    first,
                    last,
                    len(open_),
                    shown,
                    near,
                    rank,
                    height,
                    len(blind.doubts),
                )
            )
    return told, found


def main() -> None:
    """Prints a line for each clip, one for each case with leaks, and the sums."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--clips", default="", help="Clip names without file extension. Default: all clips."
    )
    parser.add_argument("--cases", type=int, default=12, help="Of blindness, for each clip.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=Path("build/doubts"))
    parser.add_argument("--tight", type=float, default=TIGHT, help="Largest doubt, in faces.")
    parser.add_argument("--a-minute", type=int, default=MOST_A_MINUTE, help="Doubts that are kept.")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    doubt_merging.MOST_A_MINUTE = asked.a_minute  # type: ignore[attr-defined]
    wanted = [name for name in asked.clips.split(",") if name]
    paths = [
        p
        for p in sorted(asked.folder.iterdir())
        if p.suffix in VIDEOS and (not wanted or p.stem in wanted)
    ]
    if not paths:
        sys.exit("There is no such clip.")
    clips, found = [], []
    for path in paths:
        clip = clip_of(path, asked.cache)
        told, of_clip = measured(clip, path, asked.cases, asked.seed, asked.tight)
        clips.append(told)
        found += of_clip
        print(
            "{clip}: {doubts} doubts in {seconds} s, {a_minute} a minute, {above} above "
            "the bound".format(**told),
            flush=True,
        )
        for case in of_clip:
            print(f"    {said(case)}", flush=True)
    print(summed(clips, found))
    if asked.json:
        rows = [{n: getattr(c, n) for n in Case.__slots__} for c in found]
        asked.json.write_text(json.dumps({"clips": clips, "cases": rows}, indent=1) + "\n")


def said(case: Case) -> str:
    """A case as one line."""
    rank = f"rank {case.rank} of {case.listed}" if case.rank else f"not among {case.listed}"
    return (
        f"{case.kind} of {case.height} px, frames {case.first} to {case.last}: {case.leaks} "
        f"leaks, {case.shown} shown, {rank}; led to {case.near}"
    )


def summed(clips: list[dict[str, Any]], found: list[Case]) -> str:
    """The last line."""
    seconds, doubts = sum(c["seconds"] for c in clips), sum(c["doubts"] for c in clips)
    ranks = sorted(c.rank for c in found if c.rank)
    shown, all_ = sum(c.shown for c in found), sum(c.leaks for c in found)
    middle = ranks[len(ranks) // 2] if ranks else None
    led, near = sum(c.near > 0 for c in found), sum(c.near for c in found)
    return (
        f"{doubts} doubts in {seconds:.0f} s, {60 * doubts / max(seconds, 1e-9):.1f} a "
        f"minute. Of {len(found)} cases with "
        f"leaks {len(ranks)} are shown, at rank {middle} in the middle and "
        f"{max(ranks, default=None)} at worst; of {all_} leaks {shown}. The list leads to {led} "
        f"cases and {near} leaks."
    )


if __name__ == "__main__":
    main()
