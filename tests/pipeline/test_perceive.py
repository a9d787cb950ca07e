"""Frames looked at several at a time are those that one detector looks at, one after the other."""

from __future__ import annotations

import subprocess
import threading
import time
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from efface.containers.admission import admit
from efface.detect import registry
from efface.detect.registry import open_lanes
from efface.detect.schedule import FAST_TURN
from efface.detections import FACE, Detections
from efface.errors import DetectorFailed
from efface.frames import Frame, Layout, Picture
from efface.options import DetectOptions, ReadOptions
from efface.pipeline.perceive import AHEAD, MOST_DONE, perceived, rate_of
from efface.pipeline.sources import opened

SIZE_WH = (64, 48)


def frames(count, taken):
    for i in range(count):
        taken.append(i)
        grey = np.full((SIZE_WH[1], SIZE_WH[0]), i % 250, np.uint8)
        yield Frame(
            i, i, SIZE_WH, lambda wh, grey=grey: np.resize(grey, (wh[1], wh[0], 3)),
            lambda grey=grey: Picture((grey,), Layout("gray")),
        )  # fmt: skip


class Slow:
    """Takes longer for every third frame, as a look at all of it does, and counts how many look at
    once."""

    infos, sure = (), MappingProxyType({FACE: 0.25})
    lock = threading.Lock()
    busy = most = 0

    def __init__(self, fails_at=-1):
        self.fails_at, self.is_busy, self.seen = fails_at, False, []

    def detect(self, frame, look):
        assert not self.is_busy, "a detector looks at one frame at a time"
        self.is_busy = True
        self.seen.append(frame.index)
        with Slow.lock:
            Slow.busy += 1
            Slow.most = max(Slow.most, Slow.busy)
        time.sleep(0.004 if frame.index % 3 == 0 else 0.001)
        with Slow.lock:
            Slow.busy -= 1
        self.is_busy = False
        if frame.index == self.fails_at:
            raise DetectorFailed("slow", f"frame {frame.index}", "told to")
        box = np.float32([[1, 1, 5 + frame.index, 9]])
        return Detections(box, np.float32([0.5]), np.uint8([FACE]))


def test_they_come_in_order_and_all_detectors_work():
    Slow.most, taken, lanes = 0, [], (Slow(), Slow())
    got = []
    for part in perceived(frames(40, taken), lanes, DetectOptions(), 25):
        got.append((part.index, float(part.seen.xyxy[0, 2])))
        assert len(taken) <= part.index + 2 + AHEAD * len(lanes) + MOST_DONE
        looked_at = len(lanes[0].seen) + len(lanes[1].seen)
        assert len(taken) <= looked_at + 1 + AHEAD * len(lanes), (
            "no more is read ahead than memory is meant for"
        )
    assert got == [(i, 5.0 + i) for i in range(40)]
    assert Slow.most == 2
    assert sorted(lanes[0].seen + lanes[1].seen) == list(range(40))
    assert min(len(lane.seen) for lane in lanes) > 5


def test_while_one_detector_takes_long_the_other_goes_on_as_far_as_results_may_wait():
    last = 2 * FAST_TURN
    came = threading.Event()

    class Held(Slow):
        def detect(self, frame, look):
            if frame.index == 0:
                assert came.wait(timeout=30), f"frame {last} was not examined meanwhile"
            if frame.index == last:
                came.set()
            return super().detect(frame, look)

    lanes, taken = (Held(), Held()), []
    parts = perceived(frames(200, taken), lanes, DetectOptions(), 25)
    assert [part.index for part in parts] == list(range(200))


def test_an_error_comes_in_the_place_of_its_frame_and_ends_it():
    lanes, got = (Slow(fails_at=7), Slow(fails_at=7)), []
    with pytest.raises(DetectorFailed, match="frame 7"):
        got.extend(part.index for part in perceived(frames(40, []), lanes, DetectOptions(), 25))
    assert got == list(range(7))
    assert not [t for t in threading.enumerate() if t.name.startswith("efface-look")]


def test_an_error_of_the_frames_is_that_of_the_looks():
    def torn():
        yield from frames(3, [])
        raise OSError("torn")

    with pytest.raises(OSError, match="torn"):
        list(perceived(torn(), (Slow(), Slow()), DetectOptions(), 25))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_there_are_no_more_lanes_than_cores(monkeypatch, count):
    asked = []
    monkeypatch.setattr(registry, "cores", lambda: count)
    monkeypatch.setitem(
        registry.DETECTORS, "pyramid", lambda options, threads: asked.append(threads) or Slow()
    )
    with open_lanes(DetectOptions()) as lanes:
        assert len(lanes) == min(2, count)
    assert asked == [{1: 1, 2: 1, 5: 3}[count]]


@pytest.mark.parametrize(("rate", "whole"), [(25, [0, 3, 6, 9]), (50, [0, 5])])
def test_the_rate_of_the_film_decides_how_often_a_whole_frame_is_looked_at(rate, whole):
    class Noting:
        infos, sure = (), MappingProxyType({FACE: 0.25})

        def detect(self, frame, look):
            if look.detail == 1:
                seen.append(frame.index)
            return Detections.none()

    def large():
        for frame in frames(10, []):
            yield replace(frame, size_wh=(1280, 720))

    seen = []
    list(perceived(large(), (Noting(),), DetectOptions(), rate))
    assert seen == whole


def test_the_rate_is_the_one_that_the_file_states(tmp_path):
    clip = tmp_path / "clip.mp4"
    lavfi = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=50:duration=0.2"]
    subprocess.run(["ffmpeg", "-loglevel", "error", *lavfi, str(clip)], check=True, timeout=30)
    with opened(admit(clip), ReadOptions()) as source:
        assert rate_of(source.info) == 50
        assert rate_of(replace(source.info, medium="animation")) == 25
