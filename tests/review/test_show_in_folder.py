"""Only a copy that efface wrote is shown in its folder, and nothing of its name is a command."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from efface.review.show_in_folder import command_for

ODD = Path("/home/a/-x $(touch y); \"'.png")


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("linux", ["xdg-open", str(ODD.parent)]),
        ("darwin", ["open", "-R", str(ODD)]),
        ("win32", ["explorer", f"/select,{ODD}"]),
    ],
)
def test_a_name_is_one_word_of_the_command(platform, words):
    assert command_for(ODD, platform) == words


@pytest.mark.skipif(os.name != "posix", reason="it makes a program of a shell script")
def test_the_page_shows_a_finished_copy_and_nothing_else(client, film, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf %s "$*" > "$0.new"\nmv "$0.new" "$0.said"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setattr("efface.review.show_in_folder.sys.platform", "linux")
    assert client.ask("/api/files/0/show", {}).status == 404, "there is no copy yet"
    client.ask("/api/files/0/jobs/render", {})
    said, end = Path(f"{program}.said"), time.monotonic() + 60
    while client.ask("/api/files/0/show", {}).status != 200 and time.monotonic() < end:
        time.sleep(0.02)
    while not said.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert said.read_text() == str(film.parent)
    said.unlink()
    copy = film.with_name("film.redacted.mp4")
    copy.unlink()
    copy.symlink_to("/etc/passwd")
    assert client.ask("/api/files/0/show", {}).status == 404
    assert client.ask("/api/files/0/show", {}, cookie="").status == 403
    assert not said.exists()


def test_without_a_file_manager_the_folder_is_named(client, film, monkeypatch):
    monkeypatch.setattr("efface.review.show_in_folder.shutil.which", lambda name: None)
    client.ask("/api/files/0/jobs/render", {})
    end = time.monotonic() + 60
    while (answer := client.ask("/api/files/0/show", {})).status == 404 and time.monotonic() < end:
        time.sleep(0.02)
    assert answer.status == 422
    assert str(film.parent) in answer.json["error"]
