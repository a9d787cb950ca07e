"""Sources stay as they are, and a target appears whole or not at all, whatever happens at whatever
moment."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from efface.private_folders import DRAFTS

# Sources


def spellings(source, folder):
    """Names that all lead to one file."""
    soft, hard = folder / ("soft" + source.suffix), folder / ("hard" + source.suffix)
    soft.symlink_to(source)
    hard.hardlink_to(source)
    (folder / "sub").mkdir()
    looping = folder / "also"
    looping.symlink_to(folder)
    return [
        source,
        soft,
        hard,
        folder / "sub" / ".." / source.name,
        looping / source.name,
        os.path.relpath(source),
    ]


@pytest.mark.parametrize("name", ["face.jpg", "clip.mp4"])
def test_a_target_that_is_the_source(efface, kept, kit, tmp_path, name):
    (source,) = kit.taken(kept, tmp_path, name)
    before = kit.state(source)
    assert efface("find", source, "-o", tmp_path / "plan.json").code == 0
    names = spellings(source, tmp_path)
    listed = kit.names_in(tmp_path)
    for target in names:
        for more in ((), ("--overwrite",)):
            for command in (
                ("redact", source, "-o", target),
                ("find", source, "-o", target),
                ("find", source, "--coco", target),
                ("render", source, "--plan", tmp_path / "plan.json", "-o", target),
            ):
                refused = efface(*command, *more)
                assert (refused.code, refused.out) == (5, ""), (command, more)
                assert "is the source itself, and efface never writes to a source" in refused.err
                assert refused.err.count("\n") == 1
    assert kit.state(source) == before
    assert kit.names_in(tmp_path) == listed
    # A link named as the source leads to the same file.
    assert efface("redact", names[1], "-o", source, "--overwrite").code == 5
    assert kit.state(source) == before


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_a_pipe_is_never_replaced_nor_waited_for(efface, kept, kit, tmp_path, more):
    (source,) = kit.taken(kept, tmp_path, "face.jpg")
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    (tmp_path / "link.out").symlink_to(pipe)
    os.mkfifo(tmp_path / "face.redacted.jpg.plan.json")
    assert efface("find", source, "-o", tmp_path / "plan.json").code == 0
    listed = kit.names_in(tmp_path)
    for command in (
        ("redact", source, "-o", pipe),
        ("redact", source, "-o", tmp_path / "link.out"),
        ("redact", source),
        ("redact", tmp_path),
        ("redact", source, "-o", tmp_path / "out.jpg", "--report", pipe),
        ("find", source, "-o", pipe),
        ("find", source, "--coco", pipe),
        ("render", source, "--plan", tmp_path / "plan.json", "-o", pipe),
    ):
        refused = efface(*command, *more)
        assert refused.code == 5, command
        assert "there is a pipe of that name" in refused.err
    unread = efface("render", source, "--plan", pipe, "-o", tmp_path / "out.jpg")
    assert (unread.code, "not a plain file" in unread.err) == (3, True)
    assert kit.names_in(tmp_path) == listed
    assert pipe.is_fifo()


def test_sources_are_untouched_and_their_links_too(efface, kept, kit, tmp_path):
    sources = kit.taken(kept, tmp_path, "face.jpg", "clip.mp4", "plain.png")
    for source in sources:
        source.chmod(0o400)
    before = [kit.state(s) for s in sources]
    assert efface("redact", tmp_path, "-o", tmp_path / "out", *kit.FAST).code == 0
    assert [kit.state(s) for s in sources] == before
    # A target that is a dangling link is not written through.
    link = tmp_path / "link.png"
    link.symlink_to(tmp_path / "elsewhere.png")
    assert efface("redact", sources[2], "-o", link).code == 5
    assert efface("redact", sources[2], "-o", link, "--overwrite").code == 0
    assert not link.is_symlink()
    assert not (tmp_path / "elsewhere.png").exists()


def test_targets_get_ordinary_permissions_and_drafts_private_ones(
    efface, kept, kit, tmp_path, monkeypatch
):
    (source,) = kit.taken(kept, tmp_path, "plain.png")
    seen = []
    from efface.pipeline import rendering

    prove = rendering.prove  # type: ignore[attr-defined]

    def looking(draft, *more):
        folder = draft.path.parent
        seen.append((folder.name.startswith(DRAFTS), folder.parent, folder.stat().st_mode & 0o777))
        return prove(draft, *more)

    monkeypatch.setattr(rendering, "prove", looking)
    mask = os.umask(0o027)
    try:
        assert efface("redact", source).code == 0
    finally:
        os.umask(mask)
    assert seen == [(True, tmp_path, 0o700)]
    for name in ("plain.redacted.png", "plain.redacted.png.plan.json"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o640


# Interruptions

on_linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
A_RUN_S = (0.05, 1.6)
"""Moments at which a run is interrupted: from its first breath to a little after its end on a fast
machine."""


def started(kit, clip: Path, *arguments: object) -> subprocess.Popen[bytes]:
    command, around = (
        kit.command_line("redact", clip, *kit.FAST, *arguments),
        kit.surroundings(PYTHONFAULTHANDLER="1"),
    )
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=around, start_new_session=True
    )


def wait_until_it_heeds(process: subprocess.Popen[bytes], number: int) -> None:
    """Python takes a fraction of a second to reach a program's first line; a signal before that
    meets nobody."""
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        status = Path(f"/proc/{process.pid}/status").read_text()
        if int(status.split("SigCgt:")[1].split()[0], 16) >> (number - 1) & 1:
            return
        time.sleep(0.002)


def ended(process):
    """What it said. One that hangs is made to say where."""
    try:
        return process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        pytest.fail(process.communicate(timeout=20)[1].decode())


WHOLE = {"long.mp4", "long.redacted.mp4", "long.redacted.mp4.plan.json"}


@on_linux
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_an_interrupt_leaves_nothing(long_clip, kit, tmp_path, number, seed):
    clip = Path(shutil.copy(long_clip, tmp_path))
    process = started(kit, clip)
    wait_until_it_heeds(process, signal.SIGTERM)
    time.sleep(random.Random(f"{number} {seed}").uniform(*A_RUN_S))
    process.send_signal(number)
    if seed % 2:  # people press it again
        process.send_signal(number)
    out, err = ended(process)
    if process.returncode == 0:  # it was faster
        assert set(kit.names_in(tmp_path)) == WHOLE
        return
    assert process.returncode == 130, err
    assert b"efface: Interrupted." in err
    assert b"Traceback" not in err
    assert b"Exception ignored" not in err
    # There is never a half of anything.
    left = set(kit.names_in(tmp_path))
    assert left in ({"long.mp4"}, WHOLE)
    assert out == b"" or left == WHOLE
    if left == WHOLE:
        assert len(kit.rgb_frames(tmp_path / "long.redacted.mp4")) == 6 * kit.CLIP_FRAMES


@on_linux
def test_an_interrupted_find_leaves_no_half_plan(long_clip, kit, tmp_path):
    command = kit.command_line(
        "find", long_clip, "-o", tmp_path / "plan.json", "--mot", tmp_path / "boxes.txt"
    )
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=kit.surroundings()
    )
    wait_until_it_heeds(process, signal.SIGTERM)
    time.sleep(0.5)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode in (0, 130)
    assert kit.names_in(tmp_path) == ([] if process.returncode else ["boxes.txt", "plan.json"])


def test_what_was_finished_before_an_interrupt_is_complete(
    efface, kept, kit, tmp_path, monkeypatch
):
    photos = tmp_path / "photos"
    kit.taken(kept, photos, "face.jpg", "other.jpg", "plain.png")

    from efface.pipeline import one_source

    redact = one_source.redact

    def until_the_last(session, job, *more, **how):
        if job.name == "plain.png":
            os.kill(os.getpid(), signal.SIGTERM)
        return redact(session, job, *more, **how)

    monkeypatch.setattr(one_source, "redact", until_the_last)
    done = efface("redact", photos, "-o", tmp_path / "out")
    assert done.code == 130
    assert done.out.count("checked.") == 2
    assert "efface: 2 of 3 files were done when it stopped.\n" in done.err
    assert [n for n in kit.names_in(tmp_path / "out") if not n.endswith("json")] == [
        "face.jpg",
        "other.jpg",
    ]


@pytest.mark.parametrize("place", ["opened", "look", "act", "Event"])
def test_an_interrupt_that_became_another_error_on_its_way_still_stops(
    efface, kept, kit, tmp_path, monkeypatch, request, place
):
    kit.taken(kept, tmp_path / "in", "face.jpg", "plain.png")
    # In the background of a script SIGINT is ignored, and efface leaves it so.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))

    def swallowing(*_, **__):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    homes = {
        "opened": "efface.pipeline.one_source.",
        "look": "efface.pipeline.one_source.",
        "act": "efface.pipeline.one_source.",
    }
    monkeypatch.setattr(homes.get(place, "efface.pipeline.rendering.") + place, swallowing)
    done = efface("redact", tmp_path / "in", "-o", tmp_path / "out")
    assert done.code == 130
    assert "unexpected" not in done.err
    assert kit.names_in(tmp_path / "out") == []


@pytest.mark.parametrize("seed", range(8))
def test_kill_leaves_no_half_target_and_the_next_run_sweeps(long_clip, kit, tmp_path, seed):
    clip = Path(shutil.copy(long_clip, tmp_path))
    process = started(kit, clip)
    time.sleep(random.Random(seed).uniform(0.4, 2.2))
    process.kill()
    process.communicate(timeout=60)
    left = set(kit.names_in(tmp_path))
    public = {n for n in left if not n.startswith(DRAFTS)}
    # Between the two moves the plan is there already, and no target that it would be about.
    assert public in ({"long.mp4"}, WHOLE - {"long.redacted.mp4"}, WHOLE)
    if public == WHOLE:
        assert len(kit.rgb_frames(tmp_path / "long.redacted.mp4")) == 6 * kit.CLIP_FRAMES
    if seed % 4 == 0 or any(n.startswith(DRAFTS) for n in left):
        again = started(kit, clip, "--overwrite")
        _, err = again.communicate(timeout=60)
        assert again.returncode == 0, err
        assert set(kit.names_in(tmp_path)) == WHOLE


def test_two_runs_at_once_do_not_disturb_each_other(long_clip, kit, tmp_path):
    clip = Path(shutil.copy(long_clip, tmp_path))
    runs = [started(kit, clip), started(kit, clip)]
    said = [r.communicate(timeout=60) for r in runs]
    assert sorted(r.returncode for r in runs) == [0, 5], said
    assert set(kit.names_in(tmp_path)) == WHOLE
    assert len(kit.rgb_frames(tmp_path / "long.redacted.mp4")) == 6 * kit.CLIP_FRAMES


# Disks and folders


def small_files() -> None:
    """Every file that the process writes ends at 20 KB, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.fixture
