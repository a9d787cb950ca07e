"""A video that can be read any number of times: as frames, as the packets state it, or from a
keyframe on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from typing import BinaryIO, Self

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from efface.frames import Frame
from efface.media.interfaces import SourceInfo
from efface.media.video.decode import Reading, bad_frame, frame_starts_of
from efface.media.video.decoder_setup import decoded_frames, set_up_decoder
from efface.media.video.demux import (
    opened_within_limits,
    packets_of,
    require_readable,
    stream_to_show,
)
from efface.media.video.frame_starts import Holds
from efface.media.video.restarts import Restart
from efface.media.video.sound_peaks import Peaks, sound_peaks
from efface.media.video.video_info import video_of
from efface.options import ReadOptions

HELD_FRAMES = 8
"""Frames whose memory is held back in the second of two readings, so that the decoder uses other
memory than in the first."""


class VideoSource:
    """One video stream of one file. See `media.interfaces.Source`."""

    def __init__(
        self, info: SourceInfo, options: ReadOptions, file: BinaryIO | None = None
    ) -> None:
        """`file` is read, from several times, instead of the one at `info.path`, which is then only
        a name."""
        self.info, self._options, self._file = info, options, file

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of PTS."""
        video = video_of(self.info)
        return video.time_base

    @property
    def is_by_order(self) -> bool:
        """Whether its container stores no times of the frames that are shown, or wrong ones."""
        video = video_of(self.info)
        return video.order != "own"

    @property
    def is_cut(self) -> bool:
        """Whether the file ends before its stated end."""
        video = video_of(self.info)
        return video.is_cut

    def again(self) -> Self:
        """Return the same film as another source: what is noted of the one is not noted of the
        other."""
        info = replace(self.info, notes=[*self.info.notes])
        return type(self)(info, self._options, self._file)

    def close(self) -> None:
        """Do nothing: no file is open between readings."""

    def stored_as(self) -> tuple[str, str]:
        """FFmpeg's names of the codec and of the pixel format."""
        with closing(self._opened()) as container:
            context = stream_to_show(container, self.info.path).codec_context
            return context.name, str(context.pix_fmt)

    def decoded_from(self, pts: int, *, keys_only: bool = False) -> Generator[av.VideoFrame]:
        """Yield frames as the decoder gives them, starting at the keyframe before that time.

        The caller must check that they are those that `frames` gives, since lost frames are not
        tracked here. Raises FFmpegError, and what opening raises.
        """
        with closing(self._opened()) as container:
            stream = stream_to_show(container, self.info.path)
            require_readable(stream, self.info.path)
            set_up_decoder(stream, self._options)
            if keys_only:
                stream.codec_context.skip_frame = "NONKEY"
            else:
                stream.codec_context.thread_type = (
                    "AUTO"  # frame threads, since the result is checked
                )
            container.seek(pts, stream=stream, backward=True)
            for packet in container.demux(stream):
                frames, _ = decoded_frames(stream, packet if packet.size else None)
                yield from (f for f in frames if not f.is_corrupt)
                if not packet.size:
                    return

    def frames(self) -> Iterator[Frame]:
        """Every frame in presentation order.

        Raises UndecodableFrame, DamagedSource, UnsupportedSource and TooManyPixels.
        """
        video = video_of(self.info)
        if video.tolerant and self._file is None:
            yield from self._decoded_twice()
            return
        with self._reading() as (container, stream):
            yield from Reading(self.info, self._options, container, stream).frames()

    def _decoded_twice(self) -> Iterator[Frame]:
        """Decode twice in parallel, into memory that is used in two different ways. Frames that
        differ are bad.

        Some decoders do not report damage and leave stale memory where nothing was stored (VP8,
        HEVC). Its content is arbitrary, and differs between the readings.
        """
        spec, held = video_of(self.info).spec, deque[Frame | None](maxlen=HELD_FRAMES)
        with self._reading() as first, self._reading() as second:
            frames = Reading(self.info, self._options, *first, copies=True).frames()
            others = Reading(self.info, self._options, *second).frames()
            for frame in frames:
                held.append(next(others, None))
                is_same = held[-1] is not None and _is_same(frame, held[-1])
                yield frame if is_same else bad_frame(frame.index, frame.pts, spec)

    def marks(self) -> Iterator[Mark]:
        """Yield what the packets state, in file order, without decoding. Raises DamagedSource."""
        with self._reading() as (container, stream):
            starts = frame_starts_of(stream)
            for packet in packets_of(container, stream, self.info.path, tolerant=False):
                holds, restarts = starts.holds(packet), isinstance(packet.opaque, Restart)
                is_key = packet.is_keyframe and holds is not Holds.SECOND_FIELD
                shows = holds is Holds.FRAME and not packet.is_discard
                yield Mark(packet.pts, is_key, shows, packet.is_corrupt, restarts)

    def sound_peaks(self, shift_s: Fraction, step: int) -> Iterator[Peaks]:
        """Yield the peaks of its sound. See `sound_peaks.sound_peaks`."""
        return sound_peaks(self.info, shift_s, step)

    def frames_from(self, key: int, trusted: int, seek: int | None) -> Iterator[Frame]:
        """Yield frames as `frames` does, from the time `trusted` on, but counted from 0. Yields
        none if `key` was not met.

        key      PTS of the keyframe at which decoding begins. Frames that refer to earlier ones
                 fail, or are wrong.
        trusted  PTS from which frames are right.
        seek     PTS from which to search for the keyframe; None for the start of the file.

        Raises what `frames` raises.
        """
        with self._reading() as (container, stream):
            if seek is not None:
                container.seek(seek, stream=stream, backward=True)
            packets = packets_of(container, stream, self.info.path, tolerant=False)
            first = next(
                (p for p in packets if p.is_keyframe and p.pts is not None and p.pts >= key), None
            )
            if first is not None and first.pts == key:
                reading = Reading(self.info, self._options, container, stream, trusted)
                yield from reading.frames_of(chain([first], packets))

    def _opened(self, file: BinaryIO | None = None) -> InputContainer:
        return opened_within_limits(
            self.info.path, self._options, video_of(self.info).demuxer, file
        )

    @contextmanager
    def _reading(self) -> Iterator[tuple[InputContainer, VideoStream]]:
        with closing(self._opened(self._file)) as container:
            stream = stream_to_show(container, self.info.path)
            require_readable(stream, self.info.path)
            set_up_decoder(stream, self._options)
            yield container, stream


@dataclass(frozen=True, slots=True)
class Mark:
    """What a packet states. shows: it gives a visible frame. restarts: the clock restarts near
    it."""

    pts: int | None
    is_key: bool
    shows: bool
    is_corrupt: bool
    restarts: bool = False


def _is_same(frame: Frame, other: Frame) -> bool:
    if (frame.pts, frame.is_bad) != (other.pts, other.is_bad):
        return False
    return frame.is_bad or frame.unpack().checksum() == other.unpack().checksum()
