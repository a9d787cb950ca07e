"""Checks a seal record: are its files there, are they unchanged, and does its signature hold?

Records come from strangers. A record names files without folders, so it can point to no other
place; efface looks for them where its user says. No link is followed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from efface.errors import BadSeal
from efface.files import CHUNK, reason
from efface.seal_records import minisign_keys
from efface.seal_records.minisign_keys import SIGNATURE_SUFFIX
from efface.seal_records.record_text import LARGEST_BYTES, SealedFile, SealRecord, record_in


class State(Enum):
    """What became of a file."""

    UNCHANGED = "unchanged"
    CHANGED = "CHANGED"
    MISSING = "missing"
    UNREADABLE = "not looked at"


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of the record, what became of it, and why efface says so."""

    file: SealedFile
    state: State
    why: str = ""


class Signature(Enum):
    """How the signature of a record stands."""

    HOLDS = "holds, by the key that you named"
    OF_UNKNOWN_KEY = "holds, by a key that you did not name"
    BROKEN = "DOES NOT HOLD"
    NONE = "none"
    UNCHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class SignatureState:
    """How the signature stands, and why efface says so. key: the key that it was checked with."""

    outcome: Signature
    why: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class SealCheck:
    """What the check of one record found."""

    record: SealRecord
    files: tuple[FileState, ...]
    signature: SignatureState


def check_record(path: Path, folders: Sequence[Path], key: str = "") -> SealCheck:
    """Check a record and the files that it names.

    folders  where to look besides the record's own folder.
    key      public key that must have signed it; empty for any.

    Raises BadSeal, ExtraMissing.
    """
    data = _content(path)
    record = record_in(data, path)
    where = list(dict.fromkeys([path.parent, *folders]))
    files = tuple(_state_of(f, record, where) for f in record.files)
    return SealCheck(record, files, _signature_of(path, data, record, key))


def _content(path: Path) -> bytes:
    try:
        with _open_unlinked(path) as f:
            return f.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as e:
        raise BadSeal(path, reason(e) if isinstance(e, OSError) else str(e)) from e


def _open_unlinked(path: Path) -> BinaryIO:
    """Open a plain file for reading. Raises OSError for anything else, links too."""
    _require_unlinked(os.lstat(path))
    flags = (getattr(os, name, 0) for name in ("O_NONBLOCK", "O_BINARY", "O_NOFOLLOW"))
    handle = os.open(path, os.O_RDONLY | sum(flags))
    try:
        _require_unlinked(os.fstat(handle))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _require_unlinked(found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, "it is a link, and a check follows none")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a plain file")


def _state_of(file: SealedFile, record: SealRecord, folders: Sequence[Path]) -> FileState:
    if not file.name:
        return _state_without_name(file, folders)
    others = {f.sha256 for f in record.files if f is not file and f.name == file.name}
    states = [_state_at(folder / file.name, file, others) for folder in folders]
    order = (State.UNCHANGED, State.CHANGED, State.UNREADABLE, State.MISSING)
    return min(states, key=lambda s: order.index(s.state))


def _state_at(path: Path, file: SealedFile, others: set[str]) -> FileState:
    """Return what became of the file if it is the one at this path.

    others  hashes of files of the same name in the record: a copy in a folder may be named as its
            original.
    """
    try:
        size, found = _size_and_hash_at(path)
    except FileNotFoundError:
        return FileState(file, State.MISSING, "no file of that name is there")
    except OSError as e:
        return FileState(file, State.UNREADABLE, reason(e))
    if found in others:
        return FileState(file, State.MISSING, "the file of that name is another of this record")
    is_same = (size, found) == (file.size, file.sha256)
    return FileState(file, State.UNCHANGED if is_same else State.CHANGED)


def _state_without_name(file: SealedFile, folders: Sequence[Path]) -> FileState:
    """Look for a file that has the size and the hash."""
    for folder in folders:
        try:
            entries = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError as e:
            return FileState(file, State.UNREADABLE, reason(e))
        for entry in entries:
            if _is_same(entry, file):
                return FileState(file, State.UNCHANGED, entry.name)
    return FileState(file, State.MISSING, "no file there has these bytes")


def _is_same(entry: os.DirEntry[str], file: SealedFile) -> bool:
    try:
        found = entry.stat(follow_symlinks=False)
        is_possible = stat.S_ISREG(found.st_mode) and found.st_size == file.size
        return is_possible and _size_and_hash_at(Path(entry.path))[1] == file.sha256
    except OSError:
        return False


def _size_and_hash_at(path: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with _open_unlinked(path) as f:
        while chunk := f.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _signature_of(path: Path, data: bytes, record: SealRecord, key: str) -> SignatureState:
    try:
        signature = _signature_beside(path)
    except OSError as e:
        return SignatureState(Signature.BROKEN, reason(e))
    used = key or record.key
    if signature is None:
        if used:
            return SignatureState(Signature.BROKEN, "its file is missing", used)
        return SignatureState(Signature.NONE)
    if not used:
        why = "the record names no key, and you named none with --public-key"
        return SignatureState(Signature.UNCHECKED, why)
    if record.key and record.key != used:
        return SignatureState(Signature.BROKEN, "the record names another key", record.key)
    if not minisign_keys.has_library():
        why = "the packages of the extra seal are missing; minisign can check it, too"
        return SignatureState(Signature.UNCHECKED, why, used)
    if not minisign_keys.holds(data, signature, used):
        why = "the record or the signature was changed, or another key signed"
        return SignatureState(Signature.BROKEN, why, used)
    return SignatureState(Signature.HOLDS if key else Signature.OF_UNKNOWN_KEY, "", used)


def _signature_beside(path: Path) -> bytes | None:
    """Return the content of the signature's file, or None without one. Raises OSError."""
    try:
        with _open_unlinked(path.with_name(path.name + SIGNATURE_SUFFIX)) as f:
            data = f.read(minisign_keys.LARGEST_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(data) > minisign_keys.LARGEST_BYTES:
        raise OSError(errno.EFBIG, "it is too large for a signature")
    return data
