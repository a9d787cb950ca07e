"""Slow kinds are looked for often enough, in turns, and nothing passes before their results."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from efface.detect.schedule import windows
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
        self.kind, self.pause_s, self.seen, self.parts = kind, pause_s, [], []

    def detect(self, frame, look):
        time.sleep(self.pause_s)
        (self.seen if look.window is None else self.parts).append((frame.index, look))
        return box(self.kind, 20)

    @property
    def frames(self):
        """Numbers of the frames that were looked at as a whole."""
        return [number for number, _ in self.seen]


def looking(finders, bridge_s):
    return slow_looks(finders, bridge_s)


def held(number, window=WINDOW):
    frame = Frame(number, 0, (64, 48), lambda wh: None, lambda: None)
    return QueuedFrame(frame, window, number / 25, 0.0, 0, form=None)


def test_sorts_take_turns_and_none_is_forgotten():
    finders = {"text": Finder(TEXT), "code": Finder(CODE)}
    with looking(finders, 2.0) as looks:
        for n in range(100):
            looks.ask(one := held(n))
            seen = looks.joined(one, box(FACE, 0))
            due = {f.kind for f in finders.values() if n in (*f.frames, *dict(f.parts))}
            assert set(seen.kind.tolist()) == {FACE, *due}
        texts, codes, parts = finders["text"].frames, finders["code"].frames, finders["text"].parts
        assert texts[0] == codes[0] == parts[0][0] == 0
        later = [*texts[1:], *codes[1:], *(n for n, _ in parts[1:])]
        assert len(set(later)) == len(later), "one at a time"
        for frames in (texts, codes, [n for n, _ in parts]):
            assert EVERY_S * 25 - 1 <= max(np.diff(frames)) <= EVERY_S * 25 + 3
        assert {look.window for _, look in parts} == set(windows((64, 48)))
        assert {look.detail for _, look in finders["text"].seen} == {0.5}
        assert {look.detail for _, look in finders["code"].seen} == {1.0}
        looks.ask(other := held(100, SimpleNamespace()))
        assert len(looks.joined(other, Detections.none())) == 2, "a new connection begins anew"


@pytest.mark.parametrize(("bridge_s", "most_s"), [(2.0, LONGEST_S), (0.25, 0.2), (0.0, 0.0)])
def test_slow_looks_are_rarer_but_not_too_rare_for_tracks(bridge_s, most_s):
    finder = Finder(TEXT, 0.01)
    with looking({"text": finder}, bridge_s) as looks:
        looks.ask(first := held(0))
        looks.joined(first, Detections.none())
        looks._cost_s["text"] = 5.0
        assert looks.every_s == most_s
        for n in range(1, 50):
            looks.ask(one := held(n))
            looks.joined(one, Detections.none())
            looks._cost_s["text"] = 5.0
        assert max(np.diff(finder.frames)) <= most_s * 25 + 1


def test_a_frame_waits_for_its_look_and_a_failure_reaches_it():
    release = threading.Event()

    class Waits(Finder):
        def detect(self, frame, look):
            assert release.wait(10)
            raise DetectorFailed("text", "frame 1", "it is a test")

    with looking({"text": Waits(TEXT)}, 2.0) as looks:
        looks.ask(one := held(0))
        threading.Timer(0.05, release.set).start()
        with pytest.raises(DetectorFailed):
            looks.joined(one, Detections.none())


def test_without_slow_kinds_nothing_is_added():
    seen = box(FACE, 0)
    with looking({}, 2.0) as looks:
        looks.ask(one := held(0))
        assert looks.joined(one, seen) is seen


@pytest.mark.parametrize(("size_wh", "detail"), [((64, 48), 1.0), ((1280, 720), 0.5)])
def test_parts_are_looked_at_in_more_detail_than_the_whole(size_wh, detail):
    finder = Finder(TEXT)
    frame = Frame(1, 0, size_wh, lambda wh: None, lambda: None)
    with looking({"text": finder}, 2.0) as looks:
        looks.ask(one := QueuedFrame(frame, WINDOW, 0.0, 0.0, 0, form=None))
        looks.joined(one, Detections.none())
    ((_, look),) = finder.parts
    assert look.detail == detail
    assert look.window in windows(size_wh)
