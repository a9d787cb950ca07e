"""Write the pictures that leave: frames that were examined, with what was found covered, or the
placeholder.
"""

from __future__ import annotations

import time

from efface.frames import Picture
from efface.live.frame_queue import QueuedFrame, State
from efface.live.h264_encoder import OUTPUT_TIME_BASE, Encoder, Form
from efface.live.mjpeg import MjpegPreview
from efface.live.outputs import Output
from efface.live.pipeline_state import WAIT_S, PipelineState
from efface.live.placeholder import placeholder
from efface.painting.paint import paint

LOST_S = 1.0
"""When no frame has come for this long, beyond the delay, the placeholder shows that the source is
lost."""

PLACEHOLDER_EVERY_S = 0.2

LOST_EVERY_S = 0.5
"""Seconds between two placeholder pictures: while frames come, and while none come."""


class CameraWriter:
    """Takes frames off the queue when they are due, covers them, and gives them to the targets."""

    def __init__(self, pipeline: PipelineState, targets: list[Output | MjpegPreview]) -> None:
        self._pipeline, self._targets = pipeline, targets
        self._encoder: Encoder | None = None
        self._form: Form | None = None
        self._pts = -1
        self._placeholder_at = float("-inf")
        self._frame_at = time.monotonic()

    def work(self) -> None:
        pipeline = self._pipeline
        while pipeline.error is None:
            pipeline.beats["writer"] = time.monotonic()
            held = pipeline.frame_queue.next_to_leave(WAIT_S)
            if held is not None:
                self._leave(held)
            elif pipeline.frame_queue.is_closed and not len(pipeline.frame_queue):
                break
            else:
                self._go_without()
            pipeline.collected(self._targets)

    def _leave(self, held: QueuedFrame) -> None:
        pipeline, facts = self._pipeline, self._pipeline.facts
        self._form = held.form
        self._frame_at = time.monotonic()
        if held.state is State.LOOKED:
            regions = held.window.regions(held.number, held.second)
            picture = held.frame.unpack()
            paint(picture, regions, pipeline.options.paint)
            self._send(held.form, picture, held.second)
            facts.frames_out += 1
            facts.regions += len(regions)
            facts.state = "passing"
            self._placeholder_at = float("-inf")
        else:
            held.window.left(held.second)
            facts.frames_passed += held.state is State.PASSED
            facts.frames_missed += held.state is State.MISSED
            if held.state is State.MISSED:
                self._draw(held.second, PLACEHOLDER_EVERY_S, "placeholder")
        facts.delay_s = time.monotonic() - held.arrived

    def _go_without(self) -> None:
        """Draw the placeholder if no frame has left for too long: viewers must not take the last
        picture for a live one."""
        pipeline = self._pipeline
        if (
            self._form is not None
            and time.monotonic() - self._frame_at > LOST_S
            and not pipeline.stop.is_set()
        ):
            self._draw(pipeline.now() - pipeline.options.live.delay_s, LOST_EVERY_S, "lost")

    def _draw(self, second: float, every_s: float, state: str) -> None:
        now = time.monotonic()
        since = now - self._placeholder_at
        if since < every_s or self._form is None:
            return
        facts = self._pipeline.facts
        # Threads wait a moment between two readings of the clock. A longer gap means that another
        # placeholder began.
        facts.placeholder_s += since if since < 2 * every_s + WAIT_S else every_s
        facts.state = state
        self._placeholder_at = now
        self._send(self._form, placeholder(self._form.size_wh, time.time()), second)

    def _send(self, form: Form, picture: Picture, second: float) -> None:
        if self._encoder is None or self._encoder.form != form:
            self._encoder = Encoder(form, self._pipeline.options.live)
        self._pts = max(round(second / float(OUTPUT_TIME_BASE)), self._pts + 1)
        for coded in self._encoder.encode(picture, self._pts):
            for target in self._targets:
                if isinstance(target, Output):
                    target.offer(form, coded)
        for target in self._targets:
            if isinstance(target, MjpegPreview):
                target.show(picture)
