"""Score what would be erased against the labels. Pure functions on boxes.

A labelled box is *covered* if at least COVERED_SHARE of its area lies inside the union of what is
erased, margin included. *Recall* at h is the share of covered boxes among labelled boxes at least h
pixels high. A *false alarm* is an erased area that overlaps no labelled box. In video a *leak* is a
labelled box, in one frame, that is not covered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.bench.resampled import rate_range
from efface.bench.truth import Labels, TrackTruth, VideoTruth
from efface.geometry import Boxes, Size, iou, pixel_window

HEIGHTS = (12, 16, 24, 48)
"""Pixels. Recall is reported at each of these."""

GROUP_PX = 24
"""Height from which recall is compared between groups of people. Annotators perceive skin tone or
age only where they can see the person."""

EVERYBODY = "everybody"
"""All boxes of which something was perceived: what each group is compared with."""

COVERED_SHARE = 0.9
"""Share of a labelled box. Annotators' boxes differ by more than the last tenth."""

GRID = 48
"""Points across a box. Exact areas would change recall by one or two in a thousand, where a share
is exactly 0.9. Numbers stay comparable if everybody counts in the same way."""

LEGIBLE = 0.7
"""Open share from which a face is a leak in the stress clips. Other tools were compared by this
measure."""

OVERLAP_IOU = 0.2
"""IoU with a labelled box from which an erased area is not a false alarm."""

LEAST_PX = 16
"""Lower boxes of a video are not judged."""

BRIEF = 2
"""Frames.

The score includes how many tracks never leak for longer than this: too brief to look at.
"""

BRIEF_KEY = f"tracks_without_leak_over_{BRIEF}_frames"


def covered(box_xyxy: Sequence[float] | NDArray[np.floating], erased: Boxes) -> float:
    """Return the share of the box's area inside the union of the erased boxes (m, 4), 0 to 1,
    counted on GRID x GRID points."""
    x1, y1, x2, y2 = (float(v) for v in box_xyxy)
    near = erased[
        (erased[:, 0] < x2) & (erased[:, 2] > x1) & (erased[:, 1] < y2) & (erased[:, 3] > y1)
    ]
    step = np.arange(GRID) + 0.5
    x, y = x1 + (x2 - x1) * step / GRID, y1 + (y2 - y1) * step / GRID
    columns = (near[:, 0, None] <= x) & (x < near[:, 2, None])
    rows = (near[:, 1, None] <= y) & (y < near[:, 3, None])
    return float((rows[:, :, None] & columns[:, None, :]).any(axis=0).mean())


def alarms(erased: Boxes, labelled: Boxes) -> int:
    """Count the erased boxes that overlap no labelled one."""
    if not len(labelled):
        return len(erased)
    return int((iou(erased, labelled).max(axis=1, initial=0) < OVERLAP_IOU).sum())


def needless(erased: Boxes, labelled: Boxes, size_wh: Size) -> float:
    """Return the share of the picture that is erased outside every labelled box, 0 to 1. The margin
    counts too."""
    width, height = size_wh
    mask = np.zeros((height, width), bool)
    for boxes, value in ((erased, True), (labelled, False)):
        for box in boxes:
            mask[pixel_window(box.tolist(), size_wh)] = value
    return float(mask.mean())


@dataclass(slots=True)
class Tally:
    """Counts hits and trials."""

    hits: int = 0
    of: int = 0

    def add(self, hit: bool) -> None:
        """Add one trial."""
        self.hits += hit
        self.of += 1

    @property
    def share(self) -> float | None:
        """Share of hits, 0 to 1, rounded for people; None without trials."""
        return round(self.hits / self.of, 4) if self.of else None


