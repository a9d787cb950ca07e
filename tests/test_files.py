"""Targets appear whole or not at all, and sources are never touched."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from efface import file_locks, files, private_folders
from efface.errors import OutputError, SourceUnreadable, TargetExists, TargetIsSource, WriteFailed
from efface.files import require_source, require_target, sha256_of, writing
from efface.private_folders import DRAFTS, sweep
from efface.staged_files import staged, staged_pair

needs_posix = pytest.mark.skipif(
    os.name != "posix", reason="locks, links and signals as POSIX has them"
)


def private(folder: Path) -> list[Path]:
    return sorted(folder.glob(DRAFTS + "*"))


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_target_appears_when_the_block_ends_and_not_before(tmp_path):
    target = tmp_path / "a.jpg"
    with staged(target, overwrite=False) as draft:
        draft.write_bytes(b"whole")
        assert draft.suffix == ".jpg"
        assert draft.parent.parent == tmp_path
        assert stat.S_IMODE(draft.parent.stat().st_mode) == 0o700
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert names(tmp_path) == ["a.jpg"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("overwrite", [False, True])
def test_whatever_is_raised_there_is_no_target_and_no_draft(tmp_path, error, overwrite):
    target = tmp_path / "a.jpg"
    if overwrite:
        target.write_bytes(b"old")

    def interrupted():
        with staged(target, overwrite=overwrite) as draft:
            draft.write_bytes(b"half")
            (draft.parent / "more").mkdir()
            raise error

    with pytest.raises(error):
        interrupted()
    assert names(tmp_path) == (["a.jpg"] if overwrite else [])
    assert not overwrite or target.read_bytes() == b"old"


def test_a_file_that_appears_meanwhile_is_left_as_it_is(tmp_path):
    target = tmp_path / "a.jpg"

    def overtaken():
        with staged(target, overwrite=False) as draft:
            draft.write_bytes(b"ours")
            target.write_bytes(b"theirs")

    with pytest.raises(TargetExists):
        overtaken()
    assert target.read_bytes() == b"theirs"
    assert names(tmp_path) == ["a.jpg"]


def test_the_same_where_the_file_system_has_no_links(tmp_path, monkeypatch):
    def refuse(*args, **named):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    target = tmp_path / "a.jpg"
    with staged(target, overwrite=False) as draft:
        draft.write_bytes(b"ours")
    assert target.read_bytes() == b"ours"
    with pytest.raises(TargetExists), staged(target, overwrite=False) as draft:
        draft.write_bytes(b"again")
    assert target.read_bytes() == b"ours"


def test_overwriting_replaces_the_name_and_not_what_a_link_points_to(tmp_path):
    original, target = tmp_path / "original", tmp_path / "a.jpg"
    original.write_bytes(b"precious")
    target.symlink_to(original)
    with staged(target, overwrite=True) as draft:
        draft.write_bytes(b"new")
    assert original.read_bytes() == b"precious"
    assert not target.is_symlink()
    assert target.read_bytes() == b"new"


@needs_posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_target_has_the_permissions_of_any_new_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        with staged(tmp_path / "a.jpg", overwrite=False) as draft:
            draft.write_bytes(b"x")
            assert not draft.parent.stat().st_mode & 0o077
        assert stat.S_IMODE((tmp_path / "a.jpg").stat().st_mode) == 0o666 & ~mask
        assert os.umask(mask) == mask
    finally:
        os.umask(before)


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with (
        pytest.raises(WriteFailed, match="cannot be written"),
        staged(tmp_path / "a.jpg", overwrite=False),
    ):
        pass
    assert names(tmp_path) == []


def test_a_missing_folder_is_an_output_error(tmp_path):
    with pytest.raises(WriteFailed), staged(tmp_path / "absent" / "a.jpg", overwrite=False):
        raise AssertionError("the block must not be entered")


def test_a_full_disk_while_flushing_leaves_nothing(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(WriteFailed, match="no space left on device") as caught,
        staged(tmp_path / "a", overwrite=False) as draft,
    ):
        draft.write_bytes(b"x")
    assert "Free some space" in str(caught.value)
    assert names(tmp_path) == []


def test_writing_translates_refusals_of_the_system_only(tmp_path):
    with pytest.raises(OSError, match="about something else") as caught, writing(tmp_path):
        raise OSError("about something else")
    assert not isinstance(caught.value, OutputError)


HOLD = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from efface.staged_files import staged
with staged(Path(sys.argv[1]), overwrite=False) as draft:
    draft.write_bytes(b"half")
    print("ready", flush=True)
    sys.stdin.read()
"""


