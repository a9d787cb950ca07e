"""Signs files with c2pa-python, without any network.

Only this module and `c2pa_reading` call that library.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import IO, Any

from efface.content_credentials.c2pa_reading import SETTINGS
from efface.errors import ExtraMissing

MIME = {
    "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "tiff": "image/tiff",
    "gif": "image/gif", "heif": "image/heic", "avif": "image/avif", "mp4": "video/mp4",
    "avi": "video/avi",
}  # fmt: skip
"""Type of each format that can be signed, by the names of `containers.sniff`. MOV is "mp4"."""


class SigningRefused(Exception):
    """The library did not sign. The text says why."""


def require_library() -> None:
    """Raise ExtraMissing if nothing can be signed."""
    try:
        import c2pa
        import cryptography  # noqa: F401

        c2pa.Settings  # noqa: B018  a package of the same name would lack it
    except (ImportError, AttributeError) as e:
        raise ExtraMissing("c2pa") from e


def signed(
    definition: dict[str, Any], algorithm: str, chain: bytes, key: bytes, source: IO[bytes],
    target: IO[bytes], mime: str,
) -> bytes:  # fmt: skip
    """Write the signed copy of a file to another, and return the manifest store in it.

    chain, key  as PEM, the key without password.

    Raises SigningRefused, OSError.
    """
    import c2pa

    try:
        about = c2pa.C2paSignerInfo(algorithm.encode(), chain, key, None)
        context = c2pa.Context(c2pa.Settings.from_dict(SETTINGS), c2pa.Signer.from_info(about))
        with c2pa.Builder(json.dumps(definition), context) as builder:
            found: bytes = builder.sign(mime, source, target)
    except c2pa.C2paError as e:
        raise SigningRefused(_said(e)) from e
    return found


def _said(error: Exception) -> str:
    """Return what the library says as a clause on one line."""
    text = " ".join(str(error).split()).strip().rstrip(".")
    return text[:200] or type(error).__name__


def sign_file(
    definition: dict[str, Any], algorithm: str, chain: bytes, key: bytes, path: Path, target: Path,
    mime: str,
) -> bytes:  # fmt: skip
    """Sign a file into a new one, and return the manifest store. Raises SigningRefused, OSError."""
    with open(path, "rb") as source, open(target, "x+b") as copy:
        return signed(definition, algorithm, chain, key, source, copy, mime)


def signed_bytes(
    definition: dict[str, Any], algorithm: str, chain: bytes, key: bytes, data: bytes, mime: str
) -> bytes:
    """Return the signed copy of a small file. Raises SigningRefused."""
    copy = io.BytesIO()
    signed(definition, algorithm, chain, key, io.BytesIO(data), copy, mime)
    return copy.getvalue()
