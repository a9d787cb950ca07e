"""Reading ahead: in order, bounded, and no error or thread is lost."""

from __future__ import annotations

import threading

import pytest

from efface.streaming import frames_ahead, prefetched


def test_items_come_in_order():
    with prefetched(range(1000), 3) as items:
        assert list(items) == list(range(1000))


def test_nothing_is_made_further_ahead_than_asked():
    made = threading.Semaphore(0)
    count = 0

    def produce():
        nonlocal count
        for i in range(100):
            count += 1
            made.release()
            yield i

    with prefetched(produce(), 4) as items:
        assert next(items) == 0
        for _ in range(6):  # one taken, four waiting, one in the producer's hand
            assert made.acquire(timeout=5)
        assert not made.acquire(timeout=0.3)
        assert count == 6


def test_the_error_of_the_producer_reaches_the_reader_after_what_came_before():
    def produce():
        yield 1
        raise KeyError("lost")

    with prefetched(produce(), 2) as items:
        assert next(items) == 1
        with pytest.raises(KeyError, match="lost"):
            next(items)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, MemoryError])
def test_graver_errors_reach_the_reader_too(error):
    def produce():
        raise error
        yield

    with pytest.raises(error), prefetched(produce(), 2) as items:
        list(items)


def test_what_cannot_be_iterated_is_an_error_and_not_a_hang():
    class Broken:
        def __iter__(self):
            raise OSError("no")

    with pytest.raises(OSError, match="no"), prefetched(Broken(), 2) as items:
        list(items)


def test_leaving_early_closes_the_generator_in_its_own_thread():
    closed_in = []

    def produce():
        try:
            while True:
                yield 0
        finally:
            closed_in.append(threading.current_thread().name)

    with prefetched(produce(), 2) as items:
        next(items)
    assert closed_in == ["efface-prefetch"]


def test_an_error_in_the_block_ends_the_thread():
    with pytest.raises(ZeroDivisionError), prefetched(iter(int, 1), 2):
        raise ZeroDivisionError


def test_fewer_large_frames_are_kept_ahead():
    assert frames_ahead((1920, 1080)) == 4
    assert frames_ahead((10_000, 10_000)) == 1
