"""Read photos and animations page by page: HEIF with pillow-heif, all others with Pillow.

FFmpeg tries an AVIF that Pillow refuses, since the two have different requirements.

A damaged header fails the whole file; later damage fails a page. With `--bad-frames=cover` a bad
page becomes a black one of its size, marked to be covered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import IO, Literal

from efface.containers.admission import AdmittedSource
from efface.containers.sniff import PHOTOS
from efface.errors import (
    DamagedSource,
    EffaceError,
    TooManyPixels,
    UndecodableFrame,
    UnsupportedSource,
)
from efface.frames import Frame
from efface.media.interfaces import SourceInfo
from efface.media.still.heif_reader import HeifReader
from efface.media.still.image_reader import (
    ZERO_DURATION_MS,
    ImageReader,
    limited,
    parsing,
    require_total,
)
from efface.media.still.jpeg_coefficients import JpegBlocks, blocks_of
from efface.media.still.pillow_reader import PillowReader
from efface.media.still.still_pixels import Page, black_page
from efface.options import ReadOptions


class StillSource:
    """An open photo or animation. Each call of `frames` opens the file anew and decodes one page at
    a time.

    The page of a photo that has only one is kept for the next call, read-only: the check compares
    the draft with the picture that was rendered.
    """

    def __init__(self, source: AdmittedSource, options: ReadOptions) -> None:
        self._options, path = options, source.path
        self._kept: Page | None = None
        self._format = source.format
        if self._format not in PHOTOS:
            raise UnsupportedSource(path, "it is a video, not a photo")
        with _opened(path, self._format, options) as book:
            medium: Literal["photo", "animation"] = "animation" if book.is_animated else "photo"
            self._traits = book.traits
            with parsing(path):
                size_wh = book.size(0)
            self.info = SourceInfo(
                path,
                medium,
                self._format,
                book.count,
                size_wh,
                private=book.traits,
                notes=book.notes,
            )

    @property
    def time_base(self) -> Fraction:
        """Milliseconds for animations, seconds for pages."""
        return Fraction(1, 1000) if self.info.medium == "animation" else Fraction(1)

    def frames(self) -> Iterator[Frame]:
        """Yield the pages, upright. Raises UndecodableFrame, DamagedSource, UnsupportedSource,
        TooManyPixels, SourceUnreadable."""
        if self._kept is not None:
            yield _frame(0, 0, self._kept, is_alone=True)
            return
        clock, pts = 0.0, -1
        with _opened(self.info.path, self._format, self._options) as book:
            for index in range(book.count):
                page, is_bad = self._page(book, index)
                pts = max(pts + 1, round(clock)) if book.is_animated else index
                duration = (0.0 if is_bad else book.duration_ms()) or ZERO_DURATION_MS
                clock += duration
                self._traits.tail_ms = max(1, round(clock) - pts)
                self._add_notes(book.notes)
                if book.count == 1 and not is_bad and not book.is_animated:
                    page.samples.flags.writeable = False
                    self._kept = page
                yield _frame(index, pts, page, is_bad=is_bad, is_alone=not book.is_animated)

    def jpeg_blocks(self) -> JpegBlocks:
        """Return the blocks of a JPEG. Raises DamagedSource, ExtraMissing."""
        with parsing(self.info.path):
            return blocks_of(self.info.path)

    def close(self) -> None:
        """Let go of the page. No file is open between calls of `frames`."""
        self._kept = None

    def _add_notes(self, notes: list[str]) -> None:
        self.info.notes.extend(note for note in notes if note not in self.info.notes)

    def _page(self, book: ImageReader, index: int) -> tuple[Page, bool]:
        path, limit = self.info.path, self._options.max_pixels
        with limited(limit), parsing(path):
            width, height = book.size(index)
        if width * height > limit:
            raise TooManyPixels(path, width * height, limit)
        try:
            with limited(limit), parsing(path):
                return book.page(index), False
        except DamagedSource as e:
            if self._options.bad_frames != "cover":
                raise UndecodableFrame(path, f"page {index + 1}") from e
            return black_page((width, height), 4 if book.is_animated else 3), True


def _frame(index: int, pts: int, page: Page, *, is_alone: bool, is_bad: bool = False) -> Frame:
    height, width = page.samples.shape[:2]
    size_wh = width, height
    return Frame(
        index,
        pts,
        size_wh,
        page.look,
        page.unpack,
        is_bad,
        is_alone=is_alone,
        stored=page,
        shared=page.shared,
    )


@contextmanager
def _opened(path: Path, name: str, options: ReadOptions) -> Iterator[ImageReader]:
    with parsing(path):
        handle = open(path, "rb")  # noqa: SIM115  closed below
    book: ImageReader | None = None
    try:
        book = _reader(path, name, handle, options)
        with parsing(path):
            width, height = book.size(0)
        if width <= 0 or height <= 0:
            raise DamagedSource(path, f"it claims to be {width} by {height} pixels")
        if width * height > options.max_pixels:
            raise TooManyPixels(path, width * height, options.max_pixels)
        require_total(path, book.count, width * height, options)
        yield book
    finally:
        if book is not None:
            book.close()
        handle.close()


def _reader(path: Path, name: str, handle: IO[bytes], options: ReadOptions) -> ImageReader:
    try:
        with limited(options.max_pixels), parsing(path):
            return (
                HeifReader(path, handle, options)
                if name == "heif"
                else PillowReader(path, name, handle, options)
            )
    except DamagedSource as refused:
        if name != "avif":
            raise
        from efface.media.still.av_reader import (
            AvReader,
        )  # loads PyAV, which other photos do not need

        try:
            with parsing(path):
                return AvReader(path, handle)
        except EffaceError:
            raise refused from None
