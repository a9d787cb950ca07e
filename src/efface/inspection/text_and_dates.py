"""Format texts that state an encoding, and dates that count from a container's own epoch."""

from __future__ import annotations

import datetime
import re

EPOCHS = {"mp4": datetime.datetime(1904, 1, 1), "matroska": datetime.datetime(2001, 1, 1)}


def date_text(epoch: datetime.datetime, seconds: float) -> str:
    try:
        return f"{epoch + datetime.timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError):
        return f"{seconds:g} s after {epoch:%Y}"


def decoded_words(raw: bytes) -> str:
    """Return the readable text in bytes of unknown kind: words of at least four letters."""
    wide = re.findall(rb"(?:[\x20-\x7e]\0){4,}", raw)
    plain = [w.decode("utf-16-le") for w in wide] or [
        w.decode("ascii") for w in re.findall(rb"[\x20-\x7e]{4,}", raw)
    ]
    return ", ".join(plain[:12])
