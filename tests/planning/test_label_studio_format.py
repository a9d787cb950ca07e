"""Label Studio's JSON: written as its guide describes it, read back, and read as it writes it."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from efface.detections import DRAWN, FACE, PLATE
from efface.planning.label_studio_format import label_studio, read_label_studio
from efface.planning.plan import Plan
from efface.timing import Timeline
from efface.tracks import Reason, Track

PICTURE: dict[str, Any] = {
    "from_name": "tag", "id": "Dx_aB91ISN", "source": "$image", "to_name": "img",
    "type": "rectanglelabels", "original_width": 200, "original_height": 100, "image_rotation": 0,
    "value": {"height": 10.4, "rectanglelabels": ["Moonwalker"], "rotation": 0, "width": 12.4,
              "x": 50.8, "y": 5.8},
}  # fmt: skip


def key(frame, enabled=True, **more):
    at = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "time": 0.04}
    return {"frame": frame, "enabled": enabled, **at, **more}


def film(*sequence, frames=9, label="face"):
    value = {"framesCount": frames, "duration": 0.36, "sequence": sequence, "labels": [label]}
    result = {"type": "videorectangle", "from_name": "box", "to_name": "video", "value": value}
    return {"data": {"video": "/up/1a2b3c4d-a.mp4"}, "annotations": [{"result": [result]}]}


def picture(*results, **more):
    return {"data": {"image": "https://x/a.jpg"}, "annotations": [{"result": results}], **more}


def read(*tasks):
    return read_label_studio(json.dumps(tasks).encode(), "00")


def photo_tracks(*tasks):
    return read(*tasks).tracks("a.jpg", ((200, 100),), 1, "photo")


def plan(*frames, n=6, medium="video", sizes=((64, 48),)):
    tracks = [
        Track(
            i, kind, np.array(f, np.int32), np.array([(2, 3, 12, 13)] * len(f), np.float32),
            np.full(len(f), Reason.SEEN, np.uint8), np.full(len(f), 0.5, np.float32),
        )
        for i, (f, kind) in enumerate(zip(frames, (FACE, PLATE), strict=False), 1)
    ]  # fmt: skip
    line = Timeline(np.arange(n, dtype=np.int64), Fraction(1, 25))
    return Plan("00", medium, sizes, line, tuple(tracks), checksums=(1,) * n)


def test_films_and_photos_come_back_as_they_were_written():
    pages = plan([1], n=2, medium="photo", sizes=((64, 48), (40, 30)))
    text = label_studio([("a.mp4", plan([0, 1, 4], [5])), ("b.tif", pages)])
    given = read_label_studio(text.encode(), "00")
    one, two = given.tracks("a.mp4", ((64, 48),), 6, "video")
    assert (one.frame.tolist(), two.frame.tolist()) == ([0, 1, 4], [5])
    assert (one.kind, two.kind) == (FACE, PLATE)
    assert np.abs(one.xyxy - (2, 3, 12, 13)).max() <= 1
    assert (one.xyxy[:, :2] <= (2, 3)).all()
    assert (one.xyxy[:, 2:] >= (12, 13)).all()
    (of_page,) = given.tracks("b.tif", pages.sizes, 2, "photo")
    assert of_page.frame.tolist() == [1]


def test_a_film_is_written_as_the_format_is_described():
    (task,) = json.loads(label_studio([("a.mp4", plan([0, 1, 4]))]))
    assert task["data"] == {"video": "a.mp4"}
    (result,) = task["predictions"][0]["result"]
    assert result["type"] == "videorectangle"
    assert result["value"]["framesCount"] == 6
    keys = [(k["frame"], k["enabled"]) for k in result["value"]["sequence"]]
    assert keys == [(1, True), (2, False), (5, False)]
    assert result["value"]["sequence"][0]["x"] == 100 * 2 / 64


def test_what_label_studio_writes_is_read():
    (track,) = photo_tracks(picture(PICTURE, {"type": "choices", "value": {}}))
    assert track.kind == DRAWN
    assert track.xyxy.tolist() == [[101, 5, 127, 17]]
    seen = read(film(key(2), key(4, False, x=20), {"frame": 6, "enabled": False}))
    (moving,) = seen.tracks("a.mp4", ((200, 100),), 9, "video")
    assert moving.frame.tolist() == [1, 2, 3]
    assert moving.xyxy[:, 0].tolist() == [20, 30, 40]
    (open_end,) = read(film(key(8))).tracks("a.mp4", ((200, 100),), 9, "video")
    assert open_end.frame.tolist() == [7, 8]


def test_what_people_said_counts_before_predictions_and_not_what_they_cancelled():
    guess = {"predictions": [{"result": [PICTURE]}, {"result": [PICTURE]}]}
    assert photo_tracks(picture(**guess)) == []
    assert len(photo_tracks({"data": {"image": "a.jpg"}, **guess})) == 1
    cancelled = picture(**guess)
    cancelled["annotations"][0]["was_cancelled"] = True
    assert len(photo_tracks(cancelled)) == 1


@pytest.mark.parametrize(
    ("kind", "value", "box"),
    [
        ("polygonlabels", {"points": [[10, 10], [20, 30], [15, 5]]}, [20, 5, 40, 30]),
        ("ellipse", {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20}, [80, 30, 120, 70]),
        ("rectangle", {"x": 50, "y": 50, "width": 5, "height": 10}, [100, 50, 110, 60]),
    ],
)
def test_other_shapes_become_the_box_around_them(kind, value, box):
    (track,) = photo_tracks(picture({**PICTURE, "type": kind, "value": value}))
    assert track.xyxy.tolist() == [box]


def value(**more: object) -> dict[str, Any]:
    return {**PICTURE, "value": {**PICTURE["value"], **more}}


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (picture({**PICTURE, "type": "brushlabels"}), "brushlabels"),
        (picture({**PICTURE, "type": 3}), "'type' is missing"),
        (picture({**PICTURE, "original_width": None}), "how large"),
        (picture(PICTURE, {**PICTURE, "original_width": 9}), "several sizes"),
        (picture(value(x=None)), "'x' is missing"),
        (picture(value(x=True)), "'x' is missing"),
        (picture(value(width=-1)), "right before its left"),
        (picture({**PICTURE, "type": "polygon", "value": {"points": []}}), "without points"),
        (picture({**PICTURE, "type": "ellipse", "value": {"rotation": 5}}), "turned ellipse"),
        (film(key(1), key(1)), "stands there twice"),
        (film(key(0)), "not in order"),
        (film(key("1")), "'frame' is missing"),
        (film(key(1), frames="9"), "how many frames"),
        ({"data": {"video": "a"}, "annotations": [{"result": [PICTURE]}]}, "in a film"),
        ({"data": 3}, "'data' is missing"),
    ],
)
def test_anything_else_is_refused(task, said):
    with pytest.raises(ValueError, match=said):
        read(task)


@pytest.mark.parametrize("data", [b"{}", b"[3]", b"[" * 100_000, b"[" * 5_000_001, b"nothing"])
def test_what_is_no_list_of_tasks_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        read_label_studio(data, "00")
