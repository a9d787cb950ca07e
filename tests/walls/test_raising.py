"""Processes that raise their walls, and then try to break out."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from efface.walls import landlock, raising

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="walls are of Linux")

BREAK_OUT = """
import ctypes, json, os, socket, sys, threading
from efface.walls import raising, seccomp
own, secret, port, other = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
answers = os.dup(1)
walls = raising.raise_walls([own, os.path.dirname(os.__file__)], seccomp.for_decoder)
said = {"missing": walls.missing}

def attempt(name, do):
    try:
        do()
        said[name] = "done"
    except OSError as e:
        said[name] = type(e).__name__

def thread():
    one = threading.Thread(target=lambda: None)
    one.start()
    one.join()

def connect():
    with socket.socket() as to:
        to.connect(("127.0.0.1", port))

def fork():
    if not os.fork():
        os._exit(0)

folder = os.path.dirname(secret)
attempt("reads its file", lambda: open(own).read())
attempt("starts a thread", thread)
attempt("reads another file", lambda: open(secret).read())
attempt("lists a folder", lambda: os.listdir(folder))
attempt("writes its file", lambda: open(own, "a"))
attempt("writes a file", lambda: open(os.path.join(folder, "new"), "w"))
attempt("removes its file", lambda: os.unlink(own))
attempt("renames its file", lambda: os.rename(own, own + "2"))
attempt("changes rights", lambda: os.chmod(own, 0))
attempt("connects", connect)
attempt("forks", fork)
attempt("signals", lambda: os.kill(other, 0))
attempt("reads memory", lambda: open(f"/proc/{other}/mem", "rb"))
attempt("limits another", lambda: __import__("resource").prlimit(other, 7, (9, 9)))
os.write(answers, json.dumps(said).encode())
"""

KILLED = """
import ctypes, os, sys
from efface.walls import raising, seccomp
raising.raise_walls([os.path.dirname(os.__file__)], seccomp.for_decoder)
{attempt}
os._exit(7)
"""


def run(code: str, *words: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", code, *(str(w) for w in words)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def walls() -> raising.Standing:
    """Which walls this system offers, as a process of its own finds out."""
    code = (
        "from efface.walls import raising, seccomp; import os, json; said = os.dup(1); "
        "w = raising.raise_walls([os.path.dirname(os.__file__)], seccomp.for_decoder); "
        "os.write(said, json.dumps([w.standing, w.missing]).encode())"
    )
    standing, missing = json.loads(run(code).stdout)
    return raising.Standing(tuple(standing), tuple(missing))


def require_whole(walls: raising.Standing) -> None:
    if not walls.is_whole:
        pytest.skip(f"this system does not offer {', '.join(walls.missing)}")


def test_a_process_behind_walls_reaches_nothing_but_its_file(walls, tmp_path):
    require_whole(walls)
    own, secret = tmp_path / "own.txt", tmp_path / "secret.txt"
    own.write_text("own")
    secret.write_text("a source's name")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        done = run(BREAK_OUT, own, secret, listener.getsockname()[1], os.getpid())
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    said = json.loads(done.stdout)
    assert said.pop("missing") == []
    allowed = {said.pop("reads its file"), said.pop("starts a thread")}
    assert allowed == {"done"}
    assert set(said.values()) == {"PermissionError"}, said
    assert len(said) == 12
    assert sorted(p.name for p in tmp_path.iterdir()) == ["own.txt", "secret.txt"]
    assert own.read_text() == "own"


@pytest.mark.parametrize(
    "attempt",
    [
        "os.execv('/bin/true', ['true'])",
        "ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)",
        "ctypes.CDLL(None).process_vm_readv(os.getppid(), None, 0, None, 0, 0)",
    ],
)
def test_a_process_that_starts_a_program_or_reaches_into_another_is_killed(walls, attempt):
    require_whole(walls)
    assert run(KILLED.format(attempt=attempt)).returncode == -31  # SIGSYS


def test_without_walls_each_attempt_would_succeed(tmp_path):
    """The tests above would also pass if the attempts were wrong."""
    own, secret = tmp_path / "own.txt", tmp_path / "secret.txt"
    own.write_text("own")
    secret.write_text("secret")
    open_code = BREAK_OUT.replace(
        "walls = raising.raise_walls([own, os.path.dirname(os.__file__)], seccomp.for_decoder)",
        "walls = raising.NO_WALLS",
    ).replace('attempt("removes its file", lambda: os.unlink(own))\n', "")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
            port = listener.getsockname()[1]
            said = json.loads(run(open_code, own, secret, port, other.pid).stdout)
            other.communicate(b"\n")
    done = {name for name, what in said.items() if what == "done"}
    assert done >= {
        "reads another file", "lists a folder", "writes its file", "writes a file",
        "renames its file", "connects", "forks", "signals", "limits another",
    }  # fmt: skip


def test_walls_that_the_system_refuses_are_named(monkeypatch):
    def refused(*_: object) -> None:
        raise OSError(1, "not here")

    monkeypatch.setattr(raising, "_forbid_new_privileges", lambda: None)
    monkeypatch.setattr(landlock, "restrict", refused)
    monkeypatch.setattr("efface.walls.seccomp.install", refused)
    walls = raising.raise_walls([], list)
    assert walls.standing == ("no new privileges",)
    assert walls.missing == ("Landlock", "seccomp")
    assert str(walls) == "no new privileges (missing: Landlock, seccomp)"
    assert not walls.is_whole


def test_other_systems_have_no_walls(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert raising.raise_walls([], list) == raising.NO_WALLS
    assert str(raising.NO_WALLS) == "none (missing: no new privileges, Landlock, seccomp)"


def test_memory_and_written_files_are_bounded(tmp_path):
    code = (
        "from efface.walls import raising; import sys; from pathlib import Path\n"
        "raising.limit(raising.address_space() + (64 << 20), 10)\n"
        "try:\n    bytearray(1 << 28)\nexcept MemoryError:\n    print('memory')\n"
        "try:\n    Path(sys.argv[1]).write_bytes(b'x' * 100)\nexcept OSError:\n    print('file')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "x")], stdout=subprocess.PIPE
    ) as process:
        assert process.communicate(timeout=60)[0].split() == [b"memory", b"file"]


def test_a_missing_folder_needs_no_rule():
    code = (
        "from efface.walls import raising, seccomp; import os; said = os.dup(1)\n"
        "w = raising.raise_walls(['/no/such/folder'], seccomp.for_program)\n"
        "os.write(said, str(w.missing).encode())"
    )
    assert b"OSError" not in run(code).stderr


def test_a_process_dies_with_its_parent():
    code = (
        "import os, sys, time\nfrom efface.walls.raising import die_with_parent\n"
        "read, write = os.pipe()\n"
        "if not os.fork():\n"
        "    die_with_parent(); os.write(write, b'x'); time.sleep(600)\n"
        "os.read(read, 1)\n"
    )
    # The child holds the pipe open for as long as it lives.
    assert run(code).returncode == 0


CUT_OFF = """
import json, os, socket, subprocess, sys, threading
from efface.walls import raising
port, begin, said = int(sys.argv[1]), threading.Event(), {}

def attempt(name, do):
    try:
        do()
        said[name] = "done"
    except OSError as e:
        said[name] = type(e).__name__

def connect():
    with socket.socket() as to:
        to.connect(("127.0.0.1", port))

def later():
    begin.wait()
    attempt("connects in a thread that ran before", connect)

thread = threading.Thread(target=later)
thread.start()
said["is cut off"] = raising.cut_off()
begin.set()
thread.join()
attempt("connects", connect)
attempt("talks to a local service", lambda: socket.socket(socket.AF_UNIX).connect("/none"))
attempt("pairs sockets", socket.socketpair)
attempt("starts a program", lambda: subprocess.run(["/bin/true"], check=True))
attempt("writes", lambda: open(sys.argv[2], "w").close())
print(json.dumps(said))
"""


def test_a_worker_has_no_network(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        done = run(CUT_OFF, listener.getsockname()[1], tmp_path / "x")
        said = json.loads(done.stdout)
        if not said.pop("is cut off"):
            pytest.skip("this system does not offer seccomp")
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert {said.pop(name) for name in ("pairs sockets", "starts a program", "writes")} == {"done"}
    assert set(said.values()) == {"PermissionError"}, said
    assert len(said) == 3
