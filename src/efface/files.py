"""Files: hashes, and targets that appear whole or not at all.

A draft is written in a private folder beside its target (same file system, so the last step is one
rename), flushed to the disk, checked by the caller, then moved to its final name. If efface stops
before that, no file appears under the target's name. A folder left by `kill -9` is recognised by
its released lock and removed by the next run.

A target and the file that describes it are moved together, so a target never stands beside a
description of another one.
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
"""A private folder is without a lock for milliseconds. After this long its owner is gone."""

LOCKED_BYTE = 1 << 30

MADE_AGAIN = 10

SWEPT_S = 60.0
"""A folder counts as swept for this long. Listing one of 20,000 files takes as long as redacting a
small photo, so it is not done for each."""

_swept: dict[Path, float] = {}
"""When this process last swept each folder, on the monotonic clock."""

CHUNK = 1 << 20


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file for reading. Raises OSError for anything else too: a pipe would block, a
    device may not end.

    The type is checked before opening, as opening some devices moves them, and afterwards, as the
    file may have been replaced.
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
    """Return the SHA-256 of a file's bytes, in hexadecimal. Raises SourceUnreadable."""
    digest = hashlib.sha256()
    try:
        with open_plain(path) as f:
            while chunk := f.read(CHUNK):
                digest.update(chunk)
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e
    return digest.hexdigest()


def reason(error: OSError) -> str:
    """Return the system's description of the error, without number or path."""
    return (error.strerror or type(error).__name__).lower()


def require_source(path: Path) -> None:
    """Raise SourceUnreadable unless this is a plain file that can be opened and has content."""
    try:
        found = path.stat()
        if path.is_dir():
            os.scandir(path).close()  # if the folder cannot be listed, report that instead
            raise SourceUnreadable(
                path, "it is a folder", "Name the files in it, or the folder together with -o."
            )
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
    """Raise SourceUnreadable if what was admitted as a plain file is no longer one: reading a pipe
    would block."""
    try:
        _require_plain(os.stat(path), path)
    except OSError as e:
        raise SourceUnreadable(path, reason(e)) from e


def require_target(target: Path, sources: tuple[Path, ...], *, overwrite: bool) -> None:
    """Raise TargetIsSource, TargetExists or WriteFailed before any work is wasted."""
    for source in sources:
        with suppress(OSError):
            if target.exists() and target.samefile(source):
                raise TargetIsSource(target)
    require_replaceable(target)
    if os.path.lexists(target) and not overwrite:
        raise TargetExists(target)
    if not os.path.isdir(target.parent):
        raise WriteFailed(
            target,
            f"the folder {target.parent} does not exist",
            "Make it, or choose another with -o.",
        )


def require_replaceable(target: Path) -> None:
    """Raise WriteFailed if the name belongs to something other than a plain file, or a link to one
    or to nothing.

    A folder, a device, a pipe or a socket is never replaced, whatever the options: others use it
    under that name.
    """
    try:
        mode = os.stat(target).st_mode
    except OSError as e:  # nothing, a link to nothing, or a name that is refused when it is used
        if e.errno == errno.ENAMETOOLONG:  # this is known without any work
            raise WriteFailed(target, reason(e)) from e
        return
    except ValueError:
        return
    if stat.S_ISREG(mode):
        return
    what = next(
        (word for is_so, word in _OTHER_KINDS if is_so(mode)), "something that is not a plain file"
    )
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
    """Provide a private path to write to. If the block ends without an error, the file there
    appears as `target`.

    Raises TargetExists if a file has appeared under that name meanwhile, and WriteFailed if the
    disk refuses.
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
    """Provide private paths for a target and the file that describes it, as `staged` does for one.

    Whatever interrupts it, an existing pair always belongs together. After `kill -9` `about` may
    exist alone, or, with `overwrite`, both may be gone. Raises as `staged` does, and then restores
    what was there before.
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
    """Name files in errors inside the block as people know them: by the names of targets, not of
    drafts."""
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
        if _has_moved(draft_about, about) and not _has_moved(draft, target):  # it describes nothing
            about.unlink()
        raise


def _has_moved(draft: Path, name: Path) -> bool:
    """Return whether the draft has moved to its name. If moving means linking, both exist for a
    moment."""
    return not draft.exists() or (os.path.exists(name) and draft.samefile(name))


