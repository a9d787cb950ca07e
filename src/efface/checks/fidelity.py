"""Check that the target equals its source except for what was erased.

Number, times and sizes of frames must agree exactly. The encoder's changes are measured outside the
erased areas: PSNR over all colour planes, SSIM on the first one (on green if the picture is RGB).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import log10
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.checks.frame_alignment import Pair
from efface.findings import Check, Finding, Outcome
from efface.frames import Picture
from efface.geometry import Size, pixel_window
from efface.media.interfaces import SourceInfo
from efface.regions import Region

NAME = "fidelity"

AROUND_SHARE = 0.25
"""Share of a box's sides, on every side, that is left out as well, since every shape reaches beyond
its box."""

RIM_PX = 16
"""Pixels around that in which the encoder mixes erased and unchanged pixels: one coding block."""

LOSSLESS_DB = 100.0
"""PSNR of identical pictures, in place of infinity."""

BLOCK_PX = 8
"""Side in pixels of SSIM's windows, which do not overlap."""

STRIP_PIXELS = 1 << 15
"""Pixels for which SSIM is computed at once. It needs about 40 bytes for each: so many stay in the
processor's cache, which takes 17 ms instead of 27 for a 1080p frame."""

OTHER_DB = 16.0
DOUBTFUL_DB = 25.0
OTHER_SSIM = 0.4
"""The target shows another picture if PSNR is below the first value, or below the second and SSIM
is below this.

Three real clips at the worst that codecs offer (H.264 and HEVC at CRF 51, VP9 at 63) kept 21.8 dB
and 0.486 in every frame; at CRF 18 40.9 dB and 0.984. Turned upside down they were at 13 to 15 dB.
"""

SSIM_EVERY_FRAMES = 10
"""A quick check measures SSIM in one of this many frames, and PSNR in all."""


class Fidelity:
    """Takes pairs of frames in order. Its findings are grave, or for a person to judge."""

    def __init__(self, compared_with: str, *, is_quick: bool) -> None:
        """compared_with: the source or the plan, in words; empty if there is neither."""
        self._with = compared_with
        self._every = SSIM_EVERY_FRAMES if is_quick else 1
        self._likeness = Likeness()
        self._judge: list[Finding] = []
        self._notes: list[str] = []
        self._facts: dict[str, str | int | float] = {}
        self._frames = 0
        self._last_s = 0.0
        self.found: list[Finding] = []
        """Grave findings so far."""

    def compare(
        self, pair: Pair, pictures: tuple[Picture, Picture] | None, regions: Sequence[Region]
    ) -> None:
        """Compare the next pair. pictures: the samples of both in one layout, if both exist.
        regions: what was erased."""
        old, new = pair.old, pair.new
        if new is not None:
            self._frames += 1
            self._last_s = pair.second
        if not self._with:
            pass
        elif new is None:
            self.add(
                pair, f"frame {old.index + 1} of the source is missing" if old is not None else ""
            )
        elif old is None:
            self.add(pair, f"{pair.name} is one too many: the source has none at that time")
        else:
            if abs(off := float(pair.at - old.at)) > pair.tolerance:
                self.add(pair, f"{pair.name} is shown {off:+.6f} s from its time")
            if not is_same_size(old.size_wh, new.size_wh):
                self.add(pair, f"{pair.name} has size {new.size_wh}, not {old.size_wh}")
            elif pictures is not None and not self._likeness.add(
                *pictures, regions, with_ssim=pair.number % self._every == 0
            ):
                self.add(
                    pair,
                    f"{pair.name} is another picture than the source's, outside of the "
                    "erased areas",
                )
        if new is not None and new.is_bad:
            self.add(pair, f"{pair.name} cannot be decoded")

    def add(self, pair: Pair | None, message: str) -> None:
        """Add a grave finding."""
        where = (pair.number, None, pair.second) if pair is not None else ()
        self.found.append(Finding(NAME, message, *where))

    def compare_signals(self, source: SourceInfo, target: SourceInfo) -> None:
        """Compare what containers and streams state about colour and pixels."""
        self._notes = source.notes  # grows while the source is read
        said = _changed_signals(source, target)
        self._judge += [Finding(NAME, message) for message in said]
        self._facts["signals changed"] = len(said)

    def compare_sound(self, source: SourceInfo, target: SourceInfo, wanted: str) -> None:
        """Compare the sound streams packet by packet.

        `wanted` is the value of --audio, or "" if unknown. Changed sound is compared by `sound`.
        """
        if target.audio and wanted == "drop":
            self.add(
                None, f"the target holds sound ({target.audio} streams), which should be dropped"
            )
        kept = target.audio if wanted == "drop" else min(source.audio, target.audio)
        if target.audio != source.audio and (
            wanted not in ("", "drop") or target.audio > source.audio
        ):
            self._judge.append(
                Finding(
                    NAME,
                    f"the target has {target.audio} sound streams, and the source {source.audio}",
                )
            )
        self._facts["sound streams"] = (
            "dropped" if source.audio and not target.audio else target.audio
        )
        if kept and wanted in ("", "keep"):
            self._compare_packets(source, target)

    def _compare_packets(self, source: SourceInfo, target: SourceInfo) -> None:
        from efface.media.video.stream_digests import (
            sound_kept,
        )  # loads PyAV, which photos do not need

        streams = sound_kept(source, target)
        for i, sound in enumerate(streams, 1):
            if not sound.is_same:
                self._judge.append(
                    Finding(NAME, f"sound stream {i} is not that of the source, packet by packet")
                )
            elif sound.missing:
                self._judge.append(
                    Finding(NAME, f"sound stream {i} lacks {sound.missing} packets of the source")
                )
        self._facts["sound packets"] = sum(s.packets for s in streams)

    def check(self) -> Check:
        """Return the result."""
        facts: dict[str, str | int | float] = {
            "frames": self._frames,
            "last frame at, s": round(self._last_s, 3),
        }
        facts |= {"compared with": self._with or "nothing"} | self._likeness.facts() | self._facts
        found = (
            *self.found,
            *self._judge,
            *(Finding(NAME, f"the source: {note}") for note in self._notes),
        )
        if found:
            return Check(NAME, Outcome.NOT_CLEAN if self.found else Outcome.REVIEW, found, facts)
        if not self._with:
            return Check(
                NAME,
                Outcome.SKIPPED,
                facts=facts,
                why="there is neither source nor plan to compare it with",
            )
        return Check(NAME, Outcome.CLEAN, facts=facts)


