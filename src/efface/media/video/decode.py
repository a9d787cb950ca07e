"""Decode a video to frames: every frame that a player would show, upright, with its exact time, and
no other.

Sources are untrusted. FFmpeg may open only the file itself, with a demuxer from an allow-list. Its
output is trusted only if nothing contradicts it: each packet that should give a frame is remembered
until it does. A frame reported as corrupt, a decoder error, a packet marked by the demuxer, and a
packet whose frame never comes all count as a bad frame. A bad frame's content is unknown, and so is
that of the following frames up to the next keyframe.

Times are those of the stream. AVI stores only decoding times, so its n-th frame gets the n-th of
them. A time that falls short of advancing by less than one frame becomes the next possible one; one
that runs back further is damage.
"""

from __future__ import annotations

import gc
import heapq
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.sidedata.sidedata import Type
from av.stream import Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from efface.containers.admission import AdmittedSource
from efface.containers.raw_streams import DEMUXERS as DEMUXER_OF
from efface.containers.truncation import is_cut, kind_of
from efface.errors import (
    DamagedSource,
    NotMedia,
    SourceUnreadable,
    TooManyPixels,
    UndecodableFrame,
    UnsupportedSource,
)
from efface.files import reason, require_still_plain
from efface.frames import Frame, Picture
from efface.geometry import Size
from efface.media.colour import colour_of, side_data, swscale_matrix
from efface.media.cropping import crop_of
from efface.media.interfaces import SourceInfo
from efface.media.pixel_formats import Pixels, Spec, black, copied, is_full_range, spec_of
from efface.media.video.frame_starts import FrameStarts, Holds, is_interlaced_mpeg2, lacks_rows
from efface.media.video.restarts import JOINABLE, Clock, Restart, in_one_clock
from efface.media.video.video_info import Order, VideoInfo, video_of
from efface.options import ReadOptions
from efface.timing import timecode

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,ogg,mxf,ivf,nut,dv,\
h264,hevc,vvc,m4v,vc1,vc1test,h263,obu,mjpeg,yuv4mpegpipe,dhav"
)
"""None of these opens another file or an address. Playlists (hls, dash, concat, sdp, ...) do, and
are refused."""

LIMITS = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}

CHECKS = "crccheck+bitstream+buffer+explode"
"""FFmpeg's `err_detect`: report damage that could be concealed."""

ZERO_PADDED_CODECS = frozenset(("mpeg1video", "mpeg2video"))
"""Codecs whose slices may end in zeros. Camcorders and DVD recorders add them to keep their rate.

Under `bitstream` FFmpeg reports every such frame as damaged. Bytes left in a slice that are not
zero are still reported.
"""

RESIZED = "the size of its picture changes, and all frames were written in the size of the first"

BREAKS_OFF = "it breaks off within a frame, which was left out with what followed"

ENDS_EARLY = "it breaks off at {}, before its stated end: what followed is missing"

ENDLESS_CONTAINERS = frozenset(("mpegts", "mpeg", "flv"))
"""FFmpeg's names of containers that state no end. A recording may be cut anywhere, and then ends
within a frame."""

MPEG_END = b"\0\0\1\xb7"
"""End code that an encoder writes after the last frame. A damaged frame before it is not a
truncated one."""

LARGEST_PES_PACKET = 1 << 16
"""Bytes of the largest unit of an MPEG-PS."""

HINT_COVER = "Add --bad-frames=cover to go on with what is there."
HINT_REMUX = "Remuxing may help: ffmpeg -i SOURCE -c copy NEW.mkv"
MOST_FAILURES = 600
"""Packets to try before deciding that nothing in the file can be decoded, and maximum read errors
in a row."""

LONGEST_REORDER_FRAMES = 17
"""One more than the frames that H.264 and HEVC may hold back."""

HELD_FRAMES = 8
"""Frames whose memory is held back in the second of two readings, so that the decoder uses other
memory than in the first."""

LEADING_KEPT_PACKETS = 32
"""Packets after which a leading packet is no longer waited for."""

UNTIMED_DEMUXERS = frozenset(("h264", "hevc", "vvc"))
"""Demuxers that give no times at all."""

KEYS_PER_COLLECTION = 16
"""Collect garbage after asking this many keyframes for side data: PyAV 18 ties each of them to
itself."""

SCRAMBLED = {"encv", "drmi", "drms", "enca"}
_PYAV = int(av.__version__.split(".")[0])
_LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if _PYAV < 19 else {}
"""PyAV 18 raises if a tag is not valid UTF-8; 19 does not."""


