"""Peers on the loopback address: real programs that send and take streams; and pictures that carry their number."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks.live import draw, read

ROOT = Path(__file__).parents[2]
SIZE = (320, 180)
FRAMES = 125
PATIENCE_S = 90.0
"""No test waits longer for what should take a second: the machine may be busy."""

ASKS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
SYSTEM_PYTHON = "/usr/bin/python3"
HAS_RTSP_SERVER = (
    Path(SYSTEM_PYTHON).exists()
    and subprocess.run([SYSTEM_PYTHON, "-c", ASKS], capture_output=True, check=False).returncode == 0
)


def numbered(count=FRAMES, size_wh=SIZE):
    """Pictures with their number, from 1, over something that moves."""
    import cv2

    for i in range(count):
        large = np.full((720, 1280, 3), 90, np.uint8)
        large[100:600, (i * 12) % 1000 : (i * 12) % 1000 + 200] = 160
        draw(large, i + 1)
        yield cv2.resize(large, size_wh, interpolation=cv2.INTER_AREA)


def numbers_in(path):
    """The number of each picture of a video; None for the curtain."""
    with av.open(str(path)) as container:
        return [read(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


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


needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
needs_rtsp_server = pytest.mark.skipif(
    not HAS_RTSP_SERVER, reason="needs Debian's gir1.2-gst-rtsp-server-1.0, python3-gi and gstreamer1.0-plugins-good"
)
