"""Presets hold options and nothing else, and a mistake in them is never passed over."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from efface.errors import BadPresets, UsageError
from efface.options import settings
from efface.presets import (
    BUILT_IN,
    DECIDED_EACH_TIME,
    LARGEST,
    default_file,
    find_preset,
    own_presets,
    presets_from,
)

GOOD = b"""
["our newsroom"]
sensitivity = "high"
margin = "40%"
plate-margin = 1
track-hold = 2
colour = "Navy"
seed = 7

[street]
kinds = "plate"
crf = 30
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of presets in a configuration folder of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = default_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_a_file_is_read_as_the_command_line_reads_options(tmp_path):
    newsroom, street = presets_from(GOOD, tmp_path / "p.toml")
    assert newsroom.name == "our newsroom"
    assert newsroom.by_flag() == {
        "--sensitivity": "high",
        "--track-hold": 2.0,
        "--margin": 0.4,
        "--plate-margin": 1.0,
        "--colour": "#000080",
        "--seed": 7,
    }
    assert newsroom.options().cover.margin == 0.4
    assert (street.options().detect.kinds, street.options().write.crf) == ("plate", 30)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[a]\nsensitvity = "high"', "no option 'sensitvity' for a preset. .*Did you mean sensi"),
        ('[a]\n--margin = 0.3', "Did you mean margin"),
        ('[a]\noutput = "/tmp/x"', "no option 'output' for a preset. .*no paths, no addresses"),
        ('[a]\naddress = "10.0.0.1:6379"', "no option 'address'"),
        ('[a]\nreport = "x.html"', "no option 'report'"),
        ("[a]\noverwrite = true", "cannot set overwrite; add --overwrite to the command"),
        ("[a]\ndiscard-edits = true", "cannot set discard-edits"),
        ('[a]\nmargin = "wide"', "--margin: 'wide' is not a number"),
        ("[a]\nmargin = 3.0", "--margin: 3.0 is out of range"),
        ("[a]\nmargin = nan", "--margin: nan is not a finite number"),
        ("[a]\nmargin = true", "--margin must be a number"),
        ("[a]\nseed = 1.5", "--seed must be a whole number"),
        ("[a]\nseed = true", "--seed must be a whole number"),
        ("[a]\nsensitivity = 1", "--sensitivity must be text in quotes"),
        ('[a]\nsensitivity = "very"', "--sensitivity: 'very' is not one of"),
        ('[a]\ncolour = "mauve"', "--colour: 'mauve'"),
        ("[a]\nkinds = ['face']", "--kinds must be text"),
        ("[a.b]\nseed = 1", "no option 'b'"),
        ("[a]\nkeep = ['0,0,9,9']", "a preset cannot set keep"),
        ("seed = 1", "'seed' stands outside of a preset"),
        ("[no-review]\nseed = 1", "no-review is a built-in preset"),
        ('["a\\tb"]\nseed = 1', "not a usable name"),
        ('[""]\nseed = 1', "not a usable name"),
        ("[a]\nseed = 1\n[a]\nseed = 2", "not valid TOML"),
        ("[a", "not valid TOML"),
    ],
)  # fmt: skip
def test_any_mistake_refuses_the_file(tmp_path, text, says):
    with pytest.raises(BadPresets, match=says) as caught:
        presets_from(text.encode(), tmp_path / "p.toml")
    assert caught.value.exit_code == 3


def test_no_option_for_presets_takes_a_path_or_an_address():
    kinds = {str: "a choice, items, a colour", int: "", float: "", bool: ""}
    for s in settings():
        assert s.type in kinds
        if s.flag in DECIDED_EACH_TIME:
            continue
        assert s.type is not str or s.choices or s.items or s.name == "colour", s.flag


def test_the_built_in_presets_are_found_without_reading_a_file(own):
    own.write_text("not TOML")
    for preset in BUILT_IN:
        assert find_preset(preset.name) == preset
        assert preset.about
        assert preset.options().verify.level != "off"
    with pytest.raises(BadPresets, match="not valid TOML"):
        find_preset("mine")


def test_the_nearest_name_is_named(own, tmp_path):
    with pytest.raises(UsageError, match="There are: readable-photo, street-vid"):
        find_preset("mine")
    own.write_bytes(GOOD)
    assert find_preset("street").name == "street"
    with pytest.raises(UsageError, match="Did you mean our newsroom"):
        find_preset("our newsrooms")
    other = tmp_path / "other.toml"
    other.write_text("[mine]\nseed = 3")
    assert find_preset("mine", other).by_flag() == {"--seed": 3}


def test_a_file_that_is_not_there(own, tmp_path):
    assert own_presets() == ()
    with pytest.raises(BadPresets, match="there is no such file"):
        own_presets(tmp_path / "none.toml")


def test_a_file_that_cannot_be_read(tmp_path):
    pipe, large = tmp_path / "pipe", tmp_path / "large.toml"
    os.mkfifo(pipe)
    large.write_bytes(b"#" * (LARGEST + 1))
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"[caf\xe9]\nseed = 1")
    for path, says in (
        (pipe, "not a plain file"),
        (tmp_path, "."),
        (large, "too large"),
        (latin, "not valid TOML"),
    ):
        with pytest.raises(BadPresets, match=says):
            own_presets(path)


def test_the_file_lies_in_the_configuration_folder_of_the_platform(own):
    assert own == Path(click.get_app_dir("efface")) / "presets.toml"
