"""Faces and plates through the command line: what is looked for, what is said, and what is written.

The detector is a fake.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from efface.detect.detector import DetectorInfo
from efface.detect.registry import DETECTORS
from efface.detections import FACE, FINDABLE, KINDS, PLATE, Detections

SEEN = {
    "face": [(10, 10, 30, 34)],
    "plate": [(60, 50, 84, 56), (90, 20, 120, 27)],
    "text": [(4, 100, 60, 110)],
    "code": [(90, 60, 130, 100)],
    "person": [(100, 30, 120, 90)],
}


@pytest.fixture
def sightings(monkeypatch):
    """sightings(face=..., plate=...) puts a detector in place that sees these boxes in every
    frame."""

    def install(**seen):
        class Seeing:
            infos = tuple(DetectorInfo(name, "1", "00", "none") for name in ("trunk", "more"))

            def __init__(self, options, **_):
                self.wanted = options.wanted
                self.sure = {KINDS.index(k): 0.5 for k in options.wanted}

            def detect(self, frame, look):
                rows = [(box, KINDS.index(k)) for k in self.wanted for box in seen.get(k, ())]
                boxes = np.float32([box for box, _ in rows]).reshape(-1, 4)
                return Detections(
                    boxes,
                    np.full(len(rows), 0.9, np.float32),
                    np.array([k for _, k in rows], np.uint8),
                )

        monkeypatch.setitem(DETECTORS, "pyramid", Seeing)

    return install


def test_both_are_found_counted_and_exported_by_default(efface, kept, kit, tmp_path, sightings):
    sightings(**SEEN)
    photo, clip = kit.taken(kept, tmp_path, "face.png", "clip.mp4")
    of_clip = efface("find", clip, "--mot", tmp_path / "boxes.txt", "-o", tmp_path / "plan.json")
    assert of_clip.out.startswith(
        f"clip.mp4: 1 face track and 2 plate tracks in {kit.CLIP_FRAMES} frames. Plan: "
    )
    rows = (tmp_path / "boxes.txt").read_text().splitlines()
    assert (
        sorted(int(row.split(",")[7]) for row in rows)
        == [FACE + 1] * kit.CLIP_FRAMES + [PLATE + 1] * 2 * kit.CLIP_FRAMES
    )
    plan = kit.plan_of(tmp_path / "plan.json")
    assert [d["name"] for d in plan["detectors"]] == ["trunk", "more"]
    assert plan["options"]["detect"]["kinds"] == "face,plate"
    assert sorted(t["kind"] for t in plan["tracks"]) == ["face", "plate", "plate"]
    assert efface("find", photo, "--coco", tmp_path / "boxes.json").out.startswith(
        "face.png: 1 face and 2 plates.\n"
    )
    document = json.loads((tmp_path / "boxes.json").read_text())
    assert sorted(a["category_id"] for a in document["annotations"]) == [
        FACE + 1,
        PLATE + 1,
        PLATE + 1,
    ]


@pytest.mark.parametrize("source", ["face.png", "clip.mp4"])
def test_plates_are_erased_with_their_own_margin(efface, kept, kit, tmp_path, sightings, source):
    sightings(**SEEN)
    (path,) = kit.taken(kept, tmp_path, source)
    done = efface(
        "redact", path, "--margin", "0", "--plate-margin", "0.5", "--verify", "off", *kit.FAST
    )
    assert done.code == 0
    plan = kit.plan_of(path.with_name(f"{path.stem}.redacted{path.suffix}.plan.json"))
    boxes = np.array(sorted(t["boxes"][:4] for t in plan["tracks"]))
    wanted = np.array(
        [(10, 10, 30, 34), (48, 47, 96, 59), (75, 16, 128, 31)]
    )  # the last one comes near the rim
    outwards = (boxes - wanted) * (-1, -1, 1, 1)
    assert (outwards >= 0).all()
    assert (outwards <= (0 if source != "clip.mp4" else 4)).all()  # the clip's camera moves


@pytest.mark.parametrize(
    ("kinds", "said", "missed"),
    [
        ("face,plate", "no face and no plate found", "a face or a plate."),
        ("plate,face", "no face and no plate found", "a face or a plate."),
        ("face", ": no face found", "a face."),
        ("plate", ": no plate found", "a plate."),
    ],
)
def test_what_was_not_found_is_what_was_asked_for(
    efface, kept, kit, tmp_path, sightings, kinds, said, missed
):
    sightings()
    (photo,) = kit.taken(kept, tmp_path, "plain.png")
    done = efface("redact", photo, "--kinds", kinds)
    assert said in done.out
    assert f"may have missed {missed}" in done.out


@pytest.mark.parametrize("kind", FINDABLE)
def test_only_the_kind_asked_for_is_erased(efface, kept, kit, tmp_path, sightings, kind):
    sightings(**SEEN)
    (photo,) = kit.taken(kept, tmp_path, "face.png")
    efface("redact", photo, "--kinds", kind)
    plan = kit.plan_of(tmp_path / "face.redacted.png.plan.json")
    assert {t["kind"] for t in plan["tracks"]} == {kind}
    assert plan["options"]["detect"]["kinds"] == kind


def test_a_kind_that_does_not_exist(efface, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "plain.png")
    for kinds in ("car", "face,car", "", "face,face"):
        refused = efface("redact", photo, "--kinds", kinds)
        assert refused.code == 2
        assert "--kinds" in refused.err
    assert "'car' is not one of face, plate" in efface("redact", photo, "--kinds", "face,car").err
    assert kit.names_in(tmp_path) == ["plain.png"]


@pytest.mark.parametrize(
    "asked",
    [{}, {"detect": {}}, {"detect": {"kinds": 7}}, {"detect": []}, {"detect": {"kinds": "\x1b,x"}}],
)
def test_a_plan_that_does_not_say_what_was_looked_for_is_one_about_faces(
    efface, kept, kit, tmp_path, sightings, asked
):
    sightings()
    (photo,) = kit.taken(kept, tmp_path, "plain.png")
    plan = tmp_path / "plan.json"
    efface("find", photo, "-o", plan)
    plan.write_text(json.dumps(kit.plan_of(plan) | {"options": asked}))
    done = efface("render", photo, "--plan", plan, "-o", tmp_path / "out.png")
    assert done.code == 0
    assert "no face found" in done.out
    assert "may have missed a face." in done.out


def test_areas_that_the_command_names_are_erased_and_kept(efface, kept, kit, tmp_path, sightings):
    sightings(**SEEN)
    photo, clip = kit.taken(kept, tmp_path, "face.png", "clip.mp4")
    keep = ("--keep", "50%,0,100%,100%")
    done = efface("redact", photo, clip, "-o", tmp_path / "out", "--erase", "0,90,9,99", *keep)
    assert "1 face and 1 plate and 1 drawn area, 3 areas erased" in done.out
    assert "1 face track and 1 plate track and 1 drawn area in 12 frames" in done.out
    assert done.out.count("Kept visible: what was found wholly inside 1 area.") == 2
    again = efface("redact", photo, clip, "-o", tmp_path / "out", "--erase", "0,90,9,99", *keep)
    assert "All 2 files were already done by an earlier run" in again.out
    refused = efface("redact", photo, "--erase", "0,0,9,9@0:00-0:01")
    assert refused.code == 3
    assert "a photo has none" in refused.err
    assert not (tmp_path / "face.redacted.png").exists()
    assert efface("redact", photo, "--erase", "9,9,0,0").code == 2
