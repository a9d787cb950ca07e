"""Clips made from still pictures, with the exact box of every object in every frame, and their
files.

A clip is one or more shots, each a path of the camera over one picture. The label of a frame is the
smallest box around the visible part of the ellipse in the labelled box: the part inside the frame,
and not behind something in front. If less than LEAST_SEEN_SHARE of an object is visible, or it is
small, it is `ignore` in that frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path as FilePath
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.bench.camera_path import Path, Rgb, VisiblePart, exposed, reduced, visible_part
from efface.bench.sprites import Sprite, put
from efface.bench.truth import TrackTruth, VideoTruth, lines, load_video
from efface.errors import EffaceError
from efface.files import writing
from efface.frames import Layout, Picture
from efface.geometry import Boxes, Size
from efface.media.colour import Colour, swscale_matrix
from efface.media.interfaces import SourceInfo
from efface.media.pixel_formats import Spec, Turn
from efface.media.video.encode import create_video
from efface.media.video.video_info import VideoInfo
from efface.options import WriteOptions
from efface.staged_files import staged

LEAST_SEEN_SHARE = 0.35
"""Share of an object. With two thirds hidden, little remains to cover."""

RATE = 25
"""Frames per second."""

YUV420 = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)), full_range=False)
BT601 = 6
"""H.273 matrix that OpenCV uses for conversions."""

TRUTH_SUFFIX = ".faces.json"


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One view: a picture, where the camera looks, what is in front, and the light.

    picture     (h, w, 3) uint8 RGB.
    xyxy        (m, 4) float32, every labelled box of the picture.
    judged      (m,) bool; the others are `ignore` in all frames.
    attributes  of each box.
    gain        (n,) of the exposure, by which values are multiplied; n is the length of the path.
    noise       (n,) standard deviation of the sensor's noise, in values of 0 to 255.
    """

    picture: Rgb
    xyxy: Boxes
    judged: NDArray[np.bool_]
    attributes: tuple[Mapping[str, Any], ...]
    path: Path
    gain: NDArray[np.float64]
    noise: NDArray[np.float64]
    sprites: tuple[Sprite, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A video to be made.

    name      of its file, without suffix.
    kinds     what happens in it; scores are given for each as well.
    crf       of the H.264 encoder: 18 is fine, above 35 artefacts are visible.
    least_px  an object lower than this in a frame is `ignore` there.
    seed      of the noise.
    about     what it was made from; two clips with equal values are the same.
    """

    name: str
    shots: tuple[Shot, ...]
    size_wh: Size
    kinds: tuple[str, ...]
    crf: int = 20
    least_px: float = 24.0
    seed: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(s.path) for s in self.shots)


@dataclass(slots=True)
class _Moments:
    """One object, judged or ignored, collected frame by frame."""

    attributes: Mapping[str, Any]
    frame: list[int] = field(default_factory=list)
    xyxy: list[NDArray[np.float64]] = field(default_factory=list)

    def track(self, *, ignore: bool) -> TrackTruth:
        return TrackTruth(
            np.array(self.frame, np.int32), np.array(self.xyxy, np.float32), ignore, self.attributes
        )


class Developer:
    """Makes the frames of a clip, and records where everything was meanwhile."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._moments: dict[tuple[int, int, bool], _Moments] = {}

    def frames(self) -> Iterator[Rgb]:
        """Yield (h, w, 3) uint8, one after the other."""
        random = np.random.default_rng(self._clip.seed)
        first = 0
        for number, shot in enumerate(self._clip.shots):
            for i, (frame, hidden) in enumerate(_developed(shot, self._clip.size_wh, random)):
                self._note(number, shot, i, first + i, hidden)
                yield frame
            first += len(shot.path)

    def _note(
        self, number: int, shot: Shot, i: int, frame: int, hidden: NDArray[np.bool_] | None
    ) -> None:
        matrix = shot.path.matrix(i, self._clip.size_wh)
        for row, box in enumerate(shot.xyxy):
            seen = visible_part(box.astype(np.float64), matrix, self._clip.size_wh, hidden)
            if seen is not None:
                ignore = not (shot.judged[row] and self._counts(seen))
                moments = self._moments.setdefault(
                    (number, row, ignore), _Moments(shot.attributes[row])
                )
                moments.frame.append(frame)
                moments.xyxy.append(seen.xyxy)

    def _counts(self, seen: VisiblePart) -> bool:
        return seen.share >= LEAST_SEEN_SHARE and seen.height >= self._clip.least_px

    def truth(self, path: FilePath) -> VideoTruth:
        """Return where everything was, for the video at that path. Call this after all frames have
        been made."""
        tracks = [
            m.track(ignore=ignore)
            for (_, _, ignore), m in sorted(self._moments.items(), key=lambda kv: kv[0])
        ]
        about = recipe(self._clip)
        return VideoTruth(path, self._clip.size_wh, len(self._clip), "face", tuple(tracks), about)


def recipe(clip: Clip) -> dict[str, Any]:
    """Return what made the clip, as stored in its truth."""
    return {
        "kinds": list(clip.kinds),
        "crf": clip.crf,
        "least_px": clip.least_px,
        "seed": clip.seed,
        **clip.about,
    }


def _developed(
    shot: Shot, size_wh: Size, random: np.random.Generator
) -> Iterator[tuple[Rgb, NDArray[np.bool_] | None]]:
    """Yield each frame, and where something in front hides what is behind."""
    picture, path = reduced(shot.picture, shot.path)
    beyond = tuple(float(c) for c in picture.reshape(-1, 3).mean(axis=0) * 0.6)
    for i in range(len(path)):
        light = exposed(picture, path, i, size_wh, (beyond[0], beyond[1], beyond[2]))
        hidden = put(light, shot.sprites, i)
        light *= shot.gain[i]
        light += random.standard_normal(light.shape, np.float32) * np.float32(shot.noise[i])
        yield np.clip(np.round(light), 0, 255).astype(np.uint8), hidden


def made(clip: Clip, folder: FilePath) -> VideoTruth:
    """Make the clip's video in the folder, and return its truth. An existing identical clip is
    kept.

    Raises OutputError, EncoderMissing.
    """
    video, said = folder / f"{clip.name}.mp4", folder / f"{clip.name}{TRUTH_SUFFIX}"
    if video.exists() and said.exists():
        try:
            known = load_video(said)
        except EffaceError:
            pass  # half-written by another run, or of another version: made anew
        else:
            if json.loads(json.dumps(recipe(clip))) == known.about and known.frames == len(clip):
                return known
    developer = Developer(clip)
    with staged(video, overwrite=True) as draft:
        write_video(draft, developer.frames(), clip.size_wh, crf=clip.crf, target=video)
    truth = developer.truth(video)
    with staged(said, overwrite=True) as draft, writing(said):
        draft.write_text("".join(lines(truth)), encoding="utf-8", newline="\n")
    return truth


def write_video(
    draft: FilePath, frames: Iterator[Rgb], size_wh: Size, *, crf: int, target: FilePath
) -> None:
    """Write H.264 with an even width and height, RATE frames per second. Raises WriteFailed,
    EncoderMissing."""
    spec = Spec("yuv420p", YUV420, size_wh, Turn(), swscale_matrix(BT601, size_wh[1]))
    video = VideoInfo(spec, Fraction(1, RATE), Fraction(RATE), colour=Colour(matrix=BT601))
    info = SourceInfo(target, "video", "mp4", None, size_wh, private=video)
    sink = create_video(draft, info, WriteOptions(crf=crf, preset="veryfast"), target=target)
    try:
        for pts, frame in enumerate(frames):
            sink.write(planar(frame), pts)
        sink.close()
    finally:
        sink.abort()


def planar(rgb: Rgb) -> Picture:
    """Convert the frame to planar YUV. Its width and height must be even."""
    height, width = rgb.shape[:2]
    stacked = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), np.uint8)
    chroma = stacked[height:].reshape(2, height // 2, width // 2)
    return Picture((stacked[:height], chroma[0], chroma[1]), YUV420)
