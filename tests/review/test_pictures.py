"""Pictures for the page show what they are about."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from efface.review.pictures import CROP_ROOM, CROP_SIDE


def test_the_picture_of_a_box_has_an_outline_around_it(client):
    body = client.ask("/api/files/0/crop/30?box=100,60,140,100").body
    shown = np.asarray(Image.open(io.BytesIO(body)).convert("L")).astype(int)
    assert shown.shape == (CROP_SIDE, CROP_SIDE)
    edge = round(CROP_SIDE * (1 - 1 / CROP_ROOM) / 2)  # the box is in the middle
    middle = CROP_SIDE // 2
    near = shown[middle, edge - 4 : edge + 5]
    assert near.max() > 200
    assert near.min() < 60
    assert 60 < shown[middle, edge // 2] < 200, "the ground is as it was"
