"""Formats of others, read back the way their own readers do."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np

from efface.detections import FACE, PLATE
from efface.planning.export_formats import coco, mot
from efface.planning.plan import Plan
from efface.timing import Timeline
from efface.tracks import Reason, Track


def track(number, frame, box, keep=False, reason=Reason.SEEN, score=0.5, kind=FACE):
    n = len(frame)
    return Track(
        number,
        kind,
        np.array(frame, np.int32),
        np.array([box] * n, np.float32),
        np.full(n, reason, np.uint8),
        np.full(n, score, np.float32),
        keep,
    )


def plan(*tracks, sizes=((64, 48),), frames=3):
    return Plan(
        "00", "photo", sizes, Timeline(np.arange(frames, dtype=np.int64), Fraction(1)), tracks
    )


def test_coco_has_an_image_for_every_page_and_boxes_as_width_and_height():
    pages = plan(
        track(1, [1], (2, 3, 10, 20)),
        track(2, [2], (0, 0, 5, 5), keep=True),
        sizes=((64, 48), (32, 24), (8, 8)),
    )
    document = json.loads(coco([("a/b.jpg", plan(frames=1)), ("c.tif", pages)]))
    images = {i["id"]: i for i in document["images"]}
    assert [(i["file_name"], i["page"], i["width"], i["height"]) for i in document["images"]] == [
        ("a/b.jpg", 1, 64, 48),
        ("c.tif", 1, 64, 48),
        ("c.tif", 2, 32, 24),
        ("c.tif", 3, 8, 8),
    ]
    (annotation,) = document["annotations"]
    assert annotation["bbox"] == [2, 3, 8, 17]
    assert annotation["area"] == 8 * 17
    assert annotation["score"] == 0.5
    assert (
        images[annotation["image_id"]]["file_name"],
        images[annotation["image_id"]]["page"],
    ) == ("c.tif", 2)
    names = {c["id"]: c["name"] for c in document["categories"]}
    assert names[annotation["category_id"]] == "face"


def test_coco_of_nothing_is_a_document_still():
    assert json.loads(coco([]))["annotations"] == []


def test_mot_rows_are_in_order_of_frames_and_leave_out_what_is_kept():
    rows = list(
        mot(
            plan(
                track(3, [0, 2], (1, 2, 11, 22)),
                track(1, [0, 1], (0, 0, 4, 4), reason=Reason.BRIDGED, score=0),
                track(2, [1], (0, 0, 4, 4), keep=True),
            )
        )
    )
    assert rows == [
        "1,1,0,0,4,4,0.00,1,1\n",
        "1,3,1,2,10,20,0.50,1,1\n",
        "2,1,0,0,4,4,0.00,1,1\n",
        "3,3,1,2,10,20,0.50,1,1\n",
    ]


def test_plates_are_a_category_and_a_class_of_their_own():
    both = plan(track(1, [0], (2, 3, 10, 20)), track(2, [0], (20, 3, 40, 9), kind=PLATE))
    document = json.loads(coco([("a.jpg", both)]))
    names = {c["id"]: c["name"] for c in document["categories"]}
    assert [names[a["category_id"]] for a in document["annotations"]] == ["face", "plate"]
    assert [row.split(",")[7] for row in mot(both)] == ["1", "2"]