def _holding(target: Path) -> subprocess.Popen[str]:
    home = str(Path(files.__file__).parents[1])
    command = [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {home!r})\n{HOLD}",
        str(target),
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@needs_posix
def test_kill_9_leaves_no_target_and_the_next_run_sweeps_only_what_has_no_owner(tmp_path):
    dead, alive = _holding(tmp_path / "dead.mp4"), _holding(tmp_path / "alive.mp4")
    try:
        stranger = tmp_path / (DRAFTS + "of a stranger")
        stranger.mkdir()
        (stranger / "thing").touch()
        assert len(private(tmp_path)) == 3
        dead.send_signal(signal.SIGKILL)
        dead.communicate(timeout=20)
        assert len(private(tmp_path)) == 3
        with staged(tmp_path / "next.mp4", overwrite=False) as draft:
            draft.write_bytes(b"x")
            assert len(private(tmp_path)) == 3  # the dead one's has gone, ours is there
        assert "dead.mp4" not in names(tmp_path)
        left = [p for p in private(tmp_path) if p != stranger]
        assert [(p / "draft.mp4").read_bytes() for p in left] == [b"half"]
        alive.communicate("", timeout=20)
        assert (tmp_path / "alive.mp4").read_bytes() == b"half"
    finally:
        for process in (dead, alive):
            if process.poll() is None:
                process.kill()
            process.communicate()
        shutil.rmtree(stranger)


@needs_posix
def test_a_private_folder_can_never_be_swept_between_its_making_and_its_locking(
    tmp_path, monkeypatch
):
    lock = file_locks.try_lock

    def with_a_rival(handle):
        monkeypatch.setattr(private_folders, "try_lock", lock)
        sweep(tmp_path)
        return lock(handle)

    monkeypatch.setattr(private_folders, "try_lock", with_a_rival)
    with staged(tmp_path / "a.jpg", overwrite=False) as draft:
        sweep(tmp_path)
        draft.write_bytes(b"x")
    assert names(tmp_path) == ["a.jpg"]


@needs_posix
def test_a_private_folder_that_a_rival_locks_first_is_made_again(tmp_path, monkeypatch):
    lock, rivals = file_locks.try_lock, []

    def second(handle):
        monkeypatch.setattr(private_folders, "try_lock", lock)
        claim = private_folders._claimed(private(tmp_path)[0])
        assert claim.__enter__(), "a folder that is not locked yet has no owner"
        rivals.append(claim)
        return lock(handle)

    monkeypatch.setattr(private_folders, "try_lock", second)
    with staged(tmp_path / "a.jpg", overwrite=False) as draft:
        rivals[0].__exit__(None, None, None)
        sweep(tmp_path)
        draft.write_bytes(b"x")
    assert names(tmp_path) == ["a.jpg"]


