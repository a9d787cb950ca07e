"""A whole run on a portrait that is known to be found: the check that looks at pixels every time.

It is small, so it notices that finding broke, and not that it became a little worse.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from efface.bench import runner
from efface.bench.runner import ClipsWanted
from efface.bench.truth import load_stills, load_video
from efface.errors import BadTruth, UsageError
from efface.options import CoverOptions, DetectOptions, Options

pytestmark = pytest.mark.usefixtures("brief")

FACES = Options(detect=DetectOptions(kinds="face"))


def quiet(line):
    pass


@pytest.fixture(scope="module")
def sets(portraits):
    return [(portraits.name, load_stills(portraits))]


def test_a_portrait_is_found_whole_and_nothing_else(sets):
    result = runner.run_stills(sets, Options(), quiet)
    assert result.numbers["recall"] == {"12": 1.0, "16": 1.0, "24": 1.0, "48": 1.0}
    assert result.numbers["false_alarms_per_picture"] == 0
    assert 0 < result.numbers["needless_area"] < 0.15
    assert result.numbers["recall_by_attribute"]["pose 0"] == {"share": 1.0, "boxes": 2}
    assert result.settings["detect"]["kinds"] == "face", "plates are not labelled there"
    assert [d["name"] for d in result.detectors] == ["centerface-int8"]
    assert result.frames_per_second > 0


def test_pictures_are_shown_in_other_light(sets):
    lit = runner.run_stills(sets, FACES, quiet, light="back-lit")
    assert lit.numbers["recall"]["48"] == 1.0, "a clear face is found against the light, too"
    assert lit.settings["light"] == "back-lit"
    assert (
        lit.numbers["needless_area"]
        != runner.run_stills(sets, FACES, quiet).numbers["needless_area"]
    )


def test_a_box_too_small_is_a_miss(sets):
    tight = replace(FACES, cover=CoverOptions(margin=0.0))
    wide = [(n, [replace(s, labels=_grown(s.labels)) for s in stills]) for n, stills in sets]
    assert runner.run_stills(wide, tight, quiet).numbers["recall"]["48"] == 0.0


def _grown(labels):
    return replace(labels, xyxy=labels.xyxy + np.array([-20, -20, 20, 20], np.float32))


def test_clips_of_the_portrait_do_not_leak(sets, tmp_path):
    said = []
    result = runner.run_moving(
        sets, FACES, said.append, ClipsWanted(count=1, seed=3, kinds=["pan"], keep=tmp_path)
    )
    assert result.numbers["tracks"] == 1
    assert result.numbers["boxes"] == 25
    assert result.numbers["leak_rate"] == 0
    assert set(result.parts) == {"pan"}
    assert said == ["moving-000 (pan): 0 leaks in 25 boxes of 1 tracks, longest 0 frames"]
    kept = runner.run_videos([load_video(tmp_path / "moving-000.faces.json")], FACES, quiet)
    assert kept.numbers == result.numbers, "what was kept can be measured again"


def test_stress_is_scored_by_what_stays_legible(sets, tmp_path):
    blind = replace(FACES, detect=DetectOptions(kinds="face", sensitivity="low"))
    result = runner.run_stress(
        sets, blind, quiet, ClipsWanted(count=1, seed=1, kinds=["small"], keep=None)
    )
    assert result.numbers["boxes"] == 16
    assert result.numbers["leak_rate_at_90"] >= result.numbers["leak_rate"]


def test_plain_means_that_only_sightings_are_covered(sets, tmp_path):
    from efface.bench import moving
    from efface.bench.clips import made
    from efface.tracks import Reason

    (clip,) = moving.clips(sets[0][1], runner.reader(FACES.read), 1, seed=3, kinds=["hand"])
    truth = made(clip, tmp_path)
    with runner.looking(runner.plain(FACES)) as looker:
        plain = looker.plan(truth.path)
    with runner.looking(FACES) as looker:
        usual = looker.plan(truth.path)
    assert {int(r) for t in plain.tracks for r in t.reason} == {Reason.SEEN}
    assert all(len(t) == 1 for t in plain.tracks)
    assert len(usual.tracks) < len(plain.tracks)
    assert max(len(t) for t in usual.tracks) > 1


def test_labels_about_something_else_are_refused(sets):
    ((name, stills),) = sets
    wrong = [(name, [replace(stills[0], size_wh=(100, 100))])]
    with pytest.raises(BadTruth, match="another size"):
        runner.run_stills(wrong, FACES, quiet)
    with pytest.raises(BadTruth, match="another size"):
        runner.run_stress(
            wrong, FACES, quiet, ClipsWanted(count=1, seed=1, kinds=["clean"], keep=None)
        )


def test_looking_for_what_is_not_labelled_is_refused(sets):
    plates = Options(detect=DetectOptions(kinds="plate"))
    with pytest.raises(UsageError, match="these labels are about face"):
        runner.run_stills(sets, plates, quiet)
    with pytest.raises(UsageError, match="one of these sets has none"):
        runner.run_moving(
            [("p", [replace(sets[0][1][0], kinds=frozenset(["plate"]))])],
            FACES,
            quiet,
            ClipsWanted(count=1, seed=1, kinds=[], keep=None),
        )
