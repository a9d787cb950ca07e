"""What the page may set: the options of the command line, with the same checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from efface.errors import UsageError
from efface.options import Options, VerifyOptions
from efface.presets import BUILT_IN
from efface.report.wording import LIMITS
from efface.review import page_settings
from efface.review.page_settings import changed, described


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


def test_every_word_of_the_settings_and_of_the_limits_is_in_the_table_of_each_language():
    page = Path(page_settings.__file__).parent / "page"
    table = "".join((page / name).read_text("utf-8") for name in ("german.js", "german_server.js"))
    said = described(Options())
    words = [text for p in said["presets"] for text in (p["title"], p["text"])]
    for group in said["groups"]:
        words += [group["title"], group["note"]]
        for setting in group["settings"]:
            words += [setting["label"], setting["help"], *(word for _, word in setting["words"])]
    codecs = {"H.264", "HEVC", "AV1", "VP9"}  # the same in every language
    for text in {*words, *LIMITS} - codecs - {""}:
        assert f'"{text}":' in table or f"  {text}:" in table, text
