"""Plans go to CVAT and Label Studio and come back. The detector is a fake; the way back needs
none."""

from __future__ import annotations

import json

import pytest

from efface.detect.registry import DETECTORS


@pytest.fixture
def no_detector(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("nothing is searched")

    monkeypatch.setitem(DETECTORS, "pyramid", refuse)


@pytest.mark.parametrize("format_", ["--cvat", "--label-studio"])
def test_a_plan_goes_out_and_comes_back(efface, kept, kit, tmp_path, format_, monkeypatch):
    photo, clip = kit.taken(kept, tmp_path, "face.png", "clip.mp4")
    for source in (photo, clip):
        plan, again = tmp_path / "a.json", tmp_path / "b.json"
        out = tmp_path / f"boxes-{source.suffix[1:]}"
        assert efface("find", source, format_, out, "-o", plan, "--overwrite").code in (0, 7)
        found = kit.plan_of(plan)
        assert found["tracks"]
        with monkeypatch.context() as without:
            without.setitem(DETECTORS, "pyramid", None)
            done = efface("find", source, "--boxes", out, "-o", again, "--overwrite")
        assert done.code in (0, 7), done
        given = kit.plan_of(again)
        assert len(given["tracks"]) == len(found["tracks"])
        for one, two in zip(found["tracks"], given["tracks"], strict=True):
            assert one["kind"] == two["kind"]
            assert all(abs(a - b) <= 1 for a, b in zip(one["boxes"], two["boxes"], strict=True))
        assert given["checksums"] == found["checksums"]
        (origin,) = given["detectors"]
        assert origin["name"] in ("CVAT 1.1", "Label Studio")
        assert len(origin["sha256"]) == 64


def test_boxes_of_another_source_are_refused(efface, kept, kit, tmp_path, no_detector):
    (photo,) = kit.taken(kept, tmp_path, "face.png")
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps([{"data": {"image": "b.png"}, "annotations": [{"result": []}]}]))
    done = efface("find", photo, "--boxes", boxes, "-o", tmp_path / "plan.json")
    assert done.code == 3
    assert "it says nothing about face.png" in done.err
    assert not (tmp_path / "plan.json").exists()


def test_a_film_among_photos_is_not_in_the_cvat_file(efface, kept, kit, tmp_path):
    photo, clip = kit.taken(kept, tmp_path, "face.png", "clip.mp4")
    out = tmp_path / "boxes.xml"
    done = efface("find", photo, clip, "--cvat", out)
    assert "It is a video, so it is not in the CVAT file." in done.out
    assert out.read_text().count("<image ") == 1


def test_two_outputs_with_one_name_and_boxes_on_a_cluster_are_refused(
    efface, kept, kit, tmp_path, no_detector
):
    (photo,) = kit.taken(kept, tmp_path, "face.png")
    out = tmp_path / "x"
    done = efface("find", photo, "--cvat", out, "--label-studio", out)
    assert (done.code, out.exists()) == (2, False)
    assert "Two outputs name the same file" in done.err
    assert efface("find", photo, "--boxes", out, "--engine", "ray").code == 2


def test_nobody_says_that_something_was_looked_for(efface, kept, kit, tmp_path, no_detector):
    (photo,) = kit.taken(kept, tmp_path, "face.png")
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps([{"data": {"image": "face.png"}, "annotations": [{"result": []}]}]))
    done = efface("find", photo, "--boxes", boxes, "-o", tmp_path / "plan.json")
    assert done.out.startswith("face.png: no area found.")
    assert "not looked for" not in done.out
    assert kit.plan_of(tmp_path / "plan.json")["options"]["detect"] == {"kinds": ""}