def open_video(source: AdmittedSource, options: ReadOptions) -> VideoSource:
    """The video of a file, ready to be read any number of times.

    Raises NotMedia, UnsupportedSource (no picture, no decoder, encrypted, a playlist),
    DamagedSource (no structure), TooManyPixels and SourceUnreadable.
    """
    path, demuxer = source.path, _demuxer(source)
    with closing(_opened(path, options, demuxer)) as container:
        stream = _picked(container, path)
        _require_readable(stream, path)
        _require_size((stream.codec_context.width, stream.codec_context.height), path, options)
        tolerant = options.bad_frames == "cover"
        first, order = _first_frame(container, stream, path, options)
        info = _described(
            path, container, stream, first, tolerant=tolerant, order=order, demuxer=demuxer
        )
    if video_of(info).is_cut:
        with closing(_opened(path, options, demuxer)) as container:
            last = _last_time(container, _picked(container, path))
        info.notes.append(ENDS_EARLY.format(timecode(last)))
    return VideoSource(info, options)


def opened_again(info: SourceInfo) -> InputContainer:
    """Open the file of a video that was opened before, in FFmpeg.

    Raises what `open_video` raises.
    """
    return _in_ffmpeg(info.path, video_of(info).demuxer)


def _opened(
    path: Path, options: ReadOptions, demuxer: str | None, file: BinaryIO | None = None
) -> InputContainer:
    return _in_ffmpeg(path, demuxer, {"max_pixels": str(_ffmpeg_limit(options))}, file)


def _in_ffmpeg(
    path: Path, demuxer: str | None, options: dict[str, str] | None = None, file: BinaryIO | None = None
) -> InputContainer:  # fmt: skip
    """The file in FFmpeg, which may open nothing else.

    Raises NotMedia, DamagedSource, UnsupportedSource, SourceUnreadable.

    demuxer  see VideoInfo.
    file     is read instead, where it is given; the path is its name then.
    """
    try:
        if file is not None:
            file.seek(0)
        else:
            require_still_plain(path)
        # The prefix keeps a name like "concat:a|b" from being read as an address.
        what = file or f"file:{path.absolute()}"
        container: InputContainer = av.open(
            what, "r", demuxer, options=(options or {}) | LIMITS, **_LENIENT
        )
        return container
    except av.error.InvalidDataError as e:
        kind = kind_of(path)
        if not kind:
            raise NotMedia(path) from e
        raise DamagedSource(
            path, "its index or header is missing or broken, as when a recording was interrupted"
        ) from e
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e
    except FFmpegError as e:
        raise UnsupportedSource(
            path, "it is a playlist, or a format that efface does not open"
        ) from e


def _demuxer(source: AdmittedSource) -> str | None:
    """See VideoInfo. What is no known format, FFmpeg refuses in its own words."""
    try:
        return DEMUXER_OF.get(source.format)
    except NotMedia:
        return None


def _ffmpeg_limit(options: ReadOptions) -> int:
    return min(options.max_pixels, 2**31 - 1)


def _picked(container: InputContainer, path: Path) -> VideoStream:
    """Return the stream that a player would show: the default one, or else the largest. Skips cover
    art and thumbnails."""
    moving = _moving(container)
    moving = [
        s for s in moving if s.frames != 1
    ] or moving  # pictures beside the video, as in a HEIF sequence
    if not moving:
        what = "sound but no picture" if container.streams.audio else "no video"
        raise UnsupportedSource(path, f"it holds {what}")
    return max(moving, key=lambda s: (bool(s.disposition & Disposition.default), _pixels(s)))


def _moving(container: InputContainer) -> list[VideoStream]:
    stills = Disposition.attached_pic | Disposition.timed_thumbnails
    return [s for s in container.streams.video if not s.disposition & stills]


def _pixels(stream: VideoStream) -> int:
    return stream.codec_context.width * stream.codec_context.height if stream.codec_context else 0


def _require_readable(stream: VideoStream, path: Path) -> None:
    if stream.codec_context is None:
        raise UnsupportedSource(path, "its video codec is unknown, or it is encrypted")
    if stream.codec_context.codec_tag in SCRAMBLED:
        raise UnsupportedSource(path, "it is encrypted")
    if not stream.time_base:
        raise UnsupportedSource(path, "it has no clock")


def _require_size(size_wh: Size, path: Path, options: ReadOptions) -> None:
    pixels = size_wh[0] * size_wh[1]
    if pixels > options.max_pixels:
        raise TooManyPixels(path, pixels, options.max_pixels)


