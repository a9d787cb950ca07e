"""Margins: what was detected is always covered, and nothing reaches out of the picture."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from efface.detections import DRAWN, FACE, PERSON, PLATE
from efface.options import CoverOptions
from efface.planning.build import covering, numbered
from efface.planning.plan import Plan
from efface.timing import Timeline
from efface.tracks import Track

SIZE = st.tuples(st.integers(1, 400), st.integers(1, 400))


def track(boxes, number=1, first=0, kind=FACE):
    n = len(boxes)
    frame = np.arange(first, first + n, dtype=np.int32)
    return Track(
        number,
        kind,
        frame,
        np.array(boxes, np.float32),
        np.zeros(n, np.uint8),
        np.full(n, 0.5, np.float32),
    )


@st.composite
def sightings(draw):
    kind = draw(st.sampled_from([FACE, PLATE, DRAWN]))
    n = draw(st.integers(1, 8))
    corners = draw(arrays(np.float32, (n, 2, 2), elements=st.floats(-300, 700, width=32)))
    boxes = np.concatenate([corners.min(1), corners.max(1)], axis=1)
    return track(boxes, kind=kind), tuple(
        draw(st.one_of(st.tuples(SIZE), st.lists(SIZE, min_size=n, max_size=n)))
    )


@given(sightings(), st.floats(0, 2), st.sampled_from(["face", "head"]))
def test_covering_never_uncovers_and_stays_inside(seen, margin, part):
    found, sizes = seen
    covered = covering(found, sizes, CoverOptions(margin=margin, plate_margin=margin, part=part))
    rows = {} if covered is None else dict(zip(covered.frame.tolist(), covered.xyxy, strict=True))
    for frame, box in zip(found.frame.tolist(), found.xyxy, strict=True):
        width, height = sizes[frame if len(sizes) > 1 else 0]
        visible = np.clip(box, 0, [width, height, width, height])
        if (visible[:2] < visible[2:]).all():
            assert (rows[frame][:2] <= visible[:2]).all()
            assert (rows[frame][2:] >= visible[2:]).all()
    if covered is not None:  # the plan's own check agrees
        frames = len(found) if len(sizes) == 1 else len(sizes)
        Plan(
            "00",
            "video",
            sizes,
            Timeline(np.arange(frames, dtype=np.int64), Fraction(1)),
            (covered,),
        )


def test_the_margin_is_a_share_of_the_box_on_every_side():
    (box,) = covering(
        track([[40, 40, 60, 80]]), ((200, 200),), CoverOptions(margin=0.25)
    ).xyxy.tolist()
    assert box == [35, 30, 65, 90]


def test_each_kind_has_its_own_margin_and_what_a_person_drew_has_none():
    options = CoverOptions(margin=0.25, plate_margin=0.5)
    for kind, box in (
        (FACE, [85, 95, 175, 125]),
        (PLATE, [70, 90, 190, 130]),
        (DRAWN, [100, 100, 160, 120]),
    ):
        covered = covering(track([[100, 100, 160, 120]], kind=kind), ((400, 400),), options)
        assert covered.xyxy.tolist() == [box]


def head(*box, kind=FACE, **options):
    return (
        covering(track([box], kind=kind), ((1000, 1000),), CoverOptions(part="head", **options))
        .xyxy[0]
        .tolist()
    )


def test_a_head_is_its_face_and_more_above_at_the_sides_and_below():
    assert head(400, 400, 480, 500, margin=0) == [346, 331, 534, 530]
    # The margin is not added to it: a head has none of its own. A margin that reaches farther
    # counts.
    assert head(400, 400, 480, 500, margin=0.25) == [346, 331, 534, 530]
    assert head(400, 400, 480, 500, margin=0.8) == [336, 320, 544, 580]


def test_a_head_ends_at_the_neck_line():
    box = head(400, 400, 475, 500)
    assert box[3] == 530
    assert (box[2] - box[0]) * (box[3] - box[1]) < 5.2 * 75 * 100  # 6.5 times the face, before


def test_the_head_of_a_profile_lies_behind_it_and_that_of_a_flat_face_beside():
    profile, frontal, lying = (
        head(400, 400, 455, 500),
        head(400, 400, 485, 500),
        head(400, 400, 525, 500),
    )
    assert [round(400 - box[0]) for box in (profile, frontal, lying)] == [90, 45, 82]
    assert [round(box[3] - 500) for box in (profile, frontal, lying)] == [30, 30, 57]


def test_a_bowed_head_shows_more_hair():
    assert 400 - head(400, 400, 490, 500)[1] == 85
    assert 400 - head(400, 400, 475, 500)[1] == 60


def test_growth_adds_to_the_margin_and_leaves_heads_alone():
    seen = track([[400, 400, 480, 500], [400, 400, 480, 500]])
    growth = np.float32([0.25, 0])
    plain = covering(seen, ((1000, 1000),), CoverOptions(margin=0.25), growth).xyxy.tolist()
    assert plain == [[360, 350, 520, 550], [380, 375, 500, 525]]
    heads = covering(
        seen, ((1000, 1000),), CoverOptions(margin=0.25, part="head"), growth
    ).xyxy.tolist()
    assert heads[0] == [346, 331, 534, 550]
    assert heads[1] == [346, 331, 534, 530]


def test_who_covers_persons_covers_heads_too():
    box = [400, 400, 480, 500]
    of_head, of_person = (
        covering(track([box]), ((1000, 1000),), CoverOptions(part=part)).xyxy.tolist()
        for part in ("head", "person")
    )
    assert of_head == of_person


def test_a_person_has_a_margin_of_its_own():
    options = CoverOptions(margin=1.0, plate_margin=1.0)
    seen = track([[400, 300, 500, 600]], kind=PERSON)
    assert covering(seen, ((1000, 1000),), options).xyxy.tolist() == [[390, 270, 510, 630]]


def test_only_faces_have_heads():
    for kind in (PLATE, DRAWN):
        box = (400, 400, 480, 500)
        (plain,) = covering(track([box], kind=kind), ((1000, 1000),), CoverOptions()).xyxy.tolist()
        assert head(*box, kind=kind) == plain


@given(sightings())
def test_a_head_contains_what_is_erased_of_its_face(seen):
    found, sizes = seen
    face, whole = (covering(found, sizes, CoverOptions(part=p)) for p in ("face", "head"))
    if face is not None:
        rows = np.isin(whole.frame, face.frame)
        assert (whole.xyxy[rows, :2] <= face.xyxy[:, :2]).all()
        assert (whole.xyxy[rows, 2:] >= face.xyxy[:, 2:]).all()


def rim(*box, size=(1000, 500), kind=PLATE):
    covered = covering(track([box], kind=kind), (size,), CoverOptions(margin=0, plate_margin=0))
    return covered.xyxy[0].tolist() if covered else None


def test_a_plate_near_the_rim_is_covered_to_the_rim():
    assert rim(20, 200, 120, 230) == [0, 200, 120, 230]
    assert rim(880, 200, 980, 230) == [880, 200, 1000, 230]
    assert rim(300, 10, 400, 40) == [300, 0, 400, 40]
    assert rim(300, 460, 400, 490) == [300, 460, 400, 500]
    assert rim(21, 200, 120, 230) == [21, 200, 120, 230]
    assert rim(60, 200, 500, 500, kind=PLATE) == [0, 200, 500, 500]  # a fifth of its height
    assert rim(20, 200, 120, 230, kind=FACE) == [20, 200, 120, 230]


def test_a_plate_that_has_left_the_picture_covers_nothing():
    assert rim(-120, 200, -5, 230) is None
    assert rim(-120, 2, -5, 430, size=(80, 500)) is None


def test_a_sliver_of_a_pixel_at_the_edge_is_covered():
    (box,) = covering(
        track([[99.9, 0, 140, 40]]), ((100, 50),), CoverOptions(margin=0)
    ).xyxy.tolist()
    assert box == [99, 0, 100, 40]


def test_what_is_wholly_outside_is_left_out():
    assert covering(track([[-50, 0, -10, 20]]), ((100, 50),), CoverOptions(margin=0)) is None
    half = covering(track([[-50, 0, -10, 20], [0, 0, 9, 9]]), ((100, 50),), CoverOptions(margin=0))
    assert half.frame.tolist() == [1]


@given(st.permutations(range(6)))
def test_numbers_do_not_depend_on_who_finished_first(order):
    places = [(0, 1, 1), (0, 2, 1), (1, 0, 2), (1, 0, 3), (2, 1, 2), (2, 1, 3)]
    made = [
        track([[x, y, 99, 99]], number=i + 1, first=first) for i, (first, x, y) in enumerate(places)
    ]
    again = numbered([made[i] for i in order])
    assert [t.id for t in again] == [1, 2, 3, 4, 5, 6]
    assert [(t.frame[0], *t.xyxy[0, :2]) for t in again] == sorted(
        (t.frame[0], *t.xyxy[0, :2]) for t in made
    )
