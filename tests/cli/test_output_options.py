"""--quiet, --json, --color and the sentence at the end."""

from __future__ import annotations

import json
import os
import pty
import subprocess

import pytest


@pytest.fixture
def album(kept, kit, tmp_path):
    """A folder with a face, nobody, and a file that is no photo."""
    kit.taken(kept, tmp_path / "in", "face.jpg", "plain.png")
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    return tmp_path / "in"


def test_quiet_prints_errors_only(efface, album, tmp_path):
    done = efface("redact", album, "-o", tmp_path / "out", "--quiet")
    assert (done.code, done.out) == (3, "")
    assert done.err.count("\n") == 1
    assert "broken.jpg" in done.err
    assert (tmp_path / "out" / "face.jpg").exists()
    (album / "broken.jpg").unlink()
    for words in (
        ("redact", album, "-o", tmp_path / "out", "--report", tmp_path / "report.html"),
        ("redact", album),  # it leaves results, which the next run would name
        ("redact", album),
        ("find", album),
        ("verify", tmp_path / "out" / "face.jpg", "--source", album / "face.jpg"),
    ):
        silent = efface(*words, "-q")
        assert (silent.out, silent.err) == ("", ""), words


def test_quiet_leaves_a_result_that_was_asked_for(efface, album, tmp_path):
    target = tmp_path / "face.jpg"
    assert efface("redact", album / "face.jpg", "-o", target, "-q").code == 0
    assert "jpeg" in efface("inspect", target, "--no-look", "--quiet").out
    checked = efface("verify", target, "--quiet", "--json")
    assert json.loads(checked.out)["format"] == "efface-verification"


def test_json_of_redact(efface, album, kit, tmp_path):
    out = tmp_path / "out"
    first = efface("redact", album, "-o", out, "--json")
    said = json.loads(first.out)
    assert (said["format"], said["version"], said["command"]) == ("efface-run", 1, "redact")
    assert said["exit_code"] == first.code == 3
    files = {os.path.basename(f["source"]): f for f in said["files"]}
    assert list(files) == ["broken.jpg", "face.jpg", "plain.png"]
    face = files["face.jpg"]
    assert face["target"] == str(out / "face.jpg")
    assert face["plan"] == str(out / "face.jpg.plan.json")
    assert (face["outcome"], face["exit_code"], face["checks"]) == ("done", 0, "clean")
    assert (face["tracks"], face["edits"], face["follows_a_person"]) == ({"face": 1}, 0, False)
    assert face["target_sha256"] == kit.state(out / "face.jpg")[0]
    assert 0 < face["erased_share"] < 1
    assert files["plain.png"]["tracks"] == {}
    assert files["plain.png"]["erased_share"] == 0
    assert files["broken.jpg"]["outcome"] == "failed"
    assert files["broken.jpg"]["error"]["kind"] in ("NotMedia", "DamagedSource")
    assert files["broken.jpg"]["error"]["message"] in first.err
    again = json.loads(efface("redact", album, "-o", out, "--json").out)
    assert [f["outcome"] for f in again["files"]] == ["failed", "kept", "kept"]
    assert again["files"][1]["target_sha256"] == face["target_sha256"]


def test_json_of_find(efface, album, tmp_path):
    (album / "broken.jpg").unlink()
    only = json.loads(efface("find", album, "--json").out)
    assert "plan" not in only["files"][0]
    assert only["files"][0]["tracks"] == {"face": 1}
    written = json.loads(efface("find", album, "-o", tmp_path / "plans", "--json", "-q").out)
    assert written["files"][0]["plan"] == str(tmp_path / "plans" / "face.jpg.plan.json")


def test_json_of_a_run_that_ends_early(efface, album, tmp_path, monkeypatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("efface.pipeline.one_source.look", stop)
    stopped = efface("redact", album, "-o", tmp_path / "out", "--json")
    said = json.loads(stopped.out)
    assert said["exit_code"] == stopped.code == 130
    assert [f["outcome"] for f in said["files"]] == ["failed", "not reached", "not reached"]


def test_names_that_are_no_text_are_json_too(efface, album, tmp_path):
    odd = os.fsencode(tmp_path / "odd") + b"\xff.png"
    os.rename(album / "plain.png", odd)
    said = json.loads(efface("redact", os.fsdecode(odd), "--json").out)
    assert os.fsencode(said["files"][0]["source"]) == odd


@pytest.mark.parametrize(
    ("more", "env", "on_terminal", "in_pipe"),
    [
        ((), {}, True, False),
        ((), {"NO_COLOR": "1"}, False, False),
        ((), {"NO_COLOR": ""}, True, False),
        ((), {"FORCE_COLOR": "1"}, True, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False, False),
    ],
)
def test_colour(efface, program, kit, album, tmp_path, more, env, on_terminal, in_pipe):
    target = tmp_path / "plain.png"
    assert efface("redact", album / "plain.png", "-o", target, "-q").code == 0
    words = ("verify", target, "--quick", *more)
    assert ("\x1b[32m" in program(*words, env=env).out) is in_pipe
    assert (b"\x1b[32m" in _on_a_terminal(kit, words, env)) is on_terminal


def _on_a_terminal(kit, words, env) -> bytes:
    main, sub = pty.openpty()
    known = {"TERM": "xterm-256color", "COLUMNS": "100", **env}
    with subprocess.Popen(
        kit.command_line(*words), stdin=sub, stdout=sub, stderr=subprocess.DEVNULL,
        env=kit.surroundings(**known),
    ) as process:  # fmt: skip
        os.close(sub)
        said = b""
        while piece := _read(main):
            said += piece
    os.close(main)
    assert process.returncode == 0
    return said


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 1 << 16)
    except OSError:  # the other side is closed
        return b""
