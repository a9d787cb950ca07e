"""What the layers for faces are taught: boxes must lie on what they name.

PyTorch is not needed here.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.faces import crops, doubts, spoil
from training.faces.maps import maps, radius
from training.faces.pictures import Faces, load
from training.faces.teach import joined, paired, view

GREEN = (0, 255, 0)
NOWHERE = np.empty((0, 4), np.float32)


def picture(box: tuple[int, int, int, int], size_wh: tuple[int, int] = (640, 480)) -> Faces:
    """A black picture with one green ellipse as its face."""
    bgr = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    middle, half = (
        ((box[0] + box[2]) // 2, (box[1] + box[3]) // 2),
        ((box[2] - box[0]) // 2, (box[3] - box[1]) // 2),
    )
    cv2.ellipse(bgr, middle, half, 0, 0, 360, GREEN, -1)
    jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    return Faces(jpeg, size_wh, np.array([box], np.float32), np.zeros(1, bool), np.zeros(1, bool))


def hull_of_green(rgb: np.ndarray) -> np.ndarray:
    is_green = (rgb[..., 1].astype(int) - rgb[..., 0] > 120) & (
        rgb[..., 1].astype(int) - rgb[..., 2] > 120
    )
    rows, columns = np.nonzero(is_green)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def test_the_box_of_a_turned_face_ends_where_its_ellipse_does() -> None:
    seen = 0
    for seed in range(60):
        crop = crops._one(
            np.random.default_rng(seed), [picture((250, 150, 350, 290))], 320, (60.0, 120.0)
        )
        whole = (
            len(crop.xyxy)
            and (crop.xyxy > 0).all()
            and (crop.xyxy < 320).all()
            and not crop.ignore[0]
        )
        corner = crop.rgb[[0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
        if (
            whole and (corner[:, 1] - corner[:, 0] < 60).all()
        ):  # what lies beside the picture may be green, too
            seen += 1
            assert np.abs(crop.xyxy[0] - hull_of_green(crop.rgb)).max() <= 4
    assert seen > 15


def test_what_is_hidden_lies_on_the_face_and_leaves_some_of_it() -> None:
    box, shares = np.array([100, 80, 200, 220], np.float32), []
    for seed in range(60):
        rgb = np.zeros((320, 320, 3), np.uint8)
        rgb[80:220, 100:200] = GREEN
        before = rgb.copy()
        spoil.hidden(np.random.default_rng(seed), rgb, box)
        changed = (rgb != before).any(axis=2)
        shares.append(changed[80:220, 100:200].mean())
        outside = changed.copy()
        outside[:, 60:240] = False
        assert not outside.any()
    assert 0.02 < np.mean(shares) < 0.6
    assert max(shares) < 0.85


def test_a_face_that_is_blurred_away_is_no_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crops, "MOSAIC", 0.0)
    monkeypatch.setattr(crops, "AS_IT_IS", 0.0)
    monkeypatch.setattr(crops, "spoiled", lambda rng, rgb: (rgb, 40.0))
    rng, faces = np.random.default_rng(3), [picture((250, 150, 350, 290))]
    assert all(crops.sample(rng, faces).shown.ignore.all() for _ in range(12))


def test_the_clean_crop_stays_clean_beside_the_spoiled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crops, "AS_IT_IS", 0.0)
    rng, faces = np.random.default_rng(4), [picture((250, 150, 350, 290))]
    for _ in range(12):
        pair = crops.sample(rng, faces)
        assert (pair.shown.rgb != pair.clean).any()
        assert set(np.unique(pair.clean[..., 0])) <= set(range(201))  # black, green, what is beside


def test_crops_go_around_what_was_taken_for_a_face_and_carry_its_box() -> None:
    """The green ellipse is no face here."""
    whole = picture((250, 150, 350, 290))
    lamp = Faces(
        whole.jpeg, whole.size_wh, NOWHERE, np.zeros(0, bool), np.zeros(0, bool), whole.xyxy
    )
    there = 0
    for seed in range(40):
        crop = crops._one(np.random.default_rng(seed), [lamp], 320, (60.0, 120.0))
        assert not len(crop.xyxy)
        there += len(crop.alike)
    assert there > 25


def entry(file: str, **more: object) -> dict[str, object]:
    return {"file": file, "width": 640, "height": 480, "labels": None, "boxes": [], **more}


def folder(tmp_path: Path, entries: list[dict[str, object]], rows: list[list[list[float]]]) -> Path:
    home = tmp_path / "pictures"
    home.mkdir()
    for each in entries:
        (home / str(each["file"])).write_bytes(picture((10, 10, 60, 80)).jpeg)
    (home / "annotations.json").write_text(json.dumps({"images": entries}))
    told = [
        {"file": e["file"], "size": [640, 480], "rows": r}
        for e, r in zip(entries, rows, strict=True)
    ]
    (home / "teachers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in told))
    return home


def test_teachers_that_agree_make_a_face_and_those_that_do_not_make_a_place_without_a_lesson(
    tmp_path: Path,
) -> None:
    rows = [
        [10, 10, 60, 80, 0.5, 0.5, 0.5],
        [200, 10, 260, 80, 0.4, 0.5, 0.1],
        [400, 10, 460, 80, 0.1, 0.2, 0.1],
        [500, 10, 560, 80, 0.1, 0.1, 0.1],
    ]
    [faces] = load([folder(tmp_path, [entry("a.jpg")], [rows])])
    assert faces.alike[:, 0].tolist() == [400]  # and the last one is too weak to be a lesson
    assert faces.xyxy[:, 0].tolist() == [10, 200]
    assert faces.ignore.tolist() == [False, True]


def test_what_lies_on_no_head_is_no_face_where_all_heads_are_labelled(tmp_path: Path) -> None:
    rows = [[10, 10, 60, 80, 0.7, 0.7, 0.7], [200, 10, 260, 80, 0.7, 0.7, 0.7]]
    head = {"x": 5, "y": 0, "w": 60, "h": 90, "label": "head"}
    [faces] = load([folder(tmp_path, [entry("a.jpg", labels=["head"], boxes=[head])], [rows])])
    assert faces.xyxy[:, 0].tolist() == [10]
    assert faces.alike[:, 0].tolist() == [200]


def test_what_a_person_saw_counts_more_than_what_the_teachers_score(tmp_path: Path) -> None:
    rows = [[50 * i, 10, 50 * i + 40, 60, 0.7, 0.7, 0.7] for i in range(4)]
    seen = tmp_path / "seen.json"
    said = [[51, 10, 90, 60, "none"], [100, 11, 140, 60, "unclear"], [150, 10, 190, 60, "face"]]
    seen.write_text(json.dumps({"a.jpg": said, "b.jpg": said}))
    [faces] = load([folder(tmp_path, [entry("a.jpg")], [rows])], seen)
    assert faces.xyxy[:, 0].tolist() == [0, 100, 150]
    assert faces.ignore.tolist() == [False, True, False]
    assert faces.alike[:, 0].tolist() == [50]


def test_a_labelled_face_that_no_teacher_sees_counts_without_its_box(tmp_path: Path) -> None:
    face = {"x": 300, "y": 100, "w": 60, "h": 90, "label": "face"}
    [faces] = load([folder(tmp_path, [entry("a.jpg", labels=["face"], boxes=[face])], [[]])])
    assert faces.xyxy.tolist() == [[300, 100, 360, 190]]
    assert faces.loose.tolist() == [True]
    assert faces.ignore.tolist() == [False]


def test_measuring_sets_are_never_trained_on(tmp_path: Path) -> None:
    (tmp_path / "faces-dev-x").mkdir()
    with pytest.raises(ValueError, match="for measuring"):
        load([tmp_path / "faces-dev-x"])


def pair_of(**more: object) -> crops.Pair:
    """A crop with one face of 40 by 60 pixels, its middle at 101, 98."""
    rgb = np.zeros((320, 320, 3), np.uint8)
    known = {
        "xyxy": np.array([[81, 68, 121, 128]], np.float32),
        "ignore": np.zeros(1, bool),
        "loose": np.zeros(1, bool),
        "alike": NOWHERE,
    }
    crop = crops.Crop(rgb, **{**known, **more})  # type: ignore[arg-type]
    return crops.Pair(rgb, crop, np.full(1, 0.8, np.float32))


def test_a_face_is_a_hill_at_its_middle_with_its_size() -> None:
    made = maps(pair_of())
    row, column = np.unravel_index(made.raised.argmax(), made.raised.shape)
    assert (row, column) == (24, 25)
    assert made.raised.max() == pytest.approx(0.8)
    assert 5 < (made.raised > 0.01).sum() < 100
    assert np.exp(made.size[:, 24, 25]) == pytest.approx([15, 10])  # height and width in cells
    assert made.middle[:, 24, 25] == pytest.approx([0.5, 0.25])
    assert made.has_box.sum() == 1
    assert not made.unknown.any()
    assert not made.is_none.any()


def test_of_a_face_without_a_known_box_only_the_place_is_learned() -> None:
    made = maps(pair_of(loose=np.ones(1, bool)))
    assert made.raised.max() == pytest.approx(0.8)
    assert not made.has_box.any()


def test_what_nobody_knows_raises_nothing_and_what_is_none_is_not_pushed_down_on_a_face() -> None:
    made = maps(pair_of(ignore=np.ones(1, bool)))
    assert not made.raised.any()
    assert made.unknown[24, 25] == 1
    lamps = np.array([[81, 68, 121, 128], [200, 200, 240, 240]], np.float32)
    made = maps(pair_of(alike=lamps))
    assert made.is_none[24, 25] == 0
    assert made.is_none[55, 55] == 1


def test_the_hill_of_a_large_face_is_wider_and_ends_within_it() -> None:
    reaches = [radius(side, side) for side in (3, 10, 40)]
    assert reaches == sorted(reaches)
    assert reaches[0] < 1
    assert reaches[1] == pytest.approx(2.73, abs=0.01)  # as CornerNet's program computes it
    assert reaches[2] < 20


def test_views_of_a_face_are_one_row_with_the_mean_of_the_best_three() -> None:
    def found(*rows: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        x = np.array([[left, 0, left + 20, 20] for left, _ in rows], np.float32)
        return x.reshape(-1, 4), np.array([s for _, s in rows], np.float32)

    views = [found((10, 0.9), (200, 0.3)), found((12, 0.6)), found((11, 0.3)), found()]
    face, lamp = joined(views)
    assert face[1:] == pytest.approx((0.6, 0.9))
    assert 10 < face[0][0] < 11.5
    assert lamp[1:] == pytest.approx((0.1, 0.3))
    rows = paired([face, lamp], joined([found((10, 0.8), (300, 0.7))]))
    assert [r[4:] for r in rows] == [[0.6, 0.9, 0.8], [0.1, 0.3, 0.0], [0.0, 0.0, 0.7]]


def test_a_mirrored_view_gives_boxes_of_the_picture() -> None:
    def brightest(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = np.nonzero(rgb[..., 1] > 128)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return np.array([box], np.float32), np.ones(1, np.float32)

    rgb = np.zeros((100, 200, 3), np.uint8)
    rgb[20:60, 30:70] = 255
    for times in (1.0, 0.5, 2.0):
        for mirrored in (False, True):
            boxes, _ = view(brightest, rgb, times, mirrored=mirrored)
            assert boxes[0] == pytest.approx([30, 20, 70, 60], abs=2)


def test_places_in_doubt_are_shown_once_and_kept(tmp_path: Path) -> None:
    rows = [[100 * i, 10, 100 * i + 40, 60, 0.3, 0.4, 0.2] for i in range(3)]
    rows.append([400, 10, 440, 60, 0.8, 0.9, 0.9])  # nobody doubts it
    home, seen = folder(tmp_path, [entry("a.jpg")], [rows]), tmp_path / "seen.json"
    places = list(doubts.in_doubt(home, seen))
    assert [box[0] for _, _, box in places] == [0, 100, 200]
    (tmp_path / "places.json").write_text(json.dumps(places))
    (tmp_path / "s00.json").write_text(json.dumps({"face": [1], "unclear": [2]}))
    doubts.keep(tmp_path, seen)
    said = {row[0]: row[4] for row in json.loads(seen.read_text())["a.jpg"]}
    assert said == {0: "none", 100: "face", 200: "unclear"}
    assert not list(doubts.in_doubt(home, seen))
    [faces] = load([home], seen)
    assert faces.xyxy[:, 0].tolist() == [100, 200, 400]
