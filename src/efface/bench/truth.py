"""Ground truth of pictures and videos, and its two JSON formats.

Stills: a folder with `annotations.json`, {"images": [{"file", "width", "height", "boxes": [{"x",
"y", "w", "h", "label", "ignore", ...}]}]}. Any other key of a box (blur, occlusion, pose, ...) is
an attribute. `demographics.json` beside it may say what annotators perceived of each person,
{"faces": {FILE: {NUMBER_OF_BOX: {"skin": "IV", ...}}}}.

Video: {"video", "width", "height", "frames", "tracks": [{"ignore", "boxes": {"FRAME": [x1, y1, x2,
y2]}}]}, with the video beside it.

An object with `ignore` counts neither as hit nor as miss: it is unknown or invisible.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.detections import FINDABLE
from efface.errors import BadTruth, SourceUnreadable
from efface.files import reason
from efface.geometry import Boxes, Size

STILLS_FILE = "annotations.json"

PERCEIVED_FILE = "demographics.json"
"""Optional, beside STILLS_FILE: what annotators perceived of the labelled people. It is read to
measure whether efface protects everybody alike, and nowhere else."""

NO_ATTRIBUTES = frozenset(("x", "y", "w", "h", "label", "ignore"))
"""Keys of a box that state where and what it is. Every other key is an attribute."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The labelled boxes of one picture. Row i of everything is the same object.

    xyxy        (n, 4) float32, pixels of the upright picture, half-open; a side may be 0.
    ignore      (n,) bool, neither hit nor miss.
    attributes  of each, by name.
    perceived   of each, what annotators perceived of the person, such as skin tone; {} where they
                said nothing. Either n of them, or none at all.
    kinds       of each, what it is. Either n of them, or none at all.
    """

    xyxy: Boxes
    ignore: NDArray[np.bool_]
    attributes: tuple[Mapping[str, Any], ...]
    perceived: tuple[Mapping[str, str], ...] = ()
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.xyxy)
        if len(self.kinds) not in (0, n):
            raise ValueError("kinds are said of every box or of none")
        if len(self.perceived) not in (0, n):
            raise ValueError("what was perceived is said of every box or of none")
        if (self.xyxy.shape, self.ignore.shape, len(self.attributes)) != ((n, 4), (n,), n):
            raise ValueError("labels have n boxes, n marks and n attributes")
        if not np.isfinite(self.xyxy).all() or (self.xyxy[:, :2] > self.xyxy[:, 2:]).any():
            raise ValueError("a labelled box is finite, and its sides are in order")

    def __len__(self) -> int:
        return len(self.xyxy)

    def of_kind(self, kind: str) -> Labels:
        """Return the boxes of one kind."""
        rows = [i for i, k in enumerate(self.kinds) if k == kind]
        return Labels(
            self.xyxy[rows],
            self.ignore[rows],
            tuple(self.attributes[i] for i in rows),
            tuple(self.perceived[i] for i in rows if self.perceived),
            tuple(self.kinds[i] for i in rows),
        )

    @property
    def heights(self) -> Boxes:
        """(n,) heights in pixels."""
        return self.xyxy[:, 3] - self.xyxy[:, 1]


@dataclass(frozen=True, slots=True, eq=False)
class StillTruth:
    """One labelled picture.

    kinds  of objects that the whole set labels.
    """

    path: Path
    size_wh: Size
    labels: Labels
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class TrackTruth:
    """One object in a video. Row i of both arrays is the same moment.

    frame   (n,) int32, strictly increasing.
    xyxy    (n, 4) float32, pixels of the upright frame.
    ignore  neither hit nor miss, in all its frames.
    """

    frame: NDArray[np.int32]
    xyxy: Boxes
    ignore: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.frame)
        if (self.frame.shape, self.xyxy.shape) != ((n,), (n, 4)) or (
            np.diff(self.frame) <= 0
        ).any():
            raise ValueError("a track has n frames in order, and n boxes")
        if not np.isfinite(self.xyxy).all() or (self.xyxy[:, :2] > self.xyxy[:, 2:]).any():
            raise ValueError("a labelled box is finite, and its sides are in order")


@dataclass(frozen=True, slots=True, eq=False)
class VideoTruth:
    """One labelled video.

    path    of the video.
    frames  their number.
    kind    of the objects, one of FINDABLE.
    about   what made it, for a generated one; copied to and from the JSON file, and never read
            here.
    """

    path: Path
    size_wh: Size
    frames: int
    kind: str
    tracks: tuple[TrackTruth, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in FINDABLE:
            raise ValueError(f"{self.kind} is not a kind of object that efface looks for")
        if any(
            len(t.frame) and not 0 <= t.frame[0] <= t.frame[-1] < self.frames for t in self.tracks
        ):
            raise ValueError("a track has boxes in frames that the video does not have")


def load_stills(folder: Path) -> list[StillTruth]:
    """Load every picture of a labelled set, in the order of its file. Raises SourceUnreadable,
    BadTruth."""
    path = folder / STILLS_FILE
    found = _json(path)
    people = _perceived(folder / PERCEIVED_FILE)
    try:
        images = found["images"]
        kinds = frozenset(b["label"] for i in images for b in i["boxes"])
        return [
            _still(folder, image, _known(kinds), people.get(image["file"], {})) for image in images
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise BadTruth(path, f"it does not say what a set of pictures says ({e!r})") from e


def _perceived(path: Path) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return what was perceived, by picture and number of the box; {} where the file is missing."""
    if not path.exists():
        return {}
    faces = _json(path).get("faces")
    if not isinstance(faces, dict):
        raise BadTruth(path, "it does not say what was perceived of which face")
    return faces


