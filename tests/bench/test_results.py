"""What is said of a run, and what counts as a drop.

The kept numbers of releases are compared here, too.
"""

from __future__ import annotations

import copy
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from efface.bench import results
from efface.errors import BadTruth, SourceUnreadable, UsageError

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"

RELEASES = sorted(
    (p for p in RESULTS.iterdir() if p.is_dir()),
    key=lambda p: [int(n) for n in re.findall(r"\d+", p.name)],
)
"""Folders of kept numbers, the oldest first."""


def stills(**more):
    numbers = {
        "boxes": {"16": 100},
        "recall": {"12": 0.9, "16": 0.95, "24": 0.96, "48": None},
        "recall_by_attribute": {},
        "false_alarms_per_picture": 2.0,
        "needless_area": 0.05,
    }
    said = {
        "efface": "1",
        "bench": "stills",
        "sets": ["a"],
        "plain": False,
        "settings": {"detect": {"kinds": "face"}, "seed": 1},
    }
    said |= {"numbers": numbers, "parts": {"a": copy.deepcopy(numbers)}, "frames_per_second": 9.5}
    return (
        said
        | {"detectors": [{"name": "n", "version": "1", "sha256": "ab" * 32, "runtime": "cpu"}]}
        | more
    )


def changed(**numbers):
    said = stills()
    said["numbers"] |= numbers
    return said


def test_the_same_is_no_drop():
    assert results.drops(stills(), stills()) == []
    assert (
        results.drops(changed(recall={"12": 0.95, "16": 0.99, "24": 0.96, "48": None}), stills())
        == []
    ), "better is fine"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (
            {"recall": {"12": 0.9, "16": 0.94, "24": 0.96, "48": None}},
            "recall 16 was 0.95 and is 0.94",
        ),
        ({"false_alarms_per_picture": 2.2}, "false_alarms_per_picture was 2.0 and is 2.2"),
        ({"needless_area": 0.06}, "needless_area was 0.05 and is 0.06"),
        ({"recall": {"12": 0.9, "16": 0.95}}, "recall 24 was 0.96 and is not measured any more"),
    ],
)
def test_a_drop_is_said(numbers, said):
    (sentence,) = results.drops(changed(**numbers), stills())
    assert sentence.startswith(said)


def test_small_changes_either_way_are_no_drop():
    assert (
        results.drops(changed(false_alarms_per_picture=2.09, needless_area=0.0545), stills()) == []
    )


def test_numbers_about_clear_faces_count():
    old, new = (changed(clear={"boxes": 9, "leak_rate": rate}) for rate in (0.01, 0.02))
    (sentence,) = results.drops(new, old)
    assert sentence.startswith("leak_rate of clear ones was 0.01 and is 0.02")


def test_a_part_may_vary_more_but_not_without_end():
    new = stills()
    new["parts"]["a"]["recall"]["16"] = 0.942
    assert results.drops(new, stills()) == []
    new["parts"]["a"]["recall"]["16"] = 0.93
    (sentence,) = results.drops(new, stills())
    assert sentence.startswith("a: recall 16")
    del new["parts"]["a"]
    assert len(results.drops(new, stills())) == 5


@pytest.mark.parametrize("more", [{"sets": ["b"]}, {"plain": True}, {"bench": "video"}])
def test_other_measurements_are_not_compared(more):
    with pytest.raises(UsageError, match="--against"):
        results.drops(stills(**more), stills())
    with pytest.raises(UsageError, match="not the same pictures"):
        results.drops(changed(boxes={"16": 99}), stills())


def test_what_is_no_result_is_refused(tmp_path):
    path = tmp_path / "a.json"
    with pytest.raises(SourceUnreadable):
        results.load(path)
    for text in ("{", "[]", '{"numbers": {}}'):
        path.write_text(text)
        with pytest.raises(BadTruth):
            results.load(path)
    path.write_text(results.text(stills()))
    assert results.load(path) == stills()


def test_the_table_tells_numbers_and_circumstances():
    said = results.table(stills())
    assert "recall 16 px" in said
    assert "0.95" in said
    assert "detect: kinds face" in said
    assert "SHA-256 abababababababab..." in said
    lines = said.splitlines()
    assert len(lines[0]) == len(lines[1]), "columns stand below one another"


def test_results_are_kept_for_the_newest_release():
    assert RELEASES
    kept = {p.name for p in RELEASES[-1].glob("*.json")}
    assert {
        "wider.json",
        "masks.json",
        "video.json",
        "moving.json",
        "moving-plain.json",
        "stress.json",
    } <= kept
    for path in RESULTS.rglob("*.json"):
        assert path.stat().st_size < 20_000, path
        if not path.name.startswith("speed"):  # of benchmarks/speed.py
            assert "/" not in json.dumps(results.load(path)["sets"])


@pytest.mark.parametrize(("old", "new"), list(pairwise(RELEASES)), ids=str)
def test_no_release_is_worse_than_the_one_before(old, new):
    for path in sorted(p for p in old.glob("*.json") if not p.name.startswith("speed-")):
        assert results.drops(results.load(new / path.name), results.load(path)) == [], path.name


def test_following_things_in_time_is_worth_it():
    newest = RELEASES[-1]
    for name in ("moving", "stress"):
        usual, plain = (
            results.load(newest / f"{name}{how}.json")["numbers"] for how in ("", "-plain")
        )
        assert usual["boxes"] == plain["boxes"]
        assert usual["leak_rate"] < plain["leak_rate"]


def films(leaks, boxes=100):
    """A result of clips with so many leaks each."""
    said, counts = stills(bench="moving"), [[n, boxes] for n in leaks]
    said["numbers"] = {
        "leak_rate": sum(leaks) / (boxes * len(leaks)),
        "leaks_and_boxes_of_videos": counts,
    }
    return said


def test_a_change_of_the_leak_rate_is_said_with_what_chance_leaves_open():
    before = films([50, 0, 30, 0, 0, 10] * 10)
    less = films([40, 0, 20, 0, 0, 5] * 10)
    sentence = results.change(less, before)
    assert sentence.startswith("leak rate 15.00 % before, 10.83 % now; by the same videos")
    low, high = (float(n) for n in re.findall(r"([+-][\d.]+)", sentence))
    assert -8 < low < high < 0
    assert results.change(films([50, 0, 30]), films([40, 0, 20])) is None
    assert results.change(before, before) is None
    assert results.change(stills(), stills()) is None
