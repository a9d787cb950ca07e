"""Model weights, loaded from the wheel into memory and checked against a checksum."""

from __future__ import annotations

import hashlib
from importlib import resources

from efface.errors import ModelUnusable
from efface.options import DetectOptions


def of_precision(name: str, options: DetectOptions) -> str:
    """Return the network's name for the precision that it computes with.

    See training/quantise.py.
    """
    return f"{name}-int8" if options.precision == "int8" else name


def load_weights(name: str) -> tuple[bytes, str]:
    """Return the model's bytes and their SHA-256.

    Raises ModelUnusable if it is missing or differs from the pinned checksum.
    """
    home = resources.files("efface.detect")
    try:
        pinned = (home / f"{name}.sha256").read_text("ascii").split()[0]
        data = (home / "models" / f"{name}.onnx").read_bytes()
    except (OSError, IndexError, UnicodeDecodeError) as e:
        raise ModelUnusable(name, "its file is missing or cannot be read") from e
    found = hashlib.sha256(data).hexdigest()
    if found != pinned:
        raise ModelUnusable(
            name,
            f"its file was altered or damaged (SHA-256 {found[:12]}…, expected {pinned[:12]}…)",
        )
    return data, found
