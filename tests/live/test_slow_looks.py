"""Slow kinds are looked for often enough, in turns, and nothing passes before their results."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from efface.detections import CODE, FACE, TEXT, Detections
from efface.errors import DetectorFailed
from efface.frames import Frame
from efface.live.frame_queue import QueuedFrame
from efface.live.slow_looks import EVERY_S, LONGEST_S, slow_looks

WINDOW = SimpleNamespace()


def box(kind, at):
    xyxy = np.array([[at, 0, at + 9, 9]], np.float32)
    return Detections(xyxy, np.array([0.9], np.float32), np.array([kind], np.uint8))


class Finder:
    def __init__(self, kind, pause_s=0.0):
        self.kind, self.pause_s, self.seen = kind, pause_s, []

    def detect(self, frame, look):
        time.sleep(self.pause_s)
        self.seen.append(frame.index)
        return box(self.kind, 20)


def held(number, window=WINDOW):
    frame = Frame(number, 0, (64, 48), lambda wh: None, lambda: None)
    return QueuedFrame(frame, window, number / 25, 0.0, 0, form=None)


def test_kinds_take_turns_and_none_is_forgotten():
    finders = {"text": Finder(TEXT), "code": Finder(CODE)}
    with slow_looks(finders, 2.0) as looks:
        for n in range(100):
            looks.ask(one := held(n))
            seen = looks.joined(one, box(FACE, 0))
            due = {f.kind for f in finders.values() if f.seen[-1:] == [n]}
            assert set(seen.kind.tolist()) == {FACE, *due}
        texts, codes = finders["text"].seen, finders["code"].seen
        assert texts[0] == codes[0] == 0
        assert not set(texts[1:]) & set(codes[1:])
        for frames in (texts, codes):
            assert EVERY_S * 25 - 1 <= max(np.diff(frames)) <= EVERY_S * 25 + 2
        looks.ask(other := held(100, SimpleNamespace()))
        assert len(looks.joined(other, Detections.none())) == 2, "a new connection begins anew"


@pytest.mark.parametrize(("bridge_s", "most_s"), [(2.0, LONGEST_S), (0.25, 0.2), (0.0, 0.0)])
def test_slow_looks_are_rarer_but_not_too_rare_for_tracks(bridge_s, most_s):
    finder = Finder(TEXT, 0.01)
    with slow_looks({"text": finder}, bridge_s) as looks:
        looks.ask(first := held(0))
        looks.joined(first, Detections.none())
        looks._cost_s["text"] = 5.0
        assert looks.every_s == most_s
        for n in range(1, 50):
            looks.ask(one := held(n))
            looks.joined(one, Detections.none())
            looks._cost_s["text"] = 5.0
        assert max(np.diff(finder.seen)) <= most_s * 25 + 1


def test_a_frame_waits_for_its_look_and_a_failure_reaches_it():
    release = threading.Event()

    class Waits(Finder):
        def detect(self, frame, look):
            assert release.wait(10)
            raise DetectorFailed("text", "frame 1", "it is a test")

    with slow_looks({"text": Waits(TEXT)}, 2.0) as looks:
        looks.ask(one := held(0))
        threading.Timer(0.05, release.set).start()
        with pytest.raises(DetectorFailed):
            looks.joined(one, Detections.none())


def test_without_slow_kinds_nothing_is_added():
    seen = box(FACE, 0)
    with slow_looks({}, 2.0) as looks:
        looks.ask(one := held(0))
        assert looks.joined(one, seen) is seen
