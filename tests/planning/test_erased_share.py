"""The price of a plan: what is erased twice counts once, each kind is charged, and a film of an
hour is counted in a moment."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from time import perf_counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from efface.detections import DRAWN, FACE, PERSON, PLATE
from efface.planning.erased_share import KindPrice, Share, areas, price
from efface.planning.plan import Plan
from efface.regions import BlockGrid
from efface.timing import Timeline
from efface.tracks import Reason, Track

SIZE = (100, 50)


def track(number, box, frames=range(10), kind=FACE, score=0.9, keep=False):
    n = len(frames)
    reason = np.full(n, Reason.SEEN, np.uint8)
    boxes = np.array([box] * n, np.float32)
    return Track(
        number, kind, np.array(frames, np.int32), boxes, reason, np.full(n, score, np.float32), keep
    )


def film(*tracks, frames=10, **more):
    return Plan(
        "00" * 32,
        "video",
        (SIZE,),
        Timeline(np.arange(frames, dtype=np.int64), Fraction(1, 25)),
        tracks,
        **more,
    )


def test_what_two_tracks_erase_counts_once():
    told = price(film(track(1, (0, 0, 50, 50)), track(2, (25, 0, 75, 50))))
    assert told.share == Share(0.75, 0.75, 0)
    assert [k.share.mean for k in told.kinds] == [0.75]


def test_whole_blocks_count_where_areas_grow_to_them():
    told = price(film(track(1, (1, 1, 9, 9)), grid=BlockGrid((16, 16))))
    assert told.share == Share(16 * 16 / 5000, 16 * 16 / 5000, 0)


def test_mean_and_worst_frame_count_every_frame():
    told = price(
        film(track(1, (0, 0, 50, 50), range(4, 6)), track(2, (50, 0, 100, 25), range(5, 6)))
    )
    assert told.share == Share(0.125, 0.75, 5)
    assert price(film()).share == Share(0.0, 0.0, 0)
    assert price(film(frames=0)).share == Share(0.0, 0.0, 0)


def test_each_kind_is_charged_for_itself():
    told = price(film(track(1, (0, 0, 50, 50)), track(2, (0, 0, 100, 25), kind=PLATE, score=0.4)))
    assert [(k.kind, k.share.mean) for k in told.kinds] == [("face", 0.5), ("plate", 0.5)]
    assert told.share.mean == 0.75


def test_what_is_kept_costs_nothing_and_black_frames_cost_all():
    assert price(film(track(1, (0, 0, 50, 50), keep=True))).share.worst == 0
    told = price(
        film(
            track(1, (0, 0, 50, 50)),
            bad=(3,),
            edits=({"edit": "black", "first": 7, "last": 7, "black": True},),
        )
    )
    assert told.share == Share(0.6, 1.0, 3)
    assert [(k.kind, k.share.worst) for k in told.kinds] == [("face", 0.5)], (
        "blackness is of no kind"
    )


def test_pages_of_a_photo_have_sizes_of_their_own():
    pages = replace(
        film(track(1, (0, 0, 50, 50), range(2)), frames=2),
        medium="photo",
        sizes=((50, 50), (100, 50)),
    )
    assert price(pages).share == Share(0.75, 1.0, 0)


def test_a_kind_that_costs_much_and_was_never_surely_seen_is_doubtful():
    def doubtful(**how):
        (kind,) = price(film(track(1, (0, 0, 50, 50), **how))).kinds
        return kind.is_doubtful

    assert doubtful(kind=PLATE, score=0.55)
    assert not doubtful(kind=PLATE, score=0.8)
    assert doubtful(score=0.4)
    assert not doubtful(score=0.6)
    assert doubtful(kind=PERSON, score=0.45)
    assert not doubtful(kind=PERSON, score=0.5)
    assert not KindPrice("plate", Share(0.001, 0.01, 0), 0.4, False).is_doubtful, "it costs little"


def test_what_a_person_drew_is_sure():
    drawn = replace(
        track(1, (0, 0, 50, 50), kind=DRAWN, score=0.0), reason=np.full(10, Reason.DRAWN, np.uint8)
    )
    assert price(film(drawn)).kinds[0].is_sure


boxes = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 12), st.integers(1, 12))


@given(st.lists(st.lists(boxes, max_size=7), min_size=1, max_size=6))
def test_areas_are_those_of_painted_pixels(frames):
    flat = [(x, y, x + w, y + h) for f in frames for x, y, w, h in f]
    number = np.repeat(np.arange(len(frames)), [len(f) for f in frames])
    found = areas(number, np.array(flat, np.int32).reshape(-1, 4), len(frames))
    for f, told in zip(frames, found, strict=True):
        painted = np.zeros((40, 40), bool)
        for x, y, w, h in f:
            painted[y : y + h, x : x + w] = True
        assert told == painted.sum()


def test_an_hour_of_film_with_hundreds_of_tracks_is_counted_in_seconds():
    random = np.random.default_rng(1)
    tracks = []
    for number in range(1, 401):
        first = int(random.integers(0, 98_000))
        x, y = int(random.integers(0, 60)), int(random.integers(0, 30))
        tracks.append(
            track(number, (x, y, x + 30, y + 15), range(first, first + 2000), kind=number % 2)
        )
    plan = film(*tracks, frames=100_000)
    start = perf_counter()
    price(plan)
    assert perf_counter() - start < 30
