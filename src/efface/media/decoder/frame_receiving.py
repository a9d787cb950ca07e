"""Take frames that another process decoded out of shared memory, and check what it says of them."""

from __future__ import annotations

import re
from typing import Any

import av

from efface.media.decoder.decoder_checks import BYTES_PER_PIXEL, require, require_size
from efface.media.decoder.decoder_client import Decoder
from efface.media.decoder.film_messages import FrameSaid
from efface.media.decoder.raw_frames import LOCATIONS, RawFrames, is_known
from efface.media.pixel_formats import Spec, canonical, layout_named
from efface.options import ReadOptions

EDGE = 16
"""Columns and rows by which a frame may exceed its stated size."""


def require_spec(untrusted: Spec, options: ReadOptions) -> None:
    """Raise Untrusted for a form that no frame has."""
    name, layout = untrusted.name, untrusted.layout
    require(min(untrusted.size_wh) > 0 and min(untrusted.crop) >= 0)
    require_size(untrusted.stored_wh, options)
    require(re.fullmatch(r"[a-z0-9]{4,12}", name) is not None and canonical(name) == name)
    require(layout == layout_named(name, full_range=layout.full_range))


def copied_frame(
    decoder: Decoder, raw: RawFrames, untrusted: FrameSaid, options: ReadOptions
) -> av.VideoFrame:
    """Copy the samples of a frame. Raises Untrusted, ValueError, WorkerDied."""
    size_wh = width, height = untrusted.size_wh
    require_size(size_wh, options)
    require(0 < untrusted.bytes <= BYTES_PER_PIXEL * (width + EDGE) * (height + EDGE))
    require(0 <= untrusted.location < LOCATIONS and is_known(untrusted.format))
    packet: Any = av.Packet(untrusted.bytes)
    decoder.copy_picture(memoryview(packet))
    location, is_interlaced = untrusted.location, untrusted.is_interlaced
    return raw.frame(packet, size_wh, untrusted.format, location, is_interlaced)
