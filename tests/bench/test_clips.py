"""Clips on the disk: the right frames, the right boxes in them, and nothing made twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from efface.bench.camera_path import still_path
from efface.bench.clips import Clip, Developer, Shot, made
from efface.bench.sprites import Sprite
from efface.bench.truth import load_video
from efface.containers.admission import admit
from efface.options import ReadOptions
from efface.pipeline.sources import opened

N = 10
SIZE = (160, 96)


def shot(centres, boxes, *, judged=True, **more):
    picture = np.full((200, 300, 3), 60, np.uint8)
    for x1, y1, x2, y2 in boxes:
        picture[y1:y2, x1:x2] = 220
    path = replace(
        still_path(len(centres), (0.0, 0.0), 1.0),
        centre=np.array(centres, np.float64),
        shutter=np.zeros(len(centres)),
    )
    ones = np.ones(len(centres))
    known = {"gain": ones, "noise": 0 * ones} | more
    return Shot(
        picture,
        np.array(boxes, np.float32),
        np.full(len(boxes), judged),
        tuple({} for _ in boxes),
        path,
        **known,
    )


def clip(*shots, **more):
    return Clip("a", shots, SIZE, ("pan",), **({"least_px": 16} | more))


def truth_of(made_clip, tmp_path):
    developer = Developer(made_clip)
    frames = list(developer.frames())
    return frames, developer.truth(tmp_path / "a.mp4")


def test_a_box_is_where_it_is_painted_in_every_frame(tmp_path):
    moving = clip(shot([(100 + 6 * i, 100 - 2 * i) for i in range(N)], [(120, 80, 150, 120)]))
    truth = made(moving, tmp_path)
    (track,) = truth.tracks
    with opened(admit(tmp_path / "a.mp4"), ReadOptions()) as source:
        frames = [f.look(f.size_wh) for f in source.frames()]
    assert [f.shape for f in frames] == [(SIZE[1], SIZE[0], 3)] * N
    assert track.frame.tolist() == list(range(N))
    for frame, box in zip(frames, track.xyxy, strict=True):
        rows, columns = (np.flatnonzero((frame[..., 0] > 140).any(axis=a)) for a in (1, 0))
        assert (
            np.abs(np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) - box).max() <= 1
        )


def test_what_leaves_the_frame_is_ignored_and_then_gone(tmp_path):
    leaving = clip(shot([(130 + 10 * i, 100) for i in range(N)], [(110, 80, 150, 120)]))
    _, truth = truth_of(leaving, tmp_path)
    by_mark = {t.ignore: t.frame.tolist() for t in truth.tracks}
    assert by_mark[False] == list(range(len(by_mark[False])))
    assert by_mark[True][0] == len(by_mark[False])
    assert by_mark[True][-1] < N - 1 + 1
    share = {
        f: b for t in truth.tracks for f, b in zip(t.frame.tolist(), t.xyxy.tolist(), strict=True)
    }
    assert share[8][0] == 0, "it is cut at the rim"


def test_what_something_hides_is_ignored_meanwhile(tmp_path):
    corner = np.full((N, 2), np.nan)
    corner[3:6] = (60, 20)
    wall = Sprite(np.zeros((60, 60, 3), np.uint8), np.ones((60, 60), np.float32), corner)
    frames, truth = truth_of(
        clip(shot([(130, 100)] * N, [(115, 85, 145, 115)], sprites=(wall,))), tmp_path
    )
    assert [t.frame.tolist() for t in truth.tracks if not t.ignore] == [[0, 1, 2, 6, 7, 8, 9]]
    assert frames[4][48, 80, 0] < 10 < frames[0][48, 80, 0]


def test_small_and_unjudged_ones_are_ignored(tmp_path):
    _, small = truth_of(clip(shot([(130, 100)] * N, [(120, 90, 140, 110)]), least_px=24), tmp_path)
    _, unjudged = truth_of(
        clip(shot([(130, 100)] * N, [(110, 80, 150, 120)], judged=False)), tmp_path
    )
    assert [t.ignore for t in (*small.tracks, *unjudged.tracks)] == [True, True]


def test_a_cut_ends_all_tracks(tmp_path):
    first, second = (
        shot([(130, 100)] * 4, [box]) for box in ((110, 80, 150, 120), (120, 70, 160, 110))
    )
    frames, truth = truth_of(clip(first, second), tmp_path)
    assert len(frames) == truth.frames == 8
    assert [t.frame.tolist() for t in truth.tracks] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_light_and_noise(tmp_path):
    dark = shot(
        [(130, 100)] * 3,
        [(110, 80, 150, 120)],
        gain=np.array([1.0, 0.5, 3.0]),
        noise=np.array([0.0, 0.0, 0.0]),
    )
    frames, _ = truth_of(clip(dark), tmp_path)
    assert [int(f[48, 80, 0]) for f in frames] == [220, 110, 255]
    noisy, _ = truth_of(clip(replace(dark, gain=np.ones(3), noise=np.full(3, 5.0))), tmp_path)
    assert noisy[0][:20, :20].std() == pytest.approx(5, abs=0.7)


def test_the_same_clip_is_kept_and_another_is_made_anew(tmp_path):
    still = clip(shot([(130, 100)] * 3, [(110, 80, 150, 120)]), about={"number": 1})
    made(still, tmp_path)
    before = (tmp_path / "a.mp4").stat().st_mtime_ns
    assert made(still, tmp_path).frames == 3
    assert (tmp_path / "a.mp4").stat().st_mtime_ns == before
    made(replace(still, crf=35), tmp_path)
    assert (tmp_path / "a.mp4").stat().st_mtime_ns != before
    (tmp_path / "a.faces.json").write_text("{")
    assert made(still, tmp_path).frames == load_video(tmp_path / "a.faces.json").frames == 3
