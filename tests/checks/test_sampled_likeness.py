"""PSNR and SSIM of some of the samples are near to those of all."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from efface.checks.frame_samples import samples_of
from efface.checks.likeness import psnr, ssim, visible
from efface.checks.sampled_likeness import sampled_psnr, sampled_ssim
from efface.frames import Layout, Picture
from efface.regions import Region

YUV420 = Layout("yuv", 8, ((0, 0), (1, 1), (1, 1)), False)
DEEP = Layout("yuv", 12, ((0, 0), (1, 1), (1, 1)), False)
SIZE = (641, 403)


def scene(layout):
    rng = np.random.default_rng(3)
    luma = cv2.GaussianBlur(rng.normal(0.5, 0.6, SIZE[::-1]), (0, 0), 2)
    chroma = [cv2.GaussianBlur(rng.normal(0.5, 0.3, (202, 321)), (0, 0), 2) for _ in "ab"]
    dtype = np.uint8 if layout.depth == 8 else np.uint16
    planes = [np.clip(p * layout.peak, 0, layout.peak).astype(dtype) for p in (luma, *chroma)]
    return Picture(tuple(planes), layout)


def noisy(shown, sigma, padded=0):
    """The picture with noise, and a column and row more, as a codec leaves it."""
    rng, peak = np.random.default_rng(4), shown.layout.peak
    planes = []
    for plane in shown.planes:
        rough = np.clip(plane + rng.normal(0, sigma * peak, plane.shape), 0, peak)
        pad = padded if plane.shape == SIZE[::-1] else 0
        planes.append(np.pad(rough.astype(plane.dtype), ((0, pad), (0, pad)), mode="edge"))
    return Picture(tuple(planes), shown.layout)


@pytest.mark.parametrize("layout", [YUV420, DEEP], ids=["8 bits", "12 bits"])
def test_they_are_near_to_those_of_the_whole(layout):
    source, regions = scene(layout), [Region((100, 80, 220, 300))]
    kept = samples_of(0, 0, source, [r.box for r in regions])
    shown = visible(SIZE, regions)
    for sigma in (0.005, 0.02, 0.1):
        target = noisy(source, sigma, padded=1)
        assert sampled_psnr(kept, target, regions) == pytest.approx(
            psnr(source, target, shown), abs=0.3
        )
        assert sampled_ssim(kept, target, regions) == pytest.approx(
            ssim(source, target, shown), abs=0.02
        )


def test_erased_areas_and_what_is_around_them_do_not_count():
    source, regions = scene(YUV420), [Region((100, 80, 220, 300)), Region((300, 0, 641, 40))]
    target = Picture(tuple(p.copy() for p in source.planes), YUV420)
    for x1, y1, x2, y2 in (r.box for r in regions):
        target.planes[0][y1 : y2 + 15, max(x1 - 15, 0) : x2 + 15] = 0
    kept = samples_of(0, 0, source, [r.box for r in regions])
    assert sampled_psnr(kept, target, regions) == 100
    assert sampled_ssim(kept, target, regions) == pytest.approx(1)
    assert sampled_psnr(kept, target, []) < 20
    everything = [Region((0, 0, *SIZE))]
    assert sampled_psnr(kept, target, everything) is sampled_ssim(kept, target, everything) is None


def test_another_picture_is_unlike():
    source = scene(YUV420)
    kept = samples_of(0, 0, source, [])
    other = Picture(tuple(p[::-1, ::-1].copy() for p in source.planes), YUV420)
    assert sampled_psnr(kept, other, []) < 22
    assert sampled_ssim(kept, other, []) < 0.2
    assert samples_of(1, 0, source, []).blocks is None
