"""Spans give the frames that a reading of the whole gives, or the video is not cut."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.containers.admission import admit
from efface.errors import UndecodableFrame
from efface.media.video.probe import open_video
from efface.media.video.spans import (
    BY_ORDER,
    OVERLAP,
    Index,
    Indivisible,
    Span,
    cut,
    frames_of,
    indexed,
    spans_at,
)
from efface.options import ReadOptions

FRAMES = 90
OPEN = "keyint=15:min-keyint=15:open-gop=1:bframes=3:b-pyramid=normal:scenecut=0"
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
KINDS = {
    "closed.mp4": (*H264, "-g", 15, "-bf", 2),
    "open.mp4": (*H264, "-x264-params", OPEN),
    "open.mkv": (*H264, "-x264-params", OPEN),
    "open.ts": (*H264, "-x264-params", OPEN),
    "hevc.mp4": (
        "-c:v",
        "libx265",
        "-pix_fmt",
        "yuv420p10le",
        "-x265-params",
        "keyint=15:open-gop=1:bframes=4:log-level=error",
    ),
    "vp9.webm": (
        "-c:v",
        "libvpx-vp9",
        "-g",
        15,
        "-auto-alt-ref",
        1,
        "-lag-in-frames",
        16,
        "-deadline",
        "realtime",
    ),
    "vp8.webm": (
        "-c:v",
        "libvpx",
        "-g",
        15,
        "-auto-alt-ref",
        1,
        "-lag-in-frames",
        16,
        "-deadline",
        "realtime",
    ),
    "mpeg2.mpg": ("-c:v", "mpeg2video", "-g", 12, "-bf", 2, "-q:v", 4),
    "all-keys.mov": ("-c:v", "mjpeg", "-q:v", 4),
    "one-key.mp4": (*H264, "-g", 500, "-x264-params", "scenecut=0"),
    "uneven.mp4": (
        *H264,
        "-g",
        15,
        "-bf",
        2,
        "-vf",
        "select='not(eq(mod(n,7),3))'",
        "-fps_mode",
        "vfr",
    ),
}


def told(frames):
    return [(f.index, f.pts, f.is_bad, f.unpack().checksum()) for f in frames]


def source_of(path):
    return open_video(admit(path), ReadOptions())


@pytest.mark.parametrize("name", KINDS)
def test_spans_are_parts_of_the_whole(clip, name):
    source = source_of(clip(name, *KINDS[name], frames=FRAMES))
    whole, index = told(source.frames()), indexed(source)
    assert index.pts.tolist() == [pts for _, pts, _, _ in whole]
    count = len(whole)
    for span in [*spans_at(index, [0, 1, 14, 31, 32, 47, count - 1]), *cut(index, 16)]:
        assert told(frames_of(source, index.passage(span))) == whole[span.overlap.start : span.stop]


def test_a_clip_whose_edit_list_hides_its_beginning(clip, tmp_path):
    whole = clip("closed.mp4", *KINDS["closed.mp4"], frames=FRAMES)
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-ss",
        "1.3",
        "-i",
        whole,
        "-c",
        "copy",
        tmp_path / "edited.mp4",
    ]
    subprocess.run(command, check=True, capture_output=True)
    source = source_of(tmp_path / "edited.mp4")
    frames, index = told(source.frames()), indexed(source)
    assert len(frames) < FRAMES
    for span in spans_at(index, [0, 10, 40]):
        assert (
            told(frames_of(source, index.passage(span))) == frames[span.overlap.start : span.stop]
        )


def test_frames_of_a_file_that_is_given_open(clip, tmp_path):
    path = clip("closed.mp4", *KINDS["closed.mp4"], frames=FRAMES)
    source = source_of(path)
    index = indexed(source)
    span = Span(40, 60)
    with open(path, "rb") as file:
        elsewhere = type(source)(source.info, ReadOptions(), file)
        assert told(frames_of(elsewhere, index.passage(span))) == told(source.frames())[32:60]


def test_avi_is_not_cut(clip):
    with pytest.raises(Indivisible, match=BY_ORDER):
        indexed(source_of(clip("a.avi", "-c:v", "mpeg4", "-bf", 2)))


def test_times_other_than_stored_make_it_whole(clip):
    source = source_of(clip("closed.mp4", *KINDS["closed.mp4"], frames=FRAMES))
    index = indexed(source)
    for pts in (index.pts + 1, np.delete(index.pts, 45), np.append(index.pts, index.pts[-1] + 512)):
        false = Index(pts, index.keys)
        with pytest.raises(Indivisible):
            list(frames_of(source, false.passage(Span(30, len(pts)))))


def test_a_keyframe_that_is_not_there_makes_it_whole(clip):
    source = source_of(clip("closed.mp4", *KINDS["closed.mp4"], frames=FRAMES))
    index = indexed(source)
    false = Index(index.pts, index.keys + 1)
    with pytest.raises(Indivisible, match="from the middle"):
        list(frames_of(source, false.passage(Span(40, 60))))


def test_damage_is_met_in_the_span_that_holds_it(clip, tmp_path):
    """And damage before a span, which is decoded to be referred to, does not pass as a picture of
    it."""
    path = Path(
        shutil.copy(
            clip("closed.mp4", *KINDS["closed.mp4"], frames=FRAMES), tmp_path / "damaged.mp4"
        )
    )
    source = source_of(path)
    index, sound = indexed(source), told(source.frames())
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    refused = []
    for span in spans_at(index, [0, 15, 30, 45, 60, 75]):
        try:
            got = told(frames_of(source, index.passage(span)))
        except (UndecodableFrame, Indivisible):
            refused.append(span)
        else:
            assert got == sound[span.overlap.start : span.stop]
    assert refused
    assert len(refused) < 6
    with pytest.raises(UndecodableFrame):
        list(source.frames())


keys = st.lists(st.integers(0, 399), min_size=1, max_size=30, unique=True).map(
    lambda k: sorted({0, *k})
)


@given(count=st.integers(1, 400), keys=keys, length=st.integers(1, 100))
def test_spans_are_the_whole_video_once(count, keys, length):
    index = Index(np.arange(count) * 10, np.array([10 * k for k in keys if k < count]))
    spans = cut(index, length)
    assert (spans[0].first, spans[-1].stop) == (0, count)
    assert all(a.stop == b.first for a, b in pairwise(spans))
    for span in spans:
        assert span.first < span.stop
        passage = index.passage(span)
        assert len(passage.pts) == span.stop - max(0, span.first - OVERLAP)
        assert passage.key <= passage.trusted <= passage.pts[0]
    # What is decoded again is bounded by what is looked at.
    assert all(index.again(b.first) <= 4 * (a.stop - a.first) for a, b in pairwise(spans))