def _exchange(folder: Path, drafts: tuple[Path, Path], names: tuple[Path, Path]) -> None:
    """Replace both files. The old target goes first and the new one comes last, so neither ever
    stands beside a description of the other.

    The description is replaced in one step: it may hold a person's changes, which a kill in between
    must not lose.
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
    """Make a second name for the same file, or copy it if the file system has no links."""
    try:
        os.link(path, other, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(path, other, follow_symlinks=False)


@contextmanager
def scratch() -> Iterator[Path]:
    """Provide a private folder (0700) among the system's temporary files, removed on leaving. Also
    removes those of killed runs."""
    with _private_folder(Path(tempfile.gettempdir()) / "scratch") as folder:
        yield folder


def _remove(folder: Path, home: int = -1) -> None:
    try:
        _empty_and_remove(folder, home)
    except BaseException:  # Ctrl-C in the middle of it
        _empty_and_remove(folder, home)
        raise


def _empty_and_remove(folder: Path, home: int = -1) -> None:
    """Empty and remove a private folder, its lock last. If a kill interrupts this, the next run
    recognises the remains and removes them.

    home  a handle of the folder that contains it.
    """
    within = {"dir_fd": home} if home >= 0 else {}
    place = folder.name if within else folder
    if hasattr(
        os, "O_NOFOLLOW"
    ):  # only where folders can be opened; elsewhere nothing is ever swept
        with suppress(OSError):
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, **within)
            try:
                for name in os.listdir(handle):
                    if name != LOCK:
                        with suppress(OSError):  # a folder: rmtree removes it
                            os.unlink(name, dir_fd=handle)
            finally:
                os.close(handle)
    shutil.rmtree(place, ignore_errors=True, dir_fd=home if home >= 0 else None)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn the operating system's refusals inside the block into WriteFailed for this target."""
    try:
        yield
    except OSError as e:
        if e.errno is None:
            raise
        hint = (
            "Free some space and run the same command again."
            if e.errno in (errno.ENOSPC, errno.EDQUOT)
            else ""
        )
        raise WriteFailed(target, reason(e), hint) from e


def _made(folder: Path) -> int:
    """Make the folder, and in it a file that can be locked; return its handle."""
    for _ in range(MADE_AGAIN):
        folder.mkdir(0o700)
        with suppress(FileNotFoundError):  # another run swept it: it was empty
            return os.open(folder / ("new-" + LOCK), os.O_CREAT | os.O_RDWR, 0o600)
    raise OSError(errno.ENOENT, "another run sweeps it away each time")


@contextmanager
def _private_folder(beside: Path) -> Iterator[Path]:
    """Provide a locked folder (0700) beside `beside`, removed on leaving. Its name is chosen first,
    as an interrupt may come at once.

    It is removed wherever it is then: its parent folder may be renamed while efface works.
    """
    folder, lock, home = beside.parent / (DRAFTS + secrets.token_hex(8)), -1, -1
    try:
        with writing(beside):
            sweep_at_times(beside.parent)
            home = _opened_folder(beside.parent)
            # It gets its final name once it is locked: a parallel run would sweep away a folder
            # whose lock is free.
            lock = _made(folder)
            # If folders cannot be opened, open files cannot be renamed either, and nothing is ever
            # swept.
            if hasattr(os, "O_DIRECTORY") and try_lock(lock):
                os.rename(folder / ("new-" + LOCK), folder / LOCK)
        yield folder
    finally:
        _remove(folder, home)
        for handle in (lock, home):
            if handle >= 0:
                os.close(handle)


def _opened_folder(folder: Path) -> int:
    """Return a handle that leads to the folder even if it is renamed; -1 if folders cannot be
    opened."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY) if hasattr(os, "O_DIRECTORY") else -1


def sweep_at_times(folder: Path) -> None:
    """Remove what killed runs left in `folder`, unless that was done within the last minute."""
    now = time.monotonic()
    if now - _swept.get(folder, -SWEPT_S) >= SWEPT_S:
        sweep(folder)
        _swept[folder] = now


def sweep(folder: Path) -> None:
    """Remove private folders in `folder` whose owner is gone."""
    for left in folder.glob(DRAFTS + "*"):
        with suppress(OSError):
            if _is_abandoned(left):
                _empty_and_remove(left)


def _is_abandoned(left: Path) -> bool:
    try:
        lock = os.open(left / LOCK, os.O_RDWR)
    except FileNotFoundError:  # killed before the lock existed, or just before the folder was gone
        with suppress(OSError):
            os.rmdir(left)  # only if it is empty; a run that has just made it makes it again
            return False
        return time.time() - left.stat().st_mtime > UNLOCKED_S
    try:
        return try_lock(lock)
    finally:
        os.close(lock)


def try_lock(handle: int) -> bool:
    """Lock an open file for this process, until it is closed. Returns False if another process has
    it."""
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
    """Lock a file for the block, as a review does. Raises WriteFailed if another process has it."""
    with writing(path):
        try:
            handle = os.open(path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
        except PermissionError:  # it is readable, but a review could not open it for writing
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        if not try_lock(handle):
            raise WriteFailed(
                path, "it is open in a review", "Close that first, or render from there."
            )
        yield
    finally:
        os.close(handle)


def _try_lock_on_windows(handle: int) -> bool:
    """Lock one byte far beyond the end of the file. On Windows others cannot read locked bytes, so
    no content is locked."""
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
    require_replaceable(
        target
    )  # again: something else may have taken the name since the first check
    if overwrite:
        os.replace(draft, target)
    else:
        _move_without_replacing(draft, target)
    _flush_folder(target.parent)


def _move_without_replacing(draft: Path, target: Path) -> None:
    try:
        os.link(draft, target)  # atomic, and fails if a file has appeared meanwhile
    except FileExistsError:
        raise TargetExists(target) from None
    except OSError:  # FAT and some network shares do not support links
        if os.path.lexists(target):
            raise TargetExists(target) from None
        os.rename(draft, target)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    with suppress(OSError):  # some file systems do not support this
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
