"""Colour signalling: what sample values mean, and the brightness for which an HDR video was
mastered.

Numbers are those of ITU-T H.273, as FFmpeg uses them. Only these values travel from source to
target; nothing else that a frame carries beside its samples does.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.sidedata.sidedata import Type
from av.video.reformatter import Colorspace

UNSPECIFIED = 2
LIMITED, FULL = 1, 2

_SWSCALE = {
    1: Colorspace.ITU709, 4: Colorspace.FCC, 5: Colorspace.ITU601, 6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M, 9: Colorspace.BT2020, 10: Colorspace.BT2020,
}  # fmt: skip
"""swscale's name of each H.273 matrix."""

HD_LINES = 720
"""If a video with at least this many lines names no matrix, it is taken as BT.709, as players do.
"""


@dataclass(frozen=True, slots=True)
class Colour:
    """Meaning of the samples.

    primaries, transfer, matrix  H.273 numbers, 2 = not stated.
    mastering  Rx Ry Gx Gy Bx By Wx Wy (CIE xy), darkest and brightest (cd/m2) of the mastering
               display, or None.
    light      MaxCLL and MaxFALL in cd/m2, or None.
    location   FFmpeg's number for where chroma samples sit, 0 = not stated.
    """

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    mastering: tuple[Fraction, ...] | None = None
    light: tuple[int, int] | None = None
    location: int = 0


def colour_of(frame: av.VideoFrame) -> Colour:
    """Return what a frame states about its colours."""
    return Colour(
        frame.color_primaries,
        frame.color_trc,
        frame.colorspace,
        _mastering(side_data(frame, Type.MASTERING_DISPLAY_METADATA)),
        _light(side_data(frame, Type.CONTENT_LIGHT_LEVEL)),
        getattr(frame, "chroma_location", 0),  # PyAV 19
    )


def side_data(frame: av.VideoFrame, kind: Type) -> bytes:
    """Return the bytes of one kind of side data, or empty bytes if the frame has none."""
    try:
        kinds: Any = frame.side_data  # a mapping by name and by kind, which its type does not state
        found = kinds.get(kind)
    except ValueError:  # PyAV refuses the whole list if it cannot name one kind
        return b""
    return bytes(found) if found is not None else b""


def _mastering(raw: bytes) -> tuple[Fraction, ...] | None:
    # AVMasteringDisplayMetadata: ten rationals (R, G, B, white, darkest, brightest), then two
    # flags.
    if len(raw) < 88:
        return None
    *numbers, has_primaries, has_luminance = struct.unpack("=22i", raw[:88])
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    if not (has_primaries and has_luminance and all(d > 0 and n >= 0 for n, d in pairs)):
        return None
    return tuple(Fraction(n, d) for n, d in pairs)


def _light(raw: bytes) -> tuple[int, int] | None:
    return struct.unpack("=2I", raw[:8]) if len(raw) >= 8 else None


def swscale_matrix(matrix: int, lines: int) -> Colorspace:
    """Return the matrix that swscale should use for a picture with that many lines."""
    return _SWSCALE.get(matrix, Colorspace.ITU709 if lines >= HD_LINES else Colorspace.ITU601)


def x265_params(colour: Colour) -> str:
    """Return HDR10 values in x265's notation: chromaticities in 0.00002, luminance in 0.0001
    cd/m2."""
    said = []
    if colour.mastering:
        rx, ry, gx, gy, bx, by, wx, wy = (round(v * 50_000) for v in colour.mastering[:8])
        dark, bright = (round(v * 10_000) for v in colour.mastering[8:])
        said.append(
            f"master-display=G({gx},{gy})B({bx},{by})R({rx},{ry})WP({wx},{wy})L({bright},{dark})"
        )
    if colour.light:
        said.append("max-cll={},{}".format(*colour.light))
    return ":".join(said)


def svtav1_params(colour: Colour) -> str:
    """Return HDR10 values in SVT-AV1's notation: plain decimal numbers."""
    said = []
    if colour.mastering:
        rx, ry, gx, gy, bx, by, wx, wy, dark, bright = (f"{float(v):.6f}" for v in colour.mastering)
        said.append(
            f"mastering-display=G({gx},{gy})B({bx},{by})R({rx},{ry})WP({wx},{wy})L({bright},{dark})"
        )
    if colour.light:
        said.append("content-light={},{}".format(*colour.light))
    return ":".join(said)
