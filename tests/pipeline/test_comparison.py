"""A sheet before and after shows nothing that the copy does not show, unless asked by name."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from efface.errors import PlanMismatch, TargetExists, TargetIsSource
from efface.options import Options, WriteOptions
from efface.pipeline.comparison import ROWS, telling_frames, write_comparison
from efface.planning.plan import Plan
from efface.timing import Timeline
from efface.tracks import Reason, Track

BOX = (20, 20, 60, 60)
SECRET = (255, 0, 255)


def plan_of(frames=1, tracks=()):
    from fractions import Fraction

    timeline = Timeline(np.arange(frames, dtype=np.int64), Fraction(1))
    return Plan("0" * 64, "photo", ((100, 80),), timeline, tuple(tracks))


def track(number, frames, box=BOX):
    n = len(frames)
    reason, score = np.full(n, Reason.SEEN, np.uint8), np.full(n, 0.9, np.float32)
    xyxy = np.array([box] * n, np.float32)
    return Track(number, 0, np.array(frames, np.int32), xyxy, reason, score)


@pytest.fixture
def files(tmp_path):
    """A source with a secret, and its copy without."""
    source, copy = np.full((80, 100, 3), 90, np.uint8), np.full((80, 100, 3), 90, np.uint8)
    source[20:60, 20:60] = SECRET
    Image.fromarray(source).save(tmp_path / "a.png")
    Image.fromarray(copy).save(tmp_path / "a.redacted.png")
    return tmp_path / "a.png", tmp_path / "a.redacted.png"


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def holds_secret(path):
    return bool((pixels(path) == SECRET).all(-1).any())


def test_a_sheet_shows_where_something_was_erased_and_not_what(files, tmp_path):
    source, copy = files
    sheet = tmp_path / "sheet.png"
    source_bytes = source.read_bytes()
    source.unlink()  # it is not even opened
    write_comparison(sheet, source, copy, plan_of(tracks=[track(1, [0])]), "outlines", Options())
    assert not holds_secret(sheet)
    assert (pixels(sheet) == (128, 128, 128)).all(-1).sum() > 500
    assert b"tEXt" not in sheet.read_bytes()
    source.write_bytes(source_bytes)
    assert holds_secret(source), "the test would notice"


def test_the_original_is_on_it_only_when_asked_for_by_name(files, tmp_path):
    source, copy = files
    sheet = tmp_path / "sheet.png"
    write_comparison(sheet, source, copy, plan_of(tracks=[track(1, [0])]), "original", Options())
    assert holds_secret(sheet)


def test_nothing_is_replaced_unless_asked_and_the_source_never(files, tmp_path):
    source, copy = files
    plan, sheet = plan_of(), tmp_path / "sheet.png"
    sheet.write_bytes(b"another's")
    with pytest.raises(TargetExists):
        write_comparison(sheet, source, copy, plan, "outlines", Options())
    again = Options(write=WriteOptions(overwrite=True))
    write_comparison(sheet, source, copy, plan, "outlines", again)
    assert sheet.read_bytes() != b"another's"
    for path in (source, copy):
        with pytest.raises(TargetIsSource):
            write_comparison(path, source, copy, plan, "outlines", again)


def test_a_copy_that_does_not_fit_the_plan_is_refused(files, tmp_path):
    source, copy = files
    plan = plan_of(frames=5, tracks=[track(1, [4])])
    with pytest.raises(PlanMismatch):
        write_comparison(tmp_path / "sheet.png", source, copy, plan, "outlines", Options())
    assert not (tmp_path / "sheet.png").exists()


def test_of_a_film_the_frames_are_shown_that_show_most():
    plan = plan_of(30, [track(1, range(2, 25)), track(2, [5, 27], (0, 0, 90, 70))])
    assert telling_frames(plan) == [5, 10, 27]
    assert telling_frames(plan_of(30)) == [0]
    assert len(telling_frames(plan_of(30, [track(1, range(30))]))) == ROWS