def noisy_sources(tmp_path, kit):
    """A photo and a clip that stay large."""
    noise = random.Random(1).randbytes(200 * 200 * 3 * 4)
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "200x200", "-i", "-"]
    kit.ffmpeg(
        *raw,
        "-c:v",
        "libx264",
        "-crf",
        10,
        "-pix_fmt",
        "yuv420p",
        tmp_path / "noise.mp4",
        stdin=noise,
    )
    kit.ffmpeg(*raw, "-frames:v", 1, tmp_path / "noise.png", stdin=noise)
    return [tmp_path / "noise.png", tmp_path / "noise.mp4"]


def test_files_that_may_not_grow(program, noisy_sources, kit, tmp_path):
    for source in noisy_sources:
        done = program("redact", source, preexec_fn=small_files)
        assert (done.code, done.out) == (5, "")
        assert "cannot be written: file too large. Nothing was written." in done.err
        assert done.err.count("\n") == 1
    assert kit.names_in(tmp_path) == ["noise.mp4", "noise.png"]


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 KB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk(efface, noisy_sources, kit, tiny_disk):
    for source in noisy_sources:
        done = efface("redact", source, "-o", tiny_disk / source.name)
        assert (done.code, done.out) == (5, "")
        assert (
            "cannot be written: no space left on device. Nothing was written. Free some space"
            in done.err
        )
        assert done.err.count("\n") == 1
        assert kit.names_in(tiny_disk) == []
    (tiny_disk / "ballast").write_bytes(bytes(56_000))
    plan = efface("find", noisy_sources[0], "-o", tiny_disk / "plan.json")
    assert plan.code in (0, 5)
    assert not list(tiny_disk.glob(DRAFTS + "*"))


