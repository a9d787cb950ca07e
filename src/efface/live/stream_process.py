"""The process that reads one stream: it has the network that it needs, and decodes.

It is forked as decoders of files are, and walls stand around it before it connects. It may read
libraries, the names of machines and known certificates, and no file of a user; it may connect by
TCP to the ports of its address alone. It starts nothing and writes nothing.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import ClassVar
from urllib.parse import urlsplit

from efface.live import srt
from efface.live.address import Address
from efface.live.h264_encoder import Form
from efface.live.ingest import taken
from efface.live.stream_forms import Forms
from efface.live_options import LiveOptions
from efface.media.decoder.decoder_messages import Answer
from efface.media.decoder.film_messages import FrameSaid
from efface.media.decoder.frame_sending import FrameSender
from efface.media.decoder.frame_slots import SlotWriter
from efface.media.pixel_formats import Pixels
from efface.walls import raising, seccomp
from efface.walls.raising import Standing

USUAL_PORTS: Mapping[str, int] = {
    "rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443, "http": 80, "https": 443,
}  # fmt: skip
"""Ports of addresses that name none. FFmpeg takes 443 for rtmps."""

NAMES_PORT = 53

DATAGRAMS = ("udp", "srt")
"""Schemes that come by UDP."""

NAMES_AND_CERTIFICATES = (
    "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
    "/etc/services", "/etc/protocols", "/etc/ssl", "/etc/pki", "/etc/ca-certificates",
    "/etc/crypto-policies", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
)  # fmt: skip
"""What finds machines by their names, and tells who they are."""

ENVIRONMENT = (
    "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY",
    "HTTP_PROXY", "NO_PROXY",
)  # fmt: skip
"""Variables that say which certificates are known, and where a proxy is."""


@dataclass(frozen=True, slots=True)
class FormSaid:
    """The form of the frames that follow."""

    CODE: ClassVar[int] = 15
    form: Form


@dataclass(frozen=True, slots=True)
class TakenSaid:
    """A frame. See `ingest.Taken`."""

    CODE: ClassVar[int] = 16
    second: Fraction
    is_resumed: bool
    frame: FrameSaid


@dataclass(frozen=True, slots=True)
class StreamRole:
    """What the process does: see `decoder_messages.Role`."""

    address: Address
    options: LiveOptions
    environment: Mapping[str, str]

    @classmethod
    def of(cls, address: Address, options: LiveOptions) -> StreamRole:
        """Return the role with what this process's environment says."""
        known = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        return cls(address, options, known)

    def raise_walls(self, readable: list[str | int]) -> Standing:
        """See `Role.raise_walls`."""
        os.environ.update(self.environment)
        if self.address.scheme == "srt":
            # Finding it may start a program. It starts a thread when it is used, which would stand
            # outside of walls that are raised later.
            srt.require(self.address)
        is_device = self.address.scheme == "camera"
        has_datagrams = self.has_datagrams
        calls = partial(seccomp.for_stream, has_datagrams=has_datagrams, is_device=is_device)
        devices = [self.address.url] if is_device else []
        known = ssl.get_default_verify_paths()
        certificates = [path for path in (known.cafile, known.capath) if path]
        files = [*readable, *NAMES_AND_CERTIFICATES, *certificates]
        return raising.raise_walls(files, calls, devices=devices, ports=self.ports)

    def served(self, pipe: int, slots: SlotWriter) -> StreamServer:
        """See `Role.served`."""
        return StreamServer(pipe, slots, self.address, self.options)

    @property
    def has_datagrams(self) -> bool:
        """Return whether it needs UDP: for pictures, or to find a machine by its name."""
        scheme, (host, _) = self.address.scheme, self.address.host_port
        if scheme in DATAGRAMS or self.options.rtsp_transport == "udp":
            return True
        return not _is_in_digits(host)

    @property
    def ports(self) -> list[int]:
        """Return the TCP ports to which it may connect."""
        scheme, (host, port) = self.address.scheme, self.address.host_port
        if scheme not in USUAL_PORTS:
            return []
        proxies = urllib.request.getproxies().values() if scheme in ("http", "https") else ()
        through = [urlsplit(proxy).port or 80 for proxy in proxies]
        names = [] if _is_in_digits(host) else [NAMES_PORT]
        return [port or USUAL_PORTS[scheme], *names, *through]


def _is_in_digits(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class StreamServer(FrameSender):
    """Answers the one call: for frames."""

    notes: tuple[str, ...] = ()

    def __init__(
        self, pipe: int, slots: SlotWriter, address: Address, options: LiveOptions
    ) -> None:
        super().__init__(pipe, slots)
        self._address, self._options = address, options

    def frames(self) -> Iterator[Answer]:
        """See `ingest.taken`. This process is ended, and need not be asked to stop."""
        forms, known = Forms(), None
        for index, took in enumerate(taken(self._address, self._options, threading.Event())):
            form = forms.of(took)
            if form is not known:
                known, self._location = form, None
                yield FormSaid(form)
            pixels = Pixels(took.frame, form.spec)
            said = self._sent(index, 0, pixels.frame, form.spec, pixels.is_full, ())
            yield TakenSaid(took.second, took.is_resumed, said)
