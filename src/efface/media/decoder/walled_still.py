"""Photos and animations whose files are decoded behind walls. See `media.interfaces.Source`.

Each reading has a process of its own, which ends with it. What it says is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.containers.admission import AdmittedSource
from efface.errors import InputError, WorkerDied
from efface.frames import Frame
from efface.media.decoder.decoder_checks import (
    BYTES_PER_PIXEL,
    MOST_FRAMES,
    checked_notes,
    distrusting,
    memory_for,
    note,
    require,
    require_components,
    require_size,
    require_traits,
)
from efface.media.decoder.decoder_client import Decoder
from efface.media.decoder.decoder_messages import (
    BlocksSaid,
    Call,
    Finished,
    PageSaid,
    StillInfoSaid,
)
from efface.media.interfaces import SourceInfo
from efface.media.still.embedded import MOST_PIXELS
from efface.media.still.image_reader import require_total, traits_of
from efface.media.still.jpeg_coefficients import JpegBlocks
from efface.media.still.still_pixels import Page
from efface.options import ReadOptions

MEMORY_PER_PIXEL = 32
"""Bytes. Samples take up to 8, a library may hold them twice, and converts colours in strips."""


def open_walled_still(source: AdmittedSource, options: ReadOptions) -> WalledStill:
    """Open a photo or animation behind walls.

    Raises NoServer where this system starts no such process, WorkerDied, and what `open_still`
    raises.
    """
    decoder = _decoder(source, options)
    try:
        still = WalledStill(_info(decoder, source, options), options, decoder, source)
        still.provide(decoder)
        return still
    except BaseException:
        decoder.close()
        raise


def walled_pixels(raw: bytes) -> NDArray[np.uint8] | None:
    """Return what `embedded.pixels` returns, decoded behind walls. Raises NoServer."""
    options = ReadOptions(max_pixels=MOST_PIXELS)
    try:
        with Decoder("", None, memory_for(MEMORY_PER_PIXEL, MOST_PIXELS)) as decoder:
            decoder.provide(4 * len(raw), BYTES_PER_PIXEL * MOST_PIXELS)
            for answer in decoder.answers(Call("pixels", (raw,)), PageSaid):
                if isinstance(answer, PageSaid):
                    with distrusting(decoder):
                        require(answer.model == "rgb" and answer.depth == 8)
                        return np.asarray(_page(decoder, answer, options).samples, np.uint8)
    except (WorkerDied, InputError):
        return None
    return None


def _decoder(source: AdmittedSource, options: ReadOptions) -> Decoder:
    return Decoder(source.name, source.path, memory_for(MEMORY_PER_PIXEL, options.max_pixels))


def _info(decoder: Decoder, source: AdmittedSource, options: ReadOptions) -> SourceInfo:
    """Open the source there, and return what it is. Raises what opening raises, WorkerDied."""
    answers = list(decoder.answers(Call("open", (source, options)), StillInfoSaid))
    with distrusting(decoder):
        require(len(answers) == 2)
        said = answers[0]
        require(said.format == source.format and 0 < said.frame_count < MOST_FRAMES)
        require_size(said.size_wh, options)
        require_traits(said.traits)
        notes = checked_notes(said.notes)
    pixels = said.size_wh[0] * said.size_wh[1]
    require_total(source.path, said.frame_count, pixels, options)
    if said.frame_count == 1:  # further pages may be larger
        decoder.bound(memory_for(MEMORY_PER_PIXEL, pixels))
    return SourceInfo(
        source.path,
        said.medium,
        said.format,
        said.frame_count,
        said.size_wh,
        private=said.traits,
        notes=notes,
        walls=decoder.walls,
    )


class WalledStill:
    """A photo or animation. The page of a photo that has only one is kept for the next call."""

    def __init__(
        self, info: SourceInfo, options: ReadOptions, decoder: Decoder, source: AdmittedSource
    ) -> None:
        """`decoder` has opened the file, and serves the first reading."""
        self.info, self._options, self._source = info, options, source
        self._decoder: Decoder | None = decoder
        self._kept: Page | None = None

    @property
    def time_base(self) -> Fraction:
        """Milliseconds for animations, seconds for pages."""
        return Fraction(1, 1000) if self.info.medium == "animation" else Fraction(1)

    def frames(self) -> Iterator[Frame]:
        """Yield the pages, upright. Raises what `StillSource.frames` raises, and WorkerDied."""
        if self._kept is not None:
            yield _framed(0, 0, self._kept, is_alone=True)
            return
        decoder, self._decoder = self._decoder, None
        is_open = decoder is not None
        with decoder or _decoder(self._source, self._options) as reading:
            if not is_open:
                _info(reading, self._source, self._options)
            yield from self._read(reading)

    def close(self) -> None:
        """Let go of the page, and of a process that was not used."""
        self._kept = None
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

    def jpeg_blocks(self) -> JpegBlocks:
        """Return the blocks of a JPEG. Raises what opening raises, and WorkerDied."""
        with _decoder(self._source, self._options) as reading:
            _info(reading, self._source, self._options)
            self.provide(reading)
            answers = list(reading.answers(Call("jpeg_blocks"), BlocksSaid))
            with distrusting(reading):
                require(len(answers) == 2)
                components = answers[0].components
                require_components(components, self.info.size_wh)
            shapes = [c.shape for c in components]
            samples: Any = np.empty(sum(rows * columns for rows, columns in shapes), np.int16)
            reading.copy_picture(memoryview(samples.view(np.uint8)))
        ends = np.cumsum([rows * columns for rows, columns in shapes])
        parts = np.split(samples, ends[:-1])
        planes = (part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
        return JpegBlocks(components, tuple(planes))

    def provide(self, decoder: Decoder) -> None:
        """Give a decoder room for pages. Raises NoServer."""
        width, height = self.info.size_wh
        decoder.provide(4 * width * height, BYTES_PER_PIXEL * self._options.max_pixels)

    def _read(self, decoder: Decoder) -> Iterator[Frame]:
        self.provide(decoder)
        last, is_animated = -1, self.info.medium == "animation"
        for number, answer in enumerate(decoder.answers(Call("frames"), PageSaid)):
            with distrusting(decoder):
                note(self.info, answer.notes)
                if isinstance(answer, Finished):
                    require(number == self.info.frame_count)
                    return
                require(answer.index == number < MOST_FRAMES and answer.pts > last)
                require(is_animated or answer.pts == number)
                require(answer.is_alone != is_animated and 0 < answer.tail_ms < MOST_FRAMES)
                page = _page(decoder, answer, self._options)
            last, traits_of(self.info).tail_ms = answer.pts, answer.tail_ms
            if self.info.frame_count == 1 and not answer.is_bad and not is_animated:
                page.samples.flags.writeable = False
                self._kept = page
            yield _framed(number, last, page, is_bad=answer.is_bad, is_alone=not is_animated)


def _framed(index: int, pts: int, page: Page, *, is_alone: bool, is_bad: bool = False) -> Frame:
    height, width = page.samples.shape[:2]
    return Frame(
        index, pts, (width, height), page.look, page.unpack, is_bad, is_alone=is_alone,
        shared=page.shared,
    )  # fmt: skip


def _page(decoder: Decoder, untrusted: PageSaid, options: ReadOptions) -> Page:
    """Copy the samples of a page. Raises Untrusted, WorkerDied."""
    height, width, channels = untrusted.shape
    require_size((width, height), options)
    colours = {"gray": 1, "rgb": 3, "cmyk": 4}[untrusted.model]
    require(channels == colours + untrusted.has_alpha and 8 <= untrusted.depth <= 16)
    samples: Any = np.empty(untrusted.shape, np.uint8 if untrusted.depth == 8 else np.uint16)
    decoder.copy_picture(memoryview(samples.reshape(-1).view(np.uint8)))
    if 8 < untrusted.depth < 16:
        require(int(samples.max(initial=0)) < 1 << untrusted.depth)
    return Page(samples, untrusted.model, untrusted.depth, untrusted.has_alpha)
