"""Peers on the loopback address: real programs that send and take streams; and pictures that carry
their number."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest

from efface.bench.frame_numbers import SIZE_WH, draw_number, read_number

ROOT = Path(__file__).parents[2]
RTSP_SERVER = ROOT / "examples" / "rtsp_server.py"
SIZE = (320, 180)
FRAMES = 125
PATIENCE_S = 90.0
"""No test waits longer for what should take a second: the machine may be busy."""

ASKS = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
)
SYSTEM_PYTHON = "/usr/bin/python3"
HAS_RTSP_SERVER = (
    Path(SYSTEM_PYTHON).exists()
    and subprocess.run([SYSTEM_PYTHON, "-c", ASKS], capture_output=True, check=False).returncode
    == 0
)


def numbered(count=FRAMES, size_wh=SIZE):
    """Pictures with their number, from 1, over something that moves."""
    import cv2

    for i in range(count):
        large = np.full((*reversed(SIZE_WH), 3), 90, np.uint8)
        large[100:600, (i * 12) % 1000 : (i * 12) % 1000 + 200] = 160
        draw_number(large, i + 1)
        yield cv2.resize(large, size_wh, interpolation=cv2.INTER_AREA)


def numbers_in(source):
    """The number of each picture of a video, a path or a file; None for the placeholder."""
    with av.open(str(source) if isinstance(source, Path) else source) as container:
        return [
            read_number(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, patience_s=PATIENCE_S):
    """What `what` says as soon as that is true."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


class Programs:
    """Processes that end with the test."""

    def __init__(self, folder):
        self.folder, self.running = folder, []

    def start(self, *command, **settings):
        settings = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | settings
        made = subprocess.Popen([str(c) for c in command], **settings)
        self.running.append(made)
        return made

    def live(self, *arguments, **environment):
        """efface live, whose words stand in the file `said`."""
        with open(self.folder / "said", "ab") as said:
            return self.start(
                sys.executable, "-m", "efface", "live", *arguments, stdout=said, stderr=said,
                env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
            )  # fmt: skip

    def said(self):
        return (self.folder / "said").read_text()

    def ffmpeg(self, *arguments):
        return self.start("ffmpeg", "-nostdin", "-y", "-v", "error", *arguments)

    def send(self, clip, *target):
        """The clip, again and again, at its own speed."""
        return self.ffmpeg("-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", *target)


def certificate(folder):
    """Key and certificate of 127.0.0.1, in one file.

    It vouches for itself, as those of cameras do.
    """
    both, key = folder / "own.pem", folder / "own.key"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            key,
            "-out",
            both,
        ],
        check=True,
        capture_output=True,
    )
    both.write_text(both.read_text() + key.read_text())
    return both


class TlsFront:
    """Takes connections by TLS, and passes what comes on to a server on this machine that has
    none."""

    def __init__(self, own, behind):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(own)
        self._behind, self._door = behind, socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self.heard = bytearray()  # what callers said
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller):
        with (
            suppress(OSError),
            self._context.wrap_socket(caller, server_side=True) as outside,
            socket.create_connection(("127.0.0.1", self._behind)) as inside,
        ):
            back = threading.Thread(target=_pour, args=(inside, outside), daemon=True)
            back.start()
            _pour(outside, inside, self.heard)
            back.join()

    def end(self):
        self._door.close()


def _pour(source, target, heard=None):
    with suppress(OSError):
        while piece := source.recv(65536):
            if heard is not None:
                heard += piece
            target.sendall(piece)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
needs_rtsp_server = pytest.mark.skipif(
    not HAS_RTSP_SERVER,
    reason="needs Debian's gir1.2-gst-rtsp-server-1.0, python3-gi and gstreamer1.0-plugins-good",
)
