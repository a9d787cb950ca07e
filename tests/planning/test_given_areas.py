"""Areas that the command names: where and when they count, and that they are erased, kept and
checked."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import efface
from efface.detections import DRAWN, FACE
from efface.errors import OutsideSource, UsageError
from efface.option_values import given_area
from efface.options import CoverOptions
from efface.planning.doubt import LEFT, WEAK, Doubt
from efface.planning.given_areas import box_in, outside_kept_areas, with_given_areas, zones
from efface.planning.plan import Plan
from efface.planning.sidecar import lines, load, save
from efface.timing import Timeline
from efface.tracks import Reason, Track

SIZE = (100, 60)
HERE = Path("film.mp4")


def face(number, box, frames=range(10)):
    n = len(frames)
    score = np.full(n, 0.9, np.float32)
    seen = np.full(n, Reason.SEEN, np.uint8)
    return Track(
        number, FACE, np.array(frames, np.int32), np.array([box] * n, np.float32), seen, score
    )


def film(*tracks, medium="video", sizes=(SIZE,), frames=10, left=()):
    """Ten frames a second."""
    base = Fraction(1) if medium == "photo" else Fraction(1, 10)
    timeline = Timeline(np.arange(frames, dtype=np.int64), base)
    sums = tuple(range(frames))
    return Plan("00" * 32, medium, sizes, timeline, tracks, left=left, checksums=sums)


def given(plan, *, sightings=(), **areas):
    return with_given_areas(plan, sightings, CoverOptions(**areas), HERE)[0]


def boxes(plan):
    return [[r.box for r in plan.regions(i)] for i in range(len(plan.timeline))]


def test_an_area_is_erased_in_the_whole_film_without_a_time():
    plan = given(film(), erase=("10,10,30,40", "50%,0,100%,10%"))
    assert boxes(plan) == [[(10, 10, 30, 40), (50, 0, 100, 6)]] * 10
    assert {t.kind for t in plan.tracks} == {DRAWN}


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        ("0:00.25-0:00.45", 2, 4),  # frame 2 is still shown at 0.25 s
        ("0.3-0.5", 3, 5),
        ("0:00.8-", 8, 9),
        ("0-0.05", 0, 0),
        ("0.95-2:00:00", 9, 9),
    ],
)
def test_every_frame_that_is_shown_at_the_time_is_erased(span, first, last):
    plan = given(film(), erase=(f"1,2,9,8@{span}",))
    assert [i for i, found in enumerate(boxes(plan)) if found] == list(range(first, last + 1))


def test_an_area_to_erase_grows_to_whole_pixels_and_one_to_keep_shrinks():
    area = given_area("10.2%,1.5,33.3%,200")
    assert box_in(area, (1000, 60)) == (102, 1, 333, 60)
    assert box_in(given_area("1.5,1.5,3.5,3.5"), SIZE) == (1, 1, 4, 4)
    assert box_in(given_area("1.5,1.5,3.5,3.5"), SIZE, grows=False) == (2, 2, 3, 3)
    assert box_in(given_area("0,0,100%,100%"), SIZE, grows=False) == (0, 0, 100, 60)


def test_what_is_wholly_inside_a_kept_area_stays_and_what_reaches_beyond_does_not():
    inside, beyond = face(1, (12, 12, 20, 20)), face(2, (25, 12, 45, 20))
    plan = given(film(inside, beyond), keep=("10,10,40,40@0.2-0.5",))
    assert boxes(plan)[4] == [(25, 12, 45, 20)]
    assert boxes(plan)[0] == boxes(plan)[5] == [(12, 12, 20, 20), (25, 12, 45, 20)]
    assert (10, 10, 40, 40) in plan.known(4)
    assert len(plan.settled().tracks[0]) == 7


def test_erasing_wins_over_keeping():
    plan = given(film(face(1, (12, 12, 20, 20))), erase=("0,0,50,50",), keep=("0,0,100%,100%",))
    assert boxes(plan) == [[(0, 0, 50, 50)]] * 10


def test_what_is_kept_leaves_no_doubt_and_is_not_left_visible_by_mistake():
    weak = face(2, (14, 14, 18, 18))
    before = film(face(1, (12, 12, 20, 20)), left=(weak,))
    plan, seen = with_given_areas(before, [weak], CoverOptions(keep=("0,0,50,50",)), HERE)
    assert (plan.left, seen) == ((), [])
    told = [Doubt(1, 0, 3, (12, 12, 20, 20), (WEAK,), 0.4)]
    assert outside_kept_areas(plan, told) == ()
    assert outside_kept_areas(before, told) == tuple(told)
    half, seen = with_given_areas(before, [weak], CoverOptions(keep=("0,0,50,50@0-0.5",)), HERE)
    assert list(half.left[0].frame) == list(seen[0].frame) == [5, 6, 7, 8, 9]
    assert LEFT not in {c for d in half.doubts for c in d.causes}


@pytest.mark.parametrize(
    ("areas", "medium", "says"),
    [
        ({"erase": ("200,0,300,10",)}, "video", "outside of its picture"),
        ({"keep": ("200,0,300,10",)}, "video", "outside of its picture"),
        ({"erase": ("0,0,9,9@0:02-0:03",)}, "video", "none of its frames"),
        ({"erase": ("0,0,9,9@0:00-0:03",)}, "photo", "a photo has none"),
    ],
)
def test_what_is_not_in_the_source_is_refused(areas, medium, says):
    with pytest.raises(OutsideSource, match=says) as caught:
        given(film(medium=medium), **areas)
    assert caught.value.exit_code == 3


def test_pages_have_sizes_of_their_own():
    sizes = ((100, 60), (20, 20), (100, 60))
    plan = given(
        film(medium="photo", sizes=sizes, frames=3), erase=("50,0,60,9",), keep=("0,0,50%,100%",)
    )
    assert boxes(plan) == [[(50, 0, 60, 9)], [], [(50, 0, 60, 9)]]
    assert [a.box for a in plan.areas] == [(0, 0, 50, 60), (0, 0, 10, 20), (0, 0, 50, 60)]


def test_a_plan_with_kept_areas_comes_back_and_says_a_version_of_its_own(tmp_path):
    plan = given(film(face(1, (12, 12, 20, 20))), keep=("10,10,40,40",), erase=("0,0,9,9",))
    save(plan, tmp_path / "plan.json")
    again = load(tmp_path / "plan.json")
    assert (again.areas, boxes(again)) == (plan.areas, boxes(plan))
    assert '"version": 4' in "".join(lines(plan))
    assert '"version": 3' in "".join(lines(given(film(), erase=("0,0,9,9",))))
    text = (tmp_path / "plan.json").read_text().replace('"version": 4', '"version": 3')
    (tmp_path / "older.json").write_text(text)
    with pytest.raises(efface.errors.BadPlan, match="kept areas"):
        load(tmp_path / "older.json")


def test_a_person_can_take_back_what_the_command_kept():
    plan = given(film(face(1, (12, 12, 20, 20))), keep=("10,10,40,40",))
    (area,) = plan.areas
    undone = replace(plan, edits=({"edit": "delete", "track": area.id},))
    assert boxes(plan) == [[]] * 10
    assert boxes(undone) == [[(12, 12, 20, 20)]] * 10


@pytest.mark.parametrize("box", [(0, 0, 101, 9), (9, 9, 9, 20), (-1, 0, 9, 9)])
def test_a_kept_area_lies_in_the_frame(box):
    plan = given(film(), keep=("10,10,40,40",))
    with pytest.raises(ValueError, match="kept area"):
        replace(plan, areas=(replace(plan.areas[0], box=box),))


def test_zones_of_a_camera():
    erased, kept = zones(CoverOptions(erase=("0,40%,15%,100%",), keep=("50,0,60,60",)), SIZE)
    assert ([r.box for r in erased], kept) == ([(0, 24, 15, 60)], [(50, 0, 60, 60)])
    with pytest.raises(UsageError, match="outside of the camera"):
        zones(CoverOptions(erase=("200,0,300,10",)), SIZE)
