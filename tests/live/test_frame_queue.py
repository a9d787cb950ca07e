"""The queue keeps order, is bounded, and lets nothing pass for looked at that was not."""

from __future__ import annotations

import pytest

from efface.live import frame_queue as belts
from efface.live.frame_queue import FrameQueue, QueuedFrame, State


class Clock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def frame_queue(clock):
    return FrameQueue(1.0, clock)


def put(frame_queue, clock, second, size=1):
    held = QueuedFrame(None, None, second, clock.now, size, None)
    return held if frame_queue.put(held) else None


def test_frames_leave_in_order_when_their_time_has_come(frame_queue, clock):
    frames = []
    for i in range(3):
        frames.append(put(frame_queue, clock, i))
        clock.now += 0.1
    for i, held in enumerate(frames):
        assert frame_queue.next_to_look(0) is held
        frame_queue.looked(held, i)
    assert frame_queue.next_to_leave(0) is None
    clock.now = 101.0
    assert frame_queue.next_to_leave(0) is frames[0]
    assert frame_queue.next_to_leave(0) is None
    clock.now = 101.3
    assert [frame_queue.next_to_leave(0), frame_queue.next_to_leave(0)] == frames[1:]
    assert [f.state for f in frames] == [State.LOOKED] * 3


def test_a_frame_in_hand_is_given_to_nobody_else_and_counts_as_late(frame_queue, clock):
    first, second = put(frame_queue, clock, 0), put(frame_queue, clock, 1)
    assert frame_queue.next_to_look(0) is first
    assert frame_queue.waiting == 1
    assert frame_queue.next_to_look(0) is second
    assert (frame_queue.waiting, frame_queue.every) == (0, 1)
    clock.now += 0.5
    put(frame_queue, clock, 2)
    frame_queue.next_to_look(0)
    assert frame_queue.every == 2, (
        "what is in hand for so long means that looking has fallen behind"
    )
    frame_queue.looked(first, 0)
    frame_queue.looked(second, 1)
    assert [first.state, second.state] == [State.LOOKED] * 2


def test_what_nobody_looked_at_in_time_is_missed_whatever_is_said_later(frame_queue, clock):
    held = put(frame_queue, clock, 0)
    assert frame_queue.next_to_look(0) is held
    clock.now += 1.01
    assert frame_queue.next_to_leave(0) is held
    assert held.state is State.MISSED
    frame_queue.looked(held, 7)
    assert held.state is State.MISSED


def test_looking_that_is_late_looks_at_fewer_and_at_all_again_later(frame_queue, clock):
    def look(late_s):
        held = put(frame_queue, clock, 0)
        clock.now += late_s
        got = frame_queue.next_to_look(0)
        if got:
            frame_queue.looked(got, 0)
        while frame_queue.next_to_leave(0):
            pass
        return held

    look(0.01)
    assert frame_queue.every == 1
    look(0.5)
    assert frame_queue.every == 2
    look(0.7)
    assert frame_queue.every == 4
    states = [look(0.01).state for _ in range(8)]
    assert states.count(State.PASSED) == 0 or frame_queue.every == 4
    for _ in range(100):
        look(0.05)
        clock.now += 0.1
    assert frame_queue.every == 1


def test_frames_that_were_passed_over_do_not_leave_as_looked_at(frame_queue, clock):
    frame_queue.every = 4
    frame_queue._calm_since = clock.now
    frames = [put(frame_queue, clock, i) for i in range(8)]
    looked = []
    while (held := frame_queue.next_to_look(0)) is not None:
        frame_queue.looked(held, len(looked))
        looked.append(held)
    assert len(looked) == 2
    assert [f.state for f in frames].count(State.PASSED) == 6


def test_too_far_behind_only_the_newest_is_looked_at(frame_queue, clock):
    frames = [put(frame_queue, clock, i) for i in range(20)]
    clock.now += 0.85
    frames.append(put(frame_queue, clock, 20))
    frame_queue._turn = 3  # its turn, at one in four
    assert frame_queue.next_to_look(0) is frames[-1]
    assert [f.state for f in frames[:-1]] == [State.MISSED] * 20


def test_what_is_long_overdue_does_not_leave_any_more_and_fewer_are_looked_at(frame_queue, clock):
    put(frame_queue, clock, 0)
    put(frame_queue, clock, 1)
    for _ in range(2):
        frame_queue.looked(frame_queue.next_to_look(0), 0)
    clock.now += 1.2
    assert frame_queue.next_to_leave(0).state is State.LOOKED
    clock.now += 0.3
    assert frame_queue.next_to_leave(0).state is State.PASSED
    put(frame_queue, clock, 2)
    frame_queue.next_to_look(0)
    assert frame_queue.every == 2


def test_there_is_room_for_so_much_and_no_more(frame_queue, clock, monkeypatch):
    monkeypatch.setattr(belts, "MOST_BYTES", 30)
    assert put(frame_queue, clock, 0, 20) is not None
    assert put(frame_queue, clock, 1, 20) is None
    assert (len(frame_queue), frame_queue.refused) == (1, 1)
    clock.now += 2
    assert frame_queue.next_to_leave(0) is not None
    assert put(frame_queue, clock, 2, 20) is not None


def test_a_closed_belt_gives_out_what_it_holds(frame_queue, clock):
    held = put(frame_queue, clock, 0)
    frame_queue.close()
    assert frame_queue.next_to_look(0) is held
    frame_queue.looked(held, 0)
    assert frame_queue.next_to_look(0) is None
    clock.now += 1.5
    assert frame_queue.next_to_leave(0) is held
    assert frame_queue.next_to_leave(5) is None
