"""A plan comes back from the disk as it was, and a damaged one never passes for another."""

from __future__ import annotations

import copy
import json
import os
import tracemalloc
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efface.errors import BadPlan, TornPlan, WriteFailed
from efface.findings import Check, Finding, Outcome, Verification
from efface.planning.doubt import CAUSES, Doubt, riskiest_first
from efface.planning.plan import Plan
from efface.planning.render_record import RenderRecord
from efface.planning.sidecar import (
    LARGEST,
    append,
    holds_edits,
    lines,
    load,
    mended,
    require_readable,
    save,
    seal,
)
from efface.regions import Region
from efface.timing import Timeline
from efface.tracks import Reason, Track

REUSED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def tracks(draw, number, sizes, frames):
    """A track with gaps, several reasons and boxes up to the very edge."""
    frame = sorted(draw(st.sets(st.integers(0, frames - 1), min_size=1, max_size=12)))
    boxes = []
    for at in frame:
        width, height = sizes[at if len(sizes) > 1 else 0]
        x1, y1 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        boxes.append((x1, y1, draw(st.integers(x1 + 1, width)), draw(st.integers(y1 + 1, height))))
    reason = np.array([draw(st.sampled_from(Reason)) for _ in frame], np.uint8)
    score = np.array([draw(st.integers(0, 100)) / 100 for _ in frame], np.float32)
    score[reason != Reason.SEEN] = 0
    boxes_of = np.array(boxes, np.float32)
    return Track(
        number,
        draw(st.integers(0, 2)),
        np.array(frame, np.int32),
        boxes_of,
        reason,
        score,
        draw(st.booleans()),
    )


@st.composite
def doubts(draw, ids, sizes, frames):
    """Doubts about some of these tracks, in frames and boxes that need not be theirs."""
    made = []
    for number in draw(st.lists(st.sampled_from(ids), max_size=4)) if ids else []:
        first = draw(st.integers(0, frames - 1))
        width, height = sizes[first if len(sizes) > 1 else 0]
        x1, y1 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        box = (x1, y1, draw(st.integers(x1 + 1, width)), draw(st.integers(y1 + 1, height)))
        causes = draw(st.lists(st.sampled_from(CAUSES), min_size=1, unique=True))
        last, risk = draw(st.integers(first, frames - 1)), draw(st.integers(0, 100)) / 100
        made.append(Doubt(number, first, last, box, tuple(causes), risk))
    return riskiest_first(made)


@st.composite
def edits(draw, ids, sizes, frames):
    """Changes of every sort that can be made to any plan with frames; some are taken back."""
    made = []
    fresh = max(ids, default=0) + 1
    for number in range(draw(st.integers(0, 4)) if frames and fresh < 2**31 - 9 else 0):
        first = draw(st.integers(0, frames - 1))
        last = draw(st.integers(first, frames - 1))
        area = {
            "edit": "area",
            "track": fresh + number,
            "first": first,
            "last": last,
            "box": [0, 0, 1, 1],
        }
        kinds = [
            {"edit": "black", "first": first, "last": last, "black": draw(st.booleans())},
            area | {"keep": draw(st.booleans())},
            {
                "edit": "draw",
                "track": fresh + number,
                "kind": "face",
                "first": first,
                "boxes": [0, 0, 1, 1] * (last - first + 1),
            },
            {"edit": "only", "tracks": ids[: number % 2]},
            *({"edit": "keep", "track": i, "keep": draw(st.booleans())} for i in ids[:1]),
            {"edit": "approve", "approved": True},
        ]
        made.append(draw(st.sampled_from(kinds)))
        if draw(st.booleans()):
            made.append({"edit": "undo"})
            if draw(st.booleans()):
                made.append({"edit": "redo"})
    return tuple(made)


