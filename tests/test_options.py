"""Options are checked while they are built."""

from __future__ import annotations

import dataclasses
import json

import pytest

from efface.errors import UsageError
from efface.options import (
    CoverOptions,
    DetectOptions,
    Options,
    PaintOptions,
    ReadOptions,
    RiskOptions,
    TrackOptions,
    WriteOptions,
    settings,
)


def test_defaults_pass_their_own_check_and_fit_into_a_plan():
    json.dumps(dataclasses.asdict(Options()), allow_nan=False)


@pytest.mark.parametrize(
    ("branch", "values", "word"),
    [
        (DetectOptions, {"sensitivity": "very"}, "--sensitivity"),
        (DetectOptions, {"device": "tpu"}, "--device"),
        (DetectOptions, {"timeout_s": 0}, "--detect-timeout"),
        (DetectOptions, {"timeout_s": float("inf")}, "--detect-timeout"),
        (DetectOptions, {"kinds": "dog"}, "--kinds: 'dog' is not one of face, plate"),
        (DetectOptions, {"kinds": "face,dog"}, "face, plate"),
        (DetectOptions, {"kinds": ""}, "--kinds"),
        (DetectOptions, {"kinds": "face,"}, "--kinds"),
        (DetectOptions, {"kinds": "drawn"}, "--kinds"),
        (DetectOptions, {"kinds": "plate,plate"}, "--kinds: plate is named twice"),
        (CoverOptions, {"plate_margin": -0.1}, "--plate-margin"),
        (TrackOptions, {"lead_in_s": -1.0}, "--track-lead-in"),
        (TrackOptions, {"bridge_s": float("nan")}, "--track-bridge"),
        (CoverOptions, {"part": "body"}, "--cover: 'body' is not one of face, head, person"),
        (CoverOptions, {"margin": 2.5}, "from 0.0 to 2.0"),
        (CoverOptions, {"margin": -0.1}, "--margin"),
        (RiskOptions, {"bound": 1.5}, "--risk-bound"),
        (RiskOptions, {"bound": float("nan")}, "--risk-bound"),
        (PaintOptions, {"style": "blur"}, "smooth, solid, tiles"),
        (PaintOptions, {"colour": "red"}, "#rrggbb"),
        (PaintOptions, {"colour": "#12345g"}, "#rrggbb"),
        (PaintOptions, {"seed": -1}, "--seed"),
        (ReadOptions, {"max_pixels": 0}, "--max-pixels"),
        (WriteOptions, {"crf": 64}, "--crf"),
        (WriteOptions, {"audio": "maybe"}, "--audio"),
    ],
)
def test_values_out_of_bounds_are_usage_errors_that_name_the_flag(branch, values, word):
    with pytest.raises(UsageError) as caught:
        branch(**values)
    assert word in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("option", [("detecting", "sensitivity"), ("detect", "mood")])
def test_from_values_refuses_an_option_that_does_not_exist(option):
    with pytest.raises(UsageError, match=r"There is no option detect(ing)?\.(sensitivity|mood)\."):
        Options.from_values({option: "high"})


def test_from_values_keeps_defaults_for_the_rest():
    made = Options.from_values({("detect", "sensitivity"): "high", ("write", "crf"): 30})
    assert (made.detect.sensitivity, made.write.crf) == ("high", 30)
    assert made.track == TrackOptions()


def test_every_setting_has_a_flag_of_its_own_and_help():
    every = list(settings())
    assert len({s.flag for s in every}) == len(every)
    assert all(s.flag.startswith("--") and s.help.endswith(".") for s in every)
    assert {s.branch for s in every} == {f.name for f in dataclasses.fields(Options)}
    assert next(s.type for s in every if s.name == "crf") is int


def test_kinds_are_wanted_in_one_order_however_they_are_named():
    assert DetectOptions().wanted == DetectOptions(kinds="plate, face").wanted == ("face", "plate")
    assert DetectOptions(kinds="plate").wanted == ("plate",)
    assert DetectOptions(kinds="face").wanted == ("face",)


@pytest.mark.parametrize(
    "made", [lambda: DetectOptions(kinds=None), lambda: TrackOptions(bridge_s=None)]
)
def test_no_value_is_refused_where_one_is_needed(made):
    with pytest.raises(UsageError, match="needs a value"):
        made()
    assert WriteOptions(crf=None).crf is None


@pytest.mark.parametrize(
    ("kinds", "part", "wanted"),
    [
        ("face,plate", "face", "face,plate"),
        ("face,plate", "head", "face,plate"),
        ("face,plate", "person", "face,plate,person"),
        ("face,person", "person", "face,person"),
        ("plate", "person", "plate"),
        ("person", "face", "person"),
    ],
)
def test_who_covers_persons_looks_for_them_wherever_faces_are_looked_for(kinds, part, wanted):
    options = Options(detect=DetectOptions(kinds=kinds), cover=CoverOptions(part=part))
    assert options.detect.kinds == wanted