def _last_time(container: InputContainer, stream: VideoStream) -> float:
    """Return the seconds from the first whole packet of the stream to the last."""
    times: list[int] = []
    try:
        for packet in container.demux(stream):
            time = packet.dts if packet.dts is not None else packet.pts
            if packet.size and not packet.is_corrupt and time is not None:
                times[1:] = [time]
    except FFmpegError:
        pass  # this is the break
    return float((times[-1] - times[0]) * _fraction(stream.time_base)) if times else 0.0


def _first_frame(
    container: InputContainer, stream: VideoStream, path: Path, options: ReadOptions
) -> tuple[av.VideoFrame, Order]:  # fmt: skip
    """Return a frame that shows the pixel format and similar facts, and what the times say.

    Prefers a nearby keyframe, since other frames may not state the orientation. Errors before it
    are met again later.
    """
    _prepare(stream, options)
    found: list[av.VideoFrame] = []
    times: list[int | None] = []
    packets = _packets(container, stream, path, tolerant=True)
    for tried, packet in enumerate(chain(packets, [None]), 1):
        if packet is not None:
            if packet.has_sidedata("encryption_info") or packet.has_sidedata(
                "encryption_init_info"
            ):
                raise UnsupportedSource(path, "it is encrypted")
            times.append(packet.pts)
        found += _decoded(stream, packet)[0]
        key = next((f for f in found if f.key_frame), None)
        if (
            key is not None
            or len(found) > LEADING_KEPT_PACKETS
            or (tried >= MOST_FAILURES and not found)
        ):
            break
    if not found:
        raise DamagedSource(path, "no frame of it can be decoded")
    is_avi = container.format.name == "avi"
    return key or found[0], "dts" if is_avi else _order(found, times, packets, stream)


def _order(
    frames: list[av.VideoFrame], times: list[int | None], packets: Iterator[av.Packet[Any]], stream: VideoStream
) -> Order:  # fmt: skip
    """Return which times the frames get, see `VideoInfo`.

    If times run back where the first frames are shown in turn, they are not the frames' own. Those
    that run on in the file are decoding times. AVI stores no others; nor do other files into which
    a stream without times was put. Others were given to the wrong frames by the program that wrote
    the file.

    times  of the packets read.
    """
    following = (
        list(islice(packets, LONGEST_REORDER_FRAMES)) if stream.codec_context.reorder_depth else []
    )
    if not following:
        return "own"
    times = [*times, *(p.pts for p in following)]
    shown = [f.pts for f in frames]
    for packet in [*following, *islice(packets, LONGEST_REORDER_FRAMES), None]:
        shown += [f.pts for f in _decoded(stream, packet)[0]]
    if not any(a is not None and b is not None and b < a for a, b in pairwise(shown)):
        return "own"
    runs_on = all(a is not None and b is not None and b > a for a, b in pairwise(times))
    return "dts" if runs_on else "pts"


def _prepare(stream: VideoStream, options: ReadOptions) -> None:
    context = stream.codec_context
    checks = CHECKS.replace("bitstream+", "") if context.name in ZERO_PADDED_CODECS else CHECKS
    context.options = {"err_detect": checks, "max_pixels": str(_ffmpeg_limit(options))}
    has_fields = _may_hold_fields(stream)
    if has_fields:  # the decoder takes a field for a frame that lacks every second row; `lacks_rows` looks for those instead
        context.options |= {"ec": "0"}
    context.copy_opaque = True
    # Without it, decoders round a left crop down to suit their memory alignment, and invisible
    # columns would be published.
    context.flags |= av.codec.context.Flags.unaligned.value
    if options.bad_frames == "cover" or has_fields:
        # Use one thread, so that an error belongs to the packet just sent. Then every run on any
        # machine finds the same bad frames.
        context.thread_count = 1
    else:
        # Do not use frame threads. With them FFmpeg accepts some damaged HEVC silently, and decodes
        # it differently each time, so that the rendered frame is not the one examined. Decoding is
        # a small part of the work.
        context.thread_type = "SLICE"
    for other in stream.container.streams:
        if other.index != stream.index:
            other.discard = av.stream.Discard.all


def _may_hold_fields(stream: VideoStream) -> bool:
    """Return whether pictures of the stream may be single fields of MPEG-2."""
    context = stream.codec_context
    return context.name == "mpeg2video" and is_interlaced_mpeg2(bytes(context.extradata or b""))


