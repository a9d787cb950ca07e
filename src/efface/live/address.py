"""Addresses: where a stream comes from or goes to, and what FFmpeg may do there.

A password in an address would appear in the process list, in logs and in shell histories. So an
address holds `{secret}` in place of its credentials, and they come from an environment variable or
a file. `Address.url` fills them in when the stream is opened. `str(address)` never fills them in;
use it for logs.
"""

from __future__ import annotations

import ipaddress
import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from efface.errors import UsageError

SECRET = "{secret}"
"""Placeholder for the credentials in an address."""

REVEALING = re.compile(
    r"(pass(word|phrase)?|key|token|secret|auth|sig(nature)?)=(?!\{secret\})", re.IGNORECASE
)
"""Names of query parameters that hold credentials."""

LONGEST_SECRET = 1000
"""Maximum size of a credentials file, in bytes. A larger file holds something else."""

SAFE_IN_SECRET = ":!$'()*,;~"
"""Characters kept as they are in an address; others with a meaning there are escaped.

The colon separates user and password.
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How FFmpeg opens addresses of one scheme.

    protocols  all protocols that it may use, as its whitelists name them. It opens nothing else.
    reads, writes  FFmpeg's names of the format; "" if that direction is not supported.
    """

    protocols: str
    reads: str = ""
    writes: str = ""


CAMERAS = {"darwin": "avfoundation", "win32": "dshow"}
"""FFmpeg's format for the cameras of a platform, where it is not that of Linux."""

WAYS: Mapping[str, Way] = {
    "rtsp": Way("rtsp,rtp,udp,tcp", "rtsp", "rtsp"),
    "rtsps": Way("rtsps,rtsp,rtp,tls,udp,tcp", "rtsp", "rtsp"),
    "rtmp": Way("rtmp,tcp", "flv", "flv"),
    "rtmps": Way("rtmps,rtmp,tls,tcp", "flv", "flv"),
    "srt": Way("", "mpegts", "mpegts"),
    "udp": Way("udp", "mpegts", "mpegts"),
    "http": Way("http,tcp", "hls", ""),
    "https": Way("https,http,tls,tcp", "hls", ""),
    "mjpeg": Way("", "", "mjpeg"),
    "camera": Way("file", CAMERAS.get(sys.platform, "video4linux2,v4l2"), ""),
    "file": Way("file", "file", "file"),
}
"""Ways by scheme. `camera` and `file` are efface's own words for a device and a plain path."""


@dataclass(frozen=True, slots=True)
class Address:
    """One end of a stream.

    text    the address as it was given, without credentials; safe to log.
    secret  the text that replaces {secret}; never shown.
    """

    text: str
    scheme: str
    secret: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.text

    @property
    def way(self) -> Way:
        """Return how FFmpeg opens this address."""
        return WAYS[self.scheme]

    @property
    def url(self) -> str:
        """Return the address for FFmpeg, with credentials. Do not keep it, and do not show it."""
        if self.scheme in ("camera", "file"):
            name = self.text.removeprefix("camera:")
            is_named = self.scheme == "camera" and sys.platform == "win32"
            return f"video={name}" if is_named else name
        return self.text.replace(SECRET, quote(self.secret, safe=SAFE_IN_SECRET))

    @property
    def place(self) -> str:
        """Return a key that is equal for two addresses of the same place, as far as the addresses
        show it."""
        if self.scheme in ("camera", "file"):
            return os.path.realpath(self.url)
        scheme, _, rest = self.text.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme.lower()}://{host.lower()}{slash}{path}"

    @property
    def host_port(self) -> tuple[str, int]:
        """Return host and port of a network address; the port is 0 if the address names none."""
        parts = urlsplit(self.text.replace(SECRET, "-"))
        return parts.hostname or "", parts.port or 0


def source_address(text: str, secret: str = "") -> Address:
    """Return the source address. Raises UsageError if no stream can come from it."""
    scheme = "camera" if text.startswith(("camera:", "/dev/video")) else _scheme(text)
    if not WAYS[scheme].reads:
        raise UsageError(f"{_shown(text)}: nothing can be read from there.")
    return _checked(Address(text, scheme, secret))