@needs_posix
@pytest.mark.parametrize("last", ["mkdir", "open", "try_lock", "rename"])
def test_a_kill_while_a_private_folder_is_made_leaves_what_the_next_run_sweeps(tmp_path, last):
    script = f"""
import os
from pathlib import Path
from efface import private_folders as folders
home = {{"mkdir": Path, "try_lock": folders}}.get({last!r}, os)
real = getattr(home, {last!r})
def killed(*arguments, **more):
    done = real(*arguments, **more)
    if {last!r} != "open" or "lock" in str(arguments[0]):
        os.kill(os.getpid(), 9)
    return done
setattr(home, {last!r}, killed)
with folders.private_folder(Path({str(tmp_path / "a.jpg")!r})):
    raise SystemExit("it went on")
"""
    home = str(Path(files.__file__).parents[1])
    ended = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": home}, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(private(tmp_path)) == 1
    sweep(tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "place",
    [
        "mkdir",
        pytest.param("try_lock", marks=needs_posix),
        pytest.param("rename", marks=needs_posix),
    ],
)
def test_an_interrupt_while_the_private_folder_is_made_leaves_none(tmp_path, monkeypatch, place):
    home = {"mkdir": Path, "try_lock": private_folders, "rename": os}[place]
    real = getattr(home, place)

    def interrupted(*arguments, **more):
        real(*arguments, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(home, place, interrupted)
    with pytest.raises(KeyboardInterrupt), staged(tmp_path / "a.jpg", overwrite=False):
        pytest.fail("it went on")
    monkeypatch.undo()
    assert names(tmp_path) == []


@needs_posix
def test_a_kill_while_a_private_folder_is_removed_leaves_what_the_next_run_sweeps(
    tmp_path, monkeypatch
):
    """Stops the removal after every one of its steps."""
    for steps in range(20):
        folder = tmp_path / (DRAFTS + f"{steps:02}")
        folder.mkdir()
        for name in ("lock", "old", "draft.mp4", "about.json"):
            (folder / name).touch()
        left = steps

        def counted(real):
            def stop_after(*arguments, **more):
                nonlocal left
                if left == 0:
                    raise KeyboardInterrupt
                left -= 1
                return real(*arguments, **more)

            return stop_after

        with monkeypatch.context() as patched:
            patched.setattr(os, "unlink", counted(os.unlink))
            patched.setattr(os, "rmdir", counted(os.rmdir))
            with contextlib.suppress(KeyboardInterrupt):
                private_folders._empty_and_remove(folder)
        sweep(tmp_path)
        assert not folder.exists(), steps
    assert left > 0, "it was never let to its end"


@needs_posix
def test_an_empty_private_folder_that_is_swept_under_its_maker_is_made_again(tmp_path, monkeypatch):
    real, swept = os.open, []

    def open_late(path, *arguments, **more):
        if "new-" in str(path) and not swept:
            swept.append(path)
            sweep(tmp_path)
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", open_late)
    with staged(tmp_path / "a.jpg", overwrite=False) as draft:
        draft.write_bytes(b"x")
    assert swept
    assert names(tmp_path) == ["a.jpg"]


def test_sweeping_follows_no_links_out_of_the_folder(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "lock").touch()
    (outside / "precious").touch()
    (inside / (DRAFTS + "link")).symlink_to(outside)
    sweep(inside)
    assert names(outside) == ["lock", "precious"]
    (inside / (DRAFTS + "link")).unlink()


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.jpg"
    path.write_bytes(b"content")
    return path


def test_the_checksum_is_of_the_bytes(source, monkeypatch):
    monkeypatch.setattr(files, "CHUNK", 3)
    assert sha256_of(source) == hashlib.sha256(b"content").hexdigest()
    with pytest.raises(SourceUnreadable, match="no such file"):
        sha256_of(source.parent / "absent")


def test_sources_that_cannot_be_read(tmp_path, source):
    require_source(source)
    (tmp_path / "empty").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "absent")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, word in {
        "absent": "no such file",
        "empty": "0 bytes",
        "dangling": "the link points to nothing",
        "loop": "symbolic links",
        ".": "it is a folder",
        "nul\0": "null",
        "x" * 300: "too long",
        "source.jpg/below": "not a directory",
    }.items():
        with pytest.raises(SourceUnreadable, match=word) as caught:
            require_source(tmp_path / name)
        assert str(caught.value).isprintable()


@needs_posix
def test_a_pipe_is_no_source_and_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceUnreadable, match=r"plain file|0 bytes"):
        require_source(tmp_path / "pipe")


@pytest.mark.parametrize("name", ["line\nbreak.jpg", "esc\x1b[31m.jpg", b"latin\xe9.jpg"])
def test_strange_names_are_shown_on_one_line(tmp_path, name):
    path = tmp_path / (os.fsdecode(name) if isinstance(name, bytes) else name)
    with pytest.raises(SourceUnreadable) as caught:
        require_source(path)
    assert str(caught.value).isprintable()
    with staged(path, overwrite=False) as draft:
        draft.write_bytes(b"x")
    assert path.read_bytes() == b"x"
    with pytest.raises(TargetExists) as exists:
        require_target(path, (), overwrite=False)
    assert str(exists.value).isprintable()


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_target_is_never_the_source_not_even_through_links(tmp_path, source, overwrite):
    (tmp_path / "soft").symlink_to(source)
    os.link(source, tmp_path / "hard")
    (tmp_path / "elsewhere").symlink_to(tmp_path)
    for target in (
        source,
        tmp_path / "soft",
        tmp_path / "hard",
        tmp_path / "elsewhere" / "source.jpg",
    ):
        for given in (source, tmp_path / "soft"):
            with pytest.raises(TargetIsSource):
                require_target(target, (given,), overwrite=overwrite)
    assert source.read_bytes() == b"content"


