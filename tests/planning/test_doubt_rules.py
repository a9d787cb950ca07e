"""Residual risk: what may still be visible is said, what cannot be is not, and more of any cause
never lowers the risk."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.detections import DRAWN, FACE, PLATE
from efface.options import CoverOptions, Options, recorded
from efface.planning.build import covering, tallness
from efface.planning.chances import chance
from efface.planning.doubt import CAUSES, WHOLE, Doubt
from efface.planning.doubt_moment import TIGHT
from efface.planning.doubt_risk import SIZES, WEIGHTS, combined, size_share
from efface.planning.doubt_rules import doubts
from efface.planning.plan import Plan
from efface.timing import Timeline
from efface.tracks import Reason, Track

SIZE = (640, 480)
SURE = {FACE: 0.25, PLATE: 0.34}
TALLNESS = {FACE: 1.5, PLATE: 1.4, DRAWN: 1.0}
MIDDLE = (280, 190, 360, 310)


def track(
    first,
    last,
    *,
    lead=12,
    box=MIDDLE,
    score=0.9,
    shift=0.0,
    unseen=(),
    number=1,
    kind=FACE,
    keep=False,
    weak=(),
):
    """Seen from `first` to `last` but for `unseen`, with a lead of covered frames at both ends.

    shift pixels to the right from frame to frame.
    weak  numbers of frames in which it was seen at half the sure score.
    """
    frame = np.arange(max(first - lead, 0), last + lead + 1, dtype=np.int32)
    boxes = np.array([box] * len(frame), np.float32)
    boxes[:, ::2] += (np.round((np.clip(frame, first, last) - first) * shift))[:, None]
    boxes[:, ::2] = np.clip(boxes[:, ::2], 0, SIZE[0])
    is_seen = (frame >= first) & (frame <= last) & ~np.isin(frame, unseen)
    outside = np.where((frame < first) | (frame > last), Reason.EXTENDED, Reason.BRIDGED)
    scores = np.where(np.isin(frame, weak), SURE[FACE] / 2, score)
    reason = np.where(is_seen, Reason.SEEN, outside).astype(np.uint8)
    return Track(
        number, kind, frame, boxes, reason, np.where(is_seen, scores, 0).astype(np.float32), keep
    )


def film(*tracks, frames=200, cuts=(), medium="video", rate=25):
    inside = [
        replace(
            t, **{n: getattr(t, n)[t.frame < frames] for n in ("frame", "xyxy", "reason", "score")}
        )
        for t in tracks
    ]
    timeline = Timeline(np.arange(frames, dtype=np.int64), Fraction(1, rate))
    return Plan("00" * 32, medium, (SIZE,), timeline, tuple(inside), cuts=cuts)


def told(*tracks, **how):
    return doubts(film(*tracks, **how), SURE, TALLNESS)


def risk_of(cause, *tracks, **how):
    """The largest risk of the moments that name this cause."""
    return max((d.risk for d in told(*tracks, **how) if cause in d.causes), default=0.0)


# covering starts or stops in mid-picture


def test_a_strong_large_face_that_is_lost_in_mid_picture_is_the_first_to_look_at():
    found = told(
        track(0, 100), track(30, 120, box=(20, 20, 50, 65), number=2, unseen=range(60, 70))
    )
    assert found[0].causes == ("ended",)
    assert found[0].risk > 0.5
    assert (found[0].track, found[0].box) == (1, MIDDLE)
    assert (found[0].first, found[0].last) == (100, 100 + 12 + 25)
    assert [d.risk for d in found] == sorted((d.risk for d in found), reverse=True)


def test_one_that_is_suddenly_there_is_doubtful_too():
    (found,) = told(track(100, 199))
    assert found.causes == ("began",)
    assert (found.first, found.last) == (100 - 12 - 25, 100)
    assert 0.4 < found.risk < risk_of("ended", track(0, 100))


def test_what_is_covered_from_the_first_to_the_last_frame_leaves_no_doubt():
    assert told(track(0, 199)) == ()
    assert told(track(5, 195)) == ()


def test_what_walks_out_of_the_picture_is_gone_and_what_stands_at_its_rim_is_not():
    left = track(0, 100, box=(0, 190, 80, 310), shift=5.6)
    assert left.xyxy[-1, 2] == SIZE[0]
    assert risk_of("ended", left) == 0
    assert risk_of("ended", track(0, 100, box=(560, 190, 640, 310))) > 0.5


def test_what_another_track_takes_over_is_no_end():
    assert told(track(0, 100), track(90, 199, number=2)) == ()
    assert told(track(0, 100), track(0, 199, number=2)) == ()
    # The one that goes on may be elsewhere by the time that the other's cover ends.
    moving = track(0, 199, number=2, shift=1.5, box=(130, 190, 210, 310))
    assert risk_of("ended", track(0, 100), moving) == 0


def test_two_tracks_of_one_face_that_end_together_do_not_excuse_each_other():
    assert risk_of("ended", track(0, 100), track(0, 100, number=2)) > 0.5


def test_an_end_is_the_riskier_the_stronger_larger_and_less_covered_the_face_was():
    usual = risk_of("ended", track(0, 100))
    assert 0 < risk_of("ended", track(0, 100, score=0.4)) < usual
    assert 0 < risk_of("ended", track(0, 100, box=(300, 200, 317, 227))) < usual
    assert (
        risk_of("ended", track(0, 100, lead=0))
        > usual
        > risk_of("ended", track(0, 100, lead=50))
        > 0
    )
    assert told(track(0, 100, score=0.25, lead=80, box=(300, 200, 310, 217))) == ()


def test_a_shot_change_ends_tracks_but_may_dissolve():
    (found,) = told(track(0, 98, lead=2), cuts=(101,))
    assert found.causes == ("cut",)
    assert 0 < found.risk <= WEIGHTS["cut"]
    assert found.risk > risk_of("cut", track(0, 93, lead=7), cuts=(101,)) > 0
    assert risk_of("cut", track(103, 199, lead=2), cuts=(101,)) > 0
    assert told(track(0, 98, lead=2)) != ()


# gaps


def test_a_gap_is_the_riskier_the_longer_it_is_and_the_farther_the_box_went():
    still = [risk_of("far", track(0, 199, unseen=range(100, 100 + n))) for n in (10, 20, 30, 50)]
    assert still == sorted(still)
    assert still[-1] > still[0] > 0
    moved = [
        risk_of("far", track(0, 199, unseen=range(100, 120), shift=s, box=(0, 190, 80, 310)))
        for s in (0, 1, 2)
    ]
    assert moved == sorted(moved)
    assert moved[-1] > 2 * moved[0]
    assert told(track(0, 199, unseen=range(100, 102))) == ()


def test_what_only_the_camera_has_moved_was_not_carried_far():
    """The camera pans by two pixels a frame, and a box goes along with it."""

    def panned(xyxy, frame, at):
        return xyxy + np.float32([2, 0, 2, 0]) * (at - frame)[:, None]

    seen = film(track(0, 199, unseen=range(100, 120), shift=2, box=(0, 190, 80, 310)))
    ((along,), (across,)) = (doubts(seen, SURE, TALLNESS, *how) for how in ((panned,), ()))
    assert (along.causes, along.first, along.last) == (("far",), 100, 119)
    assert along.risk == risk_of("far", track(0, 199, unseen=range(100, 120)))
    assert across.risk > 2 * along.risk


def test_frames_that_are_black_are_no_gap():
    """Nothing can be seen in a frame that could not be decoded: what counts is the time in which
    the picture was open."""
    gone = track(0, 199, unseen=range(60, 140), shift=1.5)
    plan = film(gone)
    assert any("far" in d.causes for d in doubts(plan, SURE, TALLNESS))
    black = replace(plan, bad=tuple(range(60, 140)))
    assert not any("far" in d.causes for d in doubts(black, SURE, TALLNESS))

    def risk(plan):
        return max((d.risk for d in doubts(plan, SURE, TALLNESS) if "far" in d.causes), default=0.0)

    plan = film(track(0, 199, unseen=range(60, 100)))
    half = replace(plan, bad=tuple(range(60, 80)))
    assert 0 < risk(half) < risk(plan)


def test_a_gap_names_the_frames_without_a_sighting_and_where_the_box_went():
    (found,) = told(track(0, 199, unseen=range(100, 150), shift=1, box=(200, 190, 280, 310)))
    assert (found.causes, found.first, found.last) == (("far",), 100, 149)
    left, top, right, bottom = found.box
    assert 299 < left < 325 < 375 < right < 430, "where it was in the middle of the gap"
    assert (top, bottom) == (190, 310)
    assert (right - left) * (bottom - top) <= TIGHT * 80 * 120 * 1.03


# weak, short


def test_a_track_that_was_never_seen_well_is_weak():
    assert (
        risk_of("weak", track(0, 199, score=0.26)) > risk_of("weak", track(0, 199, score=0.35)) > 0
    )
    assert told(track(0, 199, score=0.5)) == ()


def test_a_long_stretch_of_weak_sightings_is_weak():
    stretches = [risk_of("weak", track(0, 199, weak=range(50, 50 + n))) for n in (40, 60, 80)]
    assert 0 < stretches[0] < stretches[1] <= stretches[2]
    assert told(track(0, 199, weak=range(50, 55))) == ()


def test_a_short_track_is_one_moment_with_all_its_causes():
    (found,) = told(track(100, 101))
    assert set(found.causes) == {"ended", "began", "short"}
    assert found.risk > risk_of("ended", track(0, 100))
    assert (found.first, found.last) == (100 - 12 - 25, 101 + 12 + 25)
    assert risk_of("short", track(100, 101, score=0.25)) < 0.4, (
        "a weak, short sighting is most often no face"
    )
    assert told(track(0, 4, lead=0), frames=5) == (), "in a short shot nothing is seen for long"


# lost: a track takes up with something else


def taken_up(last_clear=100, jumps_to=(20, 20, 100, 140)):
    """Clearly seen in the middle up to a frame; from then on the track covers something else,
    weakly seen."""
    one = track(0, 199, weak=range(last_clear + 1, 200))
    boxes = one.xyxy.copy()
    boxes[one.frame > last_clear] = jumps_to
    return replace(one, xyxy=boxes)


def test_a_track_that_takes_up_with_something_else_leaves_its_object_open():
    found = told(taken_up())[0]
    assert "lost" in found.causes
    assert found.risk > 0.5
    assert found.box == MIDDLE, "where the object was, and not where the track went"
    assert found.first in (101, 102, 103)
    assert risk_of("lost", taken_up(jumps_to=MIDDLE)) == 0
    assert risk_of("lost", taken_up(), track(0, 199, number=2)) == 0, "another track covers it"


def test_nothing_is_lost_in_black_frames():
    plan = film(taken_up())
    black = replace(plan, bad=tuple(range(101, 200)))
    assert any("lost" in d.causes for d in doubts(plan, SURE, TALLNESS))
    assert not any("lost" in d.causes for d in doubts(black, SURE, TALLNESS))


def test_what_is_lost_between_two_clear_sightings_is_looked_for_on_the_straight_way():
    one = track(0, 199, shift=1, box=(100, 190, 180, 310), weak=range(80, 120))
    boxes = one.xyxy.copy()
    boxes[80:120] = (500, 20, 580, 140)
    found = told(replace(one, xyxy=boxes))[0]
    assert "lost" in found.causes
    assert 180 <= found.box[0] <= 220
    assert 79 < found.first <= found.last < 120


# what covers much, and the camera


def test_what_covers_much_without_a_sure_sighting_is_said():
    large = (100, 100, 400, 400)
    assert risk_of("covers", track(0, 199, box=large, score=0.3)) > 0.25
    assert risk_of("covers", track(0, 199, box=large, unseen=range(50, 150))) > 0.25
    assert risk_of("covers", track(0, 199, box=large)) == 0
    assert risk_of("covers", track(0, 199, score=0.3)) == 0, "it covers little"


def test_a_camera_whose_motion_is_unknown_is_one_doubt_while_something_is_carried():
    carried = track(0, 199, unseen=range(100, 160))
    found = [
        d for d in doubts(film(carried), SURE, TALLNESS, unknown=range(90, 150)) if d.track == WHOLE
    ]
    assert [(d.causes, d.first, d.last, d.box) for d in found] == [
        (("camera",), 100, 149, (0, 0, *SIZE))
    ]
    assert not [
        d
        for d in doubts(film(track(0, 199)), SURE, TALLNESS, unknown=range(90, 150))
        if d.track == WHOLE
    ]
    assert not [
        d
        for d in doubts(film(carried), SURE, TALLNESS, unknown=range(110, 113))
        if d.track == WHOLE
    ]


# the list


def test_doubts_of_one_moment_and_place_are_one_and_stay_tight():
    near = tuple(v + 4 for v in MIDDLE)
    (found,) = told(track(0, 100), track(0, 98, number=2, box=near, score=0.5))
    assert found.track == 1
    left, top, right, bottom = found.box
    assert (left, top) == MIDDLE[:2]
    assert (right, bottom) == near[2:]
    assert (right - left) * (bottom - top) <= TIGHT * 80 * 120
    apart = tuple(v + 60 for v in MIDDLE)
    assert len(told(track(0, 100), track(0, 98, number=2, box=apart))) == 2, "elsewhere"
    assert len(told(track(0, 60), track(180, 199, number=2, box=near))) == 2, "at another time"


def test_a_list_is_no_longer_than_a_dozen_a_minute_unless_more_are_above_the_bound():
    many = [
        track(0, 100, number=i + 1, box=(60 * i, 10, 60 * i + 40, 70), lead=0) for i in range(10)
    ]
    kept = doubts(film(*many), SURE, TALLNESS)
    assert len(kept) == 2, "of eight seconds"
    assert len(doubts(film(*many), SURE, TALLNESS, bound=0.5)) == 10
    assert [d.risk for d in kept] == [
        max(d.risk for d in doubts(film(*many), SURE, TALLNESS, bound=0.0))
    ] * 2


# what leaves no doubt


def test_what_a_person_decided_is_not_doubted():
    assert told(track(0, 100, keep=True)) == ()
    assert told(track(0, 100, kind=DRAWN)) == ()


def test_on_photos_only_weak_sightings_count():
    (found,) = told(track(0, 0, lead=0, score=0.26), frames=1, medium="photo")
    assert found.causes == ("weak",)
    assert 0 < found.risk <= WEIGHTS["weak"]
    (large,) = told(
        track(0, 0, lead=0, score=0.26, box=(100, 100, 400, 400)), frames=1, medium="photo"
    )
    assert set(large.causes) == {"covers", "weak"}
    assert large.risk > found.risk
    assert told(track(0, 0, lead=0, score=0.6), frames=1, medium="photo") == ()


def test_the_doubt_about_a_sighting_on_a_photo_is_the_chance_that_it_is_wrong():
    seen = track(0, 0, lead=0, score=0.3, box=(100, 100, 130, 130))
    made = replace(film(seen, frames=1, medium="photo"), options=recorded(Options()))
    (found,) = doubts(made, SURE, TALLNESS)
    height = 30 / TALLNESS[FACE]
    wrong = 1 - chance(FACE, 0.3, height, recorded(Options()))
    assert found.risk == pytest.approx(
        WEIGHTS["weak"] * wrong * size_share(FACE, height), abs=0.006
    )
    (uncounted,) = told(seen, frames=1, medium="photo")
    assert uncounted.risk > found.risk + 0.02, "by the score alone"


def test_a_track_without_a_sighting_is_not_judged():
    nowhere = replace(track(0, 100), reason=np.full(113, Reason.DRAWN, np.uint8))
    assert told(nowhere) == ()


def test_the_size_is_that_of_the_object_and_not_of_its_cover():
    tight = track(0, 100, box=(300, 200, 320, 228))
    risks = []
    for part in ("face", "head"):
        options = CoverOptions(part=part)
        plan = film(covering(tight, (SIZE,), options))
        risks.append(
            max(d.risk for d in doubts(plan, SURE, tallness(options)) if "ended" in d.causes)
        )
    assert risks[0] == pytest.approx(risks[1], abs=0.03)


# what holds for all


@st.composite
def films(draw):
    frames = draw(st.integers(1, 60))
    made = []
    for number in range(1, draw(st.integers(0, 4)) + 1):
        frame = np.array(sorted(draw(st.sets(st.integers(0, frames - 1), min_size=1))), np.int32)
        boxes = []
        for _ in frame:
            x1, y1 = draw(st.integers(0, 639)), draw(st.integers(0, 479))
            boxes.append((x1, y1, draw(st.integers(x1 + 1, 640)), draw(st.integers(y1 + 1, 480))))
        reason = np.array([draw(st.sampled_from(Reason)) for _ in frame], np.uint8)
        score = np.where(reason == Reason.SEEN, draw(st.integers(0, 100)) / 100, 0).astype(
            np.float32
        )
        kind, keep = draw(st.sampled_from([FACE, PLATE, DRAWN])), draw(st.booleans())
        made.append(Track(number, kind, frame, np.array(boxes, np.float32), reason, score, keep))
    cuts = tuple(sorted(draw(st.sets(st.integers(0, frames - 1)))))
    medium = draw(st.sampled_from(["photo", "animation", "video"]))
    return film(
        *made, frames=frames, cuts=cuts, medium=medium, rate=draw(st.sampled_from([1, 25, 1000]))
    )


@given(films())
def test_the_doubts_of_any_plan_fit_into_it(plan):
    found = doubts(plan, SURE, TALLNESS)
    with_them = replace(plan, doubts=found)  # checks them
    assert with_them.risk == max((d.risk for d in found), default=0)
    assert all(0.05 <= d.risk <= 1 and d.risk == round(d.risk, 2) for d in found)
    undecided = {t.id for t in plan.tracks if not t.keep and t.kind != DRAWN}
    assert {d.track for d in found} <= undecided
    assert doubts(plan, SURE, TALLNESS) == found


@given(
    st.dictionaries(st.sampled_from(CAUSES), st.floats(0, 1)),
    st.sampled_from(CAUSES),
    st.floats(0, 1),
)
def test_more_of_a_cause_never_lowers_the_risk(causes, cause, strength):
    less, more = sorted((causes.get(cause, 0.0), strength))
    assert 0 <= combined(causes | {cause: less}) <= combined(causes | {cause: more}) <= 1
    assert combined(causes) <= combined({cause: 0.0} | causes) + 1e-12


@given(st.sampled_from([FACE, PLATE]), st.floats(0, 10_000), st.floats(0, 10_000))
def test_a_larger_object_never_matters_less(kind, a, b):
    small, large = sorted((a, b))
    assert 0 <= size_share(kind, small) <= size_share(kind, large) <= 1
    assert (size_share(kind, SIZES[kind][0]), size_share(kind, SIZES[kind][1])) == (0, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": -1}, {"first": 3}, {"box": (5, 0, 5, 9)}, {"box": (-1, 0, 5, 9)}, {"risk": 1.01},
        {"risk": float("nan")},
        {"causes": ()}, {"causes": ("angry",)}, {"causes": ("far", "far")},
    ],
)  # fmt: skip
def test_a_doubt_that_makes_no_sense_is_refused(wrong):
    right = {
        "track": 1,
        "first": 1,
        "last": 2,
        "box": (0, 0, 5, 9),
        "causes": ("far",),
        "risk": 0.5,
    }
    assert Doubt(**right).risk == 0.5
    with pytest.raises(ValueError, match="a doubt about track 1"):
        Doubt(**right | wrong)


@pytest.mark.parametrize(
    "wrong", [{"track": 9}, {"last": 200}, {"box": (0, 0, 641, 9)}, {"box": (0, 0, 9, 481)}]
)
def test_a_doubt_that_does_not_fit_its_plan_is_refused(wrong):
    right = Doubt(track=1, first=1, last=199, box=(0, 0, 640, 480), causes=("far",), risk=0.5)
    plan = film(track(0, 100))
    assert replace(plan, doubts=(right,)).risk == 0.5
    with pytest.raises(ValueError, match="a doubt"):
        replace(plan, doubts=(replace(right, **wrong),))


# text in the picture


def test_text_that_is_written_into_the_picture_is_one_doubt_for_the_whole_film():
    found = [
        d
        for d in doubts(film(track(0, 199)), SURE, TALLNESS, text=[(10, 400, 200, 430)])
        if d.track == WHOLE
    ]
    assert [(d.causes, d.box, d.first) for d in found] == [(("text",), (10, 400, 200, 430), 0)]
    assert 0.25 < found[0].risk < 0.5
    both = list(
        doubts(film(track(0, 199)), SURE, TALLNESS, text=[(10, 400, 200, 430), (300, 10, 380, 30)])
    )
    assert [d.box for d in both if d.causes == ("text",)] == [(10, 10, 380, 430)]


def test_text_takes_no_place_from_other_moments_nor_they_from_it():
    gone = [
        replace(track(0, 40, box=(60 + 120 * i, 100, 100 + 120 * i, 150)), id=i + 1)
        for i in range(4)
    ]
    text = [(10, 400, 200, 430)]
    plain, more = (doubts(film(*gone), SURE, TALLNESS, text=t) for t in ((), text))
    assert [d for d in more if d.causes != ("text",)] == list(plain)
    assert [d.box for d in more if d.causes == ("text",)] == text


def test_text_that_is_erased_is_none():
    covered = track(0, 199, box=(10, 400, 200, 430))
    assert not [
        d
        for d in doubts(film(covered), SURE, TALLNESS, text=[(12, 402, 198, 428)])
        if d.track == WHOLE
    ]
