"""Saving and deleting a preset changes its lines and nothing else."""

from __future__ import annotations

import os

import pytest

from efface.errors import BadPresets, UsageError, WriteFailed
from efface.preset_file import delete_preset, save_preset
from efface.presets import default_file, find_preset, own_presets

MINE = """# what we use on Fridays
[ "our newsroom" ] # not on Mondays
margin = "40%"   # generous

[street]
# only cars
kinds = "plate"
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return default_file()


def test_the_first_one_makes_the_file_and_is_read_by_its_name(own):
    save_preset('die "Köchin"', {"margin": 0.4, "style": "solid", "seed": 3})
    assert find_preset('die "Köchin"').by_flag() == {
        "--margin": 0.4,
        "--style": "solid",
        "--seed": 3,
    }


def test_what_a_person_wrote_around_it_stays(own):
    own.parent.mkdir(parents=True)
    own.write_text(MINE)
    save_preset("new", {"cover": "head"})
    assert own.read_text() == MINE + '\n["new"]\ncover = "head"\n'
    save_preset("our newsroom", {"margin": 0.5}, overwrite=True)
    assert [p.name for p in own_presets()] == ["street", "new", "our newsroom"]
    assert "# only cars" in own.read_text()
    delete_preset("our newsroom")
    delete_preset("new")
    left = own.read_text().rstrip()
    assert left == '# what we use on Fridays\n[street]\n# only cars\nkinds = "plate"'


def test_one_that_is_there_is_replaced_only_when_asked(own):
    save_preset("a", {"seed": 1})
    with pytest.raises(UsageError, match="already"):
        save_preset("a", {"seed": 2})
    assert find_preset("a").by_flag() == {"--seed": 1}
    save_preset("a", {"seed": 2}, overwrite=True)
    assert find_preset("a").by_flag() == {"--seed": 2}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("no-review", {"seed": 1}),
        ("", {"seed": 1}),
        ("a\nb", {"seed": 1}),
        ("a" * 61, {"seed": 1}),
        ("a", {"overwrite": True}),
        ("a", {"output": "/tmp/x"}),
        ("a", {"margin": 9.0}),
        ("a", {"style": 'solid"\nseed = 1\n#'}),
    ],
)
def test_what_no_preset_may_be_is_not_saved(own, name, options):
    with pytest.raises(UsageError):
        save_preset(name, options)
    assert not own.exists()


def test_what_is_not_there_is_not_deleted(own):
    for name in ("a", "no-review"):
        with pytest.raises(UsageError, match="no preset"):
            delete_preset(name)


@pytest.mark.parametrize("text", ["[a", "a = { seed = 1 }\n", "[a]\nseed = '''\n1'''\n"])
def test_a_file_that_cannot_be_changed_safely_stays_as_it_is(own, text):
    own.parent.mkdir(parents=True)
    own.write_text(text)
    with pytest.raises(BadPresets):
        delete_preset("a")
    assert own.read_text() == text


def test_a_linked_file_keeps_its_place(own, tmp_path):
    own.parent.mkdir(parents=True)
    (tmp_path / "dotfiles.toml").write_text("")
    own.symlink_to(tmp_path / "dotfiles.toml")
    save_preset("a", {"seed": 1})
    assert own.is_symlink()
    assert '["a"]' in (tmp_path / "dotfiles.toml").read_text()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_takes_nothing_is_named(own):
    own.parent.mkdir(parents=True, mode=0o500)
    with pytest.raises(WriteFailed):
        save_preset("a", {"seed": 1})
