"""The finished copy is offered once it is there, with what it still shows."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from efface.review.finished_copy import UNKNOWN, media_type_of


def rendered(client):
    client.ask("/api/files/0/jobs/render", {})
    end = time.monotonic() + 60
    while time.monotonic() < end:
        said = client.ask("/api/files/0").json
        if any(w["kind"] == "render" and w["state"] == "done" for w in said["works"]):
            return said
        time.sleep(0.02)
    raise AssertionError(said["works"])


def test_what_is_sent_is_the_copy_itself_and_never_the_source(client, film):
    assert client.ask("/api/files/0").json["result"] is None
    said = rendered(client)["result"]
    assert (said["name"], said["kind"], said["current"]) == ("film.redacted.mp4", "video", True)
    body = client.ask("/api/files/0/result").body
    assert body == film.with_name("film.redacted.mp4").read_bytes()
    assert body != film.read_bytes()


def test_it_is_told_what_the_copy_shows_by_the_plan_that_made_it(weak, serve, kit):
    client = kit.Client(serve(weak))
    client.enter()
    client.ask("/api/files/0")
    edits = [
        {"edit": "keep", "track": 3, "keep": True},
        {"edit": "delete", "track": 2},
        {"edit": "area", "track": None, "first": 0, "last": 9, "box": [0, 0, 9, 9], "keep": True},
    ]
    assert client.ask("/api/files/0/edits", {"version": 0, "edits": edits}).status == 200
    said = rendered(client)["result"]
    assert said["shows"][:3] == [
        "1 track kept visible by a person.",
        "1 track deleted by a person: not erased.",
        "1 area in which what was found stays visible.",
    ]
    assert said["shows"][3].startswith("Left visible: 1 possible face and 1 possible plate")
    assert len(said["limits"]) > 3
    later = {"version": 3, "edits": [{"edit": "keep", "track": 3, "keep": False}]}
    assert client.ask("/api/files/0/edits", later).status == 200
    said = client.ask("/api/files/0").json["result"]
    assert said["current"] is False, "the copy is older than the plan"
    assert said["shows"][0] == "1 track kept visible by a person.", "the copy has not changed"


def test_a_kept_sound_is_told(loud, serve, kit):
    from dataclasses import replace

    from efface.options import Options

    silent = kit.OPTIONS
    options = replace(silent, write=replace(silent.write, audio="keep"))
    assert isinstance(options, Options)
    client = kit.Client(serve(loud, options=options))
    client.enter()
    client.ask("/api/files/0")
    assert "The sound, and so the voices." in rendered(client)["result"]["shows"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.MP4", "video/mp4"),
        ("a.webm", "video/webm"),
        ("a.jpg", "image/jpeg"),
        ("a.html", UNKNOWN),
        ("a.svg", UNKNOWN),
        ("a.mkv", UNKNOWN),
        ("a", UNKNOWN),
    ],
)
def test_only_formats_that_run_no_script_have_a_type(name, kind):
    assert media_type_of(Path(name)) == kind
