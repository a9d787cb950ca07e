"""How often sightings are right is counted where it matters, and fitted without bends.

A person's words stand in a file, so neither pictures nor networks are needed here.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import efface.detect
from efface.detections import FACE, PLATE, Detections
from efface.planning.chances import HEIGHTS, SCORES
from training import chances


def rows(truth, seed=1, count=3000):
    """What a person says of sightings that are right with the chance truth(score)."""
    rng = np.random.default_rng(seed)
    score, height = rng.uniform(0.1, 0.9, count), np.exp(rng.uniform(2.3, 5, count))
    said = np.where(rng.random(count) < truth(score), "right", "wrong")
    return [[*row, 1.0, str(s)] for *row, s in zip(score, height, said, strict=True)]


def table(found):
    return np.array(json.loads(chances.fitted({"face": found}))["face"])


@pytest.mark.parametrize("truth", [lambda s: s, lambda s: s**2], ids=["as it is", "squared"])
def test_a_chance_is_found_again(truth):
    found = table(rows(truth))
    assert found.shape == (len(HEIGHTS), len(SCORES))
    away = np.abs(found - truth(np.array(SCORES)))
    assert away.mean() < 0.05
    assert away.max() < 0.2
    assert (np.diff(found, axis=1) >= 0).all()


def test_places_that_stand_for_many_count_more():
    """Nine right ones of a rare kind, and nine wrong ones that stand for a hundred times more."""
    few = [[0.3, 30.0, 1.0, "right"]] * 9 + [[0.3, 30.0, 100.0, "wrong"]] * 9
    spread = rows(lambda s: s, count=200)
    at = SCORES.index(0.25)
    assert table(few + spread)[1, at] < table(spread)[1, at]


def test_what_nobody_could_tell_does_not_count():
    known = rows(lambda s: s, count=300)
    assert (table(known + [[0.3, 30.0, 50.0, "unclear"]] * 50) == table(known)).all()


def test_weak_sightings_count_where_nothing_else_is_erased():
    seen = Detections(
        np.float32([[100, 100, 140, 150], [102, 98, 138, 146], [300, 100, 340, 150]]),
        np.float32([0.8, 0.2, 0.2]),
        np.uint8([FACE, FACE, FACE]),
    )
    assert [r[1:3] for r in chances._rows(seen, {FACE: 0.25})] == [[0.8, 100.0], [0.2, 300.0]]


def test_what_ships_is_what_the_person_said():
    said = json.loads(chances.SEEN.read_text())
    assert min(len(said["face"]), len(said["plate"])) > 500
    shipped, made = json.loads(chances.MADE.read_text()), json.loads(chances.fitted(said))
    for kind, chance in made.items():
        assert np.array(shipped[kind]) == pytest.approx(np.array(chance), abs=0.02)


def test_it_was_counted_with_the_networks_that_ship():
    """Another network's scores mean something else: count again, see training/README.md."""
    counted = json.loads(chances.SEEN.read_text())["networks"]
    pins = Path(efface.detect.__file__).parent
    pinned = {n: (pins / f"{n}.sha256").read_text("ascii").split()[0] for n in counted}
    assert counted == pinned
    assert "centerface-int8" in counted
    assert len(counted) > 2


def test_a_run_does_not_go_on_with_other_networks(tmp_path):
    noted = tmp_path / chances.NETWORKS
    for _ in range(2):
        chances._same_networks(noted, {"a": "0"})
    with pytest.raises(ValueError, match="other networks"):
        chances._same_networks(noted, {"a": "1"})
    assert json.loads(noted.read_text()) == {"a": "0"}


def test_sheets_and_words_become_rows(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((90, 160, 3), np.uint8))
    seen = [[FACE, 0.3, 10, 10, 40, 50], [FACE, 0.8, 60, 10, 90, 50], [PLATE, 0.4, 9, 60, 49, 70]]
    line = json.dumps([str(tmp_path), "a.png", seen])
    (tmp_path / "sightings.jsonl").write_text(line + "\n")
    chances.sheets(tmp_path)
    asked = json.loads((tmp_path / "face/asked.json").read_text())
    right = asked.index([0.8, 40.0, 1.0])
    (tmp_path / "face/s00.json").write_text(json.dumps({"face": [right], "unclear": []}))
    (tmp_path / "plate/s00.json").write_text(json.dumps({"plate": [], "unclear": [0]}))
    (tmp_path / chances.NETWORKS).write_text('{"a": "0"}')
    chances.keep(tmp_path, tmp_path / "said.json")
    said = json.loads((tmp_path / "said.json").read_text())
    assert said["networks"] == {"a": "0"}
    assert sorted(said["face"]) == [[0.3, 40.0, 1.0, "wrong"], [0.8, 40.0, 1.0, "right"]]
    assert said["plate"] == [[0.4, 10.0, 1.0, "unclear"]]
    assert cv2.imread(str(tmp_path / "face/s00.png")).any()


def test_no_measuring_set_is_looked_at(tmp_path):
    with pytest.raises(ValueError, match="measuring"):
        chances.look(tmp_path, [tmp_path / "faces-dev-wider"], 1)