@st.composite
def plans(draw):
    """Photos with pages of several sizes, and videos of constant and variable frame rate, empty
    ones too."""
    frames = draw(st.integers(0, 40))
    size = st.tuples(st.integers(1, 5000), st.integers(1, 5000))
    many = draw(st.booleans())
    sizes = tuple(
        draw(
            st.lists(size, min_size=frames, max_size=frames) if many and frames else st.tuples(size)
        )
    )
    steps = draw(
        st.lists(st.sampled_from([1, 40, 33, 34, 10**12]), min_size=frames, max_size=frames)
    )
    pts = np.cumsum([draw(st.integers(-(10**6), 10**6)), *steps])[:frames].astype(np.int64)
    medium = draw(st.sampled_from(["photo", "animation", "video"]))
    base = draw(st.sampled_from([Fraction(1), Fraction(1, 90_000), Fraction(1001, 30_000)]))
    if medium == "photo":  # pages count seconds
        pts, base = np.arange(frames, dtype=np.int64), Fraction(1)
    is_summed = medium == "video" or draw(st.booleans())  # older plans have none for photos
    numbers = st.sets(st.integers(0, frames - 1)) if frames else st.just(set())
    count = draw(st.integers(0, 5)) if frames else 0
    ids = draw(st.lists(st.integers(1, 2**31 - 1), min_size=count, max_size=count, unique=True))
    return Plan(
        source_sha256="ab" * 32,
        medium=medium,
        sizes=sizes,
        timeline=Timeline(pts, base),
        checksums=tuple(draw(st.integers(0, 2**32 - 1)) for _ in range(frames))
        if is_summed
        else (),
        tracks=tuple(draw(tracks(i, sizes, frames)) for i in ids),
        cuts=tuple(sorted(draw(numbers))),
        bad=tuple(sorted(draw(numbers))),
        detectors=({"name": "centerface", "version": "1", "sha256": "00", "runtime": "cpu"},),
        options={"cover": {"margin": 0.25}, "write": {"crf": None}},
        edits=draw(edits(ids, sizes, frames)),
        doubts=draw(doubts(ids, sizes, frames)),
        made=draw(st.none() | makings()),
    )


@st.composite
def makings(draw):
    """Notes on targets."""
    box = st.none() | st.tuples(*[st.integers(0, 9)] * 4)
    number = st.none() | st.floats(0, 1)
    finding = st.builds(
        Finding, st.just("coverage"), st.text(), st.none() | st.integers(0, 9), box, number, number
    )
    facts = st.dictionaries(st.text(), st.text() | st.integers() | st.floats(0, 1), max_size=3)
    bad = st.builds(Check, st.just("coverage"), st.just(Outcome.REVIEW), st.tuples(finding), facts)
    skipped = st.builds(
        Check, st.just("hashes"), st.just(Outcome.SKIPPED), why=st.just("not asked")
    )
    checks = st.lists(bad | skipped | st.just(Check("fidelity", Outcome.CLEAN)), max_size=3).map(
        tuple
    )
    return RenderRecord(
        "cd" * 32, "1.2", (draw(st.integers(0, 3)), 1), Verification(draw(checks)), "ef" * 32
    )


def facts(plan):
    """Everything a plan says, comparable with ==."""
    fields = {k: v for k, v in vars(plan).items() if not k.startswith("_") and k != "tracks"}
    of_tracks = [
        (
            t.id,
            t.kind,
            t.keep,
            t.frame.tolist(),
            t.xyxy.tolist(),
            t.reason.tolist(),
            t.score.tolist(),
        )
        for t in plan.tracks
    ]
    return fields, of_tracks


def small():
    both = Track(
        7,
        0,
        np.array([0, 1, 3], np.int32),
        np.array([[0, 0, 9, 9], [1, 1, 9, 9], [2, 2, 64, 48]], np.float32),
        np.array([Reason.EXTENDED, Reason.SEEN, Reason.SEEN], np.uint8),
        np.array([0, 0.5, 0.75], np.float32),
    )
    timeline = Timeline(np.array([0, 40, 80, 133], np.int64), Fraction(1, 1000))
    doubt = Doubt(7, 1, 3, (0, 0, 64, 48), ("ended", "short"), 0.57)
    return Plan(
        "cd" * 32,
        "video",
        ((64, 48),),
        timeline,
        (both,),
        cuts=(2,),
        bad=(3,),
        options={"a": 1.5},
        doubts=(doubt,),
        checksums=(1, 2, 3, 4),
    )


def written(folder: Path, plan: Plan) -> Path:
    path = folder / "a.plan.json"
    save(plan, path)
    return path


@REUSED
@given(plans())
def test_a_plan_comes_back_as_it_was(tmp_path, plan):
    again = load(written(tmp_path, plan))
    assert facts(again) == facts(plan)
    assert again.timeline.pts.dtype == np.int64
    assert again.region_count == plan.region_count
    assert [again.regions(i) for i in range(len(plan.timeline))] == [
        plan.regions(i) for i in range(len(plan.timeline))
    ]


