"""Settings of the encoders."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from efface.media.video.encoder_options import encoder_options
from efface.options import WriteOptions


def options_for(codec, size_wh, preset):
    video = SimpleNamespace(
        spec=SimpleNamespace(size_wh=size_wh), colour=SimpleNamespace(location=0)
    )
    form = SimpleNamespace(delays=True)
    return encoder_options(codec, WriteOptions(preset=preset), form, video)


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
