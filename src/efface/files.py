"""Files: hashes, and targets that appear whole or not at all.

A draft is written in a private folder beside its target (same file system, so the last step is one rename), flushed to
the disk, checked by the caller, then moved under its name. Whatever stops efface before that leaves no file under the
target's name. A folder that `kill -9` left behind is recognised by its released lock and swept away by the next run.

A target and the file that tells of it are moved together, so that no target ever stands beside words about another.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from efface.errors import EffaceError, SourceUnreadable, TargetExists, TargetIsSource, WriteFailed

DRAFTS = ".efface-draft-"
"""Prefix of private folders. Sources are never taken from inside one."""

LOCK = "lock"
UNLOCKED_S = 600
"""A private folder is without a lock for milliseconds. After so many seconds it is nobody's."""

LOCKED_BYTE = 1 << 30

MADE_AGAIN = 10

SWEPT_S = 60.0
"""For so long a folder counts as swept. To list one of 20,000 files takes as long as to do a small photo, so not for each."""

_swept: dict[Path, float] = {}
"""When each folder was swept last by this process, on the monotonic clock."""

CHUNK = 1 << 20


def open_plain(path: Path) -> BinaryIO:
    """Opens a plain file for reading. Raises OSError, also for anything else: a pipe would be waited for, a device may not end.

    It is looked at before it is opened, as to open some devices moves them, and afterwards, as it may be another by then.
    """
    _require_plain(os.stat(path), path)
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _require_plain(os.fstat(handle), path)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _require_plain(found: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises SourceUnreadable."""
    digest = hashlib.sha256()
    try:
        with open_plain(path) as f:
            while chunk := f.read(CHUNK):
                digest.update(chunk)
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e
    return digest.hexdigest()


def reason(error: OSError) -> str:
    """The system's word for what happened, without number or path."""
    return (error.strerror or type(error).__name__).lower()


def require_source(path: Path) -> None:
    """Raises SourceUnreadable unless this is a plain file that can be opened and has content."""
    try:
        found = path.stat()
        if path.is_dir():
            os.scandir(path).close()  # a folder that may not be listed: then that is what is wrong
            raise SourceUnreadable(path, "it is a folder", "Name the files in it, or the folder together with -o.")
        if not path.is_file():
            raise SourceUnreadable(path, "it is not a plain file")
        if found.st_size == 0:
            raise SourceUnreadable(path, "it is empty, 0 bytes")
        with open(path, "rb"):
            pass
    except OSError as e:
        dangling = e.errno == errno.ENOENT and path.is_symlink()
        raise SourceUnreadable(path, "the link points to nothing" if dangling else reason(e)) from e
    except ValueError as e:  # a NUL byte in the name
        raise SourceUnreadable(path, str(e)) from e


def require_still_plain(path: Path) -> None:
    """Raises SourceUnreadable where what was admitted as a plain file is none any more: a pipe would be waited for."""
    try:
        _require_plain(os.stat(path), path)
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e


def require_target(target: Path, sources: tuple[Path, ...], *, overwrite: bool) -> None:
    """Raises TargetIsSource, TargetExists or WriteFailed before any work is done for nothing."""
    for source in sources:
        with suppress(OSError):
            if target.exists() and target.samefile(source):
                raise TargetIsSource(target)
    require_replaceable(target)
    if os.path.lexists(target) and not overwrite:
        raise TargetExists(target)
    if not os.path.isdir(target.parent):
        raise WriteFailed(target, f"the folder {target.parent} does not exist", "Make it, or choose another with -o.")


def require_replaceable(target: Path) -> None:
    """Raises WriteFailed where something stands under that name that is not a plain file, or a link to one or to nothing.

    A folder, a device, a pipe or a socket is never replaced, whatever was asked for: others use it under that name.
    """
    try:
        mode = os.stat(target).st_mode
    except OSError as e:  # nothing, a link to nothing, or a name that is refused where it is used
        if e.errno == errno.ENAMETOOLONG:  # which is known without any work
            raise WriteFailed(target, reason(e)) from e
        return
    except ValueError:
        return
    if stat.S_ISREG(mode):
        return
    what = next((word for is_so, word in _OTHER_KINDS if is_so(mode)), "something that is not a plain file")
    raise WriteFailed(target, f"there is {what} of that name", "Choose another name with -o.")


_OTHER_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@contextmanager
def staged(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """A private path to write to; on leaving the block without an error, the file there appears as `target`.

    Raises TargetExists where a file has appeared under that name meanwhile, and WriteFailed where the disk refuses.
    """
    with _private_folder(target) as folder:
        draft = folder / ("draft" + target.suffix)
        with named_as({draft: target}):
            yield draft
        with writing(target):
            _flush(draft)
            _publish(draft, target, overwrite=overwrite)


@contextmanager
def staged_pair(target: Path, about: Path, *, overwrite: bool) -> Iterator[tuple[Path, Path]]:
    """As `staged`, for a target and the file beside it that tells of it; private paths of both.

    Whatever interrupts it, a pair that stands there is of one making. After `kill -9` `about` may stand alone, or, with
    `overwrite`, both may be gone. Raises as `staged` does, and then what was there before is there again.
    """
    with _private_folder(target) as folder:
        drafts = folder / ("draft" + target.suffix), folder / ("about" + about.suffix)
        with named_as({drafts[0]: target, drafts[1]: about}):
            yield drafts
        with writing(target):
            for draft in drafts:
                _flush(draft)
                os.chmod(draft, 0o666 & ~_umask())
            for name in (target, about):
                require_replaceable(name)
            if overwrite:
                _exchange(folder, drafts, (target, about))
            else:
                _add(drafts, (target, about))
            _flush_folder(target.parent)


@contextmanager
def named_as(names: Mapping[Path, Path | str]) -> Iterator[None]:
    """Errors inside the block tell of files by the names that people know: those of targets, and not of drafts."""
    try:
        yield
    except EffaceError as e:
        for field in ("path", "why", "hint"):
            text = getattr(e, field, None)
            if isinstance(text, str):
                for here, there in names.items():
                    text = text.replace(str(here), str(there))
                setattr(e, field, text)
        raise


def _add(drafts: tuple[Path, Path], names: tuple[Path, Path]) -> None:
    (draft, draft_about), (target, about) = drafts, names
    try:
        _move_without_replacing(draft_about, about)
        _move_without_replacing(draft, target)
    except BaseException:
        if _has_moved(draft_about, about) and not _has_moved(draft, target):  # it tells of nothing
            about.unlink()
        raise


def _has_moved(draft: Path, name: Path) -> bool:
    """Where moving is to link, both are there for a moment."""
    return not draft.exists() or (os.path.exists(name) and draft.samefile(name))


def _exchange(folder: Path, drafts: tuple[Path, Path], names: tuple[Path, Path]) -> None:
    """The old target goes first and the new one comes last, so that at no moment one stands beside words about the other.

    The words are replaced in one step: a person's changes may be among them, and must not be gone after a kill in between.
    """
    (draft, draft_about), (target, about) = drafts, names
    old, old_about = folder / "old", folder / "old-about"
    undo: list[tuple[Path, Path]] = []
    try:
        if os.path.lexists(target):
            require_replaceable(target)
            os.replace(target, old)
            undo.append((old, target))
        require_replaceable(about)
        has_about = os.path.lexists(about)
        if has_about:
            _copy(about, old_about)
        os.replace(draft_about, about)
        undo.append((old_about, about) if has_about else (about, draft_about))
        require_replaceable(target)
        os.replace(draft, target)
    except BaseException:
        for start, end in reversed(undo):
            os.replace(start, end)
        raise


def _copy(path: Path, other: Path) -> None:
    """A second name for the same file, or, where there are no links, another file."""
    try:
        os.link(path, other, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(path, other, follow_symlinks=False)


@contextmanager
def scratch() -> Iterator[Path]:
    """A private folder (0700) among the system's temporary files, removed on leaving. Those of runs that were killed go too."""
    with _private_folder(Path(tempfile.gettempdir()) / "scratch") as folder:
        yield folder


def _remove(folder: Path, home: int = -1) -> None:
    try:
        _empty_and_remove(folder, home)
    except BaseException:  # Ctrl-C in the middle of it
        _empty_and_remove(folder, home)
        raise


def _empty_and_remove(folder: Path, home: int = -1) -> None:
    """The lock goes last: what a kill in the middle of it leaves is known to be nobody's, and is swept by the next run.

    home  a handle of the folder that it lies in.
    """
    within = {"dir_fd": home} if home >= 0 else {}
    place = folder.name if within else folder
    if hasattr(os, "O_NOFOLLOW"):  # where folders can be opened; elsewhere nothing is ever swept
        with suppress(OSError):
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, **within)
            try:
                for name in os.listdir(handle):
                    if name != LOCK:
                        with suppress(OSError):  # a folder: it is the rest's
                            os.unlink(name, dir_fd=handle)
            finally:
                os.close(handle)
    shutil.rmtree(place, ignore_errors=True, dir_fd=home if home >= 0 else None)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turns the operating system's refusals inside the block into WriteFailed for this target."""
    try:
        yield
    except OSError as e:
        if e.errno is None:
            raise
        hint = "Free some space and run the same command again." if e.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        raise WriteFailed(target, reason(e), hint) from e


def _made(folder: Path) -> int:
    """Makes the folder, and in it a file that can be locked; its handle."""
    for _ in range(MADE_AGAIN):
        folder.mkdir(0o700)
        with suppress(FileNotFoundError):  # another run swept it: it was empty
            return os.open(folder / ("new-" + LOCK), os.O_CREAT | os.O_RDWR, 0o600)
    raise OSError(errno.ENOENT, "another run sweeps it away each time")


@contextmanager
def _private_folder(beside: Path) -> Iterator[Path]:
    """A locked folder (0700) in that of `beside`, removed on leaving. Its name comes before it: interrupts do not wait.

    It is removed where it is then: somebody may rename the folder that it lies in while efface works.
    """
    folder, lock, home = beside.parent / (DRAFTS + secrets.token_hex(8)), -1, -1
    try:
        with writing(beside):
            sweep_at_times(beside.parent)
            home = _opened_folder(beside.parent)
            # It gets its name when it is locked: a run beside this one would sweep away a folder whose lock is free.
            lock = _made(folder)
            # Where folders cannot be opened, open files cannot be renamed either, and nothing is ever swept.
            if hasattr(os, "O_DIRECTORY") and try_lock(lock):
                os.rename(folder / ("new-" + LOCK), folder / LOCK)
        yield folder
    finally:
        _remove(folder, home)
        for handle in (lock, home):
            if handle >= 0:
                os.close(handle)


def _opened_folder(folder: Path) -> int:
    """A handle that leads to the folder whatever its name becomes; -1 where folders cannot be opened."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY) if hasattr(os, "O_DIRECTORY") else -1


def sweep_at_times(folder: Path) -> None:
    """Removes what killed runs left in `folder`, unless that was done within the last minute."""
    now = time.monotonic()
    if now - _swept.get(folder, -SWEPT_S) >= SWEPT_S:
        sweep(folder)
        _swept[folder] = now


def sweep(folder: Path) -> None:
    """Removes private folders in `folder` whose owner is gone."""
    for left in folder.glob(DRAFTS + "*"):
        with suppress(OSError):
            if _is_abandoned(left):
                _empty_and_remove(left)


def _is_abandoned(left: Path) -> bool:
    try:
        lock = os.open(left / LOCK, os.O_RDWR)
    except FileNotFoundError:  # killed before the lock was there, or just before the folder was gone
        with suppress(OSError):
            os.rmdir(left)  # where it is empty; whoever has just made it makes it again
            return False
        return time.time() - left.stat().st_mtime > UNLOCKED_S
    try:
        return try_lock(lock)
    finally:
        os.close(lock)


def try_lock(handle: int) -> bool:
    """Locks an open file for this process, until it is closed. False where another has it."""
    try:
        import fcntl
    except ImportError:
        return _try_lock_on_windows(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Locks a file for the block, as a review does. Raises WriteFailed where another process has it."""
    with writing(path):
        try:
            handle = os.open(path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
        except PermissionError:  # it may be read, and a review could not open it
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        if not try_lock(handle):
            raise WriteFailed(path, "it is open in a review", "Close that first, or render from there.")
        yield
    finally:
        os.close(handle)


def _try_lock_on_windows(handle: int) -> bool:
    """A lock there is one on bytes, which nobody else can read then: one far behind the end is taken, where nothing stands."""
    import msvcrt

    windows: Any = msvcrt
    before = os.lseek(handle, 0, os.SEEK_CUR)
    try:
        os.lseek(handle, LOCKED_BYTE, os.SEEK_SET)
        windows.locking(handle, windows.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        os.lseek(handle, before, os.SEEK_SET)
    return True


def _flush(draft: Path) -> None:
    handle = os.open(draft, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _publish(draft: Path, target: Path, *, overwrite: bool) -> None:
    os.chmod(draft, 0o666 & ~_umask())
    require_replaceable(target)  # again: it was looked at before the work, and something else may have the name by now
    if overwrite:
        os.replace(draft, target)
    else:
        _move_without_replacing(draft, target)
    _flush_folder(target.parent)


def _move_without_replacing(draft: Path, target: Path) -> None:
    try:
        os.link(draft, target)  # atomic, and fails where a file has appeared meanwhile
    except FileExistsError:
        raise TargetExists(target) from None
    except OSError:  # FAT and some network shares have no links
        if os.path.lexists(target):
            raise TargetExists(target) from None
        os.rename(draft, target)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    with suppress(OSError):  # some file systems cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
