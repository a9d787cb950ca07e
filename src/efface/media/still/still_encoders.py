"""Encode one picture: JPEG, WebP, HEIF and AVIF, from samples alone.

No encoder here gets a source, a copy of its tags, or a profile.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from PIL import Image

from efface.frames import Layout, Picture
from efface.geometry import Size
from efface.media.still.image_reader import Traits
from efface.media.still.still_pixels import Array, interleaved

WEBP_QUALITY = HEIF_QUALITY = AVIF_QUALITY = 90
"""Of 100.

These formats do not reveal the source's own quality; this one leaves no visible trace.
"""

JPEG_QUALITY = 92
"""Quality for a JPEG if the source's tables cannot be used."""

_MODES = {
    ("gray", False): "L",
    ("gray", True): "LA",
    ("rgb", False): "RGB",
    ("rgb", True): "RGBA",
    ("cmyk", False): "CMYK",
}


def encode_jpeg(picture: Picture, traits: Traits) -> bytes:
    """Encode JPEG with the source's tables and subsampling, so its quality stays the same."""
    image = image_of(picture)
    tables = [[min(max(q, 1), 255) for q in table] for table in traits.qtables if len(table) == 64][
        :2
    ]
    options: dict[str, Any] = {"qtables": tables} if tables else {"quality": JPEG_QUALITY}
    if image.mode == "RGB":
        options["subsampling"] = max(traits.sampling, 0)
    try:
        return saved(image, "JPEG", progressive=traits.progressive, **options)
    except OSError:
        if not traits.progressive:
            raise
        # Pillow's buffer must hold a progressive file as a whole, one byte per pixel. One of pure
        # noise does not fit.
        return saved(image, "JPEG", **options)


def encode_webp(picture: Picture, traits: Traits) -> bytes:
    """Encode WebP, bit-exact if the source was lossless."""
    if traits.lossless:
        return saved(image_of(picture), "WEBP", lossless=True, exact=True)
    return saved(image_of(picture), "WEBP", quality=WEBP_QUALITY)


def encode_heif(pages: Sequence[tuple[Layout, Size, Array]], traits: Traits) -> bytes:
    """Encode HEIF with 8, 10 or 12 bits for all pictures. pages: (layout, size, interleaved
    samples) of each."""
    import pillow_heif

    depth = max(layout.depth for layout, _, _ in pages)
    heif: Any = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for layout, size_wh, samples in pages:
        mode, data = _MODES[layout.model, layout.has_alpha], samples
        if depth > 8:
            wide = samples.astype(np.uint16) << (16 - layout.depth)
            mode, data = f"{mode};16", np.asarray(wide, np.uint16)
        heif.add_frombytes(mode, size_wh, data.tobytes())
    primaries, transfer = traits.cicp or (1, 13)
    out = io.BytesIO()
    heif.save(
        out,
        quality=HEIF_QUALITY,
        bit_depth=depth,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=6,
        full_range_flag=1,
        primary_index=min(traits.primary, len(pages) - 1),
    )
    return out.getvalue()


def encode_avif(picture: Picture, traits: Traits) -> bytes:
    """Encode AVIF: with Pillow for 8 bits, with OpenCV for 10 or 12."""
    depth = picture.layout.depth
    if depth == 8:
        return with_cicp(saved(image_of(picture), "AVIF", quality=AVIF_QUALITY), traits.cicp)
    samples = interleaved(picture)
    if samples.shape[2] >= 3:
        samples = np.ascontiguousarray(
            samples[..., [2, 1, 0, *range(3, samples.shape[2])]], np.uint16
        )
    options = [cv2.IMWRITE_AVIF_QUALITY, AVIF_QUALITY, cv2.IMWRITE_AVIF_DEPTH, depth]
    is_done, data = cv2.imencode(".avif", samples, options)
    if not is_done:
        raise OSError("OpenCV encoded nothing")
    return with_cicp(data.tobytes(), traits.cicp)


def image_of(picture: Picture) -> Image.Image:
    """Make a Pillow image from the picture's samples and nothing else."""
    if picture.layout.depth != 8 or picture.layout.model not in ("gray", "rgb", "cmyk"):
        raise ValueError(f"no way to write {picture.layout}")
    mode, samples = _MODES[picture.layout.model, picture.layout.has_alpha], interleaved(picture)
    return Image.frombuffer(mode, picture.size_wh, bytes_of(samples), "raw", mode, 0, 1)


def bytes_of(samples: Array) -> Any:
    return np.ascontiguousarray(samples).reshape(-1)


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, name, **options)
    return out.getvalue()


def with_cicp(avif: bytes, cicp: tuple[int, int] | None) -> bytes:
    """Write these colour primaries and transfer into the file's `colr` boxes. Encoders always write
    sRGB's."""
    if cicp is None:
        return avif
    data, end = bytearray(avif), avif.find(b"mdat")
    at = data.find(b"colrnclx", 0, end)
    while at >= 0:
        struct.pack_into(">HH", data, at + 8, *cicp)
        at = data.find(b"colrnclx", at + 8, end)
    return bytes(data)


def undated(avif: bytes) -> bytes:
    """Remove the creation times that libavif writes into the headers of sequences."""
    data = bytearray(avif)
    for start, _ in _boxes(avif, 0, len(avif), (b"mvhd", b"tkhd", b"mdhd")):
        size = 16 if data[start] == 1 else 8
        data[start + 4 : start + 4 + size] = bytes(size)
    return bytes(data)


def _boxes(
    data: bytes, start: int, end: int, names: tuple[bytes, ...]
) -> Iterator[tuple[int, int]]:
    """Yield start and end of the content of boxes with these names, anywhere in `moov`."""
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, start)
        if size < 8:
            return
        if name in names:
            yield start + 8, start + size
        if name in (b"moov", b"trak", b"mdia"):
            yield from _boxes(data, start + 8, start + size, names)
        start += size