def test_targets_that_are_refused_before_any_work(tmp_path, source):
    (tmp_path / "there").write_bytes(b"x")
    (tmp_path / "dangling").symlink_to(tmp_path / "absent")
    for name in ("there", "dangling"):
        with pytest.raises(TargetExists):
            require_target(tmp_path / name, (source,), overwrite=False)
        require_target(tmp_path / name, (source,), overwrite=True)
    with pytest.raises(WriteFailed, match="folder of that name"):
        require_target(tmp_path, (source,), overwrite=True)
    with pytest.raises(WriteFailed, match="does not exist"):
        require_target(tmp_path / "absent" / "a.jpg", (source,), overwrite=False)
    require_target(tmp_path / "free.jpg", (source, tmp_path / "gone.jpg"), overwrite=False)


# A target and the file that tells of it


def pair(folder):
    return folder / "a.jpg", folder / "a.jpg.json"


def write_both(drafts, text):
    for draft, kind in zip(drafts, ("target", "about"), strict=True):
        draft.write_text(f"{kind} {text}")


def test_a_locked_file_can_be_replaced_by_its_holder_and_not_by_others(tmp_path):
    plan, target = tmp_path / "a.json", tmp_path / "a.jpg"
    plan.write_bytes(b"old")
    with file_locks.locked(plan):
        with pytest.raises(WriteFailed, match="it is open in a review"), file_locks.locked(plan):
            pass
        with staged_pair(target, plan, overwrite=True) as (draft, about):
            draft.write_bytes(b"new")
            about.write_bytes(b"new")
    assert (target.read_bytes(), plan.read_bytes()) == (b"new", b"new")
    with file_locks.locked(plan), staged(plan, overwrite=True) as draft:
        draft.write_bytes(b"newer")
    assert plan.read_bytes() == b"newer"
    assert names(tmp_path) == ["a.jpg", "a.json"]


def test_a_pair_appears_together(tmp_path):
    target, about = pair(tmp_path)
    with staged_pair(target, about, overwrite=False) as drafts:
        write_both(drafts, "1")
        assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(DRAFTS)] == []
    assert (target.read_text(), about.read_text()) == ("target 1", "about 1")
    with staged_pair(target, about, overwrite=True) as drafts:
        write_both(drafts, "2")
    assert (target.read_text(), about.read_text()) == ("target 2", "about 2")


@pytest.mark.parametrize("taken", ["a.jpg", "a.jpg.json"])
def test_a_pair_of_which_one_name_is_taken_does_not_appear(tmp_path, taken):
    (tmp_path / taken).write_text("somebody's")
    with pytest.raises(TargetExists), staged_pair(*pair(tmp_path), overwrite=False) as drafts:
        write_both(drafts, "1")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {taken: "somebody's"}


@pytest.mark.parametrize("nth", range(1, 4))
def test_at_no_moment_a_target_stands_beside_words_about_another(tmp_path, monkeypatch, nth):
    """And an error at any of the moves leaves what was there before."""
    target, about = pair(tmp_path)
    target.write_text("target 1")
    about.write_text("about 1")
    count, replace = 0, os.replace

    def failing(start, end):
        nonlocal count
        count += 1
        seen = {p.name: p.read_text().split()[1] for p in (target, about) if p.exists()}
        assert len(set(seen.values())) <= 1
        assert about.exists()  # a kill at any moment leaves what a person wrote there
        if count == nth:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        replace(start, end)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(WriteFailed), staged_pair(target, about, overwrite=True) as drafts:
        write_both(drafts, "2")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {
        "a.jpg": "target 1",
        "a.jpg.json": "about 1",
    }


def test_an_interrupt_between_the_moves_leaves_no_words_about_nothing(tmp_path, monkeypatch):
    link, names = os.link, pair(tmp_path)

    def interrupted(start, end):
        if Path(end).suffix == ".jpg":
            raise KeyboardInterrupt
        link(start, end)

    monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt), staged_pair(*names, overwrite=False) as drafts:
        write_both(drafts, "1")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_swept_once_in_a_while_only(tmp_path, monkeypatch):
    """Listing a folder of thousands of targets for each of them would take longer and longer."""
    swept = []
    monkeypatch.setattr(private_folders, "sweep", swept.append)
    for i in range(50):
        with staged(tmp_path / f"{i}.txt", overwrite=False) as draft:
            draft.write_text("x")
    assert swept == [tmp_path]


