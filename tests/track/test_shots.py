"""Shot changes: cuts are found; flashes, pans and noise are none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from efface.track.shots import FLASH, THUMB_WH, thumbnail, with_cuts


def view(seed):
    """A scene in colours of its own."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 9, 3)).astype(np.float32) * rng.uniform(0.3, 1, 3) + rng.uniform(0, 60, 3)
    return np.clip(cv2.resize(small.astype(np.float32), (960, 540), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def shot(seed, frames, pan=0, noise=3.0):
    whole, rng = view(seed), np.random.default_rng(seed)
    for i in range(frames):
        moved = np.roll(whole, pan * i, axis=1)[60:480, 100:800]
        yield thumbnail(np.clip(moved + rng.normal(0, noise, moved.shape), 0, 255).astype(np.uint8))


def cuts_of(thumbs):
    verdicts = list(with_cuts(enumerate(thumbs)))
    assert [i for i, _ in verdicts] == list(range(len(verdicts)))
    return [i for i, is_cut in verdicts if is_cut]


@pytest.mark.parametrize("seed", range(5))
def test_a_hard_cut_is_found_where_it_is(seed):
    thumbs = [*shot(seed, 12), *shot(seed + 100, 15), *shot(seed + 200, 8)]
    assert cuts_of(thumbs) == [12, 27]


@pytest.mark.parametrize("length", range(1, FLASH + 1))
@pytest.mark.parametrize("flash", [0.0, 255.0])
def test_a_flash_is_no_cut_neither_when_it_comes_nor_when_it_goes(length, flash):
    thumbs = list(shot(1, 20))
    for i in range(8, 8 + length):
        thumbs[i] = np.full_like(thumbs[i], flash)
    assert cuts_of(thumbs) == []


def test_a_cut_soon_after_a_flash_is_found():
    thumbs = [*shot(1, 10), *shot(101, 10)]
    thumbs[4] = np.full_like(thumbs[4], 255)
    assert cuts_of(thumbs) == [10]


@pytest.mark.parametrize("pan", [4, 12, -20])
def test_a_pan_is_no_cut(pan):
    assert cuts_of(shot(3, 30, pan=pan)) == []


def test_noise_and_stillness_are_no_cut():
    assert cuts_of(shot(4, 20, noise=25)) == []
    assert cuts_of([np.zeros((THUMB_WH[1], THUMB_WH[0], 3), np.float32)] * 10) == []


@pytest.mark.parametrize("count", range(6))
def test_short_videos_get_a_verdict_for_every_frame(count):
    assert cuts_of(shot(5, count)) == []


def test_a_thumbnail_of_any_picture_has_one_size():
    for shape in [(1, 5000, 3), (5000, 1, 3), (1, 1, 3), (216, 384, 3)]:
        assert thumbnail(np.zeros(shape, np.uint8)).shape == (THUMB_WH[1], THUMB_WH[0], 3)


def test_a_fast_pan_at_a_low_frame_rate_is_no_cut():
    rng = np.random.default_rng(5)
    views = [np.full((27, 48, 3), level, np.float32) for level in rng.integers(0, 256, (3, 3)).astype(np.float32)]
    still = [views[0]] * 6
    whipped = [*still, views[0] * 0.7 + views[1] * 0.3, views[1], views[2], *[views[2]] * 6]
    assert not any(is_cut for _, is_cut in with_cuts((i, v) for i, v in enumerate(whipped)))
    once = [*still, *[views[1]] * 6]
    assert [i for i, is_cut in with_cuts(enumerate(once)) if is_cut] == [6]
