"""What a report tells: counted rightly, bounded whatever the film, and silent about names."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from efface import errors
from efface.detections import CODE, TEXT
from efface.findings import Outcome
from efface.options import DetectOptions, Options, PaintOptions
from efface.report import facts, report_model, run_facts, timeline, track_lanes
from efface.report.report_model import Verdict


def test_areas_are_counted_by_kind_and_reason(made):
    plan = made.plan(
        made.track(1, "eesssbbs"), made.track(2, "sd", kind=1), made.track(3, "sss", keep=True)
    )
    found = facts.found_in(plan, 0.5)
    face, plate = found.kinds
    assert (face.tracks, face.kept, face.areas, face.seen, face.bridged, face.extended) == (
        2,
        1,
        8,
        4,
        2,
        2,
    )
    assert (plate.areas, plate.seen, plate.drawn) == (2, 1, 1)
    assert found.areas == plan.region_count == face.areas + plate.areas


def test_text_and_codes_have_rows_lanes_and_moments(made):
    tracks = made.track(1, "sss", kind=TEXT), made.track(2, "ssb", kind=CODE)
    found = facts.found_in(made.plan(*tracks, doubts=(made.doubt(2),)), 0.5)
    assert [(k.kind, k.tracks, k.areas) for k in found.kinds] == [("text", 1, 3), ("code", 1, 3)]
    assert sorted(lane.kind for lane in found.lanes) == ["code", "text"]
    assert [m.kind for m in found.moments] == ["code"]
    assert [c.kind for c in found.costs] == ["text", "code"]


def test_a_lane_tells_each_stretch_with_its_times(made):
    (lane,) = facts.found_in(made.plan(made.track(1, "eesss  b", first=25)), 0.5).lanes
    told = [(s.first, s.last, s.start_s, s.end_s, s.reason) for s in lane.stretches]
    assert told == [
        (25, 26, 1.0, 1.08, "extended"),
        (27, 29, 1.08, 1.2, "seen"),
        (32, 32, 1.28, 1.32, "bridged"),
    ]
    assert lane.is_exact


def test_a_track_that_flickers_is_told_in_steps_by_its_least_certain_reason(made):
    (lane,) = facts.found_in(made.plan(made.track(1, "sb" * 5000), frames=10_000), 0.5).lanes
    assert not lane.is_exact
    assert len(lane.stretches) <= track_lanes.MOST_STRETCHES
    assert {s.reason for s in lane.stretches} == {"bridged"}
    assert (lane.stretches[0].first, lane.stretches[-1].last) == (0, 9999)


def test_kept_tracks_and_the_riskiest_are_drawn_and_the_rest_is_counted(made):
    tracks = [made.track(i, "s" * (i + 1)) for i in range(1, 60)] + [made.track(60, "s", keep=True)]
    found = facts.found_in(made.plan(*tracks, doubts=(made.doubt(2), made.doubt(5, 0.4))), 0.5)
    drawn = {lane.track for lane in found.lanes}
    assert len(drawn) == track_lanes.MOST_LANES
    assert {2, 5, 60, 59} <= drawn
    assert 3 not in drawn
    assert found.tracks == 60


def test_density_is_the_most_at_a_time_and_no_frame_falls_out(made):
    peak = made.track(2, "b", first=777)
    found = facts.found_in(made.plan(made.track(1, "s" * 1000), peak, frames=1000), 0.5)
    assert len(found.density) == timeline.BINS
    assert max(found.density) == 2
    assert sum(d == 2 for d in found.density) == 1
    assert set(found.density_seen) == {1}
    few = facts.found_in(made.plan(made.track(1, "s"), frames=3), 0.5)
    assert few.density == (1, 0, 0)


def test_a_frame_that_is_shown_for_long_counts_for_as_long(made):
    from dataclasses import replace
    from fractions import Fraction

    from efface.timing import Timeline

    pts = np.array([0, 1, 2, 1000, 1001], np.int64)
    plan = replace(
        made.plan(made.track(1, "s", first=2), frames=5), timeline=Timeline(pts, Fraction(1, 100))
    )
    density = facts.found_in(plan, 0.5).density
    assert density == (1, 1, 1, 1, 1)


def test_moments_far_below_the_bound_are_counted_and_not_told(made):
    doubts = tuple(made.doubt(1, r) for r in (0.9, 0.5, 0.26, 0.25, 0.05))
    found = facts.found_in(made.plan(made.track(1, "s" * 90), doubts=doubts), 0.5)
    assert [m.risk for m in found.moments] == [0.9, 0.5, 0.26]
    assert (found.doubts, found.worth, found.above) == (5, 3, 1)
    assert [m.is_above for m in found.moments] == [True, False, False]


@pytest.mark.parametrize(
    ("outcome", "is_doubtful", "verdict"),
    [
        (Outcome.CLEAN, False, Verdict.CLEAN), (Outcome.CLEAN, True, Verdict.REVIEW),
        (Outcome.REVIEW, False, Verdict.REVIEW),
        (Outcome.NOT_CLEAN, True, Verdict.NOT_CLEAN), (Outcome.SKIPPED, True, Verdict.NOT_VERIFIED),
    ],
)  # fmt: skip
def test_the_verdict(made, outcome, is_doubtful, verdict):
    from efface.findings import Verification

    checks = made.clean().checks
    verification = {Outcome.CLEAN: made.clean(), Outcome.SKIPPED: Verification(checks[1:])}.get(
        outcome
    )
    doubts = (made.doubt(),) if is_doubtful else ()
    found = facts.found_in(made.plan(made.track(1, "s"), doubts=doubts), 0.5)
    assert run_facts.verdict_of(found, verification or made.findings(outcome)) is verdict


def test_nobody_looked_is_never_clean(made):
    assert run_facts.verdict_of(facts.found_in(made.plan(), 0.5), None) is Verdict.NOT_VERIFIED


def test_the_gravest_of_all_files_counts(made):
    entries = [made.entry(made.plan()), made.failed(2), made.entry(made.plan(), number=3)]
    assert made.report(*entries).verdict is Verdict.NOT_DONE
    assert made.report().verdict is Verdict.NOT_DONE


def test_changed_settings_stand_first_and_those_of_the_plan_count(made):
    asked = asdict(Options(paint=PaintOptions(style="solid")))
    told = run_facts.chosen(
        "render", asked, {"cover": {"margin": 0.5}, "paint": {"style": "tiles"}}
    )
    changed = {c.flag: c.value for c in told if c.is_changed}
    assert changed == {"--margin": "0.5", "--style": "solid"}
    assert [c.is_changed for c in told] == sorted((c.is_changed for c in told), reverse=True)
    assert not any(c.flag == "--report-with" for c in told)
    assert not any(c.flag == "--style" for c in run_facts.chosen("verify", asked))


def test_a_hostile_plan_cannot_make_a_report_long(made):
    detectors = tuple(
        {"name": "n" * 10**6, "version": "\x1b[2J", "sha256": "x", "runtime": "r"}
        for _ in range(1000)
    )
    options = {
        "detect": {"kinds": "k" * 10**6, "sensitivity": ["x" * 10**6]},
        "cover": 5,
        "more": {"a": "b"},
    }
    plan = made.plan(detectors=detectors, options=options)
    networks, told = run_facts.networks_of(plan), run_facts.chosen("redact", {}, plan.options)
    assert len(networks) <= 16
    assert max(len(n.name) for n in networks) <= run_facts.LONGEST_TEXT
    assert "\x1b" not in networks[0].version
    assert max(len(c.value) for c in told) <= run_facts.LONGEST_TEXT
    assert facts.media_of(made.plan()).sha256 == made.SHA


def test_errors_do_not_tell_names():
    private = run_facts.words_of("/home/maria/anna-protest.mp4")
    quoted = errors.WriteFailed(
        "/home/maria/anna-protest.mp4", "the folder /mnt/x does not exist", "Make it."
    )
    assert run_facts.failure_of(quoted, private).message == "It cannot be written."
    by_word = errors.UnsupportedSource("x", "it holds the title Anna", "Ask Maria.")
    assert run_facts.failure_of(by_word, private) == report_model.Failure(
        "UnsupportedSource", "It cannot be handled.", ""
    )
    plain = errors.DamagedSource("x", "it breaks off at 0:00:01.000", "Try again.")
    assert (
        run_facts.failure_of(plain, private).message
        == "It is damaged: it breaks off at 0:00:01.000."
    )
    assert run_facts.failure_of(plain, private).hint == "Try again."
    assert (
        "0:00:02.000"
        in run_facts.failure_of(errors.UndecodableFrame("x", "0:00:02.000"), private).message
    )


@pytest.mark.parametrize("name", [n for n in dir(errors) if isinstance(getattr(errors, n), type)])
def test_every_error_has_words_of_its_own(name):
    kind = getattr(errors, name)
    if not issubclass(kind, errors.EffaceError) or name.startswith("_") or name == "EffaceError":
        return
    error = kind.__new__(kind)
    assert "did not expect" not in run_facts.failure_of(error, ()).message


def test_what_was_too_small_to_be_looked_for_follows_from_size_and_pace(made):
    def sought(size, detail, medium="video"):
        options = asdict(Options(detect=DetectOptions(detail=detail)))
        one = replace(made.plan(frames=1, medium=medium), sizes=(size,), options=options)
        return [(s.kind, s.at_all, s.always) for s in facts.found_in(one, 0.5).sought]

    assert sought((640, 360), "all") == [("face", 8, 8)]
    assert sought((1920, 1080), "paced") == [("face", 8, 32)]
    assert sought((1920, 1080), "sparse") == [("face", 8, 32)]
    assert sought((800, 600), "paced", "photo") == [("face", 7, 7)]
    assert sought((8000, 6000), "paced", "photo") == [("face", 8, 8)]
    assert facts.found_in(made.plan(options={}), 0.5).sought == (), (
        "an old plan does not say how it was looked at"
    )


def test_what_a_person_blacked_out_is_not_left_visible(made):
    weak = made.track(2, "ssssss", first=60)
    film = made.plan(left=(weak,))
    (kind,) = facts.found_in(film, 0.5).left
    assert (kind.kind, kind.tracks, kind.seconds) == ("face", 1, 0.24)
    black = {"edit": "black", "first": 50, "last": 80, "black": True}
    found = facts.found_in(replace(film, edits=(black,)), 0.5)
    assert (found.left, found.left_where, found.marks["left"]) == ((), (), ())
