"""`check` asks before it installs Debian packages, unless CI is set."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "check"
TOOLS = ("exiftool", "ffmpeg", "ffprobe", "node")  # chromium is missing
INSTALLS = 'echo "$*" >> "$0.log"; exit 7'  # stops `check`, which must not go on here

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is about Debian")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder for PATH, on which chromium is missing, apt-get notes its arguments and id says
    root."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "dirname"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    scripts = dict.fromkeys(TOOLS, "exit 0") | {"apt-get": INSTALLS, "id": "echo 0"}
    for name, script in scripts.items():
        path = folder / name
        path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
        path.chmod(0o755)
    (tmp_path / "check").write_text(CHECK.read_text())
    return folder


def checked(machine: Path, stdin: int, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `check` on that machine."""
    return subprocess.run(
        [str(machine / "bash"), str(machine.parent / "check")],
        env={"PATH": str(machine), **environment},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stdin if os.isatty(stdin) else subprocess.PIPE,
        text=True,
        timeout=60,
    )


def installed(machine: Path) -> str:
    """What apt-get was asked for."""
    log = machine / "apt-get.log"
    return log.read_text() if log.exists() else ""


def answered(machine: Path, answer: bytes, **environment: str) -> tuple[int, str]:
    """Run `check` on a terminal; return its exit code and what the terminal shows."""
    screen, terminal = pty.openpty()
    try:
        os.write(screen, answer)
        code = checked(machine, terminal, **environment).returncode
    finally:
        os.close(terminal)
    with open(screen, "rb", buffering=0) as shown:
        return code, b"".join(pieces(shown)).decode()


def pieces(shown: FileIO) -> Iterator[bytes]:
    """Yield what a terminal shows, to the end. Linux calls the end an error."""
    with suppress(OSError):
        while piece := shown.read(65536):
            yield piece


def test_in_ci_it_installs_at_once(machine: Path) -> None:
    with open(os.devnull) as nothing:
        assert checked(machine, nothing.fileno(), CI="true").returncode == 7
    assert installed(machine) == "update -qq\n"


def test_without_a_terminal_it_says_what_is_missing(machine: Path) -> None:
    with open(os.devnull) as nothing:
        done = checked(machine, nothing.fileno())
    assert done.returncode == 1
    assert "apt-get install chromium" in done.stderr
    assert installed(machine) == ""


def test_without_node_it_goes_on_and_says_so(machine: Path) -> None:
    (machine / "node").rename(machine / "chromium")
    with open(os.devnull) as nothing:
        done = checked(machine, nothing.fileno())
    assert "some tests are skipped (Debian: apt-get install nodejs" in done.stderr
    assert "python3: command not found" in done.stderr, "the next step"


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"maybe\n"])
def test_it_installs_nothing_without_a_yes(machine: Path, answer: bytes) -> None:
    code, shown = answered(machine, answer)
    assert code == 1
    assert "may apt-get install chromium" in shown
    assert "please install" in shown
    assert installed(machine) == ""


def test_it_installs_after_a_yes(machine: Path) -> None:
    code, _ = answered(machine, b"y\n")
    assert code == 7
    assert installed(machine) == "update -qq\n"


def test_other_users_than_root_are_told(machine: Path) -> None:
    (machine / "id").write_text(f"#!{shutil.which('bash')}\necho 1000\n")
    code, shown = answered(machine, b"y\n", CI="true")
    assert code == 1
    assert "apt-get install chromium" in shown
