"""Read a camera: connect, reconnect after each loss, and put its frames on the queue."""

from __future__ import annotations

import time
from collections.abc import Mapping
from fractions import Fraction

from efface.frames import Frame
from efface.live.arrivals import arrivals
from efface.live.frame_queue import QueuedFrame
from efface.live.h264_encoder import OUTPUT_TIME_BASE, Form
from efface.live.ingest import StreamEnded, StreamLost
from efface.live.lookahead import Lookahead
from efface.live.outputs import FIRST_PAUSE_S
from efface.live.pipeline_state import PipelineState
from efface.live.stream_forms import Arrived


class CameraReader:
    """Connects, reconnects after each loss, and puts frames on the queue."""

    def __init__(self, pipeline: PipelineState, sure: Mapping[int, float]) -> None:
        self._pipeline, self._sure = pipeline, sure
        self._form: Form | None = None
        self._window: Lookahead | None = None
        self._anchor = (0.0, Fraction(0))
        self._last = -1.0

    def work(self) -> None:
        pipeline, pause_s = self._pipeline, FIRST_PAUSE_S
        while not pipeline.stop.is_set():
            pipeline.beats["reader"] = time.monotonic()
            before = pipeline.facts.frames_in
            try:
                self._read()
            except StreamEnded:
                break
            except StreamLost as e:
                pipeline.facts.losses += 1
                if pipeline.facts.frames_in > before or pipeline.facts.losses == 1:
                    what = (
                        "the source is lost"
                        if pipeline.facts.connections
                        else "nothing comes from the source yet"
                    )
                    pipeline.say(f"{what}: {e}; trying again")
            pause_s = (
                FIRST_PAUSE_S
                if pipeline.facts.frames_in > before
                else min(2 * pause_s, pipeline.options.live.retry_s)
            )
            pipeline.stop.wait(pause_s)
        pipeline.frame_queue.close()

    def _read(self) -> None:
        pipeline, is_first = self._pipeline, True
        for arrived in arrivals(pipeline.wanted.source, pipeline.options.live, pipeline.stop):
            pipeline.beats["reader"] = time.monotonic()
            if is_first:
                self._has_connected(arrived)
            self._take(arrived, is_new=is_first)
            is_first = False

    def _has_connected(self, arrived: Arrived) -> None:
        pipeline, facts = self._pipeline, self._pipeline.facts
        facts.connections += 1
        pipeline.say("pictures come" if facts.connections == 1 else "pictures come again")
        missing = ", ".join(arrived.walls.missing)
        if missing and facts.connections == 1:
            pipeline.say(f"it is read without walls that this system does not offer: {missing}")
        facts.walls = ", ".join(arrived.walls.standing)

    def _take(self, arrived: Arrived, *, is_new: bool) -> None:
        pipeline, form = self._pipeline, arrived.form
        if is_new or arrived.is_resumed or form is not self._form or self._window is None:
            self._form = form
            self._anchor = pipeline.now(), arrived.second
            self._window = Lookahead(
                form.size_wh,
                pipeline.options.track,
                pipeline.options.cover,
                self._sure,
                pipeline.options.live.delay_s,
                pipeline.visible,
            )
        second = self._anchor[0] + float(arrived.second - self._anchor[1])
        second = max(
            second, self._last + float(OUTPUT_TIME_BASE)
        )  # both clocks moved on, and this one must never move back
        self._last = second
        pipeline.facts.frames_in += 1
        pixels = arrived.pixels
        made = Frame(
            pipeline.facts.frames_in,
            0,
            form.size_wh,
            pixels.look,
            pixels.unpack,
            aspect=float(form.aspect),
        )
        pipeline.frame_queue.put(
            QueuedFrame(made, self._window, second, time.monotonic(), arrived.size, form=form)
        )
