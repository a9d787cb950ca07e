"""A detector that fails closed: any failure inside is an error, never an empty result."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import Self

from efface.detect.detector import Detector
from efface.detect.look import Look
from efface.detections import Detections
from efface.errors import DetectorFailed, EffaceError
from efface.frames import Frame

Answer = Detections | BaseException

PIXELS = 25_000_000
"""Frames with more pixels get more time, in proportion. Two cores examine 12 megapixels in 11 s,
and need more than two minutes for the largest photos that are opened by default."""


class Guarded:
    """Adds a time limit to a detector, and turns every failure into DetectorFailed.

    The detector works in its own thread: a call into native code cannot be interrupted, but the
    caller can stop waiting for it.
    """

    def __init__(self, inside: Detector, timeout_s: float) -> None:
        """Start the thread. timeout_s is for a frame of up to PIXELS."""
        self.infos, self.sure = inside.infos, inside.sure
        self._timeout_s = timeout_s
        self._asked: queue.Queue[tuple[Frame, Look] | None] = queue.Queue(1)
        self._answers: queue.Queue[Answer] = queue.Queue(1)
        self._is_busy = False
        # A daemon thread: a detector that hangs must not keep the process alive.
        self._thread = threading.Thread(
            target=self._work, args=(inside,), name="efface-detect", daemon=True
        )
        self._thread.start()

    def detect(self, frame: Frame, look: Look) -> Detections:
        """Return the inner detector's result for the frame. Raises DetectorFailed."""
        if self._is_busy:
            raise self._failed(frame, "it did not come back from an earlier frame")
        # Stays set until the answer arrives: a late answer must never pass for the answer to the
        # next frame.
        self._is_busy = True
        self._asked.put((frame, look))
        pixels = frame.size_wh[0] * frame.size_wh[1] * look.scale**2
        limit_s = self._timeout_s * max(1.0, pixels / PIXELS)
        try:
            answer = self._answers.get(timeout=limit_s)
        except queue.Empty:
            why = f"it took longer than {limit_s:.4g} s, and --detect-timeout allows more"
            raise self._failed(frame, why) from None
        self._is_busy = False
        if isinstance(answer, Detections):
            return answer
        if isinstance(answer, EffaceError):
            raise answer
        # SystemExit too: it would end the process with the exit code that the detector chose,
        # perhaps 0.
        raise self._failed(frame, f"{type(answer).__name__}: {answer}") from answer

    def close(self) -> None:
        """End the thread, unless the detector hangs in it."""
        with suppress(queue.Full):  # it was closed before, while it hung
            self._asked.put_nowait(None)
        if not self._is_busy:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _failed(self, frame: Frame, why: str) -> DetectorFailed:
        return DetectorFailed(
            " with ".join(i.name for i in self.infos), f"frame {frame.index + 1}", why
        )

    def _work(self, inside: Detector) -> None:
        while (asked := self._asked.get()) is not None:
            try:
                answer: Answer = inside.detect(*asked)
                if not isinstance(answer, Detections):
                    answer = TypeError("the answer is no Detections")
                elif not set(answer.kind.tolist()) <= set(self.sure):
                    answer = ValueError("it answers with a kind that it does not look for")
            except BaseException as e:  # handed to the caller
                answer = e
            self._answers.put(answer)