def _still(
    folder: Path,
    image: Mapping[str, Any],
    kinds: frozenset[str],
    people: Mapping[str, Mapping[str, str]],
) -> StillTruth:
    boxes = image["boxes"]
    corners = [(b["x"], b["y"], b["x"] + b["w"], b["y"] + b["h"]) for b in boxes]
    labels = Labels(
        np.array(corners, np.float32).reshape(-1, 4),
        np.array([bool(b.get("ignore")) for b in boxes], bool),
        tuple({k: v for k, v in b.items() if k not in NO_ATTRIBUTES} for b in boxes),
        tuple(dict(people.get(str(i), {})) for i in range(len(boxes))),
        tuple(str(b["label"]) for b in boxes),
    )
    return StillTruth(
        folder / image["file"], (int(image["width"]), int(image["height"])), labels, kinds
    )


def _known(kinds: frozenset[str]) -> frozenset[str]:
    if not kinds <= set(FINDABLE):
        raise ValueError(
            f"labels are {' or '.join(FINDABLE)}, not {', '.join(sorted(kinds - set(FINDABLE)))}"
        )
    return kinds or frozenset(FINDABLE)


def load_video(path: Path) -> VideoTruth:
    """Load the truth about one video. Raises SourceUnreadable, BadTruth."""
    found = _json(path)
    try:
        listed = found["tracks"]
        tracks = listed.values() if isinstance(listed, dict) else listed
        return VideoTruth(
            path.parent / found["video"],
            (int(found["width"]), int(found["height"])),
            int(found["frames"]),
            found.get("kind", "plate" if path.name.endswith(".plates.json") else "face"),
            tuple(_track(t) for t in tracks),
            found.get("about", {}),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise BadTruth(path, f"it does not say what a labelled video says ({e!r})") from e


def _track(said: Mapping[str, Any]) -> TrackTruth:
    moments = sorted((int(frame), box) for frame, box in said["boxes"].items())
    frame = np.array([f for f, _ in moments], np.int32)
    xyxy = np.array([b for _, b in moments], np.float32).reshape(-1, 4)
    return TrackTruth(frame, xyxy, bool(said.get("ignore")), said.get("attributes", {}))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e
    except ValueError as e:
        raise BadTruth(path, "it is not JSON") from e


def lines(truth: VideoTruth) -> Iterator[str]:
    """Yield the truth as the text of a JSON file, to be stored beside its video."""
    width, height = truth.size_wh
    head = {
        "video": truth.path.name,
        "width": width,
        "height": height,
        "frames": truth.frames,
        "kind": truth.kind,
    }
    tracks = [
        {
            "id": i,
            "ignore": t.ignore,
            "attributes": dict(t.attributes),
            "boxes": {
                str(f): [round(float(v), 2) for v in box]
                for f, box in zip(t.frame, t.xyxy, strict=True)
            },
        }
        for i, t in enumerate(truth.tracks, start=1)
    ]
    yield json.dumps({**head, "about": dict(truth.about), "tracks": tracks}) + "\n"
