"""Remote sources and targets:

`s3://`, `gs://`, `az://`, `sftp://`. Connections go only to addresses that the user named.

FFmpeg and the hash checks need a file. So a source is copied into a private folder, and processed
there like any other. The result is published under its name when it is whole and checked. Where the
store supports it, it is written in one piece; otherwise it is written under a hidden name and then
moved. The uploaded file is read back and compared.

Inside efface an address is a Path like any other: `s3:/bucket/name`, which pathlib makes of
`s3://bucket/name`. Credentials come from the places where the packages of these protocols look for
them (environment, configuration of fsspec), and never from an address.
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
    NOTHING_WRITTEN,
    EffaceError,
    ExtraMissing,
    SourceUnreadable,
    TargetExists,
    UsageError,
    WriteFailed,
    printable,
)  # fmt: skip
from efface.files import CHUNK, reason, sha256_of
from efface.private_folders import DRAFTS

PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "sftp": "paramiko"}
"""The package that each protocol needs besides fsspec."""

WHOLE = frozenset(("s3", "gs", "az"))
"""Stores in which a file appears whole or not at all, and which can refuse to replace one."""

BLOCK = 4 << 20
"""Number of bytes to fetch at once when only parts of a file are read."""


def is_remote(path: Path) -> bool:
    """Return whether the path stands for an address."""
    first = path.parts[0] if path.parts else ""
    return first.endswith(":") and first[:-1] in PACKAGES


def path_of(text: str) -> Path:
    """Return the path for an address or path that the user wrote.

    Raises UsageError for an address that efface cannot use.
    """
    protocol, mark, rest = text.partition("://")
    if not mark or not protocol.isalnum():
        return Path(text)
    if protocol == "file":
        return Path(rest)
    if protocol not in PACKAGES:
        known = ", ".join(f"{p}://" for p in PACKAGES)
        raise UsageError(
            f"{printable(protocol)}:// is not supported. Supported are {known}. {NOTHING_WRITTEN}"
        )
    user, at, _ = rest.partition("/")[0].rpartition("@")
    if at and ":" in user:
        raise UsageError(
            "A password in an address is seen by others: leave it to the configuration. "
            f"{NOTHING_WRITTEN}"
        )
    if "::" in rest:
        raise UsageError(f"An address inside of another cannot be used. {NOTHING_WRITTEN}")
    return Path(text)


def address(path: Path) -> str:
    """Return the address or path in the form that people write."""
    return f"{path.parts[0]}//{'/'.join(path.parts[1:])}" if is_remote(path) else str(path)


def is_folder(path: Path) -> bool:
    """Return whether there are files below that address; False if this cannot be determined.

    Raises ExtraMissing.
    """
    try:
        with _reading(path):
            store, name = _store(path)
            return bool(store.isdir(name))
    except SourceUnreadable:  # it is reported when its turn comes
        return False


def exists(path: Path) -> bool:
    """Return whether a file or folder exists at that address.

    Raises SourceUnreadable, ExtraMissing.
    """
    with _reading(path):
        store, name = _store(path)
        return bool(store.exists(name))


def media_below(folder: Path, but: Path | None) -> list[Path]:
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
        p
        for p in paths
        if is_media_name(p) and DRAFTS not in str(p) and not (but and p.is_relative_to(but))
    ]


@contextmanager
def opened_part(path: Path) -> Iterator[BinaryIO]:
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


def fetch(path: Path, here: Path) -> None:
    """Copy the file from an address to `here`. Raises SourceUnreadable, ExtraMissing."""
    with _reading(path):
        store, name = _store(path)
        store.get_file(name, str(here))


def publish(draft: Path, target: Path, *, overwrite: bool) -> None:
    """Put a file at an address, whole or not at all, and read it back.

    Raises TargetExists, WriteFailed, ExtraMissing.
    """
    with _writing(target):
        store, name = _store(target)
        if not overwrite and store.exists(name):
            raise TargetExists(address(target))
        if target.parts[0][:-1] in WHOLE:
            how = {} if overwrite else {"mode": "create"}
            store.put_file(str(draft), name, **how)
            _require_same(draft, store, name, target)
        else:
            _move_in(draft, store, name, target, overwrite=overwrite)


def remove(path: Path) -> None:
    """Remove a file, if that is possible."""
    with suppress(Exception):
        store, name = _store(path)
        store.rm_file(name)


def _move_in(draft: Path, store: Any, name: str, target: Path, *, overwrite: bool) -> None:
    parent = name.rpartition("/")[0]
    store.makedirs(parent, exist_ok=True)
    part = f"{parent}/{DRAFTS}{secrets.token_hex(8)}"
    try:
        store.put_file(str(draft), part)
        _require_same(draft, store, part, target)
        if store.exists(name):
            if not overwrite:
                raise TargetExists(address(target))
            store.rm_file(name)  # many servers refuse to move a file onto another
        store.mv(part, name)
    except BaseException:
        with suppress(Exception):
            store.rm_file(part)
        raise


def _require_same(draft: Path, store: Any, name: str, target: Path) -> None:
    digest = hashlib.sha256()
    with store.open(name, "rb", block_size=BLOCK, cache_type="readahead") as f:
        while chunk := f.read(CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != sha256_of(draft):
        with suppress(Exception):
            store.rm_file(name)
        raise WriteFailed(
            address(target),
            "what arrived there is not what was sent",
            "Run the same command again.",
        )


def _store(path: Path) -> tuple[Any, str]:
    """Return the file system of an address, and the name in it."""
    protocol = path.parts[0][:-1]
    try:
        import fsspec

        store, name = fsspec.core.url_to_fs(address(path), use_listings_cache=False)
    except ImportError as e:
        raise ExtraMissing("remote", PACKAGES[protocol]) from e
    return store, name


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn any error of a store into SourceUnreadable.

    The store's own words are left out: an error may quote a signed address, or a header.
    """
    try:
        yield
    except EffaceError:
        raise
    except Exception as e:
        raise SourceUnreadable(address(path), _why(e)) from e


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except EffaceError:
        raise
    except FileExistsError as e:
        raise TargetExists(address(path)) from e
    except Exception as e:
        raise WriteFailed(address(path), _why(e)) from e


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file, folder or bucket"
    if isinstance(error, PermissionError):
        return "permission denied"
    return reason(error) if isinstance(error, OSError) and error.errno else type(error).__name__
