"""A preview: redacted pictures as motion JPEG, for a browser on this machine.

Without viewers it costs nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import cv2
import numpy as np

from efface.errors import UsageError
from efface.frames import Picture
from efface.live.address import Address
from efface.live.loopback_server import Answer, serving
from efface.live.outputs import Counts
from efface.live.placeholder import LAYOUT

MOST_A_SECOND = 6.0
LONGEST_SIDE = 1280
BOUNDARY = "efface"
QUIET_S = 30.0
"""The connection of a viewer is closed when no picture has come for this long."""


class MjpegPreview:
    """Serves the latest picture to viewers."""

    def __init__(self, address: Address, say: Callable[[str], None]) -> None:
        self.address, self.counts = address, Counts()
        self._changed = threading.Condition()
        self._jpeg, self._number, self._visitors, self._last = b"", 0, 0, 0.0
        self._is_closed = False
        self._open = ExitStack()
        host, port = address.host_port
        try:
            port = self._open.enter_context(serving(port, self._answer, host))
        except OSError as e:
            raise UsageError(
                f"{address}: the port cannot be used: {(e.strerror or 'error').lower()}."
            ) from e
        self.counts.is_up = True
        say(f"Look at it in a browser: http://{f'[{host}]' if ':' in host else host}:{port}/")

    def __len__(self) -> int:
        return 0

    def show(self, picture: Picture) -> None:
        """Take the picture that leaves now."""
        if (
            not self._visitors
            or time.monotonic() - self._last < 1 / MOST_A_SECOND
            or picture.layout != LAYOUT
        ):
            return
        self._last = time.monotonic()
        jpeg = _jpeg(picture)
        with self._changed:
            self._jpeg, self._number = jpeg, self._number + 1
            self._changed.notify_all()
        self.counts.sent += 1

    def close(self) -> None:
        """Stop the server."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._open.close()

    def _answer(self, path: str) -> Answer | None:
        if path != "/":
            return None
        return 200, f"multipart/x-mixed-replace; boundary={BOUNDARY}", self._pictures()

    def _pictures(self) -> Iterator[bytes]:
        self._visitors += 1
        try:
            number = self._number
            while True:
                with self._changed:
                    while self._number == number and not self._is_closed:
                        if not self._changed.wait(QUIET_S):
                            return
                    if self._is_closed:
                        return
                    jpeg, number = self._jpeg, self._number
                head = (
                    f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: "
                    f"{len(jpeg)}\r\n\r\n"
                )
                yield head.encode() + jpeg + b"\r\n"
        finally:
            self._visitors -= 1


def _jpeg(picture: Picture) -> bytes:
    """Encode a 4:2:0 picture as JPEG."""
    width, height = (side - side % 2 for side in picture.size_wh)
    y, cb, cr = picture.planes
    chroma = [plane[: height // 2, : width // 2].reshape(-1) for plane in (cb, cr)]
    stacked = np.concatenate([y[:height, :width].reshape(-1), *chroma]).reshape(
        height * 3 // 2, width
    )
    bgr = cv2.cvtColor(stacked, cv2.COLOR_YUV2BGR_I420)
    share = min(1.0, LONGEST_SIDE / max(width, height))
    small = (
        cv2.resize(bgr, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        if share < 1
        else bgr
    )
    return bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1])