@REUSED
@given(plans())
def test_a_seal_lasts_as_long_as_nothing_is_changed(tmp_path, plan):
    again = load(written(tmp_path, plan))
    assert seal(again) == seal(plan) == seal(replace(plan, made=None))
    assert seal(replace(plan, options={"cover": {"margin": 0.26}})) != seal(plan)
    for track in plan.tracks:
        others = tuple(replace(t, keep=not t.keep) if t is track else t for t in plan.tracks)
        assert seal(replace(plan, tracks=others)) != seal(plan)


@REUSED
@given(plans())
def test_the_same_plan_gives_the_same_bytes(tmp_path, plan):
    text = "".join(lines(plan))
    assert "".join(lines(load(written(tmp_path, plan)))) == text
    said = json.loads(text)
    assert said["tracks"] + said["edits"] == [
        json.loads(line.rstrip(",")) for line in text.splitlines() if line.startswith("  ")
    ]


def test_a_plan_older_than_residual_risk_has_no_doubts(tmp_path):
    path = written(tmp_path, small())
    document = json.loads(path.read_text())
    wanted = {"frames": [1, 3], "risk": 57, "causes": ["ended", "short"], "box": [0, 0, 64, 48]}
    assert document["tracks"][0].pop("doubts") == [wanted]
    path.write_text(json.dumps(document))
    assert load(path).doubts == ()
    assert load(path).risk == 0


@REUSED
@given(plans())
def test_regions_are_those_of_the_tracks_not_kept(plan):
    plan = replace(plan, edits=())
    assert plan.region_count == sum(len(t) for t in plan.tracks if not t.keep)
    for frame in range(len(plan.timeline)):
        want = {
            (tuple(map(int, t.xyxy[row])), t.id)
            for t in plan.tracks
            if not t.keep
            for row in np.flatnonzero(t.frame == frame)
        }
        assert {(r.box, r.track) for r in plan.regions(frame)} == want


def test_a_plan_names_nothing_of_its_source_but_the_checksum(tmp_path):
    text = written(tmp_path, small()).read_text()
    assert str(tmp_path) not in text
    keys = " ".join(json.loads(text))
    assert keys == (
        "format version efface source frames time_base pts detectors options cuts bad "
        "checksums tracks edits"
    )


def test_an_hour_of_crowd_fits_and_loads(tmp_path):
    """A tenth of an hour at 30 frames a second, with 20 people in every frame: a tenth of the 50 MB
    that an hour may take."""
    frames, people = 10_800, 20
    rng = np.random.default_rng(0)
    crowd = []
    for i in range(people):
        corner = (
            np.cumsum(rng.integers(-2, 3, (frames, 2)), axis=0) + rng.integers(0, 1700, 2)
        ) % (1700, 900)
        boxes = np.concatenate(
            [corner, corner + rng.integers(60, 120, (frames, 2))], axis=1
        ).astype(np.float32)
        reason = np.where(rng.random(frames) < 0.9, Reason.SEEN, Reason.BRIDGED).astype(np.uint8)
        score = np.where(reason == Reason.SEEN, np.round(rng.random(frames), 2), 0).astype(
            np.float32
        )
        crowd.append(Track(i + 1, 0, np.arange(frames, dtype=np.int32), boxes, reason, score))
    pts = np.cumsum(rng.choice([3000, 3003, 3006], frames)).astype(np.int64)
    plan = Plan(
        "ef" * 32,
        "video",
        ((1920, 1080),),
        Timeline(pts, Fraction(1, 90_000)),
        tuple(crowd),
        checksums=(9,) * frames,
    )
    path = written(tmp_path, plan)
    assert path.stat().st_size < 5_000_000
    again = load(path)
    assert again.timeline == plan.timeline
    assert again.region_count == frames * people
    x1, y1, x2, y2 = (int(v) for v in crowd[4].xyxy[777])
    assert again.regions(777)[4] == Region((x1, y1, x2, y2), 5)


@REUSED
@given(st.data())
def test_changed_bytes_give_bad_plan_or_a_plan_that_holds_together(tmp_path, data):
    path = written(tmp_path, small())
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(
            st.sampled_from("set cut add")[0] if False else st.sampled_from(["set", "cut", "add"])
        ):
            case "set":
                raw[at] = data.draw(st.integers(0, 255))
            case "cut":
                del raw[at : at + data.draw(st.integers(1, 20))]
            case "add":
                raw[at:at] = data.draw(
                    st.binary(max_size=5)
                    | st.sampled_from([b"9" * 30, b"-", b"[[", b"null", b"1e999"])
                )
        if not raw:
            break
    path.write_bytes(raw)
    _loads_safely(path)