@dataclass(slots=True)
class StillScore:
    """The counts on labelled pictures so far."""

    pictures: int = 0
    by_height: dict[int, Tally] = field(default_factory=lambda: {h: Tally() for h in HEIGHTS})
    by_attribute: dict[str, Tally] = field(default_factory=dict)
    by_group: dict[str, Tally] = field(default_factory=dict)
    alarms: int = 0
    needless: float = 0.0

    def add(self, labels: Labels, erased: Boxes, size_wh: Size) -> None:
        """Add one picture. erased (m, 4), in whole pixels."""
        self.pictures += 1
        self.alarms += alarms(erased, labels.xyxy)
        self.needless += needless(erased, labels.xyxy, size_wh)
        for i in np.flatnonzero(~labels.ignore & (labels.heights >= min(HEIGHTS))):
            hit = covered(labels.xyxy[i], erased) >= COVERED_SHARE
            for height, tally in self.by_height.items():
                if labels.heights[i] >= height:
                    tally.add(hit)
            if labels.heights[i] >= LEAST_PX:
                _count(self.by_attribute, labels.attributes[i], hit)
            if labels.perceived and labels.perceived[i] and labels.heights[i] >= GROUP_PX:
                _count(self.by_group, labels.perceived[i], hit)
                self.by_group.setdefault(EVERYBODY, Tally()).add(hit)

    def numbers(self) -> dict[str, Any]:
        """Return the numbers for the report."""
        return {
            "pictures": self.pictures,
            "boxes": {str(h): t.of for h, t in self.by_height.items()},
            "recall": {str(h): t.share for h, t in self.by_height.items()},
            "recall_by_attribute": _shares(self.by_attribute),
            "recall_by_group": _with_intervals(self.by_group),
            "false_alarms_per_picture": round(self.alarms / max(1, self.pictures), 3),
            "needless_area": round(self.needless / max(1, self.pictures), 4),
        }


def _with_intervals(tallies: Mapping[str, Tally]) -> dict[str, dict[str, Any]]:
    """Return the shares with the interval in which the true one lies in 19 of 20 cases: groups are
    small (E. B. Wilson, 1927, Probable Inference, the Law of Succession, and Statistical Inference)
    """
    said = _shares(tallies)
    for name, tally in tallies.items():
        low, high = _wilson(tally.hits, tally.of)
        said[name] |= {"from": round(low, 4), "to": round(high, 4)}
    return said


def _wilson(hits: int, of: int) -> tuple[float, float]:
    z = 1.96
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return middle - half, middle + half


def _count(tallies: dict[str, Tally], attributes: Mapping[str, Any], hit: bool) -> None:
    for name, value in attributes.items():
        tallies.setdefault(f"{name} {value}", Tally()).add(hit)


def _shares(tallies: Mapping[str, Tally]) -> dict[str, dict[str, Any]]:
    return {name: {"share": t.share, "boxes": t.of} for name, t in sorted(tallies.items())}


@dataclass(frozen=True, slots=True)
class TrackScore:
    """The result for one object.

    boxes    judged.
    leaks    of them.
    longest  consecutive leaks. Frames without a judged box between two leaks neither end the run
             nor lengthen it.
    """

    boxes: int
    leaks: int
    longest: int
    attributes: Mapping[str, Any]


