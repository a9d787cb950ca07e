"""Settings of the encoders."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from efface.media.video import encoder_options
from efface.options import WriteOptions


def options_for(codec, size_wh, preset):
    video = SimpleNamespace(
        spec=SimpleNamespace(size_wh=size_wh), colour=SimpleNamespace(location=0)
    )
    form = SimpleNamespace(delays=True)
    return encoder_options.encoder_options(codec, WriteOptions(preset=preset), form, video)


@pytest.mark.parametrize(
    ("size_wh", "preset", "frames"),
    [
        ((1280, 720), "medium", 40),
        ((1920, 1080), "medium", 12),
        ((1280, 720), "veryfast", 10),
        ((1920, 1080), "veryfast", 10),
        ((1920, 1080), "ultrafast", 0),
        ((2560, 1440), "medium", 7),
        ((3840, 2160), "medium", 7),
        ((3840, 2160), "ultrafast", 0),
    ],
)
def test_large_frames_get_less_lookahead(size_wh, preset, frames):
    assert options_for("h264", size_wh, preset)["rc-lookahead"] == str(frames)


@pytest.mark.parametrize(
    ("processors", "size_wh", "frames"),
    [(1, (1280, 720), 1), (2, (1920, 1080), 3), (64, (1920, 1080), 8), (64, (2560, 1440), None)],
)
def test_x264_holds_a_bounded_number_of_frames(monkeypatch, processors, size_wh, frames):
    monkeypatch.setattr(encoder_options, "granted", lambda: processors)
    context = SimpleNamespace(thread_type="SLICE", thread_count=0)
    video = SimpleNamespace(spec=SimpleNamespace(size_wh=size_wh))
    encoder_options.set_x264_threads(context, video)
    assert (context.thread_type, context.thread_count) == (
        ("SLICE", 0) if frames is None else ("FRAME", frames)
    )
