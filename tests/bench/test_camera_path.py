"""Boxes are where the picture says they are: drawn shapes are found again in the frames, to the
pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from efface.bench.camera_path import exposed, extent, reduced, still_path, visible_part

SIZE = (160, 120)
BLACK = (0.0, 0.0, 0.0)
BOX = np.array([110.0, 70.0, 150.0, 130.0])


def disc(box=BOX, size=(300, 200)):
    """A white ellipse that fills the box, on black."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]] + 0.5
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    inside = ((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2 <= 1
    return np.repeat(inside[..., None] * np.uint8(255), 3, axis=2)


def seen(frame):
    """The box around what is white."""
    rows, columns = (np.flatnonzero((frame[..., 0] > 127).any(axis=a)) for a in (1, 0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


@pytest.mark.parametrize("angle", [0, 20, 45, 90, 133, 180])
@pytest.mark.parametrize("scale", [0.4, 1.0, 1.3])
def test_the_label_is_the_box_of_what_is_drawn(angle, scale):
    path = still_path(3, (135.0, 95.0), scale)
    path = replace(path, angle=np.full(3, np.deg2rad(angle)))
    smaller, its_path = reduced(disc(), path)
    found = seen(exposed(smaller, its_path, 1, SIZE, BLACK))
    assert np.abs(found - extent(BOX, path.matrix(1, SIZE))).max() <= 1.0


def test_upright_the_label_is_the_labelled_box():
    matrix = still_path(1, (130.0, 100.0), 2.0).matrix(0, SIZE)
    assert extent(BOX, matrix).tolist() == [40, 0, 120, 120]


def test_a_moving_camera_smears_around_the_label():
    path = replace(
        still_path(3, (0.0, 0.0), 1.0),
        centre=np.array([(110.0, 100.0), (130.0, 100.0), (150.0, 100.0)]),
    )
    sharp, smeared = (
        exposed(disc(), replace(path, shutter=np.full(3, s)), 1, SIZE, BLACK) for s in (0.0, 0.9)
    )
    columns = [np.flatnonzero(f[..., 0].max(axis=0) > 5) for f in (sharp, smeared)]
    widths = [c[-1] - c[0] for c in columns]
    assert widths[1] >= widths[0] + 14
    assert abs(columns[1].mean() - columns[0].mean()) <= 1, (
        "the label stands in the middle of the exposure"
    )


def test_what_is_outside_or_hidden_is_not_part_of_the_label():
    matrix = still_path(1, (130.0, 100.0), 1.0).matrix(0, SIZE)
    whole = visible_part(BOX, matrix, SIZE, None)
    assert whole is not None
    assert (whole.share, whole.height) == (1.0, 60.0)
    left_half = np.zeros((120, 160), bool)
    left_half[:, :80] = True
    half = visible_part(BOX, matrix, SIZE, left_half)
    assert half is not None
    assert half.share == pytest.approx(0.5, abs=0.03)
    assert half.xyxy == pytest.approx([80, 30, 100, 90], abs=1.0)
    assert half.height == 60.0
    assert visible_part(BOX, matrix, SIZE, np.ones((120, 160), bool)) is None


def test_a_box_that_leaves_the_frame_is_cut_at_its_rim():
    matrix = still_path(1, (130.0 + 80, 100.0), 1.0).matrix(0, SIZE)
    half = visible_part(BOX, matrix, SIZE, None)
    assert half is not None
    assert half.share == pytest.approx(0.5, abs=0.03)
    assert half.xyxy == pytest.approx([0, 30, 20, 90], abs=1.0)
    assert visible_part(BOX, still_path(1, (500.0, 100.0), 1.0).matrix(0, SIZE), SIZE, None) is None
