"""Checks of what a decoder says, before anything uses it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from efface.containers.png_parts import LIGHT
from efface.geometry import Size
from efface.media.decoder.decoder_client import Decoder
from efface.media.decoder.typed_messages import Untrusted
from efface.media.interfaces import SourceInfo
from efface.media.still.image_reader import Traits
from efface.media.still.jpeg_coefficients import SIDE, Component
from efface.options import ReadOptions

LONGEST_NOTE, MOST_NOTES = 400, 50
MOST_FRAMES = 1 << 40

BYTES_PER_PIXEL = 16
"""No pixel format has more."""

AT_REST_BYTES = 1 << 30
"""Address space that any decoder may take beyond its libraries: threads have room for stacks and
heaps that they never use."""

FORMAT = re.compile(r"[a-z0-9_,.]{1,60}")


def memory_for(bytes_per_pixel: int, pixels: int) -> int:
    """Return the address space for pictures of that size, and no more than the machine has."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return AT_REST_BYTES + min(bytes_per_pixel * pixels, machine)


@contextmanager
def distrusting(decoder: Decoder) -> Iterator[None]:
    """Turn what cannot be true into the error about it."""
    try:
        yield
    except (Untrusted, ValueError) as e:  # an error of FFmpeg is one of value, too
        raise decoder.distrusted() from e


def require(holds: bool) -> None:
    """Raise Untrusted unless it holds."""
    if not holds:
        raise Untrusted("a value that cannot be")


def require_size(size_wh: Size, options: ReadOptions) -> None:
    """Raise Untrusted for a size that the decoder should have refused."""
    width, height = size_wh
    require(width > 0 and height > 0 and width * height <= options.max_pixels)


def checked_notes(untrusted: tuple[str, ...]) -> list[str]:
    """Return notes that can be printed. Raises Untrusted."""
    require(len(untrusted) <= MOST_NOTES and all(len(n) <= LONGEST_NOTE for n in untrusted))
    return list(untrusted)


def note(info: SourceInfo, untrusted: tuple[str, ...]) -> None:
    """Add the notes that are new. Raises Untrusted."""
    info.notes.extend(n for n in checked_notes(untrusted) if n not in info.notes)


def require_components(components: tuple[Component, ...], size_wh: Size) -> None:
    """Raise Untrusted for components that no JPEG of that size has."""
    require(1 <= len(components) <= 4)
    for c in components:
        require(all(1 <= f <= 4 for f in c.factors) and len(c.table) in (0, SIDE * SIDE))
        require(all(1 <= q <= 0xFFFF for q in c.table))
        # The picture may lie on its side.
        require(min(c.blocks) > 0 and SIDE * min(c.blocks) < min(size_wh) + SIDE)
        require(SIDE * max(c.blocks) < max(size_wh) + SIDE)


def require_traits(traits: Traits) -> None:
    """Raise Untrusted for facts that no photo has."""
    require(len(traits.qtables) <= 4)
    for table in traits.qtables:
        require(len(table) == 64 and all(0 <= n <= 0xFFFF for n in table))
    require(traits.sampling in (-1, 0, 1, 2) and 1 <= traits.orientation <= 8)
    require(traits.loop is None or 0 <= traits.loop <= 0xFFFF)
    require(traits.cicp is None or all(0 <= n <= 0xFF for n in traits.cicp))
    require(all(LIGHT.get(name) == len(data) for name, data in traits.light.items()))
    require(0 <= traits.primary < MOST_FRAMES)
    require(0 < traits.tail_ms < MOST_FRAMES)
