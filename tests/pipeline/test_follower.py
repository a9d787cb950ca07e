"""One follower for films and streams: what it knows of each, and what it forgets."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from efface.detections import FACE, Detections
from efface.options import CoverOptions, TrackOptions
from efface.pipeline.follower import WHOLE_FILM, Follower, of_stream
from efface.pipeline.perceive import SmallPictures
from efface.track.shots import THUMB_WH

SIZE_WH = (640, 360)
BASE = Fraction(1, 25)
SURE = {FACE: 0.25}
SHOT, OTHER_SHOT = (
    np.random.default_rng(seed).uniform(0, 255, (THUMB_WH[1], THUMB_WH[0], 3)).astype(np.float32)
    for seed in (1, 2)
)
GREY = np.full((360, 640), 100, np.uint8)
VIEW = np.kron(np.random.default_rng(3).integers(0, 256, (27, 48)), np.ones((8, 8))).astype(
    np.uint8
)


def small(thumb=SHOT):
    return SmallPictures(thumb, VIEW, GREY)


def face(i):
    return 200 + 2 * i, 100, 240 + 2 * i, 150


def seen_at(box, score=0.8):
    return Detections(np.float32([box]), np.float32([score]), np.uint8([FACE]))


def follower_of(horizon=WHOLE_FILM, track=None):
    return Follower(track or TrackOptions(), CoverOptions(), SURE, BASE, horizon)


def shown(follower, frames, see, pictures=lambda i: small()):
    for i in frames:
        follower.take(follower.measured(i, i / 25, SIZE_WH, see(i), pictures(i)))
    return follower


def covered_by(follower, first=0):
    """What is covered, by frame."""
    return {
        int(frame): box.tolist()
        for one in follower.followed(first)
        if one.covered is not None
        for frame, box in zip(one.covered.frame, one.covered.xyxy, strict=True)
    }


def test_where_both_know_as_much_a_stream_is_covered_as_a_film():
    """A face that is seen, lost for a while and seen again."""

    def see(i):
        return Detections.none() if i < 20 or 40 <= i < 60 else seen_at(face(i))

    film, stream = (
        shown(follower_of(horizon), range(100), see)
        for horizon in (WHOLE_FILM, of_stream(TrackOptions()))
    )
    film.flush()
    stream.flush()
    of_film, of_stream_now = covered_by(film), covered_by(stream, first=45)
    for i in range(45, 100):
        assert np.abs(np.subtract(of_film[i], of_stream_now[i])).max() <= 1, i


def test_a_lost_track_is_covered_while_it_may_be_found_again():
    options = TrackOptions(lead_out_s=0.1, hold_s=0.1, bridge_s=1.0)
    stream = follower_of(of_stream(options), options)
    shown(stream, range(60), lambda i: seen_at(face(0)) if i < 40 else Detections.none())
    while_open = max(covered_by(stream, 30))
    stream.flush()
    assert while_open > max(covered_by(stream, 30)) + 5


def test_a_new_shot_ends_tracks_and_covers():
    film = follower_of()
    shown(
        film,
        range(60),
        lambda i: seen_at(face(0)) if i < 30 else Detections.none(),
        lambda i: small(SHOT if i < 30 else OTHER_SHOT),
    )
    film.flush()
    assert film.cuts == [30]
    assert max(covered_by(film)) == 29


def test_a_frame_whose_content_is_unknown_begins_no_shot():
    film = follower_of()
    shown(
        film,
        range(60),
        lambda i: Detections.none() if i == 30 else seen_at(face(0)),
        lambda i: None if i == 30 else small(),
    )
    film.flush()
    assert film.cuts == []
    assert [m.index for m in film.moments if m.view is None] == [30]
    assert set(range(60)) <= set(covered_by(film))


def test_what_is_seen_too_weakly_is_left_and_told_of_a_film_only():
    large = (200, 100, 350, 250)  # so large that a face would score more

    def see(i):
        return seen_at(large, 0.3) if 20 <= i < 26 else Detections.none()

    for horizon, tells in ((WHOLE_FILM, True), (of_stream(TrackOptions()), False)):
        follower = shown(follower_of(horizon), range(60), see)
        follower.flush()
        (one,) = follower.followed()
        assert one.covered is None
        assert (one.left is not None) == tells
        assert tells is False or set(range(20, 26)) <= set(one.left.frame.tolist())


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_stream_forgets_what_has_left_and_a_film_nothing(is_stream):
    options = TrackOptions(bridge_s=0.4, hold_s=0.4, lead_out_s=0.2)
    follower = follower_of(of_stream(options) if is_stream else WHOLE_FILM, options)
    for i in range(300):
        follower.past_s = (i - 25) / 25
        shown(follower, [i], lambda i: seen_at(face(i % 10)))
    assert (len(follower.moments) < 100) == is_stream


def test_nothing_but_numbers_is_kept_of_a_frame_that_was_judged():
    film = shown(follower_of(), range(50), lambda i: seen_at(face(i)))
    assert sum(m.unjudged is not None for m in film.moments) <= 3
    film.flush()
    assert all(m.unjudged is None for m in film.moments)


def test_a_film_without_frames_has_no_tracks():
    film = follower_of()
    film.flush()
    assert list(film.followed()) == []