def _described(
    path: Path, container: InputContainer, stream: VideoStream, first: av.VideoFrame,
    *, tolerant: bool, order: Order, demuxer: str | None,
) -> SourceInfo:  # fmt: skip
    moving = _moving(container)
    crop = crop_of(path, container.format.name, moving.index(stream), (first.width, first.height))
    spec = spec_of(first, swscale_matrix(first.colorspace, first.height), crop)
    rate = _rate(stream)
    aspect = _fraction(stream.sample_aspect_ratio) or Fraction(1)
    if spec.turn.swaps:
        aspect = 1 / aspect
    video = VideoInfo(
        spec,
        _fraction(stream.time_base),
        rate,
        aspect,
        colour_of(first),
        tolerant,
        order,
        demuxer,
        is_cut(path),
    )
    named = kind_of(path) or container.format.name.split(",")[0]
    return SourceInfo(
        path,
        "video",
        named,
        _stated_count(stream),
        spec.size_wh,
        len(container.streams.audio),
        video,
    )


def _rate(stream: VideoStream) -> Fraction:
    """Return the nominal frames per second, 1 to 240."""
    average, guessed = _fraction(stream.average_rate), _fraction(stream.guessed_rate)
    # If no times are stored, FFmpeg's average is a default; its guess holds what the bitstream
    # states.
    rate = (
        guessed or average
        if stream.container.format.name in UNTIMED_DEMUXERS
        else average or guessed
    ) or Fraction(25)
    return min(max(rate, Fraction(1)), Fraction(240)).limit_denominator(100_000)


def _fraction(value: Any) -> Fraction:
    # PyAV 19 has its own rational type. Both versions call an unknown value 0 or None.
    return Fraction(value.numerator, value.denominator) if value else Fraction(0)


def _stated_count(stream: VideoStream) -> int | None:
    if _is_indexed(stream):
        return sum(not entry.is_discard for entry in stream.index_entries) or None
    return stream.frames or None


def _is_indexed(stream: VideoStream) -> bool:
    """Return whether the stream's index lists every frame, and which of them an edit list hides."""
    return (
        stream.container.format.name.startswith("mov,")
        and len(stream.index_entries) == stream.frames > 0
    )


def _packets(
    container: InputContainer, stream: VideoStream, path: Path, *, tolerant: bool, is_cut: bool = False
) -> Iterator[av.Packet[Any]]:  # fmt: skip
    """Yield the packets that hold data, in one clock. If `tolerant`, reading continues after an
    error up to the end. If `is_cut`, nothing may follow an error."""
    packets = _stored_packets(container, stream, path, tolerant=tolerant, is_cut=is_cut)
    if container.format.name not in JOINABLE:
        return packets
    return in_one_clock(packets, _step(stream))


def shifts_of(info: SourceInfo) -> list[int]:
    """What is added to the times of the picture after each place where the clock starts anew, in
    the container's unit.

    Reads only containers whose clock may restart. Raises InputError.
    """
    with closing(opened_again(info)) as container:
        if container.format.name not in JOINABLE:
            return []
        stream = _picked(container, info.path)
        for other in container.streams:
            if other.index != stream.index:
                other.discard = av.stream.Discard.all
        clock = Clock(_step(stream))
        for _ in clock.over(_stored_packets(container, stream, info.path, tolerant=True)):
            pass
        return clock.shifts


def _step(stream: VideoStream) -> int:
    """Return the duration of a frame in the stream's time base."""
    return max(1, round(1 / (_rate(stream) * _fraction(stream.time_base))))


def _stored_packets(
    container: InputContainer, stream: VideoStream, path: Path, *, tolerant: bool, is_cut: bool = False
) -> Iterator[av.Packet[Any]]:  # fmt: skip
    failures = 0
    while failures < MOST_FAILURES:
        try:
            for packet in container.demux(stream):
                if packet.size:  # an empty one repeats the previous picture, or ends the stream
                    if failures and not tolerant:
                        raise DamagedSource(path, "a part of it cannot be read", HINT_COVER)
                    failures = 0
                    yield packet
            return
        except FFmpegError as e:
            if not tolerant and not is_cut:
                raise DamagedSource(path, "it cannot be read to its end", HINT_COVER) from e
            failures += 1
        except IndexError:
            continue  # PyAV raises it for packets of streams that begin in the middle of the file


