"""A lane does one piece after the other, and what waits can be sorted, held and taken back."""

from __future__ import annotations

import threading

import pytest

from efface.review.lanes import Lane


@pytest.fixture
def lane():
    made = Lane("efface-test-lane")
    yield made
    made.stop()
    made.close()


def test_what_waits_is_done_in_the_order_of_its_files(lane):
    done, end = [], threading.Event()
    lane.pause(is_paused=True)
    for number, word in ((0, "a"), (0, "b"), (1, "c"), (2, "d")):
        lane.submit(lambda word=word: done.append(word), number)
    lane.sort({2: 0, 0: 1, 1: 2}.__getitem__)
    lane.submit(end.set, 9)
    assert done == []
    lane.pause(is_paused=False)
    assert end.wait(30)
    assert done == ["d", "a", "b", "c"]


def test_a_pause_lets_the_piece_that_runs_end_and_begins_no_other(lane):
    begun, goes_on, done, second = (threading.Event() for _ in range(4))

    def first():
        begun.set()
        goes_on.wait(30)
        done.set()

    lane.submit(first)
    lane.submit(second.set)
    assert begun.wait(30)
    lane.pause(is_paused=True)
    goes_on.set()
    assert done.wait(30)
    assert not second.wait(0.05)
    lane.pause(is_paused=False)
    assert second.wait(30)


def test_the_piece_that_runs_holds_during_a_pause_until_it_goes_on_or_is_over(lane):
    for release in (lambda: lane.pause(is_paused=False), lambda: lane.take_back(None), lane.stop):
        asked, ended = threading.Event(), threading.Event()
        over = []

        def piece(asked=asked, ended=ended, over=over):
            lane.pause(is_paused=True)
            asked.set()
            lane.hold(lambda: bool(over))
            ended.set()

        lane.submit(piece)
        assert asked.wait(30)
        assert not ended.wait(0.05)
        over.append(1)
        release()
        assert ended.wait(30)
        lane.pause(is_paused=False)


def test_what_waits_is_taken_back_once(lane):
    token, done = object(), []
    lane.pause(is_paused=True)
    lane.submit(lambda: done.append(1), 0, token)
    assert lane.take_back(token)
    assert not lane.take_back(token)
    lane.pause(is_paused=False)
    end = threading.Event()
    lane.submit(end.set)
    assert end.wait(30)
    assert done == []


def test_a_lane_that_was_stopped_does_nothing_more(lane):
    done = []
    lane.pause(is_paused=True)
    lane.submit(lambda: done.append(1))
    lane.stop()
    lane.submit(lambda: done.append(2))
    assert done == []