def _spots(node, path=()):
    """Every place in a JSON document, as (path to the container, key)."""
    items = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, value in items:
        yield path, key
        yield from _spots(value, (*path, key))


@REUSED
@given(st.data())
def test_changed_structure_gives_bad_plan_or_a_plan_that_holds_together(tmp_path, data):
    path = written(tmp_path, small())
    document = json.loads(path.read_text())
    for _ in range(data.draw(st.integers(1, 3))):
        where, key = data.draw(st.sampled_from(list(_spots(document))))
        holder = document
        for step in where:
            holder = holder[step]
        match data.draw(st.sampled_from(["set", "drop", "double"])):
            case "set":
                holder[key] = data.draw(
                    JSON
                    | st.sampled_from([2**31, 2**40, -1, 10**400, "1e999999999", [[0, 1, 10**9]]])
                )
            case "drop":
                del holder[key]
            case "double" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
    path.write_text(json.dumps(document))
    _loads_safely(path)


def _loads_safely(path):
    try:
        plan = load(path)
    except BadPlan:
        return
    # What was accepted can be obeyed to the last frame.
    regions = [r for frame in range(len(plan.timeline)) for r in plan.regions(frame)]
    assert len(regions) == plan.region_count
    assert all(0 <= r.box[0] < r.box[2] and 0 <= r.box[1] < r.box[3] for r in regions)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("tracks", 0, "keep"), "false"),
        (("tracks", 0, "keep"), 0),
        (("tracks", 0, "id"), 2**40),
        (("tracks", 0, "id"), 0),
        (("tracks", 0, "id"), True),
        (("tracks", 0, "id"), "\ud800"),
        (("tracks", 0, "runs", 0, 0), 2**32),
        (("tracks", 0, "runs", 0, 1), 1.5),
        (("tracks", 0, "runs", 0, 2), "forgotten"),
        (("tracks", 0, "boxes", 0), 0.5),
        (("tracks", 0, "boxes", 2), 65),
        (("tracks", 0, "boxes", 2), 3.5e38),
        (("tracks", 0, "boxes", 2), 0),
        (("tracks", 0, "scores"), [50]),
        (("tracks", 0, "scores", 0), 101),
        (("tracks", 0, "scores", 0), float("nan")),
        (("tracks", 0, "scores", 0), 3.4028235677973366e38),
        (("tracks", 0, "kind"), "dog"),
        (("tracks", 0, "doubts"), "many"),
        (("tracks", 0, "doubts"), [1]),
        (("tracks", 0, "doubts", 0, "frames"), [1]),
        (("tracks", 0, "doubts", 0, "frames"), [1, 4]),
        (("tracks", 0, "doubts", 0, "frames"), [3, 1]),
        (("tracks", 0, "doubts", 0, "frames"), [-1, 1]),
        (("tracks", 0, "doubts", 0, "frames", 0), 0.5),
        (("tracks", 0, "doubts", 0, "risk"), 101),
        (("tracks", 0, "doubts", 0, "risk"), 0.5),
        (("tracks", 0, "doubts", 0, "risk"), True),
        (("tracks", 0, "doubts", 0, "causes"), []),
        (("tracks", 0, "doubts", 0, "causes"), "far"),
        (("tracks", 0, "doubts", 0, "causes", 0), "angry\x1b"),
        (("tracks", 0, "doubts", 0, "box", 2), 65),
        (("tracks", 0, "doubts", 0, "box", 2), 10**400),
        (("tracks", 0, "doubts", 0, "box"), [0, 0, 9]),
        (("frames",), 5),
        (("time_base",), "1e999999999"),
        (("time_base",), "0/1"),
        (("time_base",), "1/0"),
        (("pts", 0, 1), -40),
        (("pts", 0, 0), 0.5),
        (("pts",), [[0, 1, 10**12]]),
        (("bad",), [[0, 1, 5]]),
        (("cuts",), [4]),
        (("source", "sizes"), [[64, 48], [64, 48]]),
        (("source", "medium"), "hologram"),
        (("version",), 5),
        (("version",), 0),
        (("checksums",), ""),
        (("checksums",), "0" * 24),
        (("source", "medium"), "photo"),
        (("version",), True),
        (("edits",), [{"edit": "undo"}]),
        (("edits",), [{"edit": "keep", "track": 9, "keep": True}]),
        (("edits",), {"edit": "approve", "approved": True}),
        (("format",), "recipe"),
        (("options", "a"), float("inf")),
    ],
)
def test_what_is_not_said_clearly_is_refused(tmp_path, where, value):
    path = written(tmp_path, small())
    document = json.loads(path.read_text())
    holder = document
    for step in where[:-1]:
        holder = holder[step]
    holder[where[-1]] = value
    path.write_text(json.dumps(document))
    with pytest.raises(BadPlan) as caught:
        load(path)
    assert str(caught.value).isprintable()


