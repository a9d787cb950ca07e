"""What identifies besides faces: one frame with an open badge is found, by where it is erased and
by what a detector sees; and so are 50 ms of sound in a silent span."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import cv2
import numpy as np
import pytest

import efface
from efface.detections import TEXT
from efface.findings import Outcome
from efface.options import Options, PaintOptions, VerifyOptions, WriteOptions
from efface.painting.paint import paint
from efface.planning.edits import Mute
from efface.sound_change import SoundChange

OPEN, FRAMES = 1, 3
"""The frame in which the badge stays open, and the number of all."""

SIZE = (320, 180)


@pytest.fixture(scope="module")
def badge(tmp_path_factory, kit):
    """A name tag that moves, and the plan that erases it."""
    back = cv2.GaussianBlur(
        np.random.default_rng(5).integers(60, 190, (180, 320, 3), np.uint8), (0, 0), 9
    )

    def frame(i):
        picture = back.copy()
        cv2.rectangle(picture, (80 + 3 * i, 70), (220 + 3 * i, 106), (245, 245, 245), -1)
        at = (88 + 3 * i, 96)
        cv2.putText(picture, "M. KELLER", at, cv2.FONT_HERSHEY_SIMPLEX, 0.75, (20, 20, 60), 2)
        return picture

    path = tmp_path_factory.mktemp("badge") / "badge.mkv"
    kit.encoded((frame(i) for i in range(FRAMES)), path, SIZE)
    boxes = [(76 + 3 * i, 66, 224 + 3 * i, 110) for i in range(FRAMES)]
    plan = kit.drawn_plan(path, [boxes], SIZE)
    asked = {"detect": {"kinds": "text", "text": "all"}}
    return kit.Clip(
        path, replace(plan, tracks=(replace(plan.tracks[0], kind=TEXT),), options=asked)
    )


def leaving_open(picture, regions, frame):
    """A renderer that forgets the badge in one frame."""
    if frame != OPEN:
        paint(picture, regions, PaintOptions())


def test_a_badge_that_is_open_in_one_frame_is_found(badge, kit, tmp_path):
    target = kit.rendered(badge, tmp_path / "target.mp4", leaving_open)
    found = efface.verify(target, badge.plan, badge.path)
    coverage, again = kit.check(found, "coverage"), kit.check(found, "second look")
    assert (coverage.outcome, [f.frame for f in coverage.findings]) == (Outcome.NOT_CLEAN, [OPEN])
    assert (again.outcome, {f.frame for f in again.findings}) == (Outcome.REVIEW, {OPEN})


def test_a_plan_that_forgets_the_badge_in_one_frame_is_found(badge, kit, tmp_path):
    """The copy is as the plan says, so only the second look can tell."""
    (track,) = badge.plan.tracks
    rest = {n: getattr(track, n)[track.frame != OPEN] for n in ("frame", "xyxy", "reason", "score")}
    gap = replace(badge, plan=replace(badge.plan, tracks=(replace(track, **rest),)))
    target = kit.rendered(gap, tmp_path / "target.mp4")
    found = efface.verify(target, gap.plan, gap.path)
    again = kit.check(found, "second look")
    assert kit.check(found, "coverage").outcome is Outcome.CLEAN
    assert (again.outcome, {f.frame for f in again.findings}) == (Outcome.REVIEW, {OPEN})


def test_50_ms_that_were_not_muted_are_found_by_verify(badge, tmp_path, monkeypatch):
    """In a span that a person drew, in a copy whose record says that it is silent."""
    film, silent = tmp_path / "film.mkv", Mute((), (20, 105)).plain()
    tone = ["-f", "lavfi", "-i", "aevalsrc=0.4*sin(2500*t*t*9)+0.2*sin(1700*t):d=0.16:s=48000"]
    command = ["ffmpeg", "-v", "error", "-i", str(badge.path), *tone, "-c:v", "copy"]
    subprocess.run([*command, "-c:a", "pcm_s16le", str(film)], check=True)
    plan = replace(efface.find(film, options=Options()), edits=(silent,))
    honest = SoundChange.gain

    def with_a_hole(change, first, count, rate):
        gain, times = honest(change, first, count, rate), (first + np.arange(count)) / rate
        if gain is not None:
            gain[(times >= 0.04) & (times < 0.09)] = 1
        return gain

    write = WriteOptions(preset="ultrafast", audio="keep")
    options = Options(write=write, verify=VerifyOptions(level="off"))
    for is_spoilt, outcome in ((True, Outcome.NOT_CLEAN), (False, Outcome.CLEAN)):
        with monkeypatch.context() as patch:
            if is_spoilt:
                patch.setattr(SoundChange, "gain", with_a_hole)
            made = efface.render(film, plan, tmp_path / f"{outcome.value}.mkv", options=options)
        found = {c.name: c for c in efface.verify(made.target, plan, film).checks}["sound"]
        assert found.outcome is outcome, found
