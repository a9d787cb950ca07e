"""SRT through its authors' library: the FFmpeg inside PyAV is built without SRT.

PyAV sees a connection as a file, in which it reads or writes MPEG-TS. The library is the system's
(Debian: libsrt1.5-gnutls). It is loaded on first use.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import io
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from efface.errors import ProtocolMissing, UsageError
from efface.live.address import Address

LIBRARIES = (
    "libsrt-gnutls.so.1.5",
    "libsrt-openssl.so.1.5",
    "libsrt.so.1.5",
    "libsrt-gnutls.so.1",
    "libsrt.so.1",
)

PAYLOAD = 1316
"""Bytes of a message: seven MPEG-TS packets, as SRT's live mode expects."""

_SNDTIMEO, _RCVTIMEO, _LATENCY, _PASSPHRASE, _KEYLEN, _CONNTIMEO, _STREAMID = (
    13,
    14,
    23,
    26,
    27,
    36,
    46,
)
"""Numbers of SRT's options."""

_INVALID = -1
KEY_BYTES = 16
LATENCY_MS = 120
"""Default latency, the usual value for SRT."""

_lock = threading.Lock()
_loaded: ctypes.CDLL | None = None


def library() -> ctypes.CDLL:
    """Load and start the SRT library. Raises ProtocolMissing."""
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = _found()
            if _loaded.srt_startup() < 0:
                raise ProtocolMissing("SRT", "libsrt does not start")
        return _loaded


def _found() -> ctypes.CDLL:
    for name in LIBRARIES:
        with suppress(OSError):
            return ctypes.CDLL(name)
    named = ctypes.util.find_library("srt")  # starts programs
    if named:
        with suppress(OSError):
            return ctypes.CDLL(named)
    raise ProtocolMissing(
        "SRT", "the library libsrt is not installed (Debian: apt-get install libsrt1.5-gnutls)"
    )


def require(address: Address) -> None:
    """Raise ProtocolMissing if the SRT library is missing, and UsageError if the address has
    unknown SRT parameters."""
    wishes(address)
    _found()


class Srt(io.RawIOBase):
    """One SRT connection. Raises ConnectionError if it fails or breaks."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        super().__init__()
        self._srt = library()
        wanted = wishes(address)
        self._socket = self._connected(address, wanted, round(timeout_s * 1000))
        self._left = b""

    def _connected(self, address: Address, wanted: Mapping[str, str], timeout_ms: int) -> int:
        srt, (host, port) = self._srt, address.host_port
        listens = wanted.get("mode") == "listener"
        *_, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        at = _sockaddr(str(place[0]), port)
        made = srt.srt_create_socket()
        self._set(made, _CONNTIMEO, ctypes.c_int(timeout_ms))
        self._set(made, _RCVTIMEO, ctypes.c_int(timeout_ms))
        self._set(made, _SNDTIMEO, ctypes.c_int(timeout_ms))
        self._set(made, _LATENCY, ctypes.c_int(int(wanted.get("latency", LATENCY_MS))))
        if "passphrase" in wanted:
            self._set_text(made, _PASSPHRASE, wanted["passphrase"])
            self._set(made, _KEYLEN, ctypes.c_int(KEY_BYTES))
        if "streamid" in wanted:
            self._set_text(made, _STREAMID, wanted["streamid"])
        if listens:
            return self._accepted(made, at, timeout_ms)
        if srt.srt_connect(made, at, len(at)) < 0:
            srt.srt_close(made)
            raise ConnectionError("the SRT peer does not answer, or refuses")
        return int(made)

    def _accepted(self, door: int, at: ctypes.Array[ctypes.c_char], timeout_ms: int) -> int:
        srt = self._srt
        try:
            if srt.srt_bind(door, at, len(at)) < 0 or srt.srt_listen(door, 1) < 0:
                raise ConnectionError("the SRT port cannot be listened on")
            doors = (ctypes.c_int * 1)(door)
            srt.srt_accept_bond.argtypes = [
                ctypes.POINTER(ctypes.c_int),
                ctypes.c_int,
                ctypes.c_int64,
            ]
            made = srt.srt_accept_bond(doors, 1, timeout_ms)
            if made == _INVALID:
                raise ConnectionError("no SRT peer comes")
            return int(made)
        finally:
            srt.srt_close(door)

    def _set(self, made: int, option: int, value: Any) -> None:
        if self._srt.srt_setsockflag(made, option, ctypes.byref(value), ctypes.sizeof(value)) < 0:
            raise ConnectionError("SRT refuses an option")

    def _set_text(self, made: int, option: int, text: str) -> None:
        raw = text.encode()
        if self._srt.srt_setsockflag(made, option, raw, len(raw)) < 0:
            raise ConnectionError(
                "SRT refuses its passphrase (10 to 79 characters) or its stream id"
            )

    def readable(self) -> bool:
        """Return True. A connection that only sends receives nothing."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most one message, or the rest of the last one; empty bytes if the peer has
        gone."""
        if not self._left:
            buffer = ctypes.create_string_buffer(1500)
            got = self._srt.srt_recvmsg(self._socket, buffer, len(buffer))
            if got < 0:
                raise ConnectionError("SRT: nothing comes any more")
            self._left = buffer.raw[:got]
        size = len(self._left) if size < 0 else size
        given, self._left = self._left[:size], self._left[size:]
        return given

    def write(self, data: Any) -> int:
        """Send all data, split into messages."""
        raw = bytes(data)
        for at in range(0, len(raw), PAYLOAD):
            part = raw[at : at + PAYLOAD]
            if self._srt.srt_sendmsg(self._socket, part, len(part), -1, 1) < 0:
                raise ConnectionError("SRT: the peer takes nothing any more")
        return len(raw)

    def close(self) -> None:
        """Close the connection. A second call does nothing."""
        if not self.closed:
            self._srt.srt_close(self._socket)
        super().close()


def wishes(address: Address) -> dict[str, str]:
    """Return the parameters of an SRT address. Raises UsageError for unknown ones."""
    wanted = dict(parse_qsl(urlsplit(address.url).query))
    unknown = set(wanted) - {"mode", "latency", "passphrase", "streamid"}
    if (
        unknown
        or wanted.get("mode", "caller") not in ("caller", "listener")
        or not wanted.get("latency", "0").isdigit()
    ):
        raise UsageError(
            f"{address}: of SRT, efface knows mode=caller or listener, latency=MS, "
            "passphrase and streamid."
        )
    return wanted


def _sockaddr(host: str, port: int) -> ctypes.Array[ctypes.c_char]:
    """Return a C socket address. On BSD systems it begins with its length."""
    is_six = ":" in host
    family = socket.AF_INET6 if is_six else socket.AF_INET
    head = (
        bytes([28 if is_six else 16, family])
        if sys.platform == "darwin"
        else family.to_bytes(2, sys.byteorder)
    )
    raw = head + port.to_bytes(2)
    raw += (
        bytes(4) + socket.inet_pton(family, host) + bytes(4)
        if is_six
        else socket.inet_pton(family, host) + bytes(8)
    )
    return ctypes.create_string_buffer(raw, len(raw))
