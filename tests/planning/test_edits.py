"""What a person changes is obeyed, in the order in which it was said, and nothing else passes for a
change."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from efface.planning import edits as e
from efface.planning.edits import TYPES, edit_of, read
from efface.planning.export_formats import mot
from efface.planning.plan import Plan
from efface.timing import Timeline
from efface.tracks import Reason, Track

SIZE = (64, 48)


def track(number, first, last, box=(10, 10, 20, 20), kind=0):
    n = last - first + 1
    reason = np.full(n, Reason.SEEN, np.uint8)
    boxes = np.array([box] * n, np.float32)
    return Track(
        number,
        kind,
        np.arange(first, last + 1, dtype=np.int32),
        boxes,
        reason,
        np.full(n, 0.5, np.float32),
    )


TWO = (track(1, 0, 9), track(2, 5, 14, (30, 10, 40, 30)))


def plan(*edits, tracks=TWO):
    timeline = Timeline(np.arange(20, dtype=np.int64), Fraction(1, 25))
    plain = tuple(x.plain() if isinstance(x, e.Edit) else x for x in edits)
    return Plan("00" * 32, "video", (SIZE,), timeline, tracks, edits=plain)


def boxes(of, frame):
    return {(r.track, *r.box) for r in of.regions(frame)}


def test_every_kind_of_edit_comes_back_from_its_mapping():
    some = [
        e.Draw(3, "plate", 2, (1, 2, 3, 4)),
        e.Cover(1, 2, (1, 2, 3, 4)),
        e.Place(1, 2, (1, 2, 3, 4), 0, 4),
        e.Stretch(1, 0, 3),
        e.Join(1, 2),
        e.Split(1, 3, 4),
        e.Delete(1),
        e.DeleteTracks((1, 2)),
        e.Keep(1, True),
        e.KeepTracks((1, 2), False),
        e.Only((1, 2)),
        e.Area(3, 0, 2, (0, 0, 5, 5), True),
        e.Black(0, 1, True),
        e.Justify((1, 2), "s. 40(2)"),
        e.Mute((500, 900), (600, 900)),
        e.Accept(1, 0, 3, True),
        e.Approve(True),
        e.Undo(),
        e.Redo(),
    ]
    assert {type(x) for x in some} == set(TYPES.values())
    for edit in some:
        assert edit_of(edit.plain()) == edit


@pytest.mark.parametrize(
    "hostile",
    [
        {"edit": "justify", "tracks": [1], "reason": "x" * 121},
        {"edit": "justify", "tracks": [1], "reason": "two\nlines"},
        {}, {"edit": "explode"}, {"edit": ["keep"]}, {"edit": "keep", "track": 1},
        {"edit": "keep", "track": 1, "keep": 1},
        {"edit": "keep", "track": True, "keep": True}, {"edit": "keep", "track": 1.0, "keep": True},
        {"edit": "keep", "track": 1, "keep": True, "more": 0}, {"edit": "undo", "track": 1},
        {"edit": "only", "tracks": 1}, {"edit": "only", "tracks": [True]},
        {"edit": "only", "tracks": "12"},
        {"edit": "draw", "track": 3, "kind": "dog", "first": 0, "boxes": [0, 0, 1, 1]},
        {"edit": "area", "track": 3, "first": 0, "last": 1, "box": [0, 0, 1], "keep": True},
    ],
)  # fmt: skip
def test_what_is_no_edit_is_refused(hostile):
    with pytest.raises(ValueError, match=r"edit|list|number|true or false"):
        plan(hostile)


@pytest.mark.parametrize(
    "impossible",
    [
        e.Keep(9, True), e.Delete(9), e.Only((9,)), e.DeleteTracks((1, 9)), e.DeleteTracks((1, 1)),
        e.KeepTracks((1, 9), True), e.Join(1, 1), e.Join(1, 9), e.Split(1, 0, 5),
        e.Split(1, 10, 5),
        e.Split(1, 5, 2), e.Stretch(1, 15, 19), e.Stretch(1, 0, 20), e.Stretch(1, 5, 4),
        e.Draw(1, "face", 0, (0, 0, 1, 1)),
        e.Draw(0, "face", 0, (0, 0, 1, 1)), e.Draw(2**31, "face", 0, (0, 0, 1, 1)),
        e.Draw(3, "face", 0, ()),
        e.Draw(3, "face", 0, (0, 0, 1)), e.Draw(3, "face", 19, (0, 0, 1, 1) * 2),
        e.Draw(3, "face", -1, (0, 0, 1, 1)),
        e.Draw(3, "face", 0, (0, 0, 65, 1)), e.Draw(3, "face", 0, (5, 0, 5, 1)),
        e.Draw(3, "face", 0, (-1, 0, 5, 1)),
        e.Cover(1, 0, (0, 0, 1, 10**400)), e.Place(1, 3, (0, 0, 9, 99), 0, 5),
        e.Place(1, 6, (0, 0, 9, 9), 0, 5),
        e.Area(1, 0, 5, (0, 0, 9, 9), False), e.Area(3, 0, 50, (0, 0, 9, 9), False),
        e.Area(3, 0, 5, (0, 0, 99, 9), True),
        e.Area(3, 0, 5, (0, 0, 10**400, 9), True), e.Black(5, 20, True), e.Accept(1, 3, 2, True),
        e.Undo(), e.Redo(),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(impossible):
    with pytest.raises(ValueError, match="edit"):
        plan(impossible)


def test_a_short_log_cannot_fill_the_memory(monkeypatch):
    monkeypatch.setattr("efface.planning.revise.MOST_BOXES", 50)
    with pytest.raises(ValueError, match="more than 50 boxes"):
        plan(*(e.Area(3 + i, 0, 19, (0, 0, 9, 9), False) for i in range(3)))


def test_undo_and_redo_go_back_and_forth_and_a_new_change_ends_what_could_be_redone():
    log = [e.Keep(1, True), e.Keep(2, True), e.Undo(), e.Undo()]
    assert boxes(plan(*log), 6) == boxes(plan(), 6)
    assert {b[0] for b in boxes(plan(*log, e.Redo()), 6)} == {2}
    assert boxes(plan(*log, e.Redo(), e.Redo()), 6) == set()
    with pytest.raises(ValueError, match="nothing to redo"):
        plan(*log, e.Black(0, 0, True), e.Redo())
    assert read([x.plain() for x in log]).undone == (e.Keep(2, True), e.Keep(1, True))


def test_one_undo_restores_all_tracks_of_one_entry():
    area = e.Area(3, 0, 9, (0, 0, 9, 9), True)
    deleted = plan(area, e.DeleteTracks((1, 2, 3)))
    assert [t.id for t in deleted.revised.deleted] == [1, 2]
    assert (deleted.region_count, deleted.revised.areas) == (0, ())
    restored = plan(area, e.DeleteTracks((1, 2, 3)), e.Undo())
    assert {b[0] for b in boxes(restored, 6)} == {1, 2}
    assert len(restored.revised.areas) == 1
    kept = plan(e.KeepTracks((1, 2), True))
    assert boxes(kept, 6) == set()
    assert {b[0] for b in boxes(plan(e.KeepTracks((1, 2), True), e.Undo()), 6)} == {1, 2}


def test_several_left_tracks_are_covered_by_one_entry():
    left = (track(3, 0, 9, (40, 1, 50, 11)), track(4, 0, 9, (40, 30, 50, 40)))
    covered = replace(plan(), left=left, edits=(e.KeepTracks((3, 4), False).plain(),))
    assert {b[0] for b in boxes(covered, 6)} == {1, 2, 3, 4}
    assert covered.revised.left == ()


def test_what_was_perceived_stays_in_the_plan():
    changed = plan(e.Delete(1), e.Keep(2, True))
    assert [t.id for t in changed.tracks] == [1, 2]
    assert not any(t.keep for t in changed.tracks)
    assert [t.id for t in changed.revised.deleted] == [1]
    assert changed.region_count == 0


def test_only_keeps_those_named_and_what_is_drawn_later_is_erased():
    kept = plan(e.Keep(1, True), e.Only((2,)), e.Draw(3, "face", 6, (0, 0, 5, 5)))
    assert {b[0] for b in boxes(kept, 6)} == {1, 3}


def test_keeping_cuts_no_hole_into_what_another_track_covers():
    over = plan(e.Keep(1, True), tracks=(track(1, 0, 9), track(2, 0, 9, (0, 0, 30, 30))))
    assert boxes(over, 3) == {(2, 0, 0, 30, 30)}


def test_a_kept_area_spares_what_lies_in_it_as_a_whole_and_was_found():
    area = e.Area(9, 5, 9, (5, 5, 25, 25), True)
    assert {b[0] for b in boxes(plan(area), 4)} == {1}
    assert {b[0] for b in boxes(plan(area), 6)} == {2}
    reaching_out = plan(e.Area(9, 5, 9, (5, 5, 19, 25), True))
    assert boxes(reaching_out, 6) == boxes(plan(), 6)
    drawn = plan(
        area,
        e.Draw(3, "face", 6, (8, 8, 12, 12)),
        e.Area(4, 6, 6, (8, 8, 14, 14), False),
        e.Place(1, 7, (9, 9, 20, 20), 7, 7),
    )
    assert {b[0] for b in boxes(drawn, 6)} == {2, 3, 4}
    assert {b[0] for b in boxes(drawn, 7)} == {1, 2}
    assert boxes(plan(area, e.Delete(9)), 6) == boxes(plan(), 6)


def test_a_black_frame_is_black_whatever_else_is_asked_for():
    black = plan(
        e.Only((1, 2)),
        e.Area(9, 0, 19, (0, 0, *SIZE), True),
        e.Black(3, 6, True),
        e.Black(5, 5, False),
    )
    assert [i for i in range(20) if black.is_black(i)] == [3, 4, 6]
    assert boxes(black, 4) == {(0, 0, 0, *SIZE)}
    assert boxes(black, 5) == set()
    assert black.region_count == 3


def test_a_place_fades_out_into_the_boxes_around_it_and_stays_where_the_track_ends():
    moved = plan(e.Place(1, 4, (20, 10, 30, 20), 1, 9))
    lefts = [next(b[1] for b in boxes(moved, i) if b[0] == 1) for i in range(10)]
    assert lefts[0] == 10
    assert lefts[4:] == [20] * 6
    assert sorted(lefts) == lefts
    assert moved.revised.keys == {1: (4,)}
    widths = [next(b[3] - b[1] for b in boxes(moved, i) if b[0] == 1) for i in range(10)]
    assert min(widths) >= 10


def test_a_place_where_the_track_has_no_box_adds_one():
    assert (1, 1, 2, 9, 9) in boxes(plan(e.Place(1, 15, (1, 2, 9, 9), 15, 15)), 15)


def test_stretching_holds_the_outermost_boxes_and_cuts_off():
    stretched = plan(e.Stretch(2, 8, 17))
    assert [i for i in range(20) if any(b[0] == 2 for b in boxes(stretched, i))] == list(
        range(8, 18)
    )
    assert (2, 30, 10, 40, 30) in boxes(stretched, 17)


def test_joined_tracks_cover_both_and_the_way_between():
    apart = (track(1, 0, 3), track(2, 8, 12, (30, 10, 40, 20)))
    joined = plan(e.Join(1, 2), tracks=apart)
    assert [len(joined.regions(i)) for i in range(14)] == [1] * 13 + [0]
    assert boxes(joined, 5) == {(1, 18, 10, 28, 20)}
    assert joined.revised.now(2) == 1
    over = plan(e.Join(2, 1))
    assert boxes(over, 7) == {(2, 10, 10, 40, 30)}
    kept = plan(e.Keep(1, True), e.Join(1, 2))
    assert len(kept.regions(7)) == 1


def test_split_tracks_are_two():
    halves = plan(e.Split(1, 4, 7), e.Keep(7, True))
    assert [{b[0] for b in boxes(halves, i)} for i in (3, 4)] == [{1}, set()]


def test_a_covered_frame_has_the_box_that_was_given():
    covered = plan(e.Cover(1, 9, (1, 1, 5, 5, 2, 2, 6, 6)))
    assert boxes(covered, 9) & {(1, 1, 1, 5, 5)}
    assert (1, 2, 2, 6, 6) in boxes(covered, 10)


def test_any_change_takes_an_approval_back():
    assert plan(e.Approve(True)).revised.approved
    assert not plan(e.Approve(True), e.Keep(1, True)).revised.approved
    assert plan(e.Approve(True), e.Keep(1, True), e.Undo()).revised.approved
    assert plan(e.Accept(1, 0, 3, True)).revised.accepted == {(1, 0, 3)}


def test_exports_obey_edits():
    rows = list(mot(plan(e.Delete(1), e.Area(9, 0, 9, (0, 0, *SIZE), True), e.Black(12, 12, True))))
    assert [int(r.split(",")[0]) for r in rows] == [11, 12, 14, 15]


def test_pages_have_their_own_sizes():
    timeline = Timeline(np.arange(2, dtype=np.int64), Fraction(1))
    pages = Plan("00" * 32, "photo", ((10, 10), (40, 40)), timeline)
    wide = e.Draw(1, "drawn", 1, (0, 0, 40, 40))
    assert replace(pages, edits=(wide.plain(),)).region_count == 1
    with pytest.raises(ValueError, match="inside the frame"):
        replace(pages, edits=(replace(wide, first=0).plain(),))
