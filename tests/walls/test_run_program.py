"""Programs of others behind walls: they read one file, and reach nothing else."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest

from efface.walls.run_program import _homes, walled_command

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="walls are of Linux")

ATTEMPTS = """
import json, os, socket, subprocess, sys
own, secret, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
said = {}

def attempt(name, do):
    try:
        said[name] = do() and "done"
    except (OSError, MemoryError) as e:
        said[name] = type(e).__name__

attempt("reads its file", lambda: open(own).read())
attempt("starts a program", lambda: subprocess.run(["/bin/echo", "x"], capture_output=True).stdout)
attempt("reads another file", lambda: open(secret).read())
attempt("writes", lambda: open(os.path.join(os.path.dirname(secret), "new"), "w"))
attempt("appends", lambda: open(own, "a"))
attempt("changes rights", lambda: os.chmod(own, 0) or True)
attempt("connects", lambda: socket.create_connection(("127.0.0.1", port)))
attempt("takes memory", lambda: bytearray(1 << 30))
said["environment"] = sorted(os.environ)
print(json.dumps(said))
"""


def test_a_program_reads_its_file_and_nothing_else(tmp_path, monkeypatch):
    own, secret = tmp_path / "own.txt", tmp_path / "secret.txt"
    own.write_text("own")
    secret.write_text("secret")
    monkeypatch.setenv("A_SECRET", "token")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        command = [sys.executable, "-I", "-c", ATTEMPTS, str(own), str(secret), port]
        walled = walled_command(command, str(own), 1 << 29)
        done = subprocess.run(walled, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert "A_SECRET" not in said.pop("environment")
    assert said.pop("takes memory") == "MemoryError"
    assert {said.pop("reads its file"), said.pop("starts a program")} == {"done"}
    if "done" in said.values():
        from efface.media.decoder.source_opening import standing_walls

        assert not standing_walls().is_whole, said
        pytest.skip("this system does not offer every wall")
    assert len(said) == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["own.txt", "secret.txt"]


def test_the_home_folder_is_not_readable_because_a_program_is_below_it(tmp_path, monkeypatch):
    home = tmp_path / "home"
    program = home / "bin" / "exiftool"
    program.parent.mkdir(parents=True)
    program.write_text("#!/usr/bin/env sh\n")
    monkeypatch.setenv("HOME", str(home))
    assert str(home) not in _homes(str(program))
    assert str(program) in _homes(str(program))
    monkeypatch.setenv("HOME", str(tmp_path / "other"))
    assert str(home) in _homes(str(program))


def test_a_script_may_run_its_interpreter_wherever_that_is(tmp_path):
    script = tmp_path / "bin" / "tool"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nprint('ran')\n")
    script.chmod(0o755)
    done = subprocess.run(
        walled_command([str(script)], None, 1 << 30), capture_output=True, check=False, timeout=60
    )
    assert done.stdout == b"ran\n", done.stderr