def test_an_edit_in_a_plan_of_version_1_is_refused(tmp_path):
    path = written(tmp_path, replace(small(), edits=({"edit": "approve", "approved": True},)))
    assert load(path).revised.approved
    path.write_text(path.read_text().replace('"version": 3', '"version": 1'))
    with pytest.raises(BadPlan):
        load(path)


EDITS = (
    {"edit": "keep", "track": 7, "keep": True},
    {"edit": "undo"},
    {"edit": "area", "track": 8, "first": 0, "last": 3, "box": [1, 2, 9, 9], "keep": False},
)


def appended(path, plan, edits):
    """Adds edits one by one, as a review does."""
    handle = os.open(path, os.O_RDWR)
    try:
        for done, edit in enumerate(edits, len(plan.edits)):
            append(handle, [edit], is_first=not done)
    finally:
        os.close(handle)


def test_adding_edits_gives_the_plan_that_saving_would_give_and_changes_no_line_before(tmp_path):
    path = written(tmp_path, small())
    before = path.read_text()
    appended(path, small(), EDITS)
    whole = replace(small(), edits=EDITS)
    assert path.read_text() == "".join(lines(whole))
    assert facts(load(path)) == facts(whole)
    assert path.read_text().startswith(before.removesuffix("\n ]\n}\n"))


def test_nothing_is_added_to_a_file_that_is_no_plan(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("dear diary")
    with pytest.raises(ValueError, match="plan"):
        appended(path, small(), EDITS)
    assert path.read_text() == "dear diary"


def test_wherever_power_fails_in_the_last_edit_all_before_it_are_found_again(tmp_path):
    path = written(tmp_path, small())
    appended(path, small(), EDITS[:2])
    two = path.read_bytes()
    appended(path, replace(small(), edits=EDITS[:2]), EDITS[2:])
    three = path.read_bytes()
    start = len(two) - len(b"\n ]\n}\n")
    outcomes = set()
    for cut in range(start, len(three) - 1):  # without the last line break it is whole
        path.write_bytes(three[:cut])
        with pytest.raises(TornPlan):
            load(path)
        plan, lost = mended(path)
        assert plan.edits == EDITS[: len(plan.edits)]
        assert (len(plan.edits), lost) in {(2, 0), (2, 1), (3, 0)}
        outcomes.add(len(plan.edits))
    assert outcomes == {2, 3}
    # Blocks that were never written read as zeros.
    path.write_bytes(three[: start + 9] + bytes(len(three) - start - 9))
    assert (mended(path)[0].edits, mended(path)[1]) == (EDITS[:2], 1)


def test_other_damage_is_not_mended(tmp_path):
    path = written(tmp_path, replace(small(), edits=EDITS))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadPlan) as caught:
        mended(path)
    assert not isinstance(caught.value, TornPlan)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '"plan"',
        "{" * 100_000,
        "[" * 100_000,
        "\x00",
        "1" * 10_000,
        '{"format":"efface-plan"}',
    ],
)
def test_what_is_no_plan_is_refused(tmp_path, text):
    path = tmp_path / "a.plan.json"
    path.write_text(text)
    with pytest.raises(BadPlan):
        load(path)


def test_paths_that_cannot_be_read_are_bad_plans(tmp_path):
    for path in (tmp_path, tmp_path / "absent", tmp_path / "nul\0"):
        with pytest.raises(BadPlan):
            load(path)


def test_invalid_utf8_is_a_bad_plan(tmp_path):
    path = written(tmp_path, small())
    path.write_bytes(path.read_bytes().replace(b"video", b"vide\xff"))
    with pytest.raises(BadPlan):
        load(path)


def test_a_plan_that_cannot_be_written_is_an_output_error(tmp_path):
    with pytest.raises(WriteFailed):
        save(small(), tmp_path / "absent" / "a.json")


