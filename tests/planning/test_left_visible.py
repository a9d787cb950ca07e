"""What was seen too weakly to be erased is never silent: it is counted, kept in the plan, and a
person's edit has it erased."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from efface.detections import FACE, PLATE, TEXT
from efface.errors import BadPlan
from efface.options import DetectOptions, Options, recorded
from efface.planning import left_visible
from efface.planning.chances import chance
from efface.planning.doubt import LEFT, Doubt
from efface.planning.doubt_moment import MOST_A_MINUTE
from efface.planning.doubt_risk import WEIGHTS
from efface.planning.doubt_rules import doubts
from efface.planning.left_visible import bounded, by_kind, stretches
from efface.planning.plan import LeftBeyond, Plan
from efface.planning.sidecar import lines, load, save, seal
from efface.timing import Timeline
from efface.tracks import Reason, Track

SIZE = (640, 480)
BOX = (100, 100, 200, 220)


def track(number, frames, *, box=BOX, kind=FACE, seen=None, score=0.2):
    """A track in these frames; where it is not seen it is carried on."""
    frame = np.array(list(frames), np.int32)
    is_seen = np.isin(frame, list(frames if seen is None else seen))
    reason = np.where(is_seen, Reason.SEEN, Reason.EXTENDED).astype(np.uint8)
    scores = np.where(is_seen, score, 0).astype(np.float32)
    return Track(number, kind, frame, np.array([box] * len(frame), np.float32), reason, scores)


def plan(*tracks, left=(), frames=200, **more):
    timeline = Timeline(np.arange(frames, dtype=np.int64), Fraction(1, 25))
    return Plan(
        "00" * 32,
        "video",
        (SIZE,),
        timeline,
        tracks,
        left=tuple(left),
        checksums=(0,) * frames,
        **more,
    )


def edited(made, *edits):
    return replace(made, edits=tuple(edits))


def test_nothing_of_it_is_erased_and_all_of_it_is_counted():
    made = plan(
        track(1, range(10)),
        left=[track(2, range(20, 60), seen=range(30, 50)), track(3, [100], kind=PLATE)],
    )
    assert made.region_count == 10
    assert [(k.kind, k.tracks, k.stretches, k.seconds, k.listed) for k in by_kind(made)] == [
        ("face", 1, 1, 0.8, 0), ("plate", 1, 1, 0.04, 0),
    ]  # fmt: skip
    assert [(s.track, s.first, s.last) for s in stretches(made)] == [(2, 30, 49), (3, 100, 100)]


def test_each_stretch_counts_by_itself():
    made = plan(left=[track(1, [*range(10, 20), *range(50, 60)])])
    (kind,) = by_kind(made)
    assert (kind.tracks, kind.stretches, kind.seconds) == (1, 2, 0.8)


def test_what_another_area_or_a_black_frame_hides_is_not_visible():
    weak = track(2, range(10, 20))
    assert not by_kind(plan(track(1, range(30), box=(90, 90, 210, 230)), left=[weak]))
    assert by_kind(plan(track(1, range(30), box=(90, 90, 150, 230)), left=[weak])), (
        "half of it is there"
    )
    assert by_kind(plan(replace(track(1, range(30)), keep=True), left=[weak])), (
        "a kept track hides nothing"
    )
    black = {"edit": "black", "first": 10, "last": 15, "black": True}
    assert [(s.first, s.last) for s in stretches(edited(plan(left=[weak]), black))] == [(16, 19)]


def test_when_what_hid_it_is_taken_away_it_is_counted_again():
    made = plan(track(1, range(30), box=(90, 90, 210, 230)), left=[track(2, range(10, 20))])
    assert by_kind(edited(made, {"edit": "delete", "track": 1}))


@pytest.mark.parametrize(
    ("edit", "erased"),
    [
        ({"edit": "keep", "track": 2, "keep": False}, True),
        ({"edit": "keep", "track": 2, "keep": True}, False),
        ({"edit": "delete", "track": 2}, False),
        (
            {
                "edit": "place",
                "track": 2,
                "frame": 12,
                "box": [100, 100, 150, 150],
                "first": 12,
                "last": 12,
            },
            True,
        ),
        ({"edit": "join", "track": 1, "other": 2}, True),
    ],
)
def test_a_person_decides(edit, erased):
    made = plan(
        track(1, range(5), box=(0, 0, 50, 50)),
        left=[track(2, range(10, 20))],
        doubts=(left_doubt(2, 10, 19),),
    )
    done = edited(made, edit)
    assert bool(done.regions(12)) is erased
    assert not done.revised.left
    assert not by_kind(done)
    assert not done.settled().doubts
    assert done.is_settled(made.doubts[0])
    undone = edited(made, edit, {"edit": "undo"})
    assert not undone.regions(12)
    assert by_kind(undone) == by_kind(made)
    assert undone.settled().doubts == made.doubts


def left_doubt(number, first, last):
    return Doubt(number, first, last, BOX, ("left",), 0.2)


def test_erasing_all_others_does_not_erase_what_was_seen_weakly():
    made = edited(
        plan(track(1, range(30)), left=[track(2, range(10, 20))]), {"edit": "only", "tracks": [1]}
    )
    assert not made.regions(12)
    assert by_kind(made)


def test_a_second_look_is_not_told_that_somebody_decided_about_it():
    made = plan(left=[track(2, range(10, 20))])
    assert not made.known(12)
    assert made.settled().left == made.left


def test_it_survives_the_disk_and_belongs_to_the_seal(tmp_path):
    beyond = (LeftBeyond("face", 3, 4, 1.5),)
    made = plan(
        track(1, range(5)),
        left=[track(2, range(10, 20)), track(3, [7], kind=PLATE)],
        left_beyond=beyond,
        doubts=(left_doubt(2, 10, 19),),
    )
    save(made, tmp_path / "p.json")
    read = load(tmp_path / "p.json")
    assert "".join(lines(read)) == "".join(lines(made))
    assert [t.id for t in read.left] == [2, 3]
    assert (read.left_beyond, read.doubts) == (beyond, made.doubts)
    assert seal(made) != seal(replace(made, left=made.left[:1]))


def test_plans_without_it_are_read_and_written_as_before(tmp_path):
    made = plan(track(1, range(5)))
    assert "left" not in "".join(lines(made))
    save(made, tmp_path / "p.json")
    assert load(tmp_path / "p.json").left == ()


@pytest.mark.parametrize(
    "damage",
    [
        {"left_beyond": [{"kind": "cat", "tracks": 1, "stretches": 1, "seconds": 1}]},
        {"left_beyond": [{"kind": "face", "tracks": 2, "stretches": 1, "seconds": 1}]},
        {"left_beyond": [{"kind": "face", "tracks": 1, "stretches": 1, "seconds": True}]},
        {"left_beyond": [{"kind": "face", "tracks": -1, "stretches": 1, "seconds": 1}]},
        {"left_beyond": [{"kind": "face", "tracks": 1, "stretches": 1, "seconds": 1e300}]},
    ],
)
def test_numbers_that_cannot_be_are_refused(tmp_path, damage):
    path = tmp_path / "p.json"
    save(plan(track(1, range(5)), left=[track(2, range(10, 20))]), path)
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | damage))
    with pytest.raises(BadPlan):
        load(path)


def test_no_two_tracks_have_one_id_and_none_is_kept_by_nobody():
    with pytest.raises(ValueError, match="one id"):
        plan(track(1, range(5)), left=[track(1, range(10, 20))])
    with pytest.raises(ValueError, match="a person keeps"):
        plan(left=[replace(track(1, range(5)), keep=True)])


def test_of_more_than_a_plan_holds_the_best_stay_and_the_rest_is_counted(monkeypatch):
    monkeypatch.setattr(left_visible, "MOST_BOXES", 25)
    weak, better, best = (track(i, range(10 * i, 10 * i + 10), score=i / 10) for i in (1, 2, 3))
    made = plan(left=[weak, better, best], doubts=(left_doubt(1, 10, 19), left_doubt(3, 30, 39)))
    kept = bounded(made)
    assert [t.id for t in kept.left] == [2, 3]
    assert kept.left_beyond == (LeftBeyond("face", 1, 1, 0.4),)
    assert [d.track for d in kept.doubts] == [3]
    (kind,) = by_kind(kept)
    assert (kind.tracks, kind.stretches, kind.seconds, kind.beyond) == (3, 3, 1.2, 1)
    assert bounded(plan(left=[better])).left_beyond == ()


def test_however_many_there_are_none_falls_out_of_the_count():
    left = [
        track(i, range(5 * i, 5 * i + 4), box=(i, 100, i + 40, 150), score=0.2)
        for i in range(1, 39)
    ]
    made = plan(left=left)
    told = doubts(made, {FACE: 0.25}, {FACE: 1.5}, left=left)
    assert len(told) <= MOST_A_MINUTE, "the list is short"
    (kind,) = by_kind(replace(made, doubts=told))
    assert (kind.tracks, kind.listed) == (38, len(told))
    assert kind.stretches == 38


def test_a_moment_names_the_track_that_can_be_covered():
    weak = track(7, range(10, 40), score=0.3)
    (told,) = doubts(plan(left=[weak]), {FACE: 0.25}, {FACE: 1.5}, left=[weak])
    assert (told.track, told.causes) == (7, ("left",))


def photo(*left, pages=1, **more):
    made = plan(left=left, frames=pages, options=recorded(Options()), **more)
    return replace(made, medium="photo")


def test_on_a_photo_it_has_a_chance_and_no_duration():
    made = photo(track(1, [0]), track(2, [1], box=(10, 10, 60, 38), kind=PLATE), pages=2)
    face, plate = stretches(made)
    assert (face.seconds, plate.seconds) == (0, 0)
    as_seen = (
        chance(FACE, 0.2, 120 / 2.2, recorded(Options())),
        chance(PLATE, 0.2, 28 / 1.4, recorded(Options())),
    )
    assert (face.chance, plate.chance) == pytest.approx(as_seen, abs=0.006)
    assert [(k.kind, k.seconds, k.likely) for k in by_kind(made)] == [
        ("face", 0, face.chance),
        ("plate", 0, plate.chance),
    ]


def test_the_chance_is_that_of_what_was_seen_and_not_of_what_would_be_erased():
    low = track(1, [0], box=(100, 100, 128, 129), score=0.24)
    (found,) = stretches(photo(low))
    assert found.chance == pytest.approx(
        chance(FACE, 0.24, 29 / 2.2, recorded(Options())), abs=0.006
    )
    assert found.chance > chance(FACE, 0.24, 29, recorded(Options())) + 0.02


@pytest.mark.parametrize(
    "options", [{}, recorded(Options(detect=DetectOptions(sensitivity="low")))]
)
def test_where_nobody_counted_it_is_told_without_a_chance(options):
    made = replace(photo(track(1, [0])), options=options)
    (found,), (kind,) = stretches(made), by_kind(made)
    assert (found.chance, kind.likely) == (None, None)


def test_in_a_film_nobody_counted_how_often_a_track_is_right():
    film = plan(left=[track(1, range(20, 30))], options=recorded(Options()))
    (found,), (kind,) = stretches(film), by_kind(film)
    assert (found.chance, kind.likely) == (None, None)


def test_on_a_photo_the_likely_ones_are_moments():
    weak = track(1, [0], box=(100, 100, 140, 150), score=0.24)
    low = track(2, [0], box=(300, 100, 308, 110), score=0.24)
    other = track(3, [0], box=(400, 100, 440, 150), score=0.24, kind=TEXT)
    made = photo(weak, low, other)
    (doubt,) = doubts(made, {FACE: 0.25}, {FACE: 1.5}, left=made.left)
    assert (doubt.track, doubt.causes) == (1, ("left",))
    assert doubt.risk == pytest.approx(
        WEIGHTS[LEFT] * chance(FACE, 0.24, 50, recorded(Options())), abs=0.006
    )


def test_what_a_crowd_leaves_visible_takes_no_places_from_what_is_erased_badly():
    many = [track(i, [0], box=(20 * i, 10, 20 * i + 18, 60), score=0.24) for i in range(1, 21)]
    bad = [
        track(100 + i, [0], box=(20 * i, 200, 20 * i + 18, 260), score=0.26) for i in range(1, 21)
    ]
    made = replace(photo(*many), tracks=tuple(bad))
    found = doubts(made, {FACE: 0.25}, {FACE: 1.0}, left=made.left)
    left = [d for d in found if "left" in d.causes]
    assert (len(left), len(found) - len(left)) == (MOST_A_MINUTE, MOST_A_MINUTE)
