"""What the plate network is trained on: labels must lie on what they name.

PyTorch is not needed here.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from training import augment, targets
from training.pictures import Labelled, load
from training.synthetic.paste import paste

GREEN = (0, 255, 0)
NOWHERE = (0, 0, 0)


def card(box: tuple[int, int, int, int], size_wh: tuple[int, int] = (640, 480)) -> Labelled:
    """A black picture with one green plate."""
    rgb = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    rgb[box[1] : box[3], box[0] : box[2]] = GREEN
    return Labelled(rgb, np.array([box], np.float32), np.zeros(1, bool))


def hull_of_green(rgb: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero((rgb[..., 1] > 200) & (rgb[..., 0] < 5) & (rgb[..., 2] < 5))
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def test_boxes_move_with_the_picture() -> None:
    seen = 0
    for seed in range(80):
        crop = augment.crop(np.random.default_rng(seed), card((200, 150, 330, 190)), 416)
        assert crop.rgb.shape == (416, 416, 3)
        # A plate that is cut by an edge loses corners, and what is left has a smaller hull.
        is_whole = (
            len(crop.xyxy) and (crop.xyxy[0] > 0).all() and (crop.xyxy[0] < 416 - augment.PAD).all()
        )
        if is_whole and not crop.ignore[0]:
            seen += 1
            assert np.abs(hull_of_green(crop.rgb) - crop.xyxy[0]).max() <= 3
    assert seen > 20


def test_what_is_too_small_or_mostly_outside_teaches_nothing() -> None:
    shift = np.array([[1.0, 0, -320], [0, 1, 0], [0, 0, 1]])
    assert augment.warped(card((200, 150, 330, 190)), shift, 416, NOWHERE).ignore.tolist() == [True]
    shrink = np.diag([0.1, 0.1, 1])
    assert augment.warped(card((200, 150, 330, 190)), shrink, 416, NOWHERE).ignore.tolist() == [
        True
    ]


def test_targets_give_the_box_back() -> None:
    crop = Labelled(
        np.zeros((416, 416, 3), np.uint8),
        np.array([[100, 120, 190, 150]], np.float32),
        np.zeros(1, bool),
    )
    heat, sides, weight, care = targets.maps(crop)
    _, row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    x, y = (column + 0.5) * targets.STEP, (row + 0.5) * targets.STEP
    left, top, right, bottom = sides[:, row, column]
    assert [x - left, y - top, x + right, y + bottom] == pytest.approx([100, 120, 190, 150])
    assert heat.max() == 1
    assert weight[0, row, column] == 1
    assert care.all()


def test_nothing_is_learned_about_ignored_places() -> None:
    crop = Labelled(
        np.zeros((416, 416, 3), np.uint8),
        np.array([[100, 120, 190, 150]], np.float32),
        np.ones(1, bool),
    )
    heat, _, weight, care = targets.maps(crop)
    assert not heat.any()
    assert not weight.any()
    assert not care[0, 120 // 4 : 150 // 4, 100 // 4 : 190 // 4].any()


def test_a_pasted_plate_lies_where_its_box_says() -> None:
    """Wherever the picture changed much, there is the box; and the box holds little else."""
    patch = np.full((120, 520, 4), 255, np.uint8)
    patch[..., 1] = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        rgb = np.full((416, 416, 3), 128, np.uint8)
        before = rgb.copy()
        rgb, box = paste(rng, rgb, patch, 40.0, (210.0, 200.0))
        assert box is not None
        changed = np.abs(rgb.astype(int) - before).max(axis=2) > 40
        rows, columns = np.nonzero(changed)
        assert (
            np.abs(
                np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) - box
            ).max()
            <= 6
        )


def test_folders_for_measuring_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "plates-dev-x"
    folder.mkdir()
    with pytest.raises(ValueError, match="never for training"):
        load([folder])


def test_extra_boxes_join_the_labels(tmp_path: Path) -> None:
    folder = tmp_path / "plates-train-x"
    folder.mkdir()
    names = [f"{i}.png" for i in range(40)]
    for name in names:
        cv2.imwrite(str(folder / name), np.zeros((20, 30, 3), np.uint8))
    box = {"x": 1, "y": 2, "w": 10, "h": 5, "ignore": False}
    (folder / "annotations.json").write_text(
        json.dumps({"images": [{"file": n, "boxes": [box]} for n in names]})
    )
    extra = tmp_path / "extra.json"
    extra.write_text(json.dumps({n: [[3, 4, 9, 9, "ignore"]] for n in names}))
    trained, held = load([folder], extra), load([folder], extra, held_back=True)
    assert len(trained) + len(held) == 40
    assert held
    assert trained[0].ignore.tolist() == [False, True]
    assert trained[0].xyxy[0].tolist() == [1, 2, 11, 7]
