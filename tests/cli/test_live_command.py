"""What `efface live --config` is refused for before any camera starts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from efface.errors import CameraGivenUp
from efface.walls.raising import WALLS, Standing


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("text.mp4", "is not a photo or video"),
        ("face.jpg", "it is a photo"),
        ("none.mp4", "no such file"),
    ],
)
def test_files_that_no_video_can_come_from(efface, kept, kit, tmp_path, name, why):
    kit.taken(kept, tmp_path, "face.jpg", "clip.mp4")
    (tmp_path / "text.mp4").write_text("dear diary")
    cameras = tmp_path / "cameras.toml"
    cameras.write_text(
        f'[camera.good]\nsource = "{tmp_path}/clip.mp4"\nto = "{tmp_path}/a.mkv"\n'
        f'[camera.bad]\nsource = "{tmp_path / name}"\nto = "{tmp_path}/b.mkv"\n'
    )
    before = kit.names_in(tmp_path)
    refused = efface("live", "--config", cameras)
    assert refused.code == 3
    assert why in refused.err
    assert name in refused.err
    assert kit.names_in(tmp_path) == before


class Played:
    """A supervisor whose one camera ends at once, or is given up."""

    error: Exception | None = None
    wanted: Any = None

    def __init__(self, cameras, say):
        from efface.live.pipeline_state import Facts
        from efface.live.supervisor import Member

        self.say, self.members = say, [Member(camera) for camera in cameras]
        self.members[0].facts = Facts(frames_in=7)
        Played.wanted = cameras[0]

    def run(self):
        self.say("camera: connected")
        if self.error is not None:
            raise self.error


@pytest.fixture
def played(monkeypatch):
    monkeypatch.setattr("efface.live.supervisor.Supervisor", Played)
    monkeypatch.setattr(Played, "error", None)
    return Played


def test_a_preset_counts_and_what_is_typed_replaces_it(efface, played, tmp_path):
    presets = tmp_path / "presets.toml"
    presets.write_text('[ours]\nstyle = "tiles"\ndelay = 3\nverify = "full"\n')
    ours = ["--use", "ours", "--preset-file", presets]
    to = ["live", "/dev/video0", "--to", tmp_path / "a.mkv"]
    assert efface(*to, *ours, "--delay", "2").code == 0
    options = played.wanted.options
    assert (options.paint.style, options.live.delay_s) == ("tiles", 2.0)
    config = efface("live", "--config", tmp_path / "cameras.toml", *ours)
    assert config.code == 2
    assert "--use has no effect beside --config" in config.err


def test_what_is_printed_is_what_was_asked_for(efface, played, monkeypatch, tmp_path):
    to = ["live", "/dev/video0", "--to", tmp_path / "a.mkv"]
    said = efface(*to)
    assert (said.out, "camera: connected" in said.err) == ("", True)
    quiet = efface(*to, "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    document = json.loads(efface(*to, "--json", "--quiet", "--health", "0").out)
    assert document["cameras"]["camera"]["frames_in"] == 7
    assert document["exit_code"] == 0
    monkeypatch.setattr(played, "error", CameraGivenUp("camera", "it is gone"))
    failed = efface(*to, "--json", "--quiet")
    assert json.loads(failed.out)["exit_code"] == failed.code != 0
    assert "it is gone" in failed.err


def test_walls_that_are_required_and_missing_end_it_before_anything_connects(
    efface, played, monkeypatch, tmp_path
):
    to = ["live", "/dev/video0", "--to", tmp_path / "a.mkv"]
    config = tmp_path / "cameras.toml"
    config.write_text(
        '[read]\nwalls = "require"\n[camera.door]\nsource = "/dev/video0"\nto = ["mjpeg"]\n'
    )
    monkeypatch.setattr(
        "efface.media.decoder.source_opening.standing_walls",
        lambda: Standing(("seccomp",), ("Landlock",)),
    )
    assert efface(*to).code == 0
    for asked in ([*to, "--walls", "require"], ["live", "--config", config]):
        played.wanted = None
        said = efface(*asked)
        assert (said.code, played.wanted) == (4, None)
        assert "Landlock is missing" in said.err
    monkeypatch.setattr(
        "efface.media.decoder.source_opening.standing_walls", lambda: Standing(WALLS, ())
    )
    assert efface(*to, "--walls", "require").code == 0
