"""Keys and signatures in minisign's format, so that strangers can check them without efface.

py-minisign, an optional package, is called only here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

from efface.errors import BadKey, ExtraMissing, TargetExists
from efface.files import open_plain, reason, writing

SIGNATURE_SUFFIX = ".minisig"
"""What minisign adds to the name of a signed file."""

LARGEST_BYTES = 1 << 14
"""Keys and signatures have some hundred bytes; minisign allows comments of 8 kB."""

NAME_SECRET = "Name a secret key that efface or minisign made."
NAME_PUBLIC = "Name a file that ends in .pub, or the word in its second line."

Ask = Callable[[], str]
"""Asks a person for the password of a key, and returns it."""


def has_library() -> bool:
    """Return whether signatures can be made and checked."""
    try:
        _library()
    except ExtraMissing:
        return False
    return True


def _library() -> ModuleType:
    try:
        import minisign
    except ImportError as e:
        raise ExtraMissing("seal") from e
    found: ModuleType = minisign
    return found


@dataclass(slots=True)
class Signer:
    """A secret key, ready to sign. Leaving the block overwrites it in memory.

    public  the public key, as one word.
    """

    _secret: Any = field(repr=False)
    public: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, at: TracebackType | None
    ) -> None:
        self._secret.wipe()

    def signature(self, data: bytes, seconds: int) -> bytes:
        """Return the signature file for these bytes. seconds: time of the signature, since 1970."""
        comment = f"timestamp:{seconds}\thashed"
        return bytes(self._secret.sign(data, trusted_comment=comment)) + b"\n"


def public_path_of(path: Path) -> Path:
    """Return where the public key belonging to a secret key's file lies."""
    return path.with_name(path.name.removesuffix(".key") + ".pub")


def require_free(path: Path) -> None:
    """Raise ExtraMissing or TargetExists if no key can be made there."""
    _library()
    for one in (path, public_path_of(path)):
        if os.path.lexists(one):
            raise TargetExists(one, hint="A key is never replaced. Choose another name.")


def make_key(path: Path, password: str) -> Signer:
    """Make a key, write it for its owner only, and the public key beside it.

    password  protects the file; empty for none.

    Raises ExtraMissing, TargetExists, WriteFailed.
    """
    library = _library()
    require_free(path)
    pair = library.KeyPair.generate()
    public = bytes(pair.public_key) + b"\n"
    if password:
        pair.secret_key.encrypt(password)
    secret = bytes(pair.secret_key) + b"\n"
    if password:
        pair.secret_key.decrypt(password)
    _write_new(path, secret, 0o600)
    _write_new(public_path_of(path), public, 0o644)
    return Signer(pair.secret_key, pair.public_key.to_base64().decode("ascii"))


def _write_new(path: Path, data: bytes, mode: int) -> None:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    with writing(path), os.fdopen(os.open(path, flags, mode), "wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())


def open_key(path: Path, ask: Ask) -> Signer:
    """Open a secret key that efface or minisign made. Raises ExtraMissing, BadKey."""
    library = _library()
    try:
        secret = library.SecretKey.from_bytes(_content(path, NAME_SECRET))
        if secret.is_encrypted():
            secret.decrypt(ask())
        public = secret.get_public_key().to_base64().decode("ascii")
    except (ValueError, MemoryError) as e:
        raise BadKey(path, _said(e), NAME_SECRET) from e
    return Signer(secret, public)


def public_key(named: str) -> str:
    """Return a public key as one word, from a file or from the word itself.

    Raises ExtraMissing, BadKey.
    """
    library, path = _library(), Path(named)
    try:
        if os.path.lexists(path):
            key = library.PublicKey.from_bytes(_content(path, NAME_PUBLIC))
        else:
            key = library.PublicKey.from_base64(named)
    except ValueError as e:
        raise BadKey(named, _said(e), NAME_PUBLIC) from e
    found: str = key.to_base64().decode("ascii")
    return found


def holds(data: bytes, signature: bytes, key: str) -> bool:
    """Return whether the signature was made for these bytes with this key. Raises ExtraMissing."""
    library = _library()
    try:
        public = library.PublicKey.from_base64(key)
        public.verify(data, library.Signature.from_bytes(signature))
    except ValueError:  # malformed, or of another key; the library's own errors are ValueErrors
        return False
    return True


def _content(path: Path, hint: str) -> bytes:
    try:
        with open_plain(path) as f:
            data = f.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as e:
        raise BadKey(path, reason(e) if isinstance(e, OSError) else str(e), hint) from e
    if len(data) > LARGEST_BYTES:
        raise BadKey(path, f"it has more than {LARGEST_BYTES >> 10} kB", hint)
    return data


def _said(error: BaseException) -> str:
    return str(error).split(";")[0].lower() or type(error).__name__
