"""Tracks of a plan from what another program's file says; and what is refused."""

from __future__ import annotations

import pytest

from efface.detections import CODE, DRAWN, FACE, PERSON
from efface.planning import given_boxes
from efface.planning.given_boxes import GivenBox, GivenBoxes, GivenSource, GivenTrack, Key
from efface.tracks import Reason

BOX, MOVED = GivenBox((10, 10, 20, 20)), GivenBox((20, 10, 30, 20))


def boxes(*keys, label="face", name=None, **about):
    about = {"is_film": True} | about
    return GivenBoxes("CVAT 1.1", "00", (GivenSource(name, (GivenTrack(label, keys),), **about),))


def film(given, frames=6, sizes=((100, 80),)):
    return given.tracks("a.mp4", sizes, frames, "video")


def test_between_keys_a_box_moves_and_after_the_last_it_stays():
    (track,) = film(boxes(Key(1, BOX), Key(3, MOVED)), frames=5)
    assert track.frame.tolist() == [1, 2, 3, 4]
    assert track.xyxy[:, 0].tolist() == [10, 15, 20, 20]
    assert set(track.reason.tolist()) == {Reason.DRAWN}
    assert (track.kind, track.id) == (FACE, 1)


def test_a_track_ends_where_the_file_says_and_may_come_again():
    (track,) = film(boxes(Key(0, BOX), Key(2, None, goes_on=False), Key(4, MOVED, goes_on=False)))
    assert track.frame.tolist() == [0, 1, 4]
    assert track.xyxy[:, 0].tolist() == [10, 10, 20]


@pytest.mark.parametrize(
    ("label", "kind"),
    [("Code", CODE), ("face", FACE), ("drawn", DRAWN), ("person", PERSON), ("dog", DRAWN)],
)
def test_labels_that_are_no_kinds_are_drawn_areas(label, kind):
    assert film(boxes(Key(0, BOX), label=label))[0].kind == kind


def test_a_turned_box_becomes_the_upright_one_around_it_and_turning_takes_the_hull():
    turned = GivenBox((10, 10, 30, 20), 90)
    (track,) = film(boxes(Key(0, turned), Key(2, GivenBox((10, 10, 30, 20)), goes_on=False)))
    assert track.xyxy.tolist() == [[15, 5, 25, 25], [10, 5, 30, 25], [10, 10, 30, 20]]
    share = boxes(Key(0, GivenBox((50, 50, 60, 60), 90), goes_on=False), is_share=True)
    assert film(share)[0].xyxy.tolist() == [[42, 40, 50, 50]]


def test_boxes_are_rounded_outwards_and_cut_at_the_rim():
    odd = GivenBox((-5, 10.2, 20.1, 200))
    assert film(boxes(Key(5, odd)))[0].xyxy.tolist() == [[0, 10, 21, 80]]
    assert film(boxes(Key(5, GivenBox((200, 0, 300, 10))))) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (boxes(Key(6, BOX)), "goes on to frame 7 of 6"),
        (boxes(Key(0, BOX), frames=5), "5 frames or pages, and the source 6"),
        (boxes(Key(0, BOX), size_wh=(80, 100)), "80 x 100, the source's 100 x 80"),
        (boxes(Key(0, BOX), name="b.mp4"), "nothing about a.mp4"),
        (boxes(Key(0, BOX), name="a.mp4", is_film=False), "nothing about a.mp4"),
        (GivenBoxes("", "", ()), "nothing about a.mp4"),
    ],
)
def test_what_does_not_fit_the_source_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        film(given)


@pytest.mark.parametrize(
    "make",
    [
        lambda: GivenBox((0, 0, float("nan"), 1)),
        lambda: GivenBox((0, 0, 1, 1e300)),
        lambda: GivenBox((5, 0, 1, 1)),
        lambda: GivenBox((0, 5, 1, 1)),
        lambda: GivenTrack("", (Key(2, BOX), Key(1, BOX))),
        lambda: GivenTrack("", (Key(-1, BOX),)),
    ],
)
def test_numbers_that_are_not_sensible_are_refused(make):
    with pytest.raises(ValueError, match=r"box|frames"):
        make()


def test_a_short_file_does_not_make_millions_of_boxes(monkeypatch):
    monkeypatch.setattr(given_boxes, "MOST_MOMENTS", 10)
    with pytest.raises(ValueError, match="more than 10 boxes"):
        film(boxes(Key(0, BOX)), frames=11)
    many = GivenSource(None, (GivenTrack("", (Key(0, BOX),)),) * 3, is_film=True)
    with pytest.raises(ValueError, match="more than 10 boxes"):
        film(GivenBoxes("", "", (many,)))


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("a.tif", 0),
        ("sub/a.tif#2", 1),
        ("/data/upload/1/1a2b3c4d-a.tif", 0),
        ("C:\\x\\a.tif", 0),
    ],
)
def test_names_are_compared_by_their_last_part(name, page):
    given = boxes(Key(0, BOX), name=name, is_film=False)
    (track,) = given.tracks("sub/a.tif", ((100, 80), (60, 50)), 2, "photo")
    assert track.frame.tolist() == [page]


def test_a_page_that_the_photo_does_not_have_is_refused():
    given = boxes(Key(0, BOX), name="a.tif#3", is_film=False)
    with pytest.raises(ValueError, match="3 frames or pages, and the source 2"):
        given.tracks("a.tif", ((100, 80),), 2, "photo")
    with pytest.raises(ValueError, match="nothing about"):
        boxes(Key(0, BOX), name="a.tif#0", is_film=False).tracks("a.tif", ((9, 9),), 1, "photo")
