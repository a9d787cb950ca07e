"""What is still doubtful is said after the summary, with what to do, and gives its own exit
code."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from efface.cli import summary
from efface.kinds import KINDS
from efface.options import Options
from efface.pipeline import analysis
from efface.pipeline.inspecting import _written_in
from efface.pipeline.naming import Job, beside, jobs_for, plan_path_of
from efface.planning import left_visible
from efface.planning.doubt import CAUSES, WHOLE, Doubt
from efface.planning.left_visible import KindLeft
from efface.planning.plan import Plan
from efface.report.text import review_of
from efface.timing import Timeline
from efface.tracks import Track

END = "covering stops in mid-picture"


def plan(*doubts, medium="video", frames=100):
    zero = np.zeros(1, np.float32)
    track = Track(
        1,
        0,
        np.array([0], np.int32),
        np.array([[0, 0, 9, 9]], np.float32),
        zero.astype(np.uint8),
        zero,
    )
    timeline = Timeline(np.arange(frames, dtype=np.int64), Fraction(1, 25))
    return Plan("00" * 32, medium, ((300, 300),), timeline, (track,), doubts=tuple(doubts))


def doubt(risk=0.6, box=(10, 110, 90, 190), causes=("ended",), first=50, last=75):
    return Doubt(1, first, last, box, causes, risk)


def test_a_moment_is_told_with_times_place_causes_and_risk():
    said = summary.doubtful(plan(doubt(causes=("ended", "weak"))), 0.5)
    assert said[1] == f"    0.60  0:00:02.000 to 0:00:03.000  face, left: {END}, hardly seen"
    assert "1 moment is above the bound of 0.5" in said[2]
    assert said[3] == "  If something shows, cover it by hand: efface review FILE"
    assert "--track-hold" in said[4], "it stops too early"
    assert "--sensitivity high" in said[5], "it is hardly seen"
    assert set(summary.CAUSES) == set(CAUSES)


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ((0, 0, 90, 90), "top left"), ((110, 0, 190, 90), "top"), ((210, 210, 300, 300), (
                "bottom right"
            )),
        ((110, 110, 190, 190), "middle"), ((210, 110, 300, 190), "right"), ((299, 299, 300, 300), (
                "bottom right"
            )),
    ],
)  # fmt: skip
def test_the_place_is_a_ninth_of_the_picture(box, place):
    assert f"face, {place}: " in summary.doubtful(plan(doubt(box=box)), 0.5)[1]


def test_the_riskiest_five_are_listed_and_all_above_the_bound_are_counted():
    many = [doubt(risk=r / 100) for r in range(90, 20, -10)]
    said = summary.doubtful(plan(*many), 0.4)
    assert [line[4:8] for line in said if END in line] == ["0.90", "0.80", "0.70", "0.60", "0.50"]
    assert "5 moments are above the bound of 0.4" in said[6]


def test_what_is_far_below_the_bound_is_not_worth_the_readers_time():
    assert summary.doubtful(plan(), 0.5) == []
    assert summary.doubtful(plan(doubt(risk=0.25)), 0.5) == []
    assert len(summary.doubtful(plan(doubt(risk=0.26)), 0.5)) == 2, "listed, but nothing to be done"
    assert len(summary.doubtful(plan(doubt(risk=0.05)), 0.0)) == 5


def test_advice_is_about_the_cause():
    said = " ".join(summary.doubtful(plan(doubt(causes=("lost",))), 0.5, review_of("my film.mp4")))
    assert "efface review 'my film.mp4'" in said
    assert "--sensitivity" not in said
    assert "--track" not in said


def test_review_is_told_where_a_copy_lies_that_was_named(tmp_path):
    """Without -o it would find no plan, and look anew."""
    source = tmp_path / "a.mp4"
    for target, said in (
        (beside(source), ""),
        (tmp_path / "out" / "b.mp4", f" -o {tmp_path / 'out' / 'b.mp4'}"),
    ):
        command = summary._review_of(Job(source, "a.mp4", target, tmp_path / "a.json"))
        assert command == f"efface review {source}{said}"
        again = jobs_for([source], Path(said.removeprefix(" -o ")) if said else None)
        assert [job.plan_path for job in again] == [plan_path_of(target)]


def test_what_is_about_the_whole_picture_names_no_track():
    whole = Doubt(WHOLE, 10, 60, (0, 0, 300, 300), ("camera",), 0.3)
    said = summary.doubtful(plan(whole), 0.5)
    assert (
        said[1]
        == "    0.30  0:00:00.400 to 0:00:02.400  whole picture: the camera's motion is unknown"
    )


def test_text_that_stands_in_the_whole_film_has_a_line_with_what_erases_it():
    written = plan(Doubt(WHOLE, 0, 99, (10, 270, 120, 290), ("text",), 0.3))
    said = summary.planned("film.mp4", written, None, 0.5)
    assert "  Text stands in the picture throughout and stays; it may name" in said
    assert "--erase 10,270,120,290." in said
    assert "Text stands" not in summary.planned("film.mp4", plan(doubt()), None, 0.5)
    (item,) = _written_in(written)
    assert item.value == "it stands throughout, from 10, 270 to 120, 290; it is not read"


# the price


def priced(kind, score, box=(0, 0, 150, 300), **how):
    one = plan(**how)
    (track,) = one.tracks
    wide = replace(
        track, kind=kind, xyxy=np.array([box], np.float32), score=np.full(1, score, np.float32)
    )
    return summary.planned(
        "a b.mp4", replace(one, tracks=(wide,), options=asdict(Options())), None, 0.5
    ).split("\n")


def test_the_share_of_the_picture_is_said_on_average_and_at_worst():
    said = priced(0, 0.9, frames=10)
    assert said[1] == "  5.0 % of the picture is erased on average, 50 % at most, at 0:00:00.000."
    assert not any("--kinds" in line for line in said)
    assert said[2] == "  Faces less than 8 px high were not looked for."


def test_a_photo_has_one_share_and_pages_have_numbers():
    assert priced(0, 0.9, medium="photo", frames=1)[1] == "  50 % of the picture is erased."
    assert (
        priced(0, 0.9, medium="photo", frames=4)[1]
        == "  12 % of the picture is erased on average, 50 % at most, on page 1."
    )


def test_a_kind_that_costs_much_and_was_never_sure_comes_with_the_command_that_leaves_it_out():
    said = priced(1, 0.55, frames=10)
    assert said[2] == (
        "  Plates cost 5.0 % of the picture, 50 % at most, and no sighting is certain: the "
        "best score is 0.55."
    )
    assert (
        said[3] == "    If there are no plates, leave them out: efface find 'a b.mp4' --kinds face"
    )
    assert said[4] == "    Or decide one by one: efface review 'a b.mp4'"
    assert len(priced(1, 0.55, box=(0, 0, 20, 20))) == 3, "it costs little"


def test_whole_persons_that_leave_nothing_to_be_seen_come_with_what_covers_less():
    near = priced(KINDS.index("person"), 0.9, box=(0, 0, 300, 180), medium="photo", frames=1)
    assert near[2] == (
        "  Whole persons cost 60 % of the picture, so it shows hardly what happened. Less of "
        "people who are close by is erased with --cover head or --cover face."
    )
    far = priced(KINDS.index("person"), 0.9, box=(0, 0, 300, 120), medium="photo", frames=1)
    assert not any("Whole persons" in line for line in far)
    assert not any(
        "Whole persons" in line for line in priced(0, 0.9, box=(0, 0, 300, 180), frames=1)
    )


def test_pages_have_no_times():
    one = summary.doubtful(plan(doubt(first=0, last=0), medium="photo", frames=1), 0.5)[1]
    assert one == f"    0.60  face, left: {END}"
    two = summary.doubtful(plan(doubt(first=1, last=1), medium="photo", frames=2), 0.5)[1]
    assert two == f"    0.60  page 2  face, left: {END}"


# what is left visible


def with_left(**how):
    made = plan()
    zero = np.zeros(3, np.uint8)
    left = Track(
        2,
        0,
        np.arange(5, 8, dtype=np.int32),
        np.array([[200, 200, 240, 240]] * 3, np.float32),
        zero,
        zero + np.float32(0.2),
    )
    return replace(made, left=(left,), options=asdict(Options()), **how)


def test_what_is_left_visible_is_one_line_with_what_to_do():
    said = summary.planned("a b.mp4", with_left(), None, 0.5).split("\n")
    (line,) = (s for s in said if "Left visible" in s)
    assert line == (
        "  Left visible: 1 possible face, seen too weakly to be erased, for 0.1 s "
        "altogether (1 place, 0 of them among the "
        "moments to look at). Go through all of it: efface review 'a b.mp4'. --sensitivity "
        "high erases more of it."
    )
    assert summary.code(with_left(), 0.5) == 0, "what is only listed asks for no other exit code"


def test_where_it_is_erased_nothing_is_said_of_it():
    covered = with_left(edits=({"edit": "keep", "track": 2, "keep": False},))
    assert "Left visible" not in summary.planned("a.mp4", covered, None, 0.5)


def test_what_was_looked_for_as_hard_as_can_be_gets_no_such_advice():
    asked = asdict(Options())
    asked["detect"]["sensitivity"] = "high"
    said = summary.planned("a.mp4", replace(with_left(), options=asked), None, 0.5)
    assert "Left visible" in said
    assert "--sensitivity" not in said


# what the commands do with it


@pytest.fixture
def doubted(monkeypatch):
    """Whoever has a track is doubted: 0.6."""

    def doubts(plan, sure, tallness, *_):
        return tuple(
            Doubt(t.id, 0, len(plan.timeline) - 1, (0, 0, 9, 9), ("far",), 0.6)
            for t in plan.tracks[:1]
        )

    monkeypatch.setattr(analysis, "doubts", doubts)


def test_redact_ends_with_7_and_the_target_is_there(efface, kept, kit, tmp_path, doubted):
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    done = efface("redact", clip, *kit.FAST)
    assert (done.code, done.err) == (7, "")
    assert "areas erased; checked." in done.out
    assert (
        "0.60  0:00:00.000 to 0:00:00.440  face, top left: carried far without a sighting"
        in done.out
    )
    assert (tmp_path / "clip.redacted.mp4").exists()
    (said,) = kit.plan_of(tmp_path / "clip.redacted.mp4.plan.json")["tracks"][0]["doubts"]
    assert (said["risk"], said["frames"]) == (60, [0, kit.CLIP_FRAMES - 1])


def test_the_bound_decides(efface, kept, kit, tmp_path, doubted):
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    for bound, code in ((0, 7), (0.59, 7), (0.6, 0), (1, 0)):
        done = efface("find", clip, "--risk-bound", bound)
        assert (done.code, "watch" in done.out) == (code, code == 7), bound


def test_a_batch_says_how_many_and_an_error_is_graver(efface, kept, kit, tmp_path, doubted):
    photos = tmp_path / "photos"
    kit.taken(kept, photos, "face.jpg", "other.jpg", "plain.png")
    done = efface("redact", photos, "-o", tmp_path / "out")
    assert done.code == 7
    assert re.search(
        r"3 of 3 files done. On average [\d.]+ % of a file's picture is erased, [\d.]+ % in the",
        done.out,
    )
    assert "2 of them with moments that a person should look at: see above." in done.out
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    done = efface("redact", photos, "-o", tmp_path / "again")
    assert done.code == 3
    assert re.search(r"3 of 4 files done, 1 not: see above\. .* 2 of them with moments", done.out)


def test_a_batch_says_in_how_many_files_something_is_left_visible(
    efface, kept, kit, tmp_path, monkeypatch
):
    photos = tmp_path / "photos"
    kit.taken(kept, photos, "face.jpg", "other.jpg", "plain.png")
    possible = [KindLeft("face", 2, 2, 0.0, 0, 0, 0.5), KindLeft("plate", 1, 1, 0.0, 0, 0, 0.1)]
    for module in (summary, left_visible):
        monkeypatch.setattr(module, "by_kind", lambda plan: possible if plan.tracks else [])
    told = "In 2 files 6 possible objects were seen too weakly to be erased: efface review lists"
    for _ in range(2):  # the second time nothing is to be done
        assert told in efface("redact", photos, "-o", tmp_path / "out").out
    assert told in efface("find", photos).out
    said = json.loads(efface("find", photos, "--json").out)["files"]
    assert [f["left_visible"] for f in said].count({"face": 2, "plate": 1}) == 2
    possible.clear()
    assert "too weakly" not in efface("find", photos).out


def test_find_with_7_writes_all_that_it_was_told_to(efface, kept, kit, tmp_path, doubted):
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    assert (
        efface("find", clip, "-o", tmp_path / "plan.json", "--coco", tmp_path / "coco.json").code
        == 7
    )
    assert kit.plan_of(tmp_path / "plan.json")["frames"] == kit.CLIP_FRAMES
    assert json.loads((tmp_path / "coco.json").read_text())["images"] == []
    assert efface("find", clip, "--mot", tmp_path / "mot.txt").code == 7
    assert (tmp_path / "mot.txt").read_text().startswith("1,1,")


def test_render_obeys_and_does_not_judge(efface, kept, kit, tmp_path, doubted):
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    assert efface("find", clip, "-o", tmp_path / "plan.json").code == 7
    assert (
        efface(
            "render", clip, "--plan", tmp_path / "plan.json", "-o", tmp_path / "out.mp4", *kit.FAST
        ).code
        == 0
    )


def test_a_portrait_leaves_no_doubt(efface, kept, kit, tmp_path):
    """Without any trick: a clear face, in every frame."""
    (clip,) = kit.taken(kept, tmp_path, "clip.mp4")
    done = efface("find", clip)
    assert done.code == 0
    assert "riskiest" not in done.out