def target_address(text: str, secret: str = "") -> Address:
    """Return the target address. Raises UsageError if no stream can go to it.

    `mjpeg` alone is a free port of this machine.
    """
    if text.lower() == "mjpeg":
        text = "mjpeg://127.0.0.1:0"
    scheme = _scheme(text)
    if not WAYS[scheme].writes:
        raise UsageError(
            f"{_shown(text)}: nothing can be sent there. An HLS folder is a path that ends "
            "in .m3u8."
        )
    if scheme == "file" and Path(text).suffix.lower() not in (".mkv", ".mp4", ".m3u8"):
        raise UsageError(
            f"{_shown(text)}: a recording ends in .mkv or .mp4, and an HLS playlist in .m3u8."
        )
    address = _checked(Address(text, scheme, secret))
    if scheme == "mjpeg":
        require_loopback(address)
    return address


def require_loopback(address: Address) -> None:
    """Raise UsageError unless the host is a loopback address in digits and a port is named; 0 is
    any free one."""
    host, port = address.host_port
    if urlsplit(address.text).path.strip("/"):
        raise UsageError(
            f"{address}: there is one picture at that port; leave out what follows it."
        )
    try:
        is_here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here or not (port or address.text.endswith(":0")):
        raise UsageError(
            f"{address}: pictures for a quick look are served on this machine only, as mjpeg://127.0.0.1:PORT."
        )


def _scheme(text: str) -> str:
    found = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*)://", text)
    if not found:
        return "file"
    scheme = found[1].lower()
    if scheme not in WAYS or scheme in ("file", "camera"):
        known = ", ".join(s for s in WAYS if s not in ("file", "camera"))
        raise UsageError(f"{scheme}:// is not supported. Supported are {known}, and plain paths.")
    return scheme


def _checked(address: Address) -> Address:
    text = address.text
    if address.scheme in ("camera", "file"):
        if not text or "\0" in text:
            raise UsageError("An address is empty.")
        return address
    bare = text.replace(SECRET, "")
    try:
        parts = urlsplit(bare)
        host, port = parts.hostname, parts.port
    except ValueError as e:
        raise UsageError(f"{_shown(text)}: the address cannot be read.") from e
    # Refuse even a user name: logs must not hold one, and a user name usually comes with a
    # password.
    if parts.username or parts.password or REVEALING.search(text):
        raise UsageError(
            f"{_shown(text)}: there are credentials in the address, where everybody on "
            "this machine can read them. Write "
            f"{SECRET} in their place, and name an environment variable or a file that holds them."
        )
    if not host and not (address.scheme == "udp" and port):
        raise UsageError(f"{_shown(text)}: the address names no host.")
    if address.scheme in ("udp", "srt") and not port:
        raise UsageError(f"{_shown(text)}: the address names no port.")
    if (SECRET in text) != bool(address.secret):
        wants = (
            "credentials are wanted, and neither a variable nor a file is named"
            if SECRET in text
            else f"it lacks {SECRET}"
        )
        raise UsageError(
            f"{_shown(text)}: {wants}. Credentials of --credentials-env or "
            f"--credentials-file stand in place of {SECRET} in an "
            "address; targets have options of their own for them."
        )
    return address


def _shown(text: str) -> str:
    """Return the part of the address that certainly holds no credentials."""
    scheme, found, rest = text.partition("://")
    if not found:
        return text
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return f"{scheme}://{host}/..."


def secret_from(environment: str | None, path: Path | None) -> str:
    """Return the credentials from an environment variable or a file; "" if neither is named.

    Raises UsageError.
    """
    if environment and path:
        raise UsageError(
            "Credentials come from an environment variable or from a file, not from both."
        )
    if environment:
        secret = os.environ.get(environment, "")
        if not secret:
            raise UsageError(f"The environment variable {environment} holds no credentials.")
        return secret
    return _secret_in(path) if path else ""


def _secret_in(path: Path) -> str:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) and os.name == "posix":
            raise UsageError(
                f"{path}: others may read these credentials. Take that away with: chmod 600 {path}"
            )
        with open(path, "rb") as f:
            raw = f.read(LONGEST_SECRET + 1)
    except OSError as e:
        raise UsageError(
            f"{path}: the credentials cannot be read: {(e.strerror or 'error').lower()}."
        ) from e
    try:
        secret = raw.decode().strip()
    except UnicodeDecodeError:
        secret = ""
    if not secret or len(raw) > LONGEST_SECRET or not secret.isprintable():
        raise UsageError(
            f"{path}: this does not look like credentials; it holds one line, such as "
            "user:password."
        )
    return secret
