"""Cameras from a file."""

from __future__ import annotations

import os
from contextlib import nullcontext

import pytest

from efface.errors import BadCameras, UsageError
from efface.live.cameras import load, wanted
from efface.options import Options


def written(tmp_path, text):
    path = tmp_path / "cameras.toml"
    path.write_text(text)
    return path


def test_cameras_share_options_and_have_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("GATE", "joe:word")
    gate, yard = load(
        written(
            tmp_path,
            """
            [live]
            delay_s = 2
            [detect]
            sensitivity = "high"
            [camera.gate]
            source = "rtsp://{secret}@10.0.0.5/1"
            credentials_env = "GATE"
            to = ["srt://hub:9000", "gate.mkv"]
            live.delay_s = 0.5
            [camera.yard]
            source = "udp://0.0.0.0:5000"
            to = "yard/live.m3u8"
            """,
        )
    )
    assert (gate.name, gate.source.url, [str(t) for t in gate.targets]) == (
        "gate", "rtsp://joe:word@10.0.0.5/1", ["srt://hub:9000", "gate.mkv"],
    )  # fmt: skip
    assert (gate.options.live.delay_s, yard.options.live.delay_s) == (0.5, 2.0)
    assert gate.options.detect.sensitivity == yard.options.detect.sensitivity == "high"


@pytest.mark.parametrize(
    "text",
    [
        "", "[camera]", "not toml", "[camera.a]\nsource='x.mp4'",
        "[camera.a]\nto=['a.mkv']\nsource=3",
        "[camera.a]\nsource='x.mp4'\nto=['a.mkv']\ncolour='red'",
        "[cameras.a]\nsource='x.mp4'\nto=['a.mkv']",
        "[camera.a]\nsource='x.mp4'\nto=['a.mkv']\nlive.delay=1",
        "[camera.a]\nsource='x.mp4'\nto=['a.mkv']\nlive.delay_s='1'",
        "[camera.a]\nsource='x.mp4'\nto=['a.mkv']\n[camera.b]\nsource='y.mp4'\nto=['a.mkv']",
        "camera=3", "[camera.a]\nto=[]",
        "[camera.a]\nsource='x.mp4'\nto=['a.mkv']\nwrite.crf=3",
    ],
)  # fmt: skip
def test_what_is_no_description_is_refused(tmp_path, text):
    with pytest.raises(BadCameras):
        load(written(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    ["[camera.a]\nsource='rtsp://joe:x@h/1'\nto=['a.mkv']",
     "[camera.a]\nsource='x.mp4'\nto=['a.mkv', 'a.mkv']",
     "[camera.a]\nsource='x.mp4'\nto=['a.mkv']\ntarget_credentials_env='PATH'"],
)  # fmt: skip
def test_values_are_checked_as_on_the_command_line(tmp_path, text):
    with pytest.raises(UsageError):
        load(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [("live.delay_s=99.0", "camera a: --delay: 99.0 is out of range"),
     ("detect.sensitivity='hihg'", "camera a: --sensitivity: 'hihg' is not one of"),
     ("delay_s=1.0", (
             "'delay_s', which means nothing here. Nothing was written. For one camera, write "
             "live.delay_s"
         )),
     ("live.detect=1", (
             "no option live.detect. Nothing was written. For all cameras, write [detect]"
         )),
     ("live.delay_s='1'", "live.delay_s is a number"),
     ("[camera.b]\nsource='y.mp4'\nto='./a.mkv'", "a and b have one target, ./a.mkv"),
     ("[camera.b]\nsource='udp://:9000'\nto='b.mkv'\n[camera.c]\nsource='udp://:9000'\nto='c.mkv'",
     "b and c have one source")],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, said):
    with pytest.raises(BadCameras) as caught:
        load(written(tmp_path, f"[camera.a]\nsource='x.mp4'\nto=['a.mkv']\n{text}"))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("detect", "said"),
    [
        ("kinds='text'", r"^a: the kinds of a live stream include face or plate"),
        ("kinds='code,text'", r"^a: the kinds of a live stream include face or plate"),
        ("kinds='face,text'\ntext='captions'", r"^a: a stream cannot tell captions .* erase"),
        ("kinds='face,text,code'\ntext='small'", ""),
        ("kinds='face'\ntext='captions'", ""),
    ],
)
def test_text_and_codes_are_looked_for_beside_faces_or_plates(tmp_path, detect, said):
    path = written(tmp_path, f"[detect]\n{detect}\n[camera.a]\nsource='x.mp4'\nto='a.mkv'")
    with pytest.raises(UsageError, match=said) if said else nullcontext():
        assert load(path)[0].options.detect.wanted[0] == "face"


def test_the_file_must_be_there(tmp_path):
    with pytest.raises(BadCameras, match="no such file"):
        load(tmp_path / "absent.toml")


def test_two_targets_may_not_be_one():
    with pytest.raises(UsageError):
        wanted("a", "x.mp4", ["a.mkv", "./a.mkv"], "", "", Options())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "cameras.toml")
    with pytest.raises(BadCameras, match="not a plain file"):
        load(tmp_path / "cameras.toml")


def test_a_camera_has_zones_and_they_have_no_times(tmp_path):
    camera = "[camera.a]\nsource='x.mp4'\nto=['a.mkv']\n"
    (found,) = load(written(tmp_path, camera + "cover.erase=['0,40%,15%,100%']\ncover.keep=[]"))
    assert (found.options.cover.erase, found.options.cover.keep) == (("0,40%,15%,100%",), ())
    for wrong, says in (
        ("cover.erase=['0,0,9,9@0:01-0:02']", "a stream has no start"),
        ("cover.keep='0,0,9,9'", "list of texts"),
        ("cover.keep=['0,0']", "four numbers"),
    ):
        with pytest.raises((BadCameras, UsageError), match=says):
            load(written(tmp_path, camera + wrong))
