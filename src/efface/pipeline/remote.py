"""Remote sources and targets:

`s3://`, `gs://`, `az://`, `sftp://`. Connections go only to addresses that the user named.

FFmpeg and the hash checks need a file. So a source is copied into a private folder, and processed
there like any other. The result is published under its name when it is whole and checked. Where the
store supports it, it is written in one piece; otherwise it is written under a hidden name and then
moved. The uploaded file is read back and compared.

Credentials come from the places where the packages of these protocols look for them (environment,
configuration of fsspec), and never from an address (see `remote_address`).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from efface.containers.sniff import is_media_name
from efface.errors import (
    EffaceError,
    ExtraMissing,
    SourceUnreadable,
    TargetExists,
    WriteFailed,
)
from efface.files import CHUNK, reason, sha256_of
from efface.pipeline.remote_address import PACKAGES, Location, RemoteAddress
from efface.private_folders import DRAFTS

WHOLE = frozenset(("s3", "gs", "az"))
"""Stores in which a file appears whole or not at all, and which can refuse to replace one."""

BLOCK = 4 << 20
"""Number of bytes to fetch at once when only parts of a file are read."""


def is_folder(path: RemoteAddress) -> bool:
    """Return whether there are files below that address; False if this cannot be determined.

    Raises ExtraMissing.
    """
    try:
        with _reading(path):
            store, name = _store(path)
            return bool(store.isdir(name))
    except SourceUnreadable:  # it is reported when its turn comes
        return False


def exists(path: RemoteAddress) -> bool:
    """Return whether a file or folder exists at that address.

    Raises SourceUnreadable, ExtraMissing.
    """
    with _reading(path):
        store, name = _store(path)
        return bool(store.exists(name))


def media_below(folder: RemoteAddress, but: Location | None) -> list[RemoteAddress]:
    """Return photos and videos below an address, by their names, without those below `but`.

    Raises SourceUnreadable, ExtraMissing.
    """
    with _reading(folder):
        store, name = _store(folder)
        found = sorted(store.find(name))
    root = PurePosixPath(name)
    paths = [
        folder / PurePosixPath(f).relative_to(root)
        for f in found
        if PurePosixPath(f).is_relative_to(root)
    ]
    return [
        p for p in paths if is_media_name(p.path) and DRAFTS not in str(p) and not _is_below(p, but)
    ]


def _is_below(address: RemoteAddress, folder: Location | None) -> bool:
    return isinstance(folder, RemoteAddress) and address.is_relative_to(folder)


@contextmanager
def opened_part(path: RemoteAddress) -> Iterator[BinaryIO]:
    """Open the file at an address.

    Only the parts read are fetched; nothing is kept. Raises SourceUnreadable, ExtraMissing.
    """
    with _reading(path):
        store, name = _store(path)
        file = store.open(name, "rb", block_size=BLOCK)
    try:
        yield file
    finally:
        file.close()


def fetch(path: RemoteAddress, here: Path) -> None:
    """Copy the file from an address to `here`. Raises SourceUnreadable, ExtraMissing."""
    with _reading(path):
        store, name = _store(path)
        store.get_file(name, str(here))


def publish(draft: Path, target: RemoteAddress, *, overwrite: bool) -> None:
    """Put a file at an address, whole or not at all, and read it back.

    Raises TargetExists, WriteFailed, ExtraMissing.
    """
    with _writing(target):
        store, name = _store(target)
        if not overwrite and store.exists(name):
            raise TargetExists(target)
        if target.protocol in WHOLE:
            how = {} if overwrite else {"mode": "create"}
            store.put_file(str(draft), name, **how)
            _require_same(draft, store, name, target)
        else:
            _move_in(draft, store, name, target, overwrite=overwrite)


def remove(path: RemoteAddress) -> None:
    """Remove a file, if that is possible."""
    with suppress(Exception):
        store, name = _store(path)
        store.rm_file(name)


def _move_in(draft: Path, store: Any, name: str, target: RemoteAddress, *, overwrite: bool) -> None:
    parent = name.rpartition("/")[0]
    store.makedirs(parent, exist_ok=True)
    part = f"{parent}/{DRAFTS}{secrets.token_hex(8)}"
    try:
        store.put_file(str(draft), part)
        _require_same(draft, store, part, target)
        if store.exists(name):
            if not overwrite:
                raise TargetExists(target)
            store.rm_file(name)  # many servers refuse to move a file onto another
        store.mv(part, name)
    except BaseException:
        with suppress(Exception):
            store.rm_file(part)
        raise


def _require_same(draft: Path, store: Any, name: str, target: RemoteAddress) -> None:
    digest = hashlib.sha256()
    with store.open(name, "rb", block_size=BLOCK, cache_type="readahead") as f:
        while chunk := f.read(CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != sha256_of(draft):
        with suppress(Exception):
            store.rm_file(name)
        raise WriteFailed(
            str(target),
            "what arrived there is not what was sent",
            "Run the same command again.",
        )


def _store(path: RemoteAddress) -> tuple[Any, str]:
    """Return the file system of an address, and the name in it."""
    try:
        import fsspec

        store, name = fsspec.core.url_to_fs(str(path), use_listings_cache=False)
    except ImportError as e:
        raise ExtraMissing("remote", PACKAGES[path.protocol]) from e
    return store, name


@contextmanager
def _reading(path: RemoteAddress) -> Iterator[None]:
    """Turn any error of a store into SourceUnreadable.

    The store's own words are left out: an error may quote a signed address, or a header.
    """
    try:
        yield
    except EffaceError:
        raise
    except Exception as e:
        raise SourceUnreadable(str(path), _why(e)) from e


@contextmanager
def _writing(path: RemoteAddress) -> Iterator[None]:
    try:
        yield
    except EffaceError:
        raise
    except FileExistsError as e:
        raise TargetExists(str(path)) from e
    except Exception as e:
        raise WriteFailed(str(path), _why(e)) from e


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file, folder or bucket"
    if isinstance(error, PermissionError):
        return "permission denied"
    return reason(error) if isinstance(error, OSError) and error.errno else type(error).__name__