def test_a_disk_that_may_not_be_written(efface, kept, kit, tmp_path, tiny_disk):
    (source,) = kit.taken(kept, tmp_path, "plain.png")
    subprocess.run(["mount", "-o", "remount,ro", tiny_disk], check=True)
    for target in (tiny_disk / "out.png", tiny_disk / "new" / ""):
        more = (source,) if target.suffix else (source, tmp_path)
        done = efface("redact", *more, "-o", target)
        assert done.code == 5
        assert "read-only file system. Nothing was written." in done.err


def test_target_folders_that_will_not_do(efface, kept, kit, tmp_path):
    (source,) = kit.taken(kept, tmp_path, "plain.png")
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder.png").mkdir()
    plan = tmp_path / "plan.json"
    assert efface("find", source, "-o", plan).code == 0
    before = kit.names_in(tmp_path)
    long_name = "n" * 300 + ".png"
    for target in ("file/out.png", long_name):
        for command in (("redact", source), ("render", source, "--plan", plan), ("find", source)):
            done = efface(*command, "-o", tmp_path / target)
            assert (done.code, done.out) == (5, ""), (command, target)
            assert "Nothing was written." in done.err
            assert done.err.count("\n") == 1
    assert efface("render", source, "--plan", plan, "-o", tmp_path / "folder.png").code == 5
    # With several sources -o is a folder; below a file it cannot be made.
    done = efface("redact", source, kept / "face.jpg", "-o", tmp_path / "file" / "out")
    assert done.code == 5
    assert done.err.count("\n") == 2
    assert kit.names_in(tmp_path) == before