@dataclass(slots=True)
class VideoScore:
    """The counts on labelled videos so far.

    is_leak  decides from the covered share of a box whether it leaks.
    """

    is_leak: Callable[[float], bool] = lambda share: share < COVERED_SHARE
    frames: int = 0
    alarms: int = 0
    needless: float = 0.0
    tracks: list[TrackScore] = field(default_factory=list)
    videos: list[tuple[int, int]] = field(default_factory=list)
    """Leaks and judged boxes of each video."""

    def add(self, truth: VideoTruth, erased: Sequence[Boxes]) -> None:
        """Add one video. erased: for each frame (m, 4), in whole pixels."""
        labelled = by_frame(truth)
        self.frames += truth.frames
        self.alarms += sum(alarms(e, b) for e, b in zip(erased, labelled, strict=True))
        self.needless += sum(
            needless(e, b, truth.size_wh) for e, b in zip(erased, labelled, strict=True)
        )
        found = [s for t in truth.tracks if not t.ignore and (s := self._track(t, erased)).boxes]
        self.tracks += found
        self.videos.append((sum(t.leaks for t in found), sum(t.boxes for t in found)))

    def _track(self, track: TrackTruth, erased: Sequence[Boxes]) -> TrackScore:
        judged = track.xyxy[:, 3] - track.xyxy[:, 1] >= LEAST_PX
        pairs = zip(track.frame[judged], track.xyxy[judged], strict=True)
        leaks = [self.is_leak(covered(box, erased[frame])) for frame, box in pairs]
        return TrackScore(len(leaks), sum(leaks), longest_row(leaks), track.attributes)

    def numbers(self) -> dict[str, Any]:
        """Return the numbers for the report. Shares are 0 to 1.

        `never_covered` counts tracks that leaked in all their frames. `clear` covers objects
        without any adverse label: every attribute is 0 or missing.
        """
        boxes, leaks = (sum(getattr(t, name) for t in self.tracks) for name in ("boxes", "leaks"))
        longest = np.array([t.longest for t in self.tracks] or [0])
        sometime = [t for t in self.tracks if t.leaks < t.boxes]
        clear = [t for t in self.tracks if not any(t.attributes.values())]
        return {
            "frames": self.frames,
            "tracks": len(self.tracks),
            "boxes": boxes,
            "leaks": leaks,
            "leak_rate": _rate(self.tracks),
            "leak_rate_range": rate_range(self.videos),
            "leak_rate_of_tracks_once_covered": _rate(sometime),
            "clear": {
                "boxes": sum(t.boxes for t in clear),
                "leak_rate": _rate(clear),
                BRIEF_KEY: _without_long_leaks(clear),
            },
            "never_covered": len(self.tracks) - len(sometime),
            "longest_leak_frames": int(longest.max()),
            "longest_leak_frames_p95": round(float(np.percentile(longest, 95)), 1),
            BRIEF_KEY: _without_long_leaks(self.tracks),
            "false_alarms_per_frame": round(self.alarms / max(1, self.frames), 3),
            "needless_area": round(self.needless / max(1, self.frames), 4),
            "leak_rate_by_attribute": self._by_attribute(),
            "leaks_and_boxes_of_videos": list(self.videos),
        }

    def _by_attribute(self) -> dict[str, dict[str, Any]]:
        groups: dict[str, list[TrackScore]] = {}
        for track in self.tracks:
            for name, value in track.attributes.items():
                groups.setdefault(f"{name} {value}", []).append(track)
        return {
            name: {"share": _rate(g), "boxes": sum(t.boxes for t in g)}
            for name, g in sorted(groups.items())
        }


def stays_legible(share: float) -> bool:
    """Return whether a box of which that share is covered is still legible."""
    return 1 - share >= LEGIBLE - 1e-9


def _rate(tracks: Iterable[TrackScore]) -> float | None:
    counts = [(t.leaks, t.boxes) for t in tracks]
    return round(sum(n for n, _ in counts) / sum(n for _, n in counts), 5) if counts else None


def _without_long_leaks(tracks: Sequence[TrackScore]) -> float | None:
    return round(sum(t.longest <= BRIEF for t in tracks) / len(tracks), 4) if tracks else None


def longest_row(leaks: Iterable[bool]) -> int:
    """Return the largest number of consecutive True values."""
    longest = row = 0
    for leak in leaks:
        row = row + 1 if leak else 0
        longest = max(longest, row)
    return longest


def by_frame(truth: VideoTruth) -> list[Boxes]:
    """Return for each frame all labelled boxes (n, 4), including those to be ignored."""
    boxes: list[list[NDArray[np.float32]]] = [[] for _ in range(truth.frames)]
    for track in truth.tracks:
        for frame, box in zip(track.frame, track.xyxy, strict=True):
            boxes[frame].append(box)
    return [np.array(b, np.float32).reshape(-1, 4) for b in boxes]
