"""What the small face network is trained on: boxes must lie on what they name.

PyTorch is not needed here.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.faces import crops, spoil
from training.faces.pictures import Faces, load

GREEN = (0, 255, 0)


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
    monkeypatch.setattr(crops, "spoiled", lambda rng, rgb: (rgb, 40.0))
    rng, faces = np.random.default_rng(3), [picture((250, 150, 350, 290))]
    assert all(crops.sample(rng, faces).ignore.all() for _ in range(12))


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
    rows = [[10, 10, 60, 80, 0.5, 0.5], [200, 10, 260, 80, 0.5, 0.1], [400, 10, 460, 80, 0.2, 0.1]]
    [faces] = load(folder(tmp_path, [entry("a.jpg")], [rows]))
    assert faces.xyxy[:, 0].tolist() == [10, 200]
    assert faces.ignore.tolist() == [False, True]


def test_what_lies_on_no_head_is_no_face_where_all_heads_are_labelled(tmp_path: Path) -> None:
    rows = [[10, 10, 60, 80, 0.7, 0.7], [200, 10, 260, 80, 0.7, 0.7]]
    head = {"x": 5, "y": 0, "w": 60, "h": 90, "label": "head"}
    [faces] = load(folder(tmp_path, [entry("a.jpg", labels=["head"], boxes=[head])], [rows]))
    assert faces.xyxy[:, 0].tolist() == [10]


def test_a_labelled_face_that_no_teacher_sees_counts_without_its_box(tmp_path: Path) -> None:
    face = {"x": 300, "y": 100, "w": 60, "h": 90, "label": "face"}
    [faces] = load(folder(tmp_path, [entry("a.jpg", labels=["face"], boxes=[face])], [[]]))
    assert faces.xyxy.tolist() == [[300, 100, 360, 190]]
    assert faces.loose.tolist() == [True]
    assert faces.ignore.tolist() == [False]


def test_measuring_sets_are_never_trained_on(tmp_path: Path) -> None:
    (tmp_path / "faces-dev-x").mkdir()
    with pytest.raises(ValueError, match="for measuring"):
        load(tmp_path / "faces-dev-x")