# What is not a plain file is never replaced


def fifo(path):
    os.mkfifo(path)


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))


def link_to_a_pipe(path):
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to(path.with_name("pipe"))


KINDS = {"pipe": fifo, "socket": a_socket, "folder": Path.mkdir, "link": link_to_a_pipe}


@pytest.fixture
def short_path(tmp_path):
    """Names of sockets are short."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@needs_posix
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_name_that_is_too_long_is_refused_before_any_work(tmp_path, overwrite):
    with pytest.raises(WriteFailed, match="too long"):
        require_target(tmp_path / ("x" * 252 + ".jpg"), (), overwrite=overwrite)
    require_target(tmp_path / ("x" * 251 + ".jpg"), (), overwrite=overwrite)


def untouched(path):
    """What a change of the file would change. Following a link counts as reading it."""
    now = os.lstat(path)
    return now.st_mode, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


@needs_posix
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_a_plain_file_is_refused_before_any_work(short_path, kind):
    target = short_path / "a.jpg"
    KINDS[kind](target)
    before = untouched(target)
    for overwrite in (False, True):
        with pytest.raises(OutputError):
            require_target(target, (), overwrite=overwrite)
    with pytest.raises(WriteFailed, match=r"there is a (pipe|socket|folder) of that name"):
        require_target(target, (), overwrite=True)
    assert untouched(target) == before


@needs_posix
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", ["one", "target", "about"])
def test_what_is_not_a_plain_file_and_appears_during_the_work_is_left_as_it_is(
    short_path, kind, which
):
    target, about = pair(short_path)
    appeared = about if which == "about" else target

    def overtaken():
        how = (
            staged(target, overwrite=True)
            if which == "one"
            else staged_pair(target, about, overwrite=True)
        )
        with how as drafts:
            for draft in [drafts] if which == "one" else drafts:
                draft.write_text("ours")
            KINDS[kind](appeared)

    with pytest.raises(WriteFailed, match=r"there is a (pipe|socket|folder) of that name"):
        overtaken()
    assert not appeared.is_file()
    assert set(names(short_path)) <= {appeared.name, "pipe"}


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK])
def test_a_device_is_refused_and_never_opened(tmp_path, monkeypatch, kind):
    """A plain file that says of itself that it is a device."""
    target = tmp_path / "a.jpg"
    target.write_bytes(b"device")
    real = os.stat

    def as_device(path, *more, **how):
        found = real(path, *more, **how)
        if os.fspath(path) != os.fspath(target):
            return found
        return os.stat_result((kind | 0o666, *tuple(found)[1:]))

    monkeypatch.setattr(os, "stat", as_device)
    with pytest.raises(WriteFailed, match="there is a device of that name"):
        require_target(target, (), overwrite=True)
    with pytest.raises(WriteFailed, match="device"), staged(target, overwrite=True) as draft:
        draft.write_bytes(b"ours")
    with pytest.raises(SourceUnreadable, match="not a plain file"):
        sha256_of(target)
    monkeypatch.undo()
    assert target.read_bytes() == b"device"


@needs_posix
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceUnreadable, match="not a plain file"):
        sha256_of(tmp_path / "pipe")


@needs_posix
@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_a_draft_goes_with_the_folder_that_is_renamed_away(tmp_path, error):
    home, moved = tmp_path / "home", tmp_path / "moved"
    home.mkdir()

    def renamed():
        with staged(home / "a.jpg", overwrite=False) as draft:
            draft.write_bytes(b"half")
            (draft.parent / "more").mkdir()
            home.rename(moved)
            if error is not None:
                raise error

    with pytest.raises(error or WriteFailed):
        renamed()
    assert names(moved) == []
    assert not home.exists()


def test_errors_name_the_target_and_not_its_draft(tmp_path):
    target, about = pair(tmp_path)
    for which, name in ((0, target), (1, about)):
        with (
            pytest.raises(WriteFailed) as caught,
            staged_pair(target, about, overwrite=False) as drafts,
            writing(drafts[which]),
        ):
            raise OSError(errno.ENOSPC, "No space left on device")
        assert str(caught.value).startswith(f"{name}: cannot be written: no space left on device.")
    with pytest.raises(SourceUnreadable) as unread, staged(target, overwrite=False) as draft:
        sha256_of(draft)
    assert str(unread.value).startswith(f"{target}: ")
    assert DRAFTS not in str(unread.value)
