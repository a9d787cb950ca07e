"""The process that decodes one file of a stranger: it raises its walls, and answers calls.

It is forked from `decoder_server`, has one file, and can reach nothing else. Everything that it
says may be a lie: it may have been taken over by the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

import numpy as np
from av.error import FFmpegError

from efface.containers.admission import AdmittedSource
from efface.errors import EffaceError, InputError
from efface.frames import Frame
from efface.media.decoder.decoder_messages import (
    Answer,
    BlocksSaid,
    Call,
    FailedSaid,
    Finished,
    PageSaid,
    Ready,
    Setup,
    StillInfoSaid,
    read_call,
    send_answer,
)
from efface.media.decoder.file_channel import FileChannel
from efface.media.decoder.film_messages import (
    FilmInfoSaid,
    FrameSaid,
    MarkSaid,
    MarksSaid,
    PeaksSaid,
    StoredSaid,
)
from efface.media.decoder.frame_sending import FrameSender
from efface.media.decoder.frame_slots import SlotWriter
from efface.media.decoder.sound_answers import contents_said, packets_said, parts_said
from efface.media.decoder.sound_messages import SoundStreamsSaid
from efface.media.interfaces import Source, SourceInfo
from efface.media.pixel_formats import Pixels, Spec
from efface.media.still import embedded
from efface.media.still.image_reader import Traits, traits_of
from efface.media.still.still_pixels import Page
from efface.media.still.still_read import StillSource
from efface.media.still.stills import open_still
from efface.media.video.probe import open_video
from efface.media.video.sound_source import FilmSound, Wanted
from efface.media.video.video_info import video_of
from efface.media.video.video_source import VideoSource
from efface.options import ReadOptions
from efface.walls import raising, seccomp

MARKS_AT_ONCE = 2_000


def serve(pipe: int, memory: int, source: int | None, readable: list[str]) -> None:
    """Raise the walls, and answer calls until the pipe closes.

    source    a descriptor of the file, which may be opened again by its path; or the channel
              through which it is read.
    readable  folders of the installation, for modules that load late.
    """
    setup: Setup = read_call(pipe)
    with suppress(OSError):
        os.chdir(setup.folder)
    raising.limit(raising.address_space() + setup.memory, 0)
    has_file = source is not None and setup.size is None
    files: list[str | int] = [*readable, *([source] if source is not None and has_file else [])]
    if setup.role is None:
        walls = raising.raise_walls(files, seccomp.for_decoder)
    else:
        walls = setup.role.raise_walls(files)
    send_answer(pipe, Ready(walls.standing, walls.missing))
    slots = SlotWriter(memory)
    decoder: Any = _Decoder(pipe, slots) if setup.role is None else setup.role.served(pipe, slots)
    if source is not None and setup.size is not None:
        decoder.file = FileChannel(source, setup.size)
    while True:
        call: Call = read_call(pipe)
        try:
            for answer in getattr(decoder, call.method)(*call.arguments):
                send_answer(pipe, answer)
        except Exception as e:
            send_answer(pipe, _failed(e))
        else:
            send_answer(pipe, Finished(decoder.notes))


def _failed(error: Exception) -> FailedSaid:
    if isinstance(error, FFmpegError):
        return FailedSaid("FFmpegError", (str(error.strerror),), error.errno or 0)
    if isinstance(error, InputError):
        arguments: tuple[object, ...] = error.__reduce__()[1]  # type: ignore[assignment]
        return FailedSaid(type(error).__name__, tuple(str(a) for a in arguments))
    return FailedSaid(type(error).__name__, (str(error)[:1000],))


class _Decoder(FrameSender):
    """The calls. Each yields answers."""

    def __init__(self, pipe: int, slots: SlotWriter) -> None:
        super().__init__(pipe, slots)
        self._source: Source | None = None
        self.file: FileChannel | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what was noted about the source."""
        return tuple(self._source.info.notes) if self._source is not None else ()

    def open(self, source: AdmittedSource, options: ReadOptions) -> Iterator[Answer]:
        """Open the file, and tell what it is."""
        opens = open_still if source.medium == "photo" else open_video
        self._source = opens(source, options)
        info, count = self._source.info, self._source.info.frame_count
        if info.medium == "video":
            known = info.format, count, info.size_wh, info.audio, self.notes
            yield FilmInfoSaid(*known, video_of(info))
        else:
            about = info.medium, info.format, count or 0, info.size_wh, self.notes
            yield StillInfoSaid(*about, traits_of(info))

    def go_on(self, info: SourceInfo, options: ReadOptions) -> Iterator[Answer]:
        """Read a film that another process has opened before."""
        file: Any = self.file
        self._source = VideoSource(info, options, file)
        yield from ()

    def frames(self) -> Iterator[Answer]:
        """See `Source.frames`."""
        assert self._source is not None
        for frame in self._source.frames():
            yield self._page(frame) if isinstance(frame.stored, Page) else self._frame(frame)

    def jpeg_blocks(self) -> Iterator[Answer]:
        """See `StillSource.jpeg_blocks`."""
        assert isinstance(self._source, StillSource)
        blocks = self._source.jpeg_blocks()
        room, at = self._room(sum(p.nbytes for p in blocks.planes)), 0
        for plane in blocks.planes:
            np.copyto(room[at : at + plane.nbytes].view(np.int16).reshape(plane.shape), plane)
            at += plane.nbytes
        yield BlocksSaid(blocks.components)

    def frames_from(self, key: int, trusted: int, seek: int | None) -> Iterator[Answer]:
        """See `VideoSource.frames_from`."""
        for frame in self._film.frames_from(key, trusted, seek):
            yield self._frame(frame)

    def decoded_from(self, pts: int, keys_only: bool) -> Iterator[Answer]:
        """See `VideoSource.decoded_from`."""
        for number, frame in enumerate(self._film.decoded_from(pts, keys_only=keys_only)):
            spec = self._spec
            is_full = Pixels(frame, spec).is_full
            yield self._sent(number, frame.pts, frame, spec, is_full, self.notes)

    def marks(self) -> Iterator[Answer]:
        """See `VideoSource.marks`."""
        told: list[MarkSaid] = []
        for m in self._film.marks():
            told.append(MarkSaid(m.pts, m.is_key, m.shows, m.is_corrupt, m.restarts))
            if len(told) == MARKS_AT_ONCE:
                yield MarksSaid(tuple(told))
                told.clear()
        yield MarksSaid(tuple(told))

    def sound_peaks(self, shift_s: Fraction, step: int) -> Iterator[Answer]:
        """See `VideoSource.sound_peaks`."""
        for peaks in self._film.sound_peaks(shift_s, step):
            yield PeaksSaid(peaks.first, peaks.values)

    def sound_streams(self) -> Iterator[Answer]:
        """See `SoundSource.streams`."""
        yield SoundStreamsSaid(self._sound.streams())

    def sound_packets(self) -> Iterator[Answer]:
        """See `SoundSource.packets`."""
        return packets_said(self._sound.packets(), self._room)

    def sound_contents(self) -> Iterator[Answer]:
        """See `SoundSource.contents`."""
        return contents_said(self._sound.contents(), self._room)

    def sound_samples(self, shift_s: Fraction, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        """See `SoundSource.samples`."""
        return parts_said(self._sound.samples(shift_s, wanted), self._room)

    def stored_as(self) -> Iterator[Answer]:
        """See `VideoSource.stored_as`."""
        yield StoredSaid(*self._film.stored_as())

    def pixels(self, raw: bytes) -> Iterator[Answer]:
        """See `embedded.pixels`."""
        rgb = embedded.pixels(raw)
        if rgb is not None:
            page = Page(rgb, "rgb")
            yield self._page(Frame(0, 0, (1, 1), page.look, page.unpack, stored=page))

    @property
    def _film(self) -> VideoSource:
        assert isinstance(self._source, VideoSource)
        return self._source

    @property
    def _spec(self) -> Spec:
        return video_of(self._film.info).spec

    @property
    def _sound(self) -> FilmSound:
        return FilmSound(self._film.info)

    def _page(self, frame: Frame) -> PageSaid:
        page = frame.stored
        assert isinstance(page, Page)
        samples = page.samples
        room = self._room(samples.nbytes).view(samples.dtype).reshape(samples.shape)
        np.copyto(room, samples)
        facts = self._source.info.private if self._source is not None else None
        height, width, channels = samples.shape
        return PageSaid(
            frame.index,
            frame.pts,
            frame.is_bad,
            frame.is_alone,
            (height, width, channels),
            page.model,  # type: ignore[arg-type]
            page.depth,
            page.has_alpha,
            facts.tail_ms if isinstance(facts, Traits) else 1,
            self.notes,
        )

    def _frame(self, frame: Frame) -> FrameSaid:
        pixels = frame.stored
        if isinstance(pixels, Pixels):
            stored, is_full = pixels.frame, pixels.is_full
            return self._sent(frame.index, frame.pts, stored, self._spec, is_full, self.notes)
        return FrameSaid(frame.index, frame.pts, frame.size_wh, "", False, 0, False, 0, self.notes)


def run(pipe: int, memory: int, source: int | None, readable: list[str]) -> None:
    """Serve, and end the process."""
    try:
        serve(pipe, memory, source, readable)
    except EOFError:
        pass
    except EffaceError:
        os._exit(1)
    os._exit(0)