def _changed_signals(source: SourceInfo, target: SourceInfo) -> list[str]:
    if "video" not in (source.medium, target.medium):
        return []
    from efface.media.video.stream_digests import signals  # loads PyAV, which photos do not need

    before, after = signals(source), signals(target)
    if before.get("pixels", "").split(",")[0] != after.get("pixels", "").split(",")[0]:
        # RGB or grey became YUV because the codec supports nothing else; samples are compared as
        # RGB then
        return []
    changed = [name for name in before if before[name] != after.get(name)]
    return [
        f"its {name} is {after.get(name, 'not stated')}, and the source's {before[name]}"
        for name in changed
    ]


@dataclass(slots=True)
class Likeness:
    """PSNR and SSIM of the compared frames."""

    psnr: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)

    def add(
        self, before: Picture, after: Picture, regions: Sequence[Region], *, with_ssim: bool
    ) -> bool:
        """Add another frame. Returns False if the two are not the same picture."""
        visible = _visible(before.size_wh, regions)
        db = psnr(before, after, visible)
        if db is None:
            return True
        self.psnr.append(db)
        # SSIM takes longer, so if PSNR is high enough, it is only sampled.
        index = ssim(before, after, visible) if with_ssim or db < DOUBTFUL_DB else None
        if index is not None:
            self.ssim.append(index)
        is_other = db < OTHER_DB or (db < DOUBTFUL_DB and index is not None and index < OTHER_SSIM)
        return not is_other

    def facts(self) -> dict[str, float | int]:
        """Return the facts for the report."""
        said: dict[str, float | int] = {"frames compared": len(self.psnr)}
        if self.psnr:
            said |= {
                "PSNR, lowest": round(min(self.psnr), 1),
                "PSNR, mean": round(float(np.mean(self.psnr)), 1),
            }
        if self.ssim:
            said |= {
                "SSIM, lowest": round(min(self.ssim), 3),
                "SSIM, mean": round(float(np.mean(self.ssim)), 3),
            }
        return said


