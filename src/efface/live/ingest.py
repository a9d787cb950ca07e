"""Read frames from an address as they arrive: one connection, from its opening until it is lost.

The input is hostile. FFmpeg may use only the protocols of the address's scheme, each wait has a
limit, and frames have a maximum size. An HLS playlist may name other machines; efface opens only
what lies on the playlist's own host. Audio is never decoded. To continue after a loss, the caller
opens a new connection.
"""

from __future__ import annotations

import base64
import http.client
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard
from av.video.stream import VideoStream

from efface.live.address import SECRET, Address
from efface.live.srt import Srt
from efface.live_options import LiveOptions
from efface.media.video.demux import DEMUXERS

MOST_PIXELS = 4096 * 2304
"""Largest frame, in pixels.

No larger camera could be examined in time. The limit also guards against bombs.
"""

PROBE = {"probesize": "2000000", "analyzeduration": "2000000", "fpsprobesize": "0"}
"""FFmpeg must recognise its input within these bytes and microseconds.

It does not wait to measure the frame rate.
"""

BURSTY = ("http", "https", "file")
"""Schemes that deliver frames in bursts, not at the times at which they were taken."""

STALLED_S = 1.0
"""If a bursty source falls further behind than this, its pacing starts again."""

GAP_S = 5.0
"""If the clock jumps ahead by more than this, or jumps back, efface treats it as a new clock."""


class StreamLost(Exception):
    """The connection failed, broke, or delivers nothing any more. The message names no address."""


