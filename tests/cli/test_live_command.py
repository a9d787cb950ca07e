"""What `efface live --config` is refused for before any camera starts."""

from __future__ import annotations

import pytest


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
