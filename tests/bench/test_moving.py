"""Moving ground truth: repeatable, of every kind, and as its names say."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from efface.bench import moving, sprites, stress
from efface.bench.camera_path import extent
from efface.bench.clips import Developer
from efface.bench.runner import reader
from efface.bench.truth import load_stills
from efface.errors import UsageError
from efface.options import ReadOptions

READ = reader(ReadOptions())

pytestmark = pytest.mark.usefixtures("brief")


def some(stills, count=12, **more):
    return list(moving.clips(stills, READ, count, **({"seed": 1} | more)))


def test_a_seed_says_it_all(crowd):
    first, again, other = some(crowd, 3), some(crowd, 3), some(crowd, 3, seed=2)
    frames = [next(iter(Developer(c[2]).frames())) for c in (first, again, other)]
    assert [c.about for c in first] == [c.about for c in again]
    assert np.array_equal(frames[0], frames[1])
    assert not np.array_equal(frames[0], frames[2])


def test_more_clips_leave_the_first_as_they_are(crowd):
    assert [c.kinds for c in some(crowd, 5)] == [c.kinds for c in some(crowd, 12)][:5]


def test_every_kind_comes_up_and_all_last_4_seconds(crowd, monkeypatch):
    monkeypatch.undo()
    clips = some(crowd, 30)
    happened = [k for c in clips for k in c.kinds]
    assert {len(c) for c in clips} == {100}
    for kind in (*moving.WAYS, *moving.DISTURBANCES):
        assert happened.count(kind) >= 5, kind
    assert {len(c.kinds) for c in clips} == {2, 3}


@pytest.mark.parametrize("kind", ["passer-by", "hand"])
def test_something_hides_the_target_for_a_while(portraits, kind):
    for clip in some(load_stills(portraits), 4, kinds=["pan", kind]):
        (shot,) = clip.shots
        width, height = clip.size_wh
        hidden = [
            sprites.put(np.zeros((height, width, 3), np.float32), shot.sprites, i)
            for i in range(len(clip))
        ]
        middles = [
            extent(shot.xyxy[0], shot.path.matrix(i, clip.size_wh)).reshape(2, 2).mean(axis=0)
            for i in range(len(clip))
        ]
        behind = [
            h is not None and h[int(y), int(x)] for h, (x, y) in zip(hidden, middles, strict=True)
        ]
        assert 1 <= sum(behind) < len(clip)


def developed(clip):
    developer = Developer(clip)
    for _ in developer.frames():
        pass
    return developer.truth(None)


def test_the_target_comes_and_goes(crowd):
    (clip,) = some(crowd, 1, kinds=["come-and-go"])
    seen = sorted(f for t in developed(clip).tracks if not t.ignore for f in t.frame.tolist())
    assert seen
    assert 0 < seen[0] <= seen[-1] < len(clip) - 1


def test_a_cut_joins_two_pictures(crowd):
    (clip,) = some(crowd, 1, kinds=["cut"])
    assert len(clip.shots) == 2
    assert len(set(clip.about["pictures"])) == 2


def test_low_and_ignored_labels_are_never_judged(crowd):
    for clip in some(crowd, 3):
        assert clip.shots[0].judged.tolist() == [False, True, True, False]


def test_compression_and_exposure_change_what_they_should(crowd):
    (hard,) = some(crowd, 1, kinds=["pan", "compression"])
    (light,) = some(crowd, 1, kinds=["pan", "exposure"])
    assert hard.crf >= 32 > light.crf
    assert np.ptp(light.shots[0].gain) > 0.4


def test_a_kind_that_does_not_exist_is_refused(crowd):
    with pytest.raises(UsageError, match="'fog' is not one of pan, zoom"):
        some(crowd, 1, kinds=["fog"])
    with pytest.raises(UsageError, match="'fog' is not one of clean, blur"):
        list(stress.clips(crowd, READ, 1, seed=1, kinds=["fog"]))


def test_pictures_without_a_face_to_follow_are_refused(kit, tmp_path):
    small = load_stills(
        kit.annotated(tmp_path, {"a.png": (kit.speckled(64, 48), [kit.box((1, 2, 11, 22))])})
    )
    with pytest.raises(UsageError, match="24 px high"):
        some(small, 1)
    with pytest.raises(UsageError, match="56 px high"):
        list(stress.clips(small, READ, 1, seed=1))


# stress


@pytest.fixture
def stressed(portraits):
    return {c.kinds[0]: c for c in stress.clips(load_stills(portraits), READ, 1, seed=1)}


def test_every_stress_judges_the_one_face(stressed):
    assert list(stressed) == list(stress.STRESSES)
    for kind, clip in stressed.items():
        judged = [t for t in developed(clip).tracks if not t.ignore]
        assert len(judged) == 1, kind
        assert len(judged[0].frame) >= (5 if kind == "leaving" else 12), kind


def first_frames(clip, count=1):
    return list(islice(Developer(clip).frames(), count))


def test_stress_does_what_its_name_says(stressed):
    (clean,), (dark,), (masked,) = (
        first_frames(stressed[k]) for k in ("clean", "dark", "mask-and-glasses")
    )
    assert dark.mean() == pytest.approx(clean.mean() * stress.DARK, abs=2)
    assert np.abs(masked.astype(int) - clean).mean(axis=2)[50:130, 120:200].mean() > 30
    heights = np.diff(
        next(t for t in developed(stressed["small"]).tracks if not t.ignore).xyxy[:, [1, 3]], axis=1
    )
    assert (heights[0, 0], heights[-1, 0]) == pytest.approx((26, 16), abs=0.5)
    rolled = next(t for t in developed(stressed["roll"]).tracks if not t.ignore).xyxy
    ratio = (rolled[:, 2] - rolled[:, 0]) / (rolled[:, 3] - rolled[:, 1])
    assert ratio[0] < 1 < ratio[len(ratio) // 2]
