"""`efface inspect` as people meet it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import efface


def test_a_photo_with_a_face_and_a_thumbnail_with_one(efface, kit, tmp_path):
    done = efface("inspect", shutil.copy(kit.EXAMPLES / "astronaut.jpg", tmp_path))
    assert done.code == 0
    assert "people" in done.out
    assert "EFFACE-SERIAL-4711" in done.out
    assert "shows 1 face" in done.out
    assert done.err == ""


def test_no_look_says_not_looked_and_never_none(efface, kit):
    done = efface("inspect", "--no-look", "--no-values", kit.EXAMPLES / "astronaut.jpg")
    assert "Faces and plates: not looked." in done.out
    assert "none found" not in done.out
    assert "shows" not in done.out
    assert "BodySerialNumber" in done.out
    assert "EFFACE-SERIAL-4711" not in done.out


def test_json_of_several_files_and_one_that_is_none(efface, kept, tmp_path):
    photo, film = shutil.copy(kept / "face.jpg", tmp_path), shutil.copy(kept / "clip.mp4", tmp_path)
    (tmp_path / "letter.jpg").write_text("a letter", "utf-8")
    done = efface("inspect", "--json", "--own-only", tmp_path)
    found = {Path(one["file"]).name: one for one in json.loads(done.out)}
    assert done.code == 3
    assert "letter.jpg" in done.err
    assert set(found) == {Path(photo).name, Path(film).name}
    (faces,) = (i for i in found["clip.mp4"]["items"] if i["group"] == "people")
    assert faces["value"].startswith("1 track, up to 1 at once")
    assert "first at 0:00:00" in faces["value"]


def test_a_file_that_cannot_be_decoded_is_inspected_all_the_same(efface, kept, tmp_path):
    path = tmp_path / "cut.jpg"
    data = (kept / "face.jpg").read_bytes()
    path.write_bytes(data[:20] + b"\xff\xfe\x00\x08Needle" + data[20 : len(data) // 2])
    done = efface("inspect", path)
    assert done.code == 0
    assert "Needle" in done.out
    assert "Faces and plates: not looked." in done.out
    assert "could not be looked for" in done.out


def test_nothing_is_written(efface, kept, tmp_path):
    path = Path(shutil.copy(kept / "face.jpg", tmp_path))
    before = path.read_bytes(), path.stat().st_mtime_ns
    efface("inspect", tmp_path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [p.name for p in tmp_path.iterdir()] == ["face.jpg"]


def test_a_name_cannot_colour_the_terminal(efface, kept, tmp_path):
    path = Path(shutil.copy(kept / "face.jpg", tmp_path / "a\x1b[31mb.jpg"))
    done = efface("inspect", "--no-look", path)
    assert "\x1b[31mb" not in done.out


@pytest.mark.slow
def test_redacted_files_give_nothing_away(efface, kit, tmp_path):
    for name in ("astronaut.jpg", "astronaut.mp4"):
        target = tmp_path / f"{name[-3:]}-{name}"
        assert efface("redact", kit.EXAMPLES / name, "-o", target, *kit.FAST).code == 0
        done = efface("inspect", "--no-look", target)
        assert "efface found nothing that identifies anyone" in done.out, done.out


def test_from_python(kept):
    found = efface.inspect(kept / "face.jpg", look=False)
    assert not found.looked
    assert found.medium == "photo"
