"""The list of recent work names files, so it is there only while a person wants it."""

from __future__ import annotations

import json

import pytest

from efface.review.home_folders import HomeFolders, NotOffered
from efface.review.recent import RecentWork


@pytest.fixture
def recent(tmp_path):
    (tmp_path / "home" / "Pictures").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "home" / "Pictures" / name).write_bytes(b"x")
    return RecentWork(tmp_path / "state" / "recent.json", HomeFolders(tmp_path / "home"))


def test_nothing_is_written_until_it_is_switched_on(recent, tmp_path):
    pictures = tmp_path / "home" / "Pictures"
    recent.note([pictures / "a.jpg"])
    recent.clear()
    assert not (tmp_path / "state").exists()
    recent.switch(is_on=True)
    recent.note([pictures / "a.jpg"])
    recent.note([pictures / "b.jpg", pictures])
    assert [e["name"] for e in recent.listed()] == ["b.jpg", "Pictures", "a.jpg"]
    assert recent.listed()[0]["folder"] == "~/Pictures"
    assert recent.path.stat().st_mode & 0o077 == 0
    recent.switch(is_on=False)
    assert list((tmp_path / "state").iterdir()) == []


def test_it_can_be_cleared_and_forgets_what_is_gone(recent, tmp_path):
    pictures = tmp_path / "home" / "Pictures"
    recent.switch(is_on=True)
    recent.note([pictures / "a.jpg", pictures / "b.jpg"])
    (pictures / "a.jpg").unlink()
    assert [e["name"] for e in recent.listed()] == ["b.jpg"]
    recent.clear()
    assert recent.is_on
    assert b"jpg" not in recent.path.read_bytes()


@pytest.mark.parametrize("place", ["../secret.jpg", ".ssh/key.jpg", "Pictures/out.jpg"])
def test_what_lies_elsewhere_is_not_opened_whatever_the_list_says(recent, tmp_path, place):
    home = tmp_path / "home"
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (home / ".ssh").mkdir()
    (home / ".ssh" / "key.jpg").write_bytes(b"x")
    (home / "Pictures" / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    recent.switch(is_on=True)
    recent.note([home / place])
    assert recent.listed() == []
    entry = json.loads(recent.path.read_bytes())[0]
    for identity in ("0" * 16, entry["path"], ""):
        with pytest.raises(NotOffered):
            recent.find(identity)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"path": 1}]', "[" * 9999, "\ud800"])
def test_a_damaged_list_is_empty(recent, text):
    recent.switch(is_on=True)
    recent.path.write_text(text, errors="surrogatepass")
    assert recent.listed() == []
    recent.note([recent.path.parents[1] / "home" / "Pictures" / "a.jpg"])
    assert len(recent.listed()) == 1
