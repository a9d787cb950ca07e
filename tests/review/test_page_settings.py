"""What the page may set: the options of the command line, with the same checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from efface.cli.flags_from_options import FINDS, RENDERS
from efface.errors import UsageError
from efface.options import Options, VerifyOptions, settings
from efface.presets import BUILT_IN, preset_values
from efface.report.wording import LIMITS
from efface.review import page_settings
from efface.review.page_settings import (
    GROUPS,
    NOT_OFFERED,
    VALUES_NOT_OFFERED,
    changed,
    described,
    to_save,
)


def test_what_is_set_is_an_option_and_the_rest_stays():
    options = Options(verify=VerifyOptions(level="full"))
    made = changed(options, {"paint.style": "tiles", "cover.margin": 1, "detect.kinds": "plate"})
    assert (made.paint.style, made.cover.margin, made.detect.wanted) == ("tiles", 1.0, ("plate",))
    assert made.verify.level == "full"
    assert described(made)["values"]["paint.style"] == "tiles"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("paint.style", "none"),
        ("paint.style", 1),
        ("paint.style", None),
        ("cover.margin", "1"),
        ("cover.margin", -1),
        ("cover.margin", 99),
        ("cover.margin", True),
        ("cover.margin", float("nan")),
        ("detect.kinds", ""),
        ("detect.kinds", "face,face"),
        ("paint.colour", "red; x"),
        ("read.max_pixels", 1),
        ("write.overwrite", True),
        ("write.discard_edits", True),
        ("no.such", 1),
        ("__class__.x", 1),
    ],
)
def test_what_is_not_offered_or_out_of_range_is_refused(key, value):
    with pytest.raises(UsageError):
        changed(Options(), {key: value})


@pytest.mark.parametrize("preset", BUILT_IN, ids=lambda p: p.name)
def test_a_preset_is_valid_and_says_every_value(preset):
    (made,) = (p for p in described(Options())["presets"] if p["name"] == preset.name)
    assert set(made["values"]) == set(described(Options())["values"])
    assert described(changed(Options(), made["values"]))["values"] == made["values"]


def test_each_choice_has_a_word_for_a_value_that_the_option_takes():
    for group in described(Options())["groups"]:
        for setting in group["settings"]:
            for value, word in setting["words"]:
                assert word
                changed(Options(), {setting["key"]: value})
            for value in setting["range"][:2]:
                changed(Options(), {setting["key"]: value})


def test_a_card_sets_all_that_the_preset_of_that_name_means():
    before = Options(verify=VerifyOptions(level="off"))
    for card, preset in zip(described(before)["presets"], BUILT_IN, strict=True):
        made = changed(before, card["values"])
        for (branch, name), value in preset.values.items():
            assert getattr(getattr(made, branch), name) == value, (card["name"], branch, name)


def test_what_nobody_reviews_covers_more_than_what_somebody_does():
    made = {p.name: p.options() for p in BUILT_IN}
    assert made["no-review"].cover.margin > made["street-video"].cover.margin
    assert made["no-review"].detect.sensitivity == "high"
    assert made["no-review"].verify.level == "full"
    assert {o.write.audio for o in made.values()} == {"drop"}


def test_every_option_of_redact_is_offered_or_has_a_reason_not_to_be():
    branches = {*FINDS, *RENDERS, "report"}
    known = {f"{s.branch}.{s.name}" for s in settings() if s.branch in branches}
    offered = [o.key for group in GROUPS for o in group.settings]
    assert len(offered) == len(set(offered))
    assert {*offered, *NOT_OFFERED} == known
    assert not {*offered} & {*NOT_OFFERED}


def test_each_setting_has_a_control_that_can_hold_every_value():
    for group in described(Options())["groups"]:
        for setting in group["settings"]:
            assert setting["kind"] in ("many", "range", "choice", "list", "number", "colour")
            choices = next(
                s.choices for s in settings() if f"{s.branch}.{s.name}" == setting["key"]
            )
            left_out = VALUES_NOT_OFFERED.get(setting["key"], {})
            assert {value for value, _ in setting["words"]} >= {*choices} - {*left_out}


def test_an_option_without_a_value_is_emptied_again():
    made = changed(Options(), {"write.crf": 20, "report.told": "names"})
    assert (made.write.crf, made.report.wanted) == (20, ("names",))
    made = changed(made, {"write.crf": None, "report.told": None})
    assert (made.write.crf, made.report.wanted) == (None, ())


def test_what_is_saved_as_a_preset_sets_the_same():
    made = changed(Options(), {"paint.style": "tiles", "track.hold_s": 4, "write.crf": 30})
    kept = to_save(made)
    assert kept["track-hold"] == 4.0
    assert "device" not in kept
    assert Options.from_values(preset_values("a", kept)) == made


def test_every_word_of_the_settings_and_of_the_limits_is_in_the_table_of_each_language():
    page = Path(page_settings.__file__).parent / "page"
    table = "".join(
        (page / name).read_text("utf-8")
        for name in ("german.js", "german_more.js", "german_server.js")
    )
    said = described(Options())
    words = [text for p in said["presets"] for text in (p["title"], p["text"])]
    for group in said["groups"]:
        words += [group["title"], group["note"]]
        for setting in group["settings"]:
            words += [setting["label"], setting["help"], *(word for _, word in setting["words"])]
    codecs = {"H.264", "HEVC", "AV1", "VP9"}  # the same in every language
    for text in {*words, *LIMITS} - codecs - {""}:
        assert f'"{text}":' in table or f"  {text}:" in table, text
