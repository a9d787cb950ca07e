"""Targets: each has its own thread and bounded queue, so none delays the others.

A target receives pictures that are already redacted and encoded. If it cannot keep up or cannot be
reached, efface drops packets up to the next keyframe and tries again after pauses that grow. The
stream itself continues.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.stream import Stream

from efface.errors import EffaceError
from efface.live.address import Address
from efface.live.h264_encoder import OUTPUT_TIME_BASE, Coded, Form
from efface.live.ingest import tls_settings
from efface.live.srt import Srt
from efface.live_options import LiveOptions

MOST_QUEUED = 150
"""Packets; six seconds at 25 packets per second."""

FIRST_PAUSE_S = 0.1
CLOSING_S = 10.0
"""Maximum time for a target to take what is queued, and to finish, when the stream ends."""


@dataclass(slots=True)
class Counts:
    """State and counters of one target."""

    sent: int = 0
    dropped: int = 0
    failures: int = 0
    is_up: bool = False


class Output:
    """A target that takes packets. The kinds differ in `_carry`."""

    def __init__(self, address: Address, options: LiveOptions, say: Callable[[str], None]) -> None:
        self.address, self.counts = address, Counts()
        self._options, self._say = options, say
        self._queue: queue.Queue[tuple[Form, Coded] | None] = queue.Queue(MOST_QUEUED)
        self._wants_key = True
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="efface-live-target", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        return self._queue.qsize()

    def offer(self, form: Form, coded: Coded) -> None:
        """Take a packet, or drop it and all others up to the next keyframe. Never wait."""
        if self._wants_key and not coded.is_key:
            self.counts.dropped += 1
            return
        try:
            self._queue.put_nowait((form, coded))
            self._wants_key = False
        except queue.Full:
            self.counts.dropped += 1
            self._wants_key = True

    def close(self) -> None:
        """Let the target finish, for at most CLOSING_S."""
        self._is_closing.set()
        with suppress(queue.Full):
            self._queue.put(None, timeout=CLOSING_S / 2)
        self._thread.join(CLOSING_S)

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            before = self.counts.sent
            try:
                if self._carry(self._packets()):
                    return
            except (
                Exception
            ) as e:  # the next attempt may succeed, and the other targets are not affected
                self._failed(_why(e))
            finally:
                self.counts.is_up = False
            pause_s = (
                FIRST_PAUSE_S
                if self.counts.sent > before
                else min(2 * pause_s, self._options.retry_s)
            )
            if self._is_closing.wait(pause_s):
                return
            self._forget_queued()

    def _failed(self, why: str) -> None:
        self.counts.failures += 1
        if self.counts.failures == 1 or not self.counts.failures % 100:
            self._say(f"{self.address}: {why.rstrip('.')}; trying again ({self.counts.failures})")

    def _forget_queued(self) -> None:
        """Drop what was queued for a lost connection: it is too old for the next one."""
        self._wants_key = True
        with suppress(queue.Empty):
            while True:
                if self._queue.get_nowait() is None:
                    self._queue.put_nowait(None)
                    return
                self.counts.dropped += 1

    def _packets(self) -> Iterator[tuple[Form, Coded]]:
        """Yield packets from the first keyframe on, until the end."""
        is_begun = False
        while (item := self._queue.get()) is not None:
            is_begun = is_begun or item[1].is_key
            if is_begun:
                yield item

    def _carry(self, packets: Iterator[tuple[Form, Coded]]) -> bool:
        """Send packets.

        Returns True when they end, False if a change of form stopped it. Raises any error.
        """
        raise NotImplementedError

    def _fill(
        self,
        container: OutputContainer,
        form: Form,
        first: Coded,
        rest: Iterator[tuple[Form, Coded]],
    ) -> bool:
        """Write the first packet and those after it.

        Return False, and ask for a keyframe, where the form changes.
        """
        muxer = Muxer(container, form)
        muxer.write(first)
        self.counts.is_up = True
        self.counts.sent += 1
        for other, coded in rest:
            if other != form:
                self._wants_key = True
                return False
            muxer.write(coded)
            self.counts.sent += 1
        return True


def _why(error: Exception) -> str:
    """Describe the error without an address:

    FFmpeg's errors name addresses with their credentials.
    """
    if isinstance(error, FFmpegError):
        return (error.strerror or type(error).__name__).lower()
    if isinstance(error, (EffaceError, ConnectionError)):
        return str(error)
    return type(error).__name__


class Muxer:
    """A container that takes packets of one form."""

    def __init__(self, container: OutputContainer, form: Form, start: int = 0) -> None:
        """start: the offset that is subtracted from all times, in OUTPUT_TIME_BASE."""
        self._container, self._start = container, start
        if container.format.name == "mpegts":
            container.metadata.update(
                service_name="-", service_provider="-"
            )  # otherwise FFmpeg writes its own name
        width, height = form.coded_wh
        self._stream: Stream = container.add_mux_stream(
            "h264", rate=form.rate, width=width, height=height, time_base=OUTPUT_TIME_BASE
        )
        self._duration = round(1 / (form.rate * OUTPUT_TIME_BASE))

    def write(self, coded: Coded) -> None:
        """Write a packet."""
        packet: Any = av.Packet(coded.data)
        packet.pts = packet.dts = coded.pts - self._start
        packet.time_base, packet.stream, packet.is_keyframe = (
            OUTPUT_TIME_BASE,
            self._stream,
            coded.is_key,
        )
        packet.duration = self._duration
        self._container.mux(packet)


class Sender(Output):
    """Sends over the network: MPEG-TS by UDP and SRT, RTMP, RTSP."""

    def _carry(self, packets: Iterator[tuple[Form, Coded]]) -> bool:
        for form, coded in packets:
            with closing(self._opened()) as container:
                if not self._fill(container, form, coded, packets):
                    return False
        return True

    def _opened(self) -> OutputContainer:
        address, timeout_s = self.address, self._options.timeout_s
        writes = address.way.writes
        container = {"fflags": "+bitexact+flush_packets"}
        if address.scheme == "srt":
            return av.open(
                Srt(address, timeout_s),
                "w",
                format=writes,
                container_options=container,
                buffer_size=1316,
            )
        micros = str(round(timeout_s * 1e6))
        if address.scheme == "udp":
            container |= {"pkt_size": "1316"}
        elif address.scheme in ("rtsp", "rtsps"):
            container |= {"rtsp_transport": "tcp", "timeout": micros, **tls_settings(address)}
        else:
            container |= {
                "rw_timeout": micros,
                "flvflags": "no_duration_filesize",
                **tls_settings(address),
            }
        container["protocol_whitelist"] = address.way.protocols
        return av.open(address.url, "w", format=writes, container_options=container)
