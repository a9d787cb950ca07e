"""Labels come in as they were written, and what is no label file is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from efface.bench.truth import TrackTruth, VideoTruth, lines, load_stills, load_video
from efface.errors import BadTruth, SourceUnreadable


def test_stills_keep_boxes_marks_and_attributes(kit, tmp_path):
    boxes = [kit.box((1, 2, 11, 22), blur=2, pose=0), kit.box((5, 5, 9, 9), ignore=True)]
    (still,) = load_stills(kit.annotated(tmp_path, {"a.png": (kit.speckled(64, 48), boxes)}))
    assert still.path == tmp_path / "a.png"
    assert still.size_wh == (64, 48)
    assert still.labels.xyxy.tolist() == [[1, 2, 11, 22], [5, 5, 9, 9]]
    assert still.labels.ignore.tolist() == [False, True]
    assert still.labels.attributes == ({"blur": 2, "pose": 0}, {})
    assert still.labels.heights.tolist() == [20, 4]
    assert still.kinds == {"face"}


def test_what_annotators_perceived_belongs_to_the_box_of_that_number(kit, tmp_path):
    boxes = [kit.box((1, 2, 11, 22)), kit.box((5, 5, 9, 9))]
    folder = kit.annotated(tmp_path, {"a.png": (kit.speckled(64, 48), boxes)})
    assert load_stills(folder)[0].labels.perceived == ({}, {}), "nobody said anything"
    (folder / "demographics.json").write_text('{"faces": {"a.png": {"1": {"skin": "VI"}}}}')
    assert load_stills(folder)[0].labels.perceived == ({}, {"skin": "VI"})
    (folder / "demographics.json").write_text("{}")
    with pytest.raises(BadTruth, match="what was perceived of which face"):
        load_stills(folder)


def video(tmp_path: Path, **more: object) -> Path:
    said = {
        "video": "a.mp4",
        "width": 64,
        "height": 48,
        "frames": 9,
        "tracks": [{"boxes": {"3": [1, 2, 3, 4], "2": [0, 0, 5, 5]}}],
    }
    path = tmp_path / "a.json"
    path.write_text(json.dumps(said | more))
    return path


def test_a_video_may_list_its_tracks_or_name_them(tmp_path):
    listed = load_video(video(tmp_path))
    named = load_video(
        video(tmp_path, tracks={"7": {"ignore": True, "boxes": {"0": [0, 0, 1, 1]}}})
    )
    assert listed.path == tmp_path / "a.mp4"
    assert listed.tracks[0].frame.tolist() == [2, 3]
    assert listed.tracks[0].xyxy.tolist() == [[0, 0, 5, 5], [1, 2, 3, 4]]
    assert (listed.tracks[0].ignore, named.tracks[0].ignore) == (False, True)


def test_the_file_name_tells_plates_where_nothing_else_does(tmp_path):
    path = video(tmp_path).rename(tmp_path / "a.plates.json")
    assert load_video(path).kind == "plate"


def test_a_written_truth_reads_the_same(tmp_path):
    track = TrackTruth(
        np.array([0, 4], np.int32),
        np.array([[0, 1, 2.25, 3], [4, 5, 6, 7]], np.float32),
        True,
        {"blur": 1},
    )
    truth = VideoTruth(tmp_path / "a.mp4", (64, 48), 5, "face", (track,), {"seed": 3})
    (tmp_path / "a.json").write_text("".join(lines(truth)))
    again = load_video(tmp_path / "a.json")
    assert (again.path, again.size_wh, again.frames, again.kind, again.about) == (
        truth.path,
        (64, 48),
        5,
        "face",
        {"seed": 3},
    )
    assert again.tracks[0].xyxy.tolist() == track.xyxy.tolist()
    assert (again.tracks[0].ignore, again.tracks[0].attributes) == (True, {"blur": 1})


@pytest.mark.parametrize(
    "more",
    [{"tracks": 3}, {"width": None}, {"tracks": [{"boxes": {"9": [0, 0, 1, 1]}}]},
    {"tracks": [{"boxes": {"0": [5, 0, 1, 1]}}]},
     {"tracks": [{"boxes": {"0": [0, 0, 1]}}]}, {"kind": "cat"}],
)  # fmt: skip
def test_a_damaged_truth_is_refused(tmp_path, more):
    with pytest.raises(BadTruth, match=r"a\.json: cannot be measured against"):
        load_video(video(tmp_path, **more))


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"images": [{"file": "a"}]}', '{"images": [{"boxes": [{"label": "cat"}]}]}'],
)
def test_a_damaged_set_is_refused(tmp_path, text):
    (tmp_path / "annotations.json").write_text(text)
    with pytest.raises(BadTruth):
        load_stills(tmp_path)


def test_a_set_without_labels_cannot_be_read(tmp_path):
    with pytest.raises(SourceUnreadable):
        load_stills(tmp_path)