def _decoded(
    stream: VideoStream, packet: av.Packet[Any] | None
) -> tuple[list[av.VideoFrame], bool]:
    """Return the decoded frames, and whether the decoder reported an error."""
    try:
        return stream.codec_context.decode(packet), False
    except av.error.EOFError:
        return [], False
    except (
        FFmpegError,
        ValueError,
    ):  # PyAV 19 raises the latter if it finds no codec for what a broken header names
        return [], True


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

    def close(self) -> None:
        """Do nothing: no file is open between readings."""

    def stored_as(self) -> tuple[str, str]:
        """FFmpeg's names of the codec and of the pixel format."""
        with closing(self._opened()) as container:
            context = _picked(container, self.info.path).codec_context
            return context.name, str(context.pix_fmt)

    def decoded_from(self, pts: int, *, keys_only: bool = False) -> Generator[av.VideoFrame]:
        """Yield frames as the decoder gives them, starting at the keyframe before that time.

        The caller must check that they are those that `frames` gives, since lost frames are not
        tracked here. Raises FFmpegError, and what opening raises.
        """
        with closing(self._opened()) as container:
            stream = _picked(container, self.info.path)
            _require_readable(stream, self.info.path)
            _prepare(stream, self._options)
            if keys_only:
                stream.codec_context.skip_frame = "NONKEY"
            else:
                stream.codec_context.thread_type = (
                    "AUTO"  # frame threads, since the result is checked
                )
            container.seek(pts, stream=stream, backward=True)
            for packet in container.demux(stream):
                frames, _ = _decoded(stream, packet if packet.size else None)
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
            yield from _Reading(self.info, self._options, container, stream).frames()

    def _decoded_twice(self) -> Iterator[Frame]:
        """Decode twice in parallel, into memory that is used in two different ways. Frames that
        differ are bad.

        Some decoders do not report damage and leave stale memory where nothing was stored (VP8,
        HEVC). Its content is arbitrary, and differs between the readings.
        """
        spec, held = video_of(self.info).spec, deque[Frame | None](maxlen=HELD_FRAMES)
        with self._reading() as first, self._reading() as second:
            frames = _Reading(self.info, self._options, *first, copies=True).frames()
            others = _Reading(self.info, self._options, *second).frames()
            for frame in frames:
                held.append(next(others, None))
                is_same = held[-1] is not None and _is_same(frame, held[-1])
                yield frame if is_same else _bad_frame(frame.index, frame.pts, spec)

    def marks(self) -> Iterator[Mark]:
        """Yield what the packets state, in file order, without decoding. Raises DamagedSource."""
        with self._reading() as (container, stream):
            starts = _starts(stream)
            for packet in _packets(container, stream, self.info.path, tolerant=False):
                holds, restarts = starts.holds(packet), isinstance(packet.opaque, Restart)
                is_key = packet.is_keyframe and holds is not Holds.SECOND_FIELD
                shows = holds is Holds.FRAME and not packet.is_discard
                yield Mark(packet.pts, is_key, shows, packet.is_corrupt, restarts)

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
            packets = _packets(container, stream, self.info.path, tolerant=False)
            first = next(
                (p for p in packets if p.is_keyframe and p.pts is not None and p.pts >= key), None
            )
            if first is not None and first.pts == key:
                reading = _Reading(self.info, self._options, container, stream, trusted)
                yield from reading.frames_of(chain([first], packets))

    def _opened(self, file: BinaryIO | None = None) -> InputContainer:
        return _opened(self.info.path, self._options, video_of(self.info).demuxer, file)

    @contextmanager
    def _reading(self) -> Iterator[tuple[InputContainer, VideoStream]]:
        with closing(self._opened(self._file)) as container:
            stream = _picked(container, self.info.path)
            _require_readable(stream, self.info.path)
            _prepare(stream, self._options)
            yield container, stream


@dataclass(frozen=True, slots=True)
class Mark:
    """What a packet states. shows: it gives a visible frame. restarts: the clock restarts near it."""

    pts: int | None
    is_key: bool
    shows: bool
    is_corrupt: bool
    restarts: bool = False


@dataclass(slots=True, eq=False)
class _Sent:
    """A packet that was sent to the decoder. group: number of the keyframe before it, -1 if none."""

    index: int
    time: int | None
    group: int
    is_key: bool = False


@dataclass(slots=True, eq=False)
class _Shown:
    """A frame that is about to be delivered: a decoded one, or None if a packet gave none."""

    time: int | None
    sent: _Sent
    frame: av.VideoFrame | None


