"""Read a camera: connect, reconnect after each loss, and put its frames on the queue."""

from __future__ import annotations

import time
from collections.abc import Mapping
from fractions import Fraction

from av.video.frame import VideoFrame

from efface.frames import Frame
from efface.live.frame_queue import QueuedFrame
from efface.live.h264_encoder import OUTPUT_TIME_BASE, Form
from efface.live.ingest import StreamEnded, StreamLost, Taken, taken
from efface.live.lookahead import Lookahead
from efface.live.outputs import FIRST_PAUSE_S
from efface.live.pipeline_state import PipelineState
from efface.media.colour import swscale_matrix
from efface.media.pixel_formats import Pixels, spec_of


class CameraReader:
    """Connects, reconnects after each loss, and puts frames on the queue."""

    def __init__(self, pipeline: PipelineState, sure: Mapping[int, float]) -> None:
        self._pipeline, self._sure = pipeline, sure
        self._key: object = None
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
        for took in taken(pipeline.wanted.source, pipeline.options.live, pipeline.stop):
            pipeline.beats["reader"] = time.monotonic()
            if is_first:
                pipeline.facts.connections += 1
                pipeline.say(
                    "pictures come" if pipeline.facts.connections == 1 else "pictures come again"
                )
            self._take(took, is_new=is_first)
            is_first = False

    def _take(self, took: Taken, *, is_new: bool) -> None:
        pipeline, frame = self._pipeline, took.frame
        key = _key(frame)
        if (
            is_new
            or took.is_resumed
            or key != self._key
            or self._window is None
            or self._form is None
        ):
            if key != self._key or self._form is None:
                self._form = _form_of(took)
            self._key = key
            self._anchor = pipeline.now(), took.second
            self._window = Lookahead(
                self._form.size_wh,
                pipeline.options.track,
                pipeline.options.cover,
                self._sure,
                pipeline.options.live.delay_s,
                pipeline.visible,
            )
        second = self._anchor[0] + float(took.second - self._anchor[1])
        second = max(
            second, self._last + float(OUTPUT_TIME_BASE)
        )  # both clocks moved on, and this one must never move back
        self._last = second
        pipeline.facts.frames_in += 1
        pixels = Pixels(frame, self._form.spec)
        made = Frame(
            pipeline.facts.frames_in,
            0,
            self._form.size_wh,
            pixels.look,
            pixels.unpack,
            aspect=float(self._form.aspect),
        )
        size = sum(p.buffer_size for p in frame.planes)
        pipeline.frame_queue.put(
            QueuedFrame(made, self._window, second, time.monotonic(), size, form=self._form)
        )


def _key(frame: VideoFrame) -> object:
    """Return a key that differs between frames that need different handling."""
    return (
        frame.width,
        frame.height,
        frame.format.name,
        frame.rotation,
        frame.color_range,
        frame.colorspace,
    )


def _form_of(took: Taken) -> Form:
    # Call this only after a change: PyAV keeps a frame alive once its side data was read, and
    # memory would fill with frames.
    frame = took.frame
    spec = spec_of(frame, swscale_matrix(frame.colorspace, frame.height))
    aspect = 1 / took.aspect if spec.turn.swaps else took.aspect
    return Form(spec, took.rate, aspect, (frame.color_primaries, frame.color_trc, frame.colorspace))