class StreamEnded(Exception):
    """The source file has ended."""


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A decoded frame.

    second      time by the connection's clock, as the source states it.
    is_resumed  the clock jumped before this frame: nothing is known of the time between.
    rate        frames per second, as the source states it, or else a usual value.
    aspect      width of a pixel divided by its height.
    """

    frame: av.VideoFrame
    second: Fraction
    is_resumed: bool
    rate: Fraction
    aspect: Fraction


def taken(address: Address, options: LiveOptions, stop: threading.Event) -> Iterator[Taken]:
    """Yield every frame of one connection, in order, until `stop`.

    Raises StreamLost, StreamEnded.
    """
    try:
        with closing(_opened(address, options)) as container:
            stream = _picked(container)
            frames = _decoded(container, stream, stop)
            yield from _paced(frames, stop) if address.scheme in BURSTY else frames
    except FFmpegError as e:
        raise StreamLost(
            _reason(e)
        ) from None  # not even as a cause: the original error holds the whole address
    except (URLError, http.client.HTTPException, OSError, ValueError) as e:
        # `live.srt` writes the message of a bare ConnectionError itself; other errors may quote an
        # address.
        raise StreamLost(str(e) if type(e) is ConnectionError else type(e).__name__) from None
    if not stop.is_set():
        if address.scheme == "file":
            raise StreamEnded
        raise StreamLost("the source ended it")


def _reason(error: FFmpegError) -> str:
    if isinstance(error, av.error.ExitError):
        return "nothing comes"
    return (error.strerror or type(error).__name__).lower()


def _opened(address: Address, options: LiveOptions) -> InputContainer:
    way = address.way
    settings = {**PROBE, "max_pixels": str(MOST_PIXELS), **_settings(address, options)}
    timeout = (options.timeout_s, options.timeout_s)
    if address.scheme == "srt":
        return av.open(Srt(address, options.timeout_s), "r", format=way.reads, options=settings)
    settings["protocol_whitelist"] = way.protocols
    if address.scheme == "file":
        return av.open(
            f"file:{address.url}",
            "r",
            options=settings | {"format_whitelist": DEMUXERS},
            timeout=timeout,
        )
    if address.scheme in ("http", "https"):
        fetch = _Fetcher(address, options.timeout_s)
        # The demuxer must open everything anew, through the fetcher.
        settings |= {
            "http_persistent": "0",
            "allowed_segment_extensions": "ts,m4s,mp4",
            "extension_picky": "0",
        }
        return av.open(
            fetch.url, "r", format=way.reads, options=settings, timeout=timeout, io_open=fetch
        )
    return av.open(address.url, "r", format=way.reads, options=settings, timeout=timeout)


def _settings(address: Address, options: LiveOptions) -> Mapping[str, str]:
    micros = str(round(options.timeout_s * 1e6))
    if address.scheme in ("rtsp", "rtsps"):
        return {
            "rtsp_transport": options.rtsp_transport,
            "allowed_media_types": "video",
            "timeout": micros,
            "reorder_queue_size": "200",
            **tls_settings(address),
        }
    if address.scheme == "udp":
        return {
            "fifo_size": "50000",
            "overrun_nonfatal": "1",
            "buffer_size": "4000000",
            "timeout": micros,
        }
    if address.scheme in ("rtmp", "rtmps"):
        return {"rw_timeout": micros, "rtmp_live": "live", **tls_settings(address)}
    return {}


def tls_settings(address: Address) -> Mapping[str, str]:
    """Return TLS settings: by default FFmpeg accepts any certificate.

    SSL_CERT_FILE replaces the system's certificates.
    """
    if not address.scheme.endswith("s"):
        return {}
    known = ssl.get_default_verify_paths().cafile
    return {"tls_verify": "1", **({"ca_file": known} if known else {})}


class _Fetcher:
    """Opens what a playlist names if it is on the playlist's own host.

    Replaces FFmpeg's own HTTP.
    """

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self.url = address.url
        self._headers = {"User-Agent": "-"}
        if f"{SECRET}@" in address.text:
            token = base64.b64encode(address.secret.encode()).decode()
            self._headers["Authorization"] = f"Basic {token}"
            self.url = address.text.replace(f"{SECRET}@", "")
        self._place = _place(self.url)
        self._opener = urllib.request.build_opener(_SamePlace(self._place))

    def __call__(self, url: str, flags: int, options: Mapping[str, str]) -> Any:
        if _place(url) != self._place:
            raise OSError("a playlist names another machine")
        return self._opener.open(
            urllib.request.Request(url, headers=self._headers), timeout=self._timeout_s
        )


class _SamePlace(urllib.request.HTTPRedirectHandler):
    """Follows redirections only to the same host."""

    def __init__(self, place: tuple[str, str, int | None]) -> None:
        self._place = place

    def redirect_request(self, *args: Any, **named: Any) -> urllib.request.Request | None:
        """Return the request; None for any other host, which raises an error."""
        request = super().redirect_request(*args, **named)
        return request if request is None or _place(request.full_url) == self._place else None


def _place(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def _picked(container: InputContainer) -> VideoStream:
    moving = [s for s in container.streams.video if s.codec_context is not None]
    if not moving:
        raise StreamLost("it holds no video")
    stream = max(moving, key=lambda s: s.codec_context.width * s.codec_context.height)
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
    stream.codec_context.thread_type = (
        "SLICE"  # frame threads would hold back as many frames as there are threads
    )
    return stream


def _decoded(
    container: InputContainer, stream: VideoStream, stop: threading.Event
) -> Iterator[Taken]:
    """Yield decoded frames that the decoder does not call corrupt.

    A frame that it repaired is examined like any other.
    """
    before: Fraction | None = None
    for packet in container.demux(stream):
        if stop.is_set():
            return
        frames: list[av.VideoFrame] = []
        with suppress(
            FFmpegError
        ):  # the picture of this packet is lost, which is common on networks
            frames = stream.codec_context.decode(packet)
        for frame in frames:
            if frame.is_corrupt or frame.pts is None:
                continue
            if frame.width * frame.height > MOST_PIXELS:
                raise StreamLost("its pictures are too large")
            second = frame.pts * _fraction(frame.time_base)
            is_resumed = before is not None and not 0 < second - before < GAP_S
            before = second
            yield Taken(
                frame,
                second,
                is_resumed,
                _rate(stream),
                _fraction(stream.sample_aspect_ratio) or Fraction(1),
            )


def _rate(stream: VideoStream) -> Fraction:
    rate = _fraction(stream.average_rate) or _fraction(stream.guessed_rate) or Fraction(25)
    return min(max(rate, Fraction(1)), Fraction(120)).limit_denominator(1001)


def _fraction(value: Any) -> Fraction:
    return Fraction(value.numerator, value.denominator) if value else Fraction(0)


def _paced(
    frames: Iterator[Taken], stop: threading.Event, clock: Callable[[], float] = time.monotonic
) -> Iterator[Taken]:
    """Yield the same frames at the pace of their own times."""
    begun: tuple[float, Fraction] | None = None
    for taken in frames:
        if (
            begun is None
            or taken.is_resumed
            or clock() - begun[0] > float(taken.second - begun[1]) + STALLED_S
        ):
            begun = clock(), taken.second
        if stop.wait(max(0.0, begun[0] + float(taken.second - begun[1]) - clock())):
            return
        yield taken
