"""Pictures that erasing does not change, byte by byte: of one colour they are clean, else they were
not erased."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from efface.checks.target import Evidence, checked
from efface.containers.admission import admit
from efface.files import sha256_of
from efface.findings import Outcome
from efface.options import Options
from efface.pipeline.sources import opened
from efface.planning.plan import Plan
from efface.timing import Timeline
from efface.tracks import Reason, Track


def hashes_of(path, pixels, box):
    Image.fromarray(pixels).save(path)
    track = Track(
        id=1,
        kind=0,
        frame=np.array([0], np.int32),
        xyxy=np.array([box], np.int32),
        reason=np.array([Reason.SEEN], np.uint8),
        score=np.array([0.9], np.float32),
    )
    size_wh, timeline = (
        (pixels.shape[1], pixels.shape[0]),
        Timeline(np.zeros(1, np.int64), Fraction(1, 1)),
    )
    plan = Plan(sha256_of(path), "photo", (size_wh,), timeline, (track,))
    with (
        opened(admit(path), Options().read) as target,
        opened(admit(path), Options().read) as source,
    ):
        same = {"source": plan.source_sha256, "target": plan.source_sha256}
        found = checked(Evidence(target, plan, source, hashes=same), "it was not asked for")
    return next(c for c in found if c.name == "hashes").outcome


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_picture_of_one_colour_comes_out_as_it_was(tmp_path, suffix):
    flat = np.full((40, 40, 3), (90, 120, 60), np.uint8)
    assert hashes_of(tmp_path / f"flat{suffix}", flat, (10, 10, 30, 30)) is Outcome.CLEAN


@pytest.mark.parametrize("box", [(10, 10, 30, 30), (18, 18, 22, 22), (10, 10, 13, 13)])
def test_what_was_not_erased_is_not_clean_however_small_and_pale(tmp_path, box):
    faint = np.full((40, 40, 3), 100, np.uint8)
    x1, y1, x2, y2 = box
    faint[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1] += 8
    assert hashes_of(tmp_path / "faint.png", faint, box) is Outcome.NOT_CLEAN
