"""A set that is drawn: its labels are where the objects are, it is the same each time, and what is
drawn is found."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest

from efface.bench import drawn, runner
from efface.bench.results import as_json, table
from efface.bench.runner import ClipsWanted
from efface.bench.truth import load_stills
from efface.detect.registry import DETECTORS
from efface.detections import CODE, FACE, TEXT, Detections
from efface.errors import UsageError
from efface.options import DetectOptions, Options


def quiet(line):
    pass


@pytest.mark.parametrize("way", drawn.WAYS.values(), ids=drawn.WAYS.keys())
def test_the_label_is_where_the_object_is(way):
    for name, draw in {**drawn.OBJECTS["text"], **drawn.OBJECTS["code"]}.items():
        rng = random.Random(f"{name} {way}")
        before = np.full((480, 640, 3), 90, np.uint8)
        picture = before.copy()
        mask = drawn.placed(picture, draw(rng), way, rng, on_paper=name != "caption")
        assert mask is not None
        x, y, w, h = cv2.boundingRect(mask)
        changed = np.abs(picture.astype(int) - before).max(axis=2) > 12
        assert changed[mask > 0].mean() > 0.2, "something is drawn there"
        around = np.ones_like(changed)
        pad = 3 + round(way.side / 2)
        around[max(0, y - pad) : y + h + pad, max(0, x - pad) : x + w + pad] = False
        assert not changed[around].any(), "and nothing elsewhere"


def test_what_has_no_room_is_left_out():
    rng = random.Random(1)
    small = np.zeros((60, 60, 3), np.uint8)
    assert drawn.placed(small, drawn.qr(rng), drawn.WAYS["400 px"], rng) is None


def test_a_bar_code_has_its_guards_and_a_right_sum():
    made = drawn.bars(random.Random(3))
    row = (made[made.shape[0] // 2, drawn.PAPER : -drawn.PAPER] < 128).astype(int)
    assert len(row) == 67
    assert (row[:3].tolist(), row[31:36].tolist(), row[-3:].tolist()) == (
        [1, 0, 1], [0, 1, 0, 1, 0], [1, 0, 1],
    )  # fmt: skip


def test_the_set_is_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(drawn, "WAYS", {"60 px": drawn.WAYS["60 px"]})
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        drawn.make(tmp_path / name, "code", 2, 7)
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert len(files) == 2 * 2 + 1
    assert all(
        (tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files
    )
    (first, *_) = load_stills(tmp_path / "a")
    assert first.labels.kinds == ("code",)
    assert first.labels.attributes == ({"object": "QR", "way": "60 px"},)


def test_unknown_kinds_are_refused():
    with pytest.raises(UsageError, match="--only: face is not one of text, code"):
        drawn.chosen(["face"])
    assert drawn.chosen(["code"]) == ["code"]


def test_what_is_drawn_is_found(monkeypatch, tmp_path):
    monkeypatch.setitem(drawn.OBJECTS, "text", {"caption": drawn.line})
    monkeypatch.setattr(drawn, "WAYS", {"120 px": drawn.WAYS["120 px"]})
    result = runner.run_drawn(
        Options(), quiet, ClipsWanted(count=1, seed=1, kinds=[], keep=tmp_path)
    )
    assert {k: v["recall"]["16"] for k, v in result.parts.items()} == {"text": 1.0, "code": 1.0}
    assert set(result.numbers["recall_by_attribute"]) >= {
        "object QR",
        "object caption",
        "way 120 px",
    }
    assert result.settings["detect"]["kinds"] == "text,code"
    shown = table(as_json(result, plain=False))
    assert "bench drawn of text, code" in shown
    assert "object bars" in shown


def test_a_set_of_several_kinds_has_a_row_for_each(monkeypatch, tmp_path, kit):
    """The text is found in each picture, the face in none, and a code that is not there in one."""
    seen = iter([(TEXT,), (TEXT, CODE)])
    boxes = {TEXT: (20, 20, 90, 50), CODE: (200, 20, 240, 60)}

    class Finder:
        infos, sure = (), {FACE: 0.5, TEXT: 0.5, CODE: 0.5}

        def detect(self, frame, look):
            kinds = next(seen)
            xyxy = np.array([boxes[k] for k in kinds], np.float32)
            return Detections(xyxy, np.full(len(kinds), 0.9, np.float32), np.array(kinds, np.uint8))

    monkeypatch.setitem(DETECTORS, "pyramid", lambda options, **_: Finder())
    labels = [
        kit.box((20, 20, 90, 50), label="text"),
        kit.box((120, 100, 160, 150)),
        kit.box((260, 100, 300, 140), label="code", ignore=True),
    ]
    pictures = {f"{i}.png": (kit.speckled(320, 180, i), labels) for i in range(2)}
    stills = load_stills(kit.annotated(tmp_path / "mixed", pictures))
    parts = runner.run_stills([("mixed", stills)], Options(), quiet).parts
    assert set(parts) == {"mixed", "mixed, face", "mixed, text", "mixed, code"}
    assert [parts[f"mixed, {k}"]["recall"]["16"] for k in ("face", "text")] == [0.0, 1.0]
    assert parts["mixed, text"]["false_alarms_per_picture"] == 0
    assert parts["mixed, code"]["false_alarms_per_picture"] == 0.5
    assert parts["mixed"]["recall"]["16"] == 0.5


def test_named_kinds_are_kept_to(tmp_path, kit):
    named = Options(detect=DetectOptions(kinds="face"))
    assert runner.for_kinds(named, ["face", "text"]).detect.kinds == "face"
    assert runner.for_kinds(Options(), ["plate", "text"]).detect.kinds == "plate,text"
    with pytest.raises(UsageError, match="--kinds"):
        runner.for_kinds(named, ["text"])
