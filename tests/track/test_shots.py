"""Shot changes: cuts are found; flashes, pans and noise are none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from efface.track.shots import BINS, FLASH, SOFT, THUMB_WH, _colours, thumbnail, with_cuts


def view(seed):
    """A scene in colours of its own."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 9, 3)).astype(np.float32) * rng.uniform(
        0.3, 1, 3
    ) + rng.uniform(0, 60, 3)
    return np.clip(
        cv2.resize(small.astype(np.float32), (960, 540), interpolation=cv2.INTER_CUBIC), 0, 255
    ).astype(np.uint8)


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
    views = [
        np.full((27, 48, 3), level, np.float32)
        for level in rng.integers(0, 256, (3, 3)).astype(np.float32)
    ]
    still = [views[0]] * 6
    whipped = [*still, views[0] * 0.7 + views[1] * 0.3, views[1], views[2], *[views[2]] * 6]
    assert not any(is_cut for _, is_cut in with_cuts((i, v) for i, v in enumerate(whipped)))
    once = [*still, *[views[1]] * 6]
    assert [i for i, is_cut in with_cuts(enumerate(once)) if is_cut] == [6]


def in_the_dark(thumbs, light=0.12, noise=0.4):
    random = np.random.default_rng(9)
    return [
        np.clip(t * light + random.normal(0, noise, t.shape), 0, 255).astype(np.float32)
        for t in thumbs
    ]


def in_grey(thumbs):
    return [
        np.repeat(t.mean(axis=-1, keepdims=True), 3, axis=-1).astype(np.float32) for t in thumbs
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("changed", [in_the_dark, in_grey])
def test_cuts_are_found_on_a_dark_stage_and_in_grey(seed, changed):
    thumbs = changed([*shot(seed, 12), *shot(seed + 100, 15), *shot(seed + 200, 8)])
    assert cuts_of(thumbs) == [12, 27]


def test_a_cut_between_alike_colours_is_found():
    tone = np.array([40.0, 36.0, 30.0], np.float32)
    alike = [
        cv2.resize(np.random.default_rng(s).normal(0, 9, (6, 9)).astype(np.float32), THUMB_WH)[
            ..., None
        ]
        + tone
        for s in (1, 2)
    ]
    assert cuts_of([alike[0]] * 10 + [alike[1]] * 10) == [10]


@pytest.mark.parametrize("gain", [0.3, 0.6, 1.6])
@pytest.mark.parametrize("frames", [1, 4])
def test_a_change_of_light_is_no_cut(gain, frames):
    part = np.interp(np.arange(24), (10, 10 + frames), (0, 1))
    thumbs = [
        np.clip(t * gain**p, 0, 255).astype(np.float32)
        for t, p in zip(shot(6, 24), part, strict=True)
    ]
    assert cuts_of(thumbs) == []


def test_a_short_black_out_before_the_same_shot_in_other_light_is_no_cut():
    thumbs = list(shot(7, 20))
    dimmed = [t * np.float32(0.5) for t in thumbs[12:]]
    assert cuts_of([*thumbs[:10], *[np.zeros_like(thumbs[0])] * 2, *dimmed]) == []


@pytest.mark.parametrize("taken", [5, 8])
def test_somebody_who_walks_past_in_front_of_the_lens_is_no_cut(taken):
    thumbs, wide = list(shot(8, 30)), 30
    coat = next(shot(108, 1))[:, :wide]
    for i in range(taken + 1):
        x = round(-wide + (THUMB_WH[0] + wide) * i / taken)
        left, right = max(x, 0), min(x + wide, THUMB_WH[0])
        thumbs[10 + i] = thumbs[10 + i].copy()
        thumbs[10 + i][:, left:right] = coat[:, left - x : right - x]
    assert cuts_of(thumbs) == []


def test_a_fast_zoom_is_no_cut():
    whole = next(shot(2, 1))
    scales = 1.6 ** np.clip((np.arange(20) - 8) / 4, 0, 1)
    middle = THUMB_WH[0] / 2, THUMB_WH[1] / 2
    about = [cv2.getRotationMatrix2D(middle, 0, float(s)) for s in scales]
    assert cuts_of([cv2.warpAffine(whole, m, THUMB_WH) for m in about]) == []


def test_a_title_and_a_black_out_cut():
    title, scene = np.full((THUMB_WH[1], THUMB_WH[0], 3), 200, np.float32), list(shot(1, 24))
    assert cuts_of([*scene[:12], *[title] * 10, *scene[12:]]) == [12, 22]


def test_the_noise_of_a_black_picture_is_no_cut():
    random = np.random.default_rng(3)
    assert (
        cuts_of(
            [
                random.normal(4, s, (27, 48, 3)).astype(np.float32)
                for s in [0.5] * 10 + [1.5] * 3 + [0.5] * 10
            ]
        )
        == []
    )


def test_the_blur_of_colours_is_that_of_a_library():
    thumb = np.random.default_rng(3).uniform(0, 200, (27, 48, 3)).astype(np.float32)
    counts, _ = np.histogramdd(thumb.reshape(-1, 3), bins=BINS, range=[(0, 256)] * 3)
    wanted = gaussian_filter(counts / counts.sum(), SOFT, mode="nearest")
    assert np.allclose(_colours(thumb), wanted, atol=1e-12)
