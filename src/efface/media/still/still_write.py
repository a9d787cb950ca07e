"""Write photos and animations from samples alone.

No encoder here gets a source, a copy of its tags, or a profile. JPEG, WebP, HEIF and AVIF are
encoded in memory, checked to be what was asked for, and copied into the draft. PNG, TIFF, GIF and
animated WebP grow in the draft page by page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from efface.containers.sniff import WRITTEN_AS
from efface.errors import EffaceError, TargetUnsuitable, WriteFailed
from efface.files import writing
from efface.frames import Layout, Picture
from efface.geometry import Size
from efface.media.interfaces import Sink, SourceInfo
from efface.media.still import png_write, tiff_write
from efface.media.still.gif_webp_write import GifFile, GifFrame, WebpFile, gif_frame
from efface.media.still.image_reader import Traits, traits_of
from efface.media.still.png_write import PngFile
from efface.media.still.still_encoders import (
    AVIF_QUALITY,
    encode_avif,
    encode_heif,
    encode_jpeg,
    encode_webp,
    image_of,
    saved,
    undated,
    with_cicp,
)
from efface.media.still.still_pixels import Array, interleaved
from efface.media.still.tiff_write import TiffFile

MOST_BYTES_AT_ONCE = 4 << 30
"""Maximum bytes of the frames of an AVIF sequence. Its encoder needs them all at once."""

Encoder = Callable[[Picture, Traits], bytes]


class _StillSink:
    """What all sinks share: the open draft, and errors with its name."""

    def __init__(self, draft: Path, info: SourceInfo) -> None:
        self._draft, self._info = draft, info
        self._traits = traits_of(info)
        self._written = 0
        with writing(draft):
            self._file: IO[bytes] = open(draft, "wb")  # noqa: SIM115  closed by close and abort

    def write(self, picture: Picture, pts: int) -> None:
        """Add the next page. Raises TargetUnsuitable, WriteFailed."""
        with encoding(self._draft):
            self._put(picture, pts)
        self._written += 1

    def close(self) -> None:
        """Finish the file. Raises WriteFailed."""
        try:
            if not self._written:
                raise WriteFailed(self._draft, "it was given no picture")
            with encoding(self._draft):
                self._finish()
                self._file.close()
        finally:
            self.abort()

    def abort(self) -> None:
        """Release the draft. Harmless after close."""
        with encoding(self._draft):
            self._file.close()

    def _put(self, picture: Picture, pts: int) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        """Write what remains after the last page."""


@contextmanager
def encoding(draft: Path) -> Iterator[None]:
    """Turn any exception of an encoder or the system inside the block into WriteFailed."""
    try:
        with writing(draft):
            yield
    except EffaceError:
        raise
    except MemoryError as e:
        raise WriteFailed(draft, "there is not enough memory to encode it") from e
    except (
        Exception
    ) as e:  # encoders raise many classes; each means that the target was not written
        raise WriteFailed(
            draft, f"the encoder gave up ({str(e).strip().rstrip('.') or type(e).__name__})"
        ) from e


class _OnePictureSink(_StillSink):
    """A file with one picture: JPEG, WebP, AVIF."""

    def __init__(self, draft: Path, info: SourceInfo, encode: Encoder) -> None:
        super().__init__(draft, info)
        self._encode = encode

    def _put(self, picture: Picture, pts: int) -> None:
        if self._written:
            raise TargetUnsuitable(self._draft, "the format has room for one picture")
        self._file.write(self._encode(picture, self._traits))


class _HeifSink(_StillSink):
    """Keeps the pictures until the end, since the encoder takes a file in one piece."""

    def __init__(self, draft: Path, info: SourceInfo) -> None:
        super().__init__(draft, info)
        self._pages: list[tuple[Layout, Size, Array]] = []
        self._bytes = 0

    def _put(self, picture: Picture, pts: int) -> None:
        samples: Any = np.ascontiguousarray(interleaved(picture))
        self._bytes += samples.nbytes
        if self._bytes > MOST_BYTES_AT_ONCE:
            raise TargetUnsuitable(
                self._draft,
                "its pictures together are too large for the encoder",
                "Save them one by one.",
            )
        self._pages.append((picture.layout, picture.size_wh, samples))

    def _finish(self) -> None:
        self._file.write(encode_heif(self._pages, self._traits))


class _ConvertedJpeg(_OnePictureSink):
    """A JPEG of a picture that was none: of 8 bits, without transparency, in sRGB."""

    def _put(self, picture: Picture, pts: int) -> None:
        layout = picture.layout
        fits = layout.depth == 8 and layout.model in ("gray", "rgb") and not layout.has_alpha
        if not fits or self._traits.cicp is not None:
            raise TargetUnsuitable(
                self._draft,
                "a JPEG has no room for its transparency, depth or colours",
                "Choose a name that ends in .png.",
            )
        super()._put(picture, pts)


class _TiffSink(_StillSink):
    def __init__(self, draft: Path, info: SourceInfo) -> None:
        super().__init__(draft, info)
        self._tiff = TiffFile(self._file)

    def _put(self, picture: Picture, pts: int) -> None:
        _require(self._draft, tiff_write.is_writable(picture.layout), picture.layout)
        self._tiff.add(interleaved(picture), picture.layout)


class _TimedSink(_StillSink):
    """Animations: an encoded frame waits until the next one tells how long it is shown."""

    _waiting: tuple[Any, int] | None = None

    def _put(self, picture: Picture, pts: int) -> None:
        frame = self._encoded(picture)
        if self._waiting is not None:
            self._add(*self._waiting, pts)
        self._waiting = (frame, pts)

    def _finish(self) -> None:
        if self._waiting is not None:
            frame, pts = self._waiting
            self._add(frame, pts, pts + self._traits.tail_ms)
        self._end()

    def _encoded(self, picture: Picture) -> Any:
        raise NotImplementedError

    def _add(self, frame: Any, start_ms: int, end_ms: int) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        raise NotImplementedError


class _PngSink(_TimedSink):
    _png: PngFile | None = None
    _layout: Layout | None = None

    def _encoded(self, picture: Picture) -> bytes:
        if self._png is None:
            _require(self._draft, png_write.is_writable(picture.layout), picture.layout)
            loop = (self._traits.loop or 0) if self._info.medium == "animation" else None
            cicp = (*self._traits.cicp, int(self._traits.full_range)) if self._traits.cicp else None
            self._png, self._layout = (
                PngFile(
                    self._file, picture.size_wh, picture.layout, loop, cicp, self._traits.light
                ),
                picture.layout,
            )
        elif self._info.medium != "animation" or (picture.layout, picture.size_wh) != (
            self._layout,
            self._info.size_wh,
        ):
            raise TargetUnsuitable(
                self._draft, "the format has room for frames of one kind and size"
            )
        return png_write.compressed(interleaved(picture))

    def _add(self, frame: bytes, start_ms: int, end_ms: int) -> None:
        assert self._png is not None
        self._png.add(frame, end_ms - start_ms)

    def _end(self) -> None:
        assert self._png is not None
        self._png.finish()


class _GifSink(_TimedSink):
    def __init__(self, draft: Path, info: SourceInfo) -> None:
        super().__init__(draft, info)
        self._gif = GifFile(self._file, info.size_wh, self._traits.loop)

    def _encoded(self, picture: Picture) -> GifFrame:
        samples = _eight_bit(self._draft, picture)
        if (
            picture.layout.model == "gray"
        ):  # Pillow reads a GIF of greys as grey; colour tables hold RGB
            samples = np.dstack([*picture.planes[:1] * 3, *picture.planes[1:]])
        return gif_frame(samples)

    def _add(self, frame: GifFrame, start_ms: int, end_ms: int) -> None:
        # Both ends are rounded, so rounding errors never add up. A still stores no time.
        is_still = self._info.medium != "animation"
        self._gif.add(frame, 0 if is_still else max(1, round(end_ms / 10) - round(start_ms / 10)))

    def _end(self) -> None:
        self._gif.finish()


class _WebpAnimationSink(_TimedSink):
    def __init__(self, draft: Path, info: SourceInfo) -> None:
        super().__init__(draft, info)
        self._webp = WebpFile(self._file, info.size_wh, self._traits.loop or 0)

    def _encoded(self, picture: Picture) -> bytes:
        return encode_webp(picture, self._traits)

    def _add(self, frame: bytes, start_ms: int, end_ms: int) -> None:
        self._webp.add(frame, end_ms - start_ms)

    def _end(self) -> None:
        self._webp.finish()


class _AvifAnimationSink(_TimedSink):
    """Keeps the frames until the end, since the encoder takes a sequence in one piece."""

    def __init__(self, draft: Path, info: SourceInfo) -> None:
        width, height = info.size_wh
        if width * height * 4 * (info.frame_count or 1) > MOST_BYTES_AT_ONCE:
            raise TargetUnsuitable(
                draft,
                "its frames together are too large for the encoder",
                "Save it as a video first.",
            )
        super().__init__(draft, info)
        self._images: list[Image.Image] = []
        self._durations: list[int] = []

    def _encoded(self, picture: Picture) -> Image.Image:
        _eight_bit(self._draft, picture)
        return image_of(picture)

    def _add(self, frame: Image.Image, start_ms: int, end_ms: int) -> None:
        self._images.append(frame)
        self._durations.append(end_ms - start_ms)

    def _end(self) -> None:
        if all(
            i.mode == "RGBA" and i.getchannel("A").getextrema() == (255, 255) for i in self._images
        ):
            self._images = [i.convert("RGB") for i in self._images]
        first, *others = self._images
        data = saved(
            first,
            "AVIF",
            quality=AVIF_QUALITY,
            save_all=True,
            append_images=others,
            duration=self._durations,
        )
        self._file.write(undated(with_cicp(data, self._traits.cicp)))


def create_sink(draft: Path, info: SourceInfo, format: str | None = None) -> Sink:
    """Create a sink for the source's format, or for that of one converted picture.

    Raises WriteFailed, TargetUnsuitable.
    """
    if info.medium == "animation":
        timed = {
            "png": _PngSink,
            "gif": _GifSink,
            "webp": _WebpAnimationSink,
            "avif": _AvifAnimationSink,
        }[info.format]
        return timed(draft, info)
    own = WRITTEN_AS.get(info.format, info.format)
    name = format or own
    if name == "jpeg" != own:
        return _ConvertedJpeg(draft, info, encode_jpeg)
    paged = {"tiff": _TiffSink, "png": _PngSink, "gif": _GifSink, "heif": _HeifSink}
    if name in paged:
        return paged[name](draft, info)
    encoders = {"jpeg": encode_jpeg, "webp": encode_webp, "avif": encode_avif}
    return _OnePictureSink(draft, info, encoders[name])


def _require(draft: Path, is_writable: bool, layout: Layout) -> None:
    if not is_writable:
        raise TargetUnsuitable(
            draft, f"the format has no {layout.model} samples of {layout.depth} bits"
        )


def _eight_bit(draft: Path, picture: Picture) -> Any:
    _require(draft, picture.layout.depth == 8, picture.layout)
    return interleaved(picture)