def _visible(size_wh: Size, regions: Sequence[Region]) -> NDArray[np.uint8]:
    """Return (h, w) uint8: 1 where nothing was erased there or nearby."""
    mask = np.ones((size_wh[1], size_wh[0]), np.uint8)
    for x1, y1, x2, y2 in (r.box for r in regions):
        dx, dy = (x2 - x1) * AROUND_SHARE + RIM_PX, (y2 - y1) * AROUND_SHARE + RIM_PX
        mask[pixel_window((x1 - dx, y1 - dy, x2 + dx, y2 + dy), size_wh)] = 0
    return mask


def psnr(before: Picture, after: Picture, visible: NDArray[np.uint8]) -> float | None:
    """Return the PSNR in dB over the visible samples of all colour planes; None if nothing is
    visible."""
    error, count = 0.0, 0
    for a, b, mask in _planes(before, after, visible):
        error += cv2.norm(a, b, cv2.NORM_L2SQR, mask)
        count += cv2.countNonZero(mask)
    if not count:
        return None
    mean = error / count / before.layout.peak**2
    return min(LOSSLESS_DB, -10 * log10(mean)) if mean else LOSSLESS_DB


def _planes(
    before: Picture, after: Picture, visible: NDArray[np.uint8]
) -> Iterator[tuple[NDArray, NDArray, NDArray]]:  # type: ignore[type-arg]
    """Yield both planes, cut to the size of the first, and a mask of their visible samples."""
    colours, masks = len(before.planes) - before.layout.has_alpha, {visible.shape: visible}
    for a, b in zip(before.planes[:colours], after.planes, strict=False):
        height, width = a.shape
        if a.shape not in masks:
            smaller = cv2.resize(visible, (width, height), interpolation=cv2.INTER_NEAREST)
            masks[a.shape] = np.asarray(smaller, np.uint8)
        yield np.ascontiguousarray(a), np.ascontiguousarray(b[:height, :width]), masks[a.shape]


def ssim(before: Picture, after: Picture, visible: NDArray[np.uint8]) -> float | None:
    """Return the mean SSIM of the wholly visible blocks (Wang et al. 2004, with square windows);
    None if there are none."""
    which = 1 if before.layout.model == "rgb" and len(before.planes) >= 3 else 0
    height, width = (n // BLOCK_PX * BLOCK_PX for n in before.planes[which].shape)
    if not height or not width:
        return None
    total, count = 0.0, 0
    rows = max(1, STRIP_PIXELS // (BLOCK_PX * width)) * BLOCK_PX
    for top in range(0, height, rows):
        part = slice(top, min(top + rows, height)), slice(0, width)
        shown = _blocks(visible[part].astype(np.float32)) > 0.999
        if shown.any():
            index = _indices(
                before.planes[which][part], after.planes[which][part], before.layout.peak
            )
            total, count = (
                total + float(index[shown].sum(dtype=np.float64)),
                count + int(shown.sum()),
            )
    return total / count if count else None


def _indices(before: NDArray[Any], after: NDArray[Any], peak: int) -> NDArray[np.float32]:
    """Return the SSIM of each block."""
    a, b = (p.astype(np.float32) * np.float32(1 / peak) for p in (before, after))
    mean_a, mean_b = _blocks(a), _blocks(b)
    var_a, var_b, both = (
        _blocks(p) - m
        for p, m in ((a * a, mean_a**2), (b * b, mean_b**2), (a * b, mean_a * mean_b))
    )
    index = (
        (2 * mean_a * mean_b + 1e-4)
        * (2 * both + 9e-4)
        / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4))
    )
    return np.asarray(index, np.float32)


def _blocks(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each block."""
    height, width = plane.shape
    return np.asarray(
        cv2.resize(plane, (width // BLOCK_PX, height // BLOCK_PX), interpolation=cv2.INTER_AREA),
        np.float32,
    )


def is_same_size(old: Size, new: Size) -> bool:
    """Return whether a frame has its size. Most 4:2:0 codecs support only even sizes, so an odd one
    may have gained a row or a column."""
    return new == old or new == (old[0] + old[0] % 2, old[1] + old[1] % 2)
