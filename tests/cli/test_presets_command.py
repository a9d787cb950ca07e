"""Presets on the command line."""

from __future__ import annotations

import json

import pytest

from efface.presets import BUILT_IN


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A person's own presets, in a configuration folder of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = tmp_path / "config/efface/presets.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[mine]\nstyle = "solid"\nmargin = "10%"\nrisk-bound = 0.9\n')
    return path


def test_presets_lists_what_each_sets(efface, own):
    said = efface("presets")
    assert said.code == 0
    for preset in BUILT_IN:
        assert preset.name in said.out
        for flag, value in preset.by_flag().items():
            assert f"{flag} {value}" in said.out
    assert "mine\n    --margin 0.1\n    --risk-bound 0.9\n    --style solid" in said.out
    assert f"Yours in {own}" in said.out
    listed = {p["name"]: p for p in json.loads(efface("presets", "--json").out)["presets"]}
    assert listed["mine"]["options"] == {"margin": 0.1, "risk-bound": 0.9, "style": "solid"}
    assert listed["no-review"]["built_in"]


def test_a_broken_file_is_said_and_the_built_in_ones_are_listed(efface, own):
    own.write_text("[mine")
    said = efface("presets")
    assert said.code == 3
    assert "no-review" in said.out
    assert "is not a usable file of presets" in said.err


def test_a_preset_gives_values_and_the_command_line_replaces_them(efface, own, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")

    def options(*more):
        done = efface("redact", photo, "--overwrite", *more)
        assert done.code == 0, done.err
        return kit.plan_of(tmp_path / "face.redacted.jpg.plan.json")["options"]

    used = options("--use", "mine")
    assert (used["cover"]["margin"], used["paint"]["style"]) == (0.1, "solid")
    # An option that is given counts, also where it is the default.
    said = options("--use", "mine", "--margin", "25%", "--style", "tiles")
    assert (said["cover"]["margin"], said["paint"]["style"]) == (0.25, "tiles")
    other = tmp_path / "other.toml"
    other.write_text('[mine]\nstyle = "tiles"')
    elsewhere = options("--use", "mine", "--preset-file", other)
    assert (elsewhere["cover"]["margin"], elsewhere["paint"]["style"]) == (0.25, "tiles")


def test_a_preset_with_options_that_the_command_does_not_have(efface, own, kept, kit, tmp_path):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    assert efface("find", photo, "--use", "mine", "-o", tmp_path / "plan.json").code == 0
    assert kit.plan_of(tmp_path / "plan.json")["options"]["cover"]["margin"] == 0.1


@pytest.mark.parametrize("command", ["redact", "find", "review"])
def test_wrong_presets_stop_before_any_work(efface, own, kept, kit, tmp_path, command):
    (photo,) = kit.taken(kept, tmp_path / "in", "face.jpg")
    unknown = efface(command, photo, "--use", "mien")
    assert unknown.code == 2
    assert "Did you mean mine?" in unknown.err
    alone = efface(command, photo, "--preset-file", own)
    assert alone.code == 2
    assert "--preset-file has no effect without --use" in alone.err
    own.write_text('[mine]\nsytle = "solid"')
    broken = efface(command, photo, "--use", "mine")
    assert broken.code == 3
    assert "Did you mean style?" in broken.err
    assert kit.names_in(tmp_path / "in") == ["face.jpg"]


def test_one_is_saved_used_and_deleted(efface, own, kept, kit, tmp_path):
    saved = efface("presets", "--save", "loud", "--use", "mine", "--margin", "30%", "--delay", "2")
    assert saved.code == 0, saved.err
    assert (
        "loud\n    --margin 0.3\n    --risk-bound 0.9\n    --style solid\n    --delay 2.0"
        in saved.out
    )
    assert efface("presets", "--save", "loud", "--seed", "1").code == 2
    assert efface("presets", "--save", "loud", "--seed", "1", "--replace").code == 0
    assert efface("presets", "--delete", "loud").code == 0
    assert own.read_text().startswith('[mine]\nstyle = "solid"')
    assert "loud" not in own.read_text()


def test_options_without_a_name_to_save_are_refused(efface, own):
    for words in (["--margin", "30%"], ["--use", "mine"], ["--replace"]):
        said = efface("presets", *words)
        assert said.code == 2
        assert f"{words[0]} has no effect without --save" in said.err
    assert efface("presets", "--save", "a", "--delete", "mine").code == 2
    assert "mine" in own.read_text()