# What a stranger may have written


@pytest.mark.parametrize("name", ["tracks", "checksums", "source", "edits"])
def test_what_is_said_twice_is_refused(tmp_path, name):
    path = written(tmp_path, small())
    value = json.dumps(json.loads(path.read_text())[name])
    path.write_text(path.read_text().rstrip().removesuffix("}") + f', "{name}": {value}}}\n')
    with pytest.raises(BadPlan, match="twice"):
        load(path)
    path.write_text(
        written(tmp_path, small()).read_text().replace('"keep":false', '"keep":false,"keep":true')
    )
    with pytest.raises(BadPlan, match="twice"):
        load(path)


@pytest.mark.parametrize("medium", ["photo", "animation", "video"])
def test_a_plan_without_checksums_is_refused_unless_it_is_an_older_one_of_a_photo(tmp_path, medium):
    pts, base = np.arange(4, dtype=np.int64), Fraction(1)
    plan = Plan("cd" * 32, medium, ((64, 48),), Timeline(pts, base), checksums=(1, 2, 3, 4))
    text = "".join(lines(plan)).replace(
        '"checksums": "00000001000000020000000300000004"', '"checksums": ""'
    )
    path = tmp_path / "a.plan.json"
    path.write_text(text)
    with pytest.raises(BadPlan, match="checksums of its frames are missing"):
        load(path)
    path.write_text(text.replace('"version": 3', '"version": 2'))
    if medium == "video":
        with pytest.raises(BadPlan, match="checksums of its frames are missing"):
            load(path)
    else:
        assert load(path).checksums == ()


@contextmanager
def memory_bound(most):
    """Fails when the block takes more memory than that."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("medium", ["photo", "animation", "video"])
@pytest.mark.parametrize("version", [1, 2, 3])
def test_frames_that_nobody_has_seen_are_not_unfolded(tmp_path, medium, version):
    document = json.loads(written(tmp_path, small()).read_text())
    document |= {
        "version": version,
        "frames": 50_000_000,
        "pts": [[0, 1, 50_000_000]],
        "time_base": "1",
        "tracks": [],
    }
    document |= {"bad": [[0, 1, 50_000_000]], "cuts": []}
    document["source"]["medium"] = medium
    path = tmp_path / "a.plan.json"
    for checksums in ("", "00000001", document["checksums"]):
        path.write_text(json.dumps(document | {"checksums": checksums}))
        with memory_bound(1 << 20), pytest.raises(BadPlan):
            load(path)
    path.write_text(json.dumps(document | {"frames": 4}))
    with memory_bound(1 << 20), pytest.raises(BadPlan):
        load(path)


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"[[[[", b'{"a":'])
def test_a_plan_of_nothing_but_brackets_takes_no_memory(tmp_path, piece):
    path = tmp_path / "a.plan.json"
    head = b'{"format":"efface-plan","tracks":['
    path.write_bytes(head + piece * ((LARGEST - len(head)) // len(piece)))
    with memory_bound(2 * LARGEST), pytest.raises(BadPlan, match="parts"):
        load(path)


def test_a_plan_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "a.plan.json"
    with open(path, "wb") as f:
        f.write(b'{"format":"efface-plan"')
        f.truncate(20 * LARGEST)  # a hole: it takes no room on the disk
    with memory_bound(3 * LARGEST), pytest.raises(BadPlan, match=f"larger than {LARGEST >> 20} MB"):
        load(path)


def test_what_could_not_be_read_again_is_not_written(tmp_path, monkeypatch):
    require_readable(small(), tmp_path / "a.json")
    monkeypatch.setattr("efface.planning.sidecar.LARGEST", 300)
    with pytest.raises(WriteFailed, match="could not read it again"):
        require_readable(small(), tmp_path / "a.json")


@pytest.mark.parametrize("cut", [0, 4, 40])
def test_whether_a_person_changed_a_plan_is_known_without_reading_it(tmp_path, cut):
    path = written(tmp_path, small())
    assert not holds_edits(path)
    appended(path, small(), EDITS)
    path.write_bytes(path.read_bytes()[: len(path.read_bytes()) - cut])
    assert holds_edits(path)
    assert not holds_edits(tmp_path / "absent")
    (tmp_path / "other").write_text('{"edit": 1}')
    assert not holds_edits(tmp_path / "other")
    os.mkfifo(tmp_path / "pipe")
    assert not holds_edits(tmp_path / "pipe")
