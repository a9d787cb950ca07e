"""`efface open`, and `efface` alone on a terminal, open the page; elsewhere nothing changes."""

from __future__ import annotations

import configparser
import importlib.util
import runpy
import sys
import tomllib
from pathlib import Path

import pytest

from efface.part_errors import installed_from

ROOT = Path(__file__).parents[2]


@pytest.fixture
def opened(monkeypatch):
    """What the page was opened with, in place of a server."""
    calls = []
    monkeypatch.setattr("efface.review.serve.review", lambda jobs, *a, **k: calls.append((jobs, k)))
    return calls


def test_it_opens_the_page_with_the_named_files(efface, kept, kit, tmp_path, opened, monkeypatch):
    (source,) = kit.taken(kept, tmp_path, "face.jpg")
    monkeypatch.setenv("DISPLAY", ":0")
    assert efface("open", tmp_path, source).code == 0
    ((jobs, k),) = opened
    assert [j.source.name for j in jobs] == ["face.jpg"]
    assert k["home"] == Path.home()
    assert k["browser"] is True
    assert k["first_tab_s"] == 120  # nobody could press Ctrl-C


def test_without_a_screen_it_only_prints_the_address(efface, opened, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert efface("open").code == 0
    assert opened[0][1]["browser"] is False


def test_without_its_packages_it_says_what_to_install(efface, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *a: None if name == "uvicorn" else real(name, *a)
    )
    result = efface("open")
    assert result.code == 4
    assert f"pip install {installed_from('review')}" in result.err


def test_what_is_not_there_is_said(efface, tmp_path):
    assert efface("open", tmp_path / "absent.mp4").code == 3


def test_alone_on_a_terminal_it_opens_the_page_and_elsewhere_it_helps(efface, opened, monkeypatch):
    assert "Usage:" in (said := efface()).out + said.err
    assert opened == []
    monkeypatch.setattr("efface.cli.commands._may_open_page", lambda: True)
    assert efface().code == 0
    assert len(opened) == 1


def test_the_application_opens_the_page_without_a_console(monkeypatch):
    import efface.__main__ as start

    ran = []
    monkeypatch.setattr(start, "main", lambda: ran.append(list(sys.argv)))
    monkeypatch.setattr(sys, "argv", ["efface-app", "a.jpg"])
    monkeypatch.setattr(sys, "stdout", None)
    start.app()
    assert ran == [["efface-app", "open", "a.jpg"]]
    sys.stdout.close()


def test_the_desktop_entry_names_the_application_and_an_icon_that_is_made():
    entry = configparser.ConfigParser(interpolation=None)
    entry.read(ROOT / "packaging" / "efface.desktop")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    command = entry["Desktop Entry"]["Exec"].split()[0]
    assert project["project"]["gui-scripts"][command] == "efface.__main__:app"
    icon = runpy.run_path(str(ROOT / "packaging" / "make_icon.py"))
    for target in icon["TARGETS"]:
        assert target.read_text() == icon["icon"](), "run packaging/make_icon.py"