def as_somebody_without_powers() -> list[str] | None:
    """Words that take root's right to pass over permissions away; nothing is needed for anybody
    else."""
    if os.geteuid():
        return []
    words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    able = (
        shutil.which("setpriv")
        and subprocess.run([*words, sys.executable, "-c", ""], capture_output=True).returncode == 0
    )
    return words if able else None


def test_no_permission(program, kept, kit, tmp_path):
    words = as_somebody_without_powers()
    if words is None:
        pytest.skip("root without setpriv may do everything")
    closed, sealed, source = tmp_path / "closed", tmp_path / "sealed", tmp_path / "in" / "plain.png"
    kit.taken(kept, closed, "plain.png")
    kit.taken(kept, source.parent, "plain.png", "face.jpg")
    sealed.mkdir()
    (source.parent / "face.jpg").chmod(0)
    closed.chmod(0)
    sealed.chmod(0o500)
    try:
        unreadable = program("redact", closed / "plain.png", before=words)
        unwritable = program("redact", source, "-o", sealed / "out.png", before=words)
        mixed = program("redact", closed, source.parent, "-o", tmp_path / "out", before=words)
    finally:
        closed.chmod(0o700)
        sealed.chmod(0o700)
    assert (unreadable.code, unwritable.code, mixed.code) == (3, 5, 3)
    for result, name in (
        (unreadable, "plain.png"),
        (unwritable, "sealed/out."),
        (mixed, "face.jpg"),
    ):
        assert "permission denied. Nothing was written." in result.err
        assert name in result.err
    assert mixed.err.count("\n") == 2
    assert mixed.err.count("permission denied") == 2
    assert "1 of 3 files done" in mixed.out
    assert kit.names_in(sealed) == []
