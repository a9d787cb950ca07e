"""The belt keeps order, is bounded, and lets nothing pass for looked at that was not."""

from __future__ import annotations

import pytest

from efface.live import frame_queue as belts
from efface.live.frame_queue import Belt, Held, State


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
def belt(clock):
    return Belt(1.0, clock)


def put(belt, clock, second, size=1):
    held = Held(None, None, second, clock.now, size, None)
    return held if belt.put(held) else None


def test_frames_leave_in_order_when_their_time_has_come(belt, clock):
    frames = []
    for i in range(3):
        frames.append(put(belt, clock, i))
        clock.now += 0.1
    for i, held in enumerate(frames):
        assert belt.next_to_look(0) is held
        belt.looked(held, i)
    assert belt.next_to_leave(0) is None
    clock.now = 101.0
    assert belt.next_to_leave(0) is frames[0]
    assert belt.next_to_leave(0) is None
    clock.now = 101.3
    assert [belt.next_to_leave(0), belt.next_to_leave(0)] == frames[1:]
    assert [f.state for f in frames] == [State.LOOKED] * 3


def test_a_frame_in_hand_is_given_to_nobody_else_and_counts_as_late(belt, clock):
    first, second = put(belt, clock, 0), put(belt, clock, 1)
    assert belt.next_to_look(0) is first
    assert belt.waiting == 1
    assert belt.next_to_look(0) is second
    assert (belt.waiting, belt.every) == (0, 1)
    clock.now += 0.5
    put(belt, clock, 2)
    belt.next_to_look(0)
    assert belt.every == 2, "what is in hand for so long means that looking has fallen behind"
    belt.looked(first, 0)
    belt.looked(second, 1)
    assert [first.state, second.state] == [State.LOOKED] * 2


def test_what_nobody_looked_at_in_time_is_missed_whatever_is_said_later(belt, clock):
    held = put(belt, clock, 0)
    assert belt.next_to_look(0) is held
    clock.now += 1.01
    assert belt.next_to_leave(0) is held
    assert held.state is State.MISSED
    belt.looked(held, 7)
    assert held.state is State.MISSED


def test_looking_that_is_late_looks_at_fewer_and_at_all_again_later(belt, clock):
    def look(late_s):
        held = put(belt, clock, 0)
        clock.now += late_s
        got = belt.next_to_look(0)
        if got:
            belt.looked(got, 0)
        while belt.next_to_leave(0):
            pass
        return held

    look(0.01)
    assert belt.every == 1
    look(0.5)
    assert belt.every == 2
    look(0.7)
    assert belt.every == 4
    states = [look(0.01).state for _ in range(8)]
    assert states.count(State.PASSED) == 0 or belt.every == 4
    for _ in range(100):
        look(0.05)
        clock.now += 0.1
    assert belt.every == 1


def test_frames_that_were_passed_over_do_not_leave_as_looked_at(belt, clock):
    belt.every = 4
    belt._calm_since = clock.now
    frames = [put(belt, clock, i) for i in range(8)]
    looked = []
    while (held := belt.next_to_look(0)) is not None:
        belt.looked(held, len(looked))
        looked.append(held)
    assert len(looked) == 2
    assert [f.state for f in frames].count(State.PASSED) == 6


def test_too_far_behind_only_the_newest_is_looked_at(belt, clock):
    frames = [put(belt, clock, i) for i in range(20)]
    clock.now += 0.85
    frames.append(put(belt, clock, 20))
    belt._turn = 3  # its turn, at one in four
    assert belt.next_to_look(0) is frames[-1]
    assert [f.state for f in frames[:-1]] == [State.MISSED] * 20


def test_what_is_long_overdue_does_not_leave_any_more_and_fewer_are_looked_at(belt, clock):
    put(belt, clock, 0)
    put(belt, clock, 1)
    for _ in range(2):
        belt.looked(belt.next_to_look(0), 0)
    clock.now += 1.2
    assert belt.next_to_leave(0).state is State.LOOKED
    clock.now += 0.3
    assert belt.next_to_leave(0).state is State.PASSED
    put(belt, clock, 2)
    belt.next_to_look(0)
    assert belt.every == 2


def test_there_is_room_for_so_much_and_no_more(belt, clock, monkeypatch):
    monkeypatch.setattr(belts, "MOST_BYTES", 30)
    assert put(belt, clock, 0, 20) is not None
    assert put(belt, clock, 1, 20) is None
    assert (len(belt), belt.refused) == (1, 1)
    clock.now += 2
    assert belt.next_to_leave(0) is not None
    assert put(belt, clock, 2, 20) is not None


def test_a_closed_belt_gives_out_what_it_holds(belt, clock):
    held = put(belt, clock, 0)
    belt.close()
    assert belt.next_to_look(0) is held
    belt.looked(held, 0)
    assert belt.next_to_look(0) is None
    clock.now += 1.5
    assert belt.next_to_leave(0) is held
    assert belt.next_to_leave(5) is None
