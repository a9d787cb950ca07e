"""Targets that appear whole or not at all.

A draft is written in a private folder beside its target (same file system, so the last step is one
rename), flushed to the disk, checked by the caller, then moved to its final name. If efface stops
before that, no file appears under the target's name.

A target and the file that describes it are moved together, so a target never stands beside a
description of another one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from efface.errors import EffaceError, TargetExists
from efface.file_locks import make_replaceable
from efface.files import require_replaceable, writing
from efface.private_folders import private_folder


@contextmanager
def staged(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Provide a private path to write to. If the block ends without an error, the file there
    appears as `target`.

    Raises TargetExists if a file has appeared under that name meanwhile, and WriteFailed if the
    disk refuses.
    """
    with private_folder(target) as folder:
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
    with private_folder(target) as folder:
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
        make_replaceable(about)
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
        make_replaceable(target)
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