class _Reading:
    """One pass over the stream: it sends packets, delivers frames, and tracks missing ones."""

    def __init__(
        self, info: SourceInfo, options: ReadOptions, container: InputContainer, stream: VideoStream,
        trusted: int | None = None, *, copies: bool = False,
    ) -> None:  # fmt: skip
        """trusted: if decoding began in mid-file, the PTS before which frames are left out.

        copies: frames are delivered in memory of their own, so that holding them does not change
        which memory the decoder uses.
        """
        self._info, self._options, self._stream, self._trusted = info, options, stream, trusted
        self._video = video_of(info)
        self._copies = copies
        self._packets = _packets(
            container, stream, info.path, tolerant=self._video.tolerant, is_cut=self._video.is_cut
        )
        self._starts = _starts(stream)
        self._has_fields, self._coded_height = _may_hold_fields(stream), stream.codec_context.height
        # After a joint, until its first keyframe: such packets refer to frames that were not joined.
        self._is_adrift = False
        self._by_order = self._video.order != "own"
        self._clock: list[int] = []
        self._pending: dict[int, _Sent] = {}
        self._waiting: deque[_Shown] = deque()
        self._sent = _Sent(-1, None, -1)
        self._first_key: int | None = None
        self._bad_from: dict[int, int] = {}
        self._shown_group = -1
        self._last: int | None = None
        self._start: int | None = None
        self._count = self._asked = 0
        self._may_break_off = (
            container.format.name in ENDLESS_CONTAINERS or self._video.is_cut
        ) and not self._video.tolerant
        self._may_be_cut = False  # whether the packet sent last may be cut
        self._unfinished: _Sent | None = (
            None  # the packet sent last, if damaged: an error once another one follows
        )
        self._is_program_stream = container.format.name == "mpeg"
        self._rest_bytes = 0  # what may follow `_unfinished` in the unit in which the file ends
        self._step = max(1, round(1 / (self._video.rate * self._video.time_base)))

    def frames(self) -> Iterator[Frame]:
        yield from self.frames_of(self._packets)

    def frames_of(self, packets: Iterable[av.Packet[Any]]) -> Iterator[Frame]:
        for packet in packets:
            if isinstance(packet.opaque, Restart) and packet.opaque.begins:
                yield from self._drained()
                self._stream.codec_context.flush_buffers()
                self._is_adrift = True
            if packet.is_keyframe and self._is_adrift:
                self._is_adrift = False
                self._lose(list(self._pending.values()))
            if self._is_of_last_unit(packet):
                continue
            self._note(packet)
            if not self._is_adrift:
                yield from self._after(*_decoded(self._stream, packet))
        yield from self._drained()
        if self._unfinished is not None and BREAKS_OFF not in self._info.notes:
            self._info.notes.append(BREAKS_OFF)
        if not self._count:
            raise DamagedSource(self._info.path, "no frame of it can be decoded")

    def _drained(self) -> Iterator[Frame]:
        """Yield what the decoder still holds. Packets that are still pending then are lost."""
        while (
            not self._is_adrift
        ):  # the decoder may report an error for one frame and still hold others
            frames, complained = _decoded(self._stream, None)
            yield from self._after(frames, complained)
            if not complained:
                break
        if self._unfinished is None:
            self._lose([s for s in self._pending.values() if not self._is_leading(s)])
        self._pending.clear()
        yield from self._released()

    def _is_of_last_unit(self, packet: av.Packet[Any]) -> bool:
        """Return whether an MPEG-PS ends within the unit of this packet. One unit holds several
        small frames, and only the first of them is marked as damaged."""
        self._rest_bytes -= packet.size
        return self._unfinished is not None and self._rest_bytes > 0

    def _note(self, packet: av.Packet[Any]) -> None:
        if self._unfinished is not None:
            raise UndecodableFrame(self._info.path, timecode(self._seconds(self._unfinished.time)))
        self._may_be_cut = self._may_break_off and bytes(packet)[-4:] != MPEG_END
        is_short = self._is_program_stream and packet.is_corrupt  # as only the end of the file is
        self._rest_bytes = LARGEST_PES_PACKET if is_short else 0
        index, group, restart = self._sent.index + 1, self._sent.group, packet.opaque
        holds = self._starts.holds(packet)
        is_doubtful = _is_doubtful(packet, restart) or (
            self._has_fields and lacks_rows(bytes(packet), self._coded_height)
        )
        if holds is Holds.SECOND_FIELD:
            packet.opaque = replace(self._sent)  # PyAV forgets an object that two packets share
            if is_doubtful:
                self._condemn(self._sent)
            return
        is_dts = self._video.order == "dts" or packet.pts is None
        time = packet.dts if is_dts else packet.pts
        if packet.is_keyframe:
            group += 1
            self._first_key = time if group == 0 else self._first_key
            self._bad_from = {g: i for g, i in self._bad_from.items() if g >= group - 2}
        self._sent = _Sent(index, time, group, packet.is_keyframe)
        packet.opaque = self._sent
        if packet.is_discard or holds is Holds.HIDDEN:
            return
        if self._by_order and time is not None:
            heapq.heappush(self._clock, time)
        self._pending[index] = self._sent
        if is_doubtful:
            self._condemn(self._sent)

    def _after(self, frames: list[av.VideoFrame], complained: bool) -> Iterator[Frame]:
        if complained:
            self._blame()
        for frame in frames:
            self._take(frame)
        yield from self._released()

    def _blame(self) -> None:
        """Find the faulty packet: the one just sent, or with threads the oldest that gave no frame
        yet."""
        is_bound_to_fail = self._is_leading(self._sent)  # its reference frames are missing
        is_latest = self._video.tolerant or is_bound_to_fail or self._may_break_off
        suspect = self._sent if is_latest else next(iter(self._pending.values()), self._sent)
        if self._is_leading(suspect):
            self._pending.pop(suspect.index, None)
        else:
            self._condemn(suspect)

    def _is_leading(self, sent: _Sent) -> bool:
        """Return whether the packet is stored or shown before the first keyframe. Its reference
        frames were not read."""
        if self._trusted is not None and sent.time is not None:
            return sent.time < self._trusted
        if sent.group > 0:
            return False
        if sent.group < 0:
            return True
        return (
            not self._by_order
            and sent.time is not None
            and self._first_key is not None
            and sent.time < self._first_key
        )

    def _take(self, frame: av.VideoFrame) -> None:
        sent = frame.opaque if isinstance(frame.opaque, _Sent) else self._sent
        self._pending.pop(sent.index, None)
        if self._trusted is not None and self._is_leading(sent):
            return
        if frame.is_corrupt:
            if self._is_leading(sent):
                return
            self._condemn(sent)
        if self._is_unfinished(sent) or (self._unfinished is not None and self._passed(sent)):
            return  # the decoder drops another frame as well while it reports an error; later frames are left out too
        if not self._by_order and frame.pts is not None:
            sent.time = frame.pts
        self._lose(self._passed(sent))
        self._forget_leading()
        self._waiting.append(_Shown(sent.time, sent, frame))

    def _passed(self, by: _Sent) -> list[_Sent]:
        """Return the packets whose frame should have come before this one and never will."""
        # If only the order counts, a codec with B-frames may hold a frame back behind this many
        # others.
        depth = LONGEST_REORDER_FRAMES if self._stream.codec_context.reorder_depth else 0
        before = [s for s in self._pending.values() if self._is_before(s, by, depth)]
        return [s for s in before if not self._is_leading(s)]

    def _is_before(self, one: _Sent, other: _Sent, depth: int) -> bool:
        if self._by_order or one.time is None or other.time is None:
            return one.index + depth < other.index
        return one.time < other.time

    def _forget_leading(self) -> None:
        """Drop packets before the first keyframe that never give a frame. A recording cut anywhere
        may begin with many."""
        for sent in [
            s
            for s in self._pending.values()
            if s.index + LEADING_KEPT_PACKETS < self._sent.index and self._is_leading(s)
        ]:
            del self._pending[sent.index]

    def _lose(self, lost: list[_Sent]) -> None:
        for sent in sorted(
            (s for s in lost if not self._is_leading(s)),
            key=lambda s: (s.time is None, s.time or 0, s.index),
        ):
            self._pending.pop(sent.index, None)
            self._condemn(sent)
            if not self._is_unfinished(sent):
                self._waiting.append(_Shown(sent.time, sent, None))

    def _condemn(self, sent: _Sent) -> None:
        """Mark this packet's frame as unknown, and the rest of its GOP, which refers to it."""
        if self._may_be_cut and sent.index == self._sent.index:
            self._unfinished = sent
            return
        if not self._video.tolerant:
            raise UndecodableFrame(self._info.path, timecode(self._seconds(sent.time)))
        self._bad_from[sent.group] = min(sent.index, self._bad_from.get(sent.group, sent.index))

    def _is_unfinished(self, sent: _Sent) -> bool:
        """Return whether the packet is the last one, and damaged. Its frame is left out, since it
        may show anything."""
        return self._unfinished is not None and sent.index == self._unfinished.index

    def _seconds(self, time: int | None) -> float:
        start = self._start if self._start is not None else time
        return float(((time or 0) - (start or 0)) * self._video.time_base)

    def _is_bad(self, shown: _Shown) -> bool:
        sent = shown.sent
        if shown.frame is None or sent.index >= self._bad_from.get(sent.group, sent.index + 1):
            return True
        # A frame that is shown before the keyframe that it follows in the file may also refer to
        # the GOP before.
        return sent.group > self._shown_group and sent.group - 1 in self._bad_from

    def _released(self) -> Iterator[Frame]:
        """Yield the frames whose fate is decided: every packet before them, which they may refer
        to, gave a frame or was given up."""
        while self._waiting and not self._is_open(self._waiting[0].sent):
            yield self._framed(self._waiting.popleft())

    def _is_open(self, sent: _Sent) -> bool:
        if not self._video.tolerant:
            return False
        return any(s.index < sent.index and not self._is_leading(s) for s in self._pending.values())

    def _framed(self, shown: _Shown) -> Frame:
        pts, spec = self._timed(shown), self._video.spec
        self._count += 1
        if shown.sent.is_key:
            self._shown_group = shown.sent.group
        if shown.frame is None or self._is_bad(shown):
            return _bad_frame(self._count - 1, pts, spec)
        self._require_same(shown.frame, spec)
        pixels = Pixels(
            copied(shown.frame) if self._copies else shown.frame,
            spec,
            full_range=is_full_range(shown.frame),
        )
        return Frame(
            self._count - 1,
            pts,
            spec.size_wh,
            pixels.look,
            pixels.unpack,
            aspect=float(self._video.aspect),
        )

    def _timed(self, shown: _Shown) -> int:
        time = shown.time
        if self._by_order:
            time = heapq.heappop(self._clock) if self._clock else None
        if time is None:
            time = 0 if self._last is None else self._last + self._step
        if self._last is not None and time <= self._last:
            if self._last - time >= self._step:
                at = timecode(self._seconds(self._last))
                raise DamagedSource(
                    self._info.path, f"its clock runs backwards at {at}", HINT_REMUX
                )
            time = self._last + 1
        self._start = time if self._start is None else self._start
        self._last = time
        return time

    def _require_same(self, frame: av.VideoFrame, spec: Spec) -> None:
        """Accept a frame of another size, which is fitted into that of the first, and note it."""
        _require_size((frame.width, frame.height), self._info.path, self._options)
        is_resized = (frame.width, frame.height) != spec.stored_wh
        # Crop and transparency are known for the first size only.
        hides = any(spec.crop) or any(c.is_alpha for c in frame.format.components)
        if (is_resized and hides) or self._is_turned_otherwise(frame, spec):
            at = timecode(self._seconds(self._last))
            raise UnsupportedSource(
                self._info.path, f"the size or orientation of its picture changes at {at}"
            )
        if is_resized and RESIZED not in self._info.notes:
            self._info.notes.append(RESIZED)

    def _is_turned_otherwise(self, frame: av.VideoFrame, spec: Spec) -> bool:
        """Return whether the frame states another orientation.

        One that states none keeps that of the frames before it: a bitstream may state it in
        keyframes only, or once.
        """
        # Compare the angle, not the whole matrix. PyAV 18 ties a frame that was asked for side data
        # to itself, and memory would fill with frames.
        if frame.rotation == spec.angle or not (frame.rotation or frame.key_frame):
            return False
        if frame.rotation:
            return True
        self._asked += 1
        if self._asked % KEYS_PER_COLLECTION == 0:
            gc.collect()
        return bool(side_data(frame, Type.DISPLAYMATRIX))


def _starts(stream: VideoStream) -> FrameStarts:
    return FrameStarts(stream.codec_context.name, bytes(stream.codec_context.extradata or b""))


def _is_doubtful(packet: av.Packet[Any], restart: object) -> bool:
    """Return whether the packet's content is unknown even before it is decoded."""
    if isinstance(
        restart, Restart
    ):  # frames other than keyframes refer to frames that were not joined
        return (packet.is_corrupt and not restart.forgiven) or (
            restart.begins and not packet.is_keyframe
        )
    return packet.is_corrupt


def _is_same(frame: Frame, other: Frame) -> bool:
    if (frame.pts, frame.is_bad) != (other.pts, other.is_bad):
        return False
    return frame.is_bad or frame.unpack().checksum() == other.unpack().checksum()


def _bad_frame(index: int, pts: int, spec: Spec) -> Frame:
    def look(size_wh: Size) -> NDArray[np.uint8]:
        return np.zeros((size_wh[1], size_wh[0], 3), np.uint8)

    def unpack() -> Picture:
        return black(spec)

    return Frame(index, pts, spec.size_wh, look, unpack, is_bad=True)
