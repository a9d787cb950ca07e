"""A person who started efface without a terminal sees what went wrong."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

import efface.__main__ as start
from efface.cli.message_window import show_message


@pytest.fixture
def desktop(tmp_path, monkeypatch):
    """A PATH on which only `desktop(name)` is: a program that notes its arguments."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "tkinter", None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def add(name: str, code: int = 0) -> Path:
        (folder / name).write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" > "{folder}/said"\nexit {code}\n'
        )
        (folder / name).chmod(0o755)
        return folder / "said"

    return add


pytestmark = pytest.mark.skipif(os.name != "posix", reason="programs are shell scripts here")


def test_a_window_of_the_desktop_shows_it_as_one_word(desktop):
    said = desktop("zenity")
    show_message("--help; `x` {0} $(y)")
    assert said.read_text().splitlines()[-1] == "--text=--help; `x` {0} $(y)"


def test_the_next_way_is_taken_where_one_does_not_work(desktop):
    desktop("zenity", code=5)
    said = desktop("notify-send")
    show_message("It is missing.")
    assert said.read_text().splitlines() == ["--", "efface", "It is missing."]


def test_without_any_window_the_browser_shows_a_file(desktop, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    show_message("It is missing.")
    path = Path(unquote(urlparse(opened[0]).path))
    assert path.read_text() == "It is missing.\n"


def test_without_a_screen_nothing_is_started(desktop, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda url: pytest.fail("a browser for text"))
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    said = desktop("zenity")
    show_message("It is missing.")
    assert not said.exists()


@pytest.mark.parametrize(("code", "shown"), [(4, ["efface: It is missing."]), (0, []), (130, [])])
def test_the_application_shows_the_error_that_nobody_would_see(monkeypatch, capsys, code, shown):
    seen = []
    monkeypatch.setattr("efface.cli.message_window.show_message", seen.append)
    monkeypatch.setattr(sys, "argv", ["efface-app"])

    def main():
        print("efface: It is missing.", file=sys.stderr)
        sys.exit(code)

    monkeypatch.setattr(start, "main", main)
    with pytest.raises(SystemExit) as ended:
        start.app()
    assert ended.value.code == code
    assert seen == shown
    assert "It is missing" in capsys.readouterr().err
