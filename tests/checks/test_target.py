"""The check of a draft: every way in which it can differ from what was planned is found."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from efface.checks.target import MOST, Evidence, checked
from efface.errors import UndecodableFrame
from efface.findings import Check, Outcome
from efface.frames import Frame, Layout, Picture
from efface.media.interfaces import SourceInfo
from efface.options import PaintOptions
from efface.painting.paint import blackout, paint
from efface.planning.plan import Plan
from efface.timing import Timeline
from efface.tracks import Track

RGB = Layout("rgb", 8, ((0, 0),) * 3)
SIZE = (90, 70)
COUNT = 6
BOX = (20, 10, 70, 60)
MS = Fraction(1, 1000)


class Made:
    """A source out of pictures."""

    info = SourceInfo(Path("made.mp4"), "animation", "made", COUNT, SIZE)

    def __init__(self, pictures, pts, time_base=MS):
        self.pictures, self.pts, self.time_base = list(pictures), list(pts), time_base

    def frames(self):
        for i, (rgb, pts) in enumerate(zip(self.pictures, self.pts, strict=True)):
            if rgb is None:
                raise UndecodableFrame("draft.mp4", "0:00:00.080")
            yield Frame(
                i,
                pts,
                (rgb.shape[1], rgb.shape[0]),
                lambda size_wh, rgb=rgb: rgb,
                lambda rgb=rgb: _picture(rgb),
            )

    def close(self):
        pass


def _picture(rgb):
    return Picture(tuple(np.ascontiguousarray(rgb[..., i]) for i in range(3)), RGB)


def _painted(rgb, regions):
    done = _picture(rgb.copy())
    paint(done, regions, PaintOptions())
    return np.stack(done.planes, -1)


@pytest.fixture(scope="module")
def plan():
    frame = np.arange(COUNT, dtype=np.int32)
    boxes = np.array([BOX] * COUNT, np.float32)
    track = Track(1, 0, frame, boxes, np.zeros(COUNT, np.uint8), np.ones(COUNT, np.float32))
    return Plan("00", "video", (SIZE,), Timeline(frame.astype(np.int64) * 40, MS), (track,))


@pytest.fixture
def source():
    grey = np.random.default_rng(0).integers(0, 200, (COUNT, SIZE[1], SIZE[0], 1)).astype(np.uint8)
    return Made(grey + np.array([0, 20, 50], np.uint8), [40 * i for i in range(COUNT)])


@pytest.fixture
def draft(source, plan):
    return Made(
        [_painted(rgb, plan.regions(i)) for i, rgb in enumerate(source.pictures)], source.pts
    )


@pytest.fixture(autouse=True)
def _no_file(monkeypatch):
    """These sources are made of arrays, so there is no file to walk."""
    monkeypatch.setattr(
        "efface.checks.target.check_residual_metadata",
        lambda info, **how: Check("leftovers", Outcome.CLEAN),
    )


def check_draft(*arguments, **named):
    """All findings."""
    return [f for check in checks_of_draft(*arguments, **named) for f in check.findings]


def checks_of_draft(source, target, plan, *, shift=0, tell=lambda done: None):
    """Every check, without a second look."""
    return checked(Evidence(target, plan, source, shift), "nobody asked", tell=tell)


def checks(findings):
    return [(f.check, f.frame) for f in findings]


def test_a_good_draft_is_clean_and_every_frame_is_told(source, draft, plan):
    told = []
    assert check_draft(source, draft, plan, tell=told.append) == []
    assert told == [1, 2, 3, 4, 5, 6]


def test_an_untouched_source_is_not_clean(source, plan):
    findings = check_draft(source, source, plan)
    assert checks(findings) == [("coverage", i) for i in range(COUNT)]
    assert findings[0].box == BOX
    assert "still shows" in findings[0].message


def test_one_frame_that_was_forgotten(source, draft, plan):
    draft.pictures[3] = source.pictures[3]
    assert checks(check_draft(source, draft, plan)) == [("coverage", 3)]


def test_what_is_kept_or_not_planned_may_be_visible(source, plan):
    assert (
        check_draft(source, source, replace(plan, tracks=(replace(plan.tracks[0], keep=True),)))
        == []
    )
    assert check_draft(source, source, replace(plan, tracks=())) == []


def test_frames_that_are_missing_are_named_and_the_others_find_their_partners(source, draft, plan):
    for gone in (2, 0):
        del draft.pictures[gone], draft.pts[gone]
    found = check_draft(source, draft, plan)
    assert [f.message for f in found] == [
        "frame 1 of the source is missing",
        "frame 3 of the source is missing",
    ]
    assert [(f.frame, f.time_s) for f in found] == [(0, 0.0), (1, 0.08)]
    draft.pictures[2] = source.pictures[4]
    assert ("coverage", 2) in checks(check_draft(source, draft, plan))


@pytest.mark.parametrize("count", [1, 3])
def test_frames_that_are_missing_at_the_end(source, draft, plan, count):
    draft.pictures, draft.pts = draft.pictures[:-count], draft.pts[:-count]
    found = check_draft(source, draft, plan)
    assert [f.message for f in found] == [
        f"frame {COUNT - i} of the source is missing" for i in reversed(range(count))
    ]


@pytest.mark.parametrize(("at", "pts"), [(COUNT, 240), (3, 100)])
def test_a_frame_too_many(source, draft, plan, at, pts):
    draft.pictures.insert(at, draft.pictures[0])
    draft.pts.insert(at, pts)
    (finding,) = check_draft(source, draft, plan)
    assert (finding.check, finding.frame) == ("fidelity", at)
    assert finding.message == f"frame {at + 1} is one too many: the source has none at that time"


def test_an_empty_draft(source, plan):
    assert {c for c, _ in checks(check_draft(source, Made([], []), plan))} == {"fidelity"}


def test_what_was_not_compared_to_the_end_is_not_clean(source, draft, plan):
    del draft.pictures[2], draft.pts[2]
    assert {c.name: c.outcome for c in checks_of_draft(source, draft, plan)}[
        "coverage"
    ] is Outcome.SKIPPED
    draft.pictures[3] = None
    assert {c.name: c.outcome for c in checks_of_draft(source, draft, plan)}[
        "coverage"
    ] is Outcome.SKIPPED


@pytest.mark.parametrize("off", [-1, 1, 13])
def test_a_frame_at_another_time(source, draft, plan, off):
    draft.pts[2] += off
    (finding,) = check_draft(source, draft, plan)
    assert (finding.check, finding.frame) == ("fidelity", 2)
    assert f"{off / 1000:+.6f} s" in finding.message


def test_a_shift_of_the_start_is_no_fault_and_its_absence_is(source, draft, plan):
    source.pts = [p + 500 for p in source.pts]
    assert check_draft(source, draft, plan, shift=500) == []
    assert {c for c, _ in checks(check_draft(source, draft, plan))} == {"fidelity"}


def test_other_time_bases_are_compared_exactly(source, draft, plan):
    draft.time_base, draft.pts = Fraction(1, 90_000), [p * 90 for p in draft.pts]
    assert check_draft(source, draft, plan) == []
    draft.pts[-1] += 1
    assert checks(check_draft(source, draft, plan)) == [("fidelity", COUNT - 1)]


@pytest.mark.parametrize("size", [(89, 70), (92, 70), (90, 72), (70, 90), (1, 1)])
def test_a_frame_of_another_size(source, draft, plan, size):
    draft.pictures[1] = np.zeros((size[1], size[0], 3), np.uint8)
    assert checks(check_draft(source, draft, plan)) == [("fidelity", 1)]


def test_an_odd_size_may_gain_a_row_and_a_column(plan):
    rng = np.random.default_rng(0)
    source = Made(rng.integers(0, 256, (1, 69, 89, 3)).astype(np.uint8), [0])
    odd = Plan("00", "video", ((89, 69),), Timeline(np.array([0], np.int64), MS))
    grown = np.pad(source.pictures[0], ((0, 1), (0, 1), (0, 0)), mode="edge")
    assert check_draft(source, Made([grown], [0]), odd) == []


def test_a_draft_that_cannot_be_decoded(source, draft, plan):
    draft.pictures[2] = None
    assert checks(check_draft(source, draft, plan)) == [("fidelity", None)]


def test_black_frames_stand_for_undecodable_ones(source, draft, plan):
    black = _picture(source.pictures[4].copy())
    blackout(black)
    draft.pictures[4] = np.stack(black.planes, -1)
    assert check_draft(source, draft, replace(plan, bad=(4,))) == []


def test_it_stops_looking_when_there_is_enough_to_say(plan):
    many = Made([np.zeros((70, 90, 3), np.uint8)] * 100, range(100))
    late = Made(many.pictures, range(200, 300))
    found = check_draft(
        many, late, replace(plan, tracks=(), timeline=Timeline(np.arange(100, dtype=np.int64), MS))
    )
    assert len(found) == MOST
    assert {c.name: c.outcome for c in checks_of_draft(many, late, replace(plan, tracks=()))}[
        "coverage"
    ] is Outcome.SKIPPED


class Film(Made):
    """The same as a video, which counts the frames that were asked of it and says when it is
    closed."""

    info = replace(Made.info, medium="video")
    taken, is_closed = 0, False

    def frames(self):
        try:
            for frame in super().frames():
                self.taken += 1
                yield frame
        finally:
            self.is_closed = True


@pytest.fixture
def _signals(monkeypatch):
    """Nor a container to ask."""
    monkeypatch.setattr(
        "efface.checks.fidelity.Fidelity.compare_signals", lambda self, *infos: None
    )


@pytest.mark.usefixtures("_signals")
def test_of_a_video_both_sides_are_read_ahead_and_the_findings_are_the_same(source, draft, plan):
    draft.pictures[3] = source.pictures[3]
    old, new = (Film(made.pictures, made.pts) for made in (source, draft))
    assert check_draft(old, new, plan) == check_draft(source, draft, plan) != []
    assert (old.taken, new.taken, old.is_closed, new.is_closed) == (COUNT, COUNT, True, True)


@pytest.mark.usefixtures("_signals")
def test_of_a_video_reading_ends_with_the_check(plan):
    """It ends because enough was found, because a frame cannot be decoded, or because the listener
    asks for an end."""
    grey = [np.zeros((70, 90, 3), np.uint8)] * 100
    plan = replace(plan, tracks=(), timeline=Timeline(np.arange(100, dtype=np.int64), MS))

    def stop(done):
        raise KeyboardInterrupt

    old, late = Film(grey, range(100)), Film(grey, range(200, 300))
    assert len(check_draft(old, late, plan)) == MOST
    broken = Film([*grey[:9], None, *grey[10:]], range(100))
    again = Film(grey, range(100))
    assert checks(check_draft(again, broken, plan)) == [("fidelity", None)]
    stopped = Film(grey, range(100)), Film(grey, range(100))
    with pytest.raises(KeyboardInterrupt):
        check_draft(*stopped, plan, tell=stop)
    for film in (old, late, again, broken, *stopped):
        assert film.is_closed
        assert film.taken <= MOST + 10


def test_layouts_that_differ_are_compared_as_rgb(source, plan):
    class Grey(Made):
        def frames(self):
            for frame in super().frames():
                rgb = frame.look(frame.size_wh)
                grey = np.repeat(rgb.mean(-1, keepdims=True).astype(np.uint8), 3, -1)
                yield replace(
                    frame,
                    look=lambda size_wh, g=grey: g,
                    unpack=lambda g=grey: Picture((g[..., 0].copy(),), Layout("gray")),
                )

    assert {c for c, _ in checks(check_draft(source, Grey(source.pictures, source.pts), plan))} == {
        "coverage"
    }
