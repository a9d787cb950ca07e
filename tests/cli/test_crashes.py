"""A decoder that crashes on what a stranger made takes one file with it, and says so."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")

CRASH = """

_opened = opened


def opened(path, options):
    if "evil" in path.name:
        import os, signal
        os.kill(os.getpid(), signal.SIGSEGV)
    return _opened(path, options)
"""


@pytest.fixture
def package(tmp_path):
    """An efface whose decoders crash on files that are called so."""
    folder = tmp_path / "package"
    home = Path(__file__).parents[2] / "src" / "efface"
    shutil.copytree(home, folder / "efface", ignore=shutil.ignore_patterns("*.pyc.*"))
    with open(folder / "efface" / "pipeline" / "sources.py", "a") as f:
        f.write(CRASH)
    return folder


@pytest.fixture
def photos(kept, kit, tmp_path):
    folder = tmp_path / "in"
    kit.taken(kept, folder, "face.jpg", "plain.png")
    shutil.copy(kept / "other.jpg", folder / "evil.jpg")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", ["redact", "find", "render", "verify", "inspect"])
def test_a_single_file_ends_in_a_sentence(program, photos, package, tmp_path, command):
    evil = photos / "evil.jpg"
    (tmp_path / "plan.json").write_text("{}")
    assert program("find", evil, "-o", "plan.json", "--overwrite").code == 0
    words = {
        "render": ("--plan", "plan.json", "-o", "out.jpg"),
        "redact": ("-o", "out.jpg"),
        "find": ("-o", "new.json"),
    }
    before = sorted(tmp_path.iterdir())
    done = program(command, evil, *words.get(command, ()), package=package)
    assert done.code == 4, done.err
    assert (
        "the process that worked on it died: it crashed (SIGSEGV). Nothing was written. "
        "The file may be damaged" in done.err
    )
    assert done.err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [(), ("--jobs", "1"), ("--jobs", "2")])
def test_a_folder_loses_one_file(program, photos, package, kit, tmp_path, jobs):
    done = program("redact", photos, "-o", tmp_path / "out", *jobs, package=package)
    assert done.code == 4
    assert "2 of 3 files done, 1 not: see above." in done.out
    assert done.err.count("evil.jpg: the process that worked on it died: it crashed (SIGSEGV)") == 1
    assert [n for n in kit.names_in(tmp_path / "out") if "plan" not in n] == [
        "face.jpg",
        "plain.png",
    ]


# Signals while everything is imported, and little memory


MOMENTS = (0.03, 0.08, 0.15, 0.25, 0.4, 0.6, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name
)
def test_a_signal_while_efface_is_imported_ends_with_130(kept, kit, tmp_path, number):
    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    for moment in MOMENTS:
        process = subprocess.Popen(
            kit.command_line("redact", photo, "-o", tmp_path / "out.jpg"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=kit.surroundings(),
            start_new_session=True,
        )
        until = time.monotonic() + 30
        while (
            time.monotonic() < until and process.poll() is None
        ):  # before Python's first line nobody can hear
            caught = Path(f"/proc/{process.pid}/status").read_text().split("SigCgt:")[1].split()[0]
            if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
                break
        time.sleep(moment)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode in (0, 130), err
        assert b"Traceback" not in err
        assert b"KeyboardInterrupt" not in err
        made = kit.names_in(tmp_path)
        made.remove(photo.name)
        # A fast machine may have finished the photo just before the signal; then both files are
        # complete, as the message says.
        assert made in ([], ["out.jpg", "out.jpg.plan.json"])
        assert made or process.returncode
        assert process.returncode == 0 or b"efface: Interrupted." in err
        for name in made:
            (tmp_path / name).unlink()


@pytest.mark.parametrize("granted", [100, 300, 600, 900])
def test_too_little_memory_is_said(program, kept, kit, tmp_path, granted):
    import resource

    (photo,) = kit.taken(kept, tmp_path, "face.jpg")
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (granted << 20, granted << 20))  # noqa: E731
    done = program("redact", photo, preexec_fn=limit)
    assert done.code == 4
    assert f"The system grants only {granted} MB of memory (ulimit -v)" in done.err
    assert "Nothing was written." in done.err
    assert os.listdir(tmp_path) == ["face.jpg"]
    assert program("--version", preexec_fn=limit).code == 0 or granted < 200
