"""Messages between machines: compressed, in pieces so small that Ray passes them from memory to
memory.

Ray puts larger objects into a store that it may move to the disk when it is full. The messages
include small pictures, with faces, of every frame of a video. On the disk of somebody else's
machine they would outlive the run.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from efface.pipeline.perceive import Perceived
from efface.track.follow import Grey

PIECE = 64 << 10
"""Bytes. Ray's limit is 100 kB."""

Piece = tuple[bool, bytes]
"""Whether it ends a message, and its bytes."""


def pieces(messages: Iterable[object]) -> Iterator[Piece]:
    """Yield the messages in pieces."""
    for message in messages:
        small = _in_rows(message) if isinstance(message, Perceived) else message
        pressed = zlib.compress(pickle.dumps(small, pickle.HIGHEST_PROTOCOL), 1)
        starts = range(0, len(pressed), PIECE)
        yield from ((at == starts[-1], pressed[at : at + PIECE]) for at in starts)


def messages(received: Iterable[Piece]) -> Iterator[Any]:
    """Restore the messages. An incomplete message at the end is dropped."""
    held: list[bytes] = []
    for is_last, piece in received:
        held.append(piece)
        if is_last:
            message = pickle.loads(zlib.decompress(b"".join(held)))
            held.clear()
            yield _from_rows(message) if isinstance(message, Perceived) else message


def _in_rows(one: Perceived) -> Perceived:
    # Differences of neighbouring rows are small numbers: they compress to half the bytes instead of
    # two thirds, in the same 8 ms.
    return replace(one, view=_differences(one.view), grey=_differences(one.grey))


def _differences(picture: Grey | None) -> Grey | None:
    return (
        None
        if picture is None
        else np.diff(picture, axis=0, prepend=np.zeros((1, picture.shape[1]), np.uint8))
    )


def _from_rows(one: Perceived) -> Perceived:
    return replace(one, view=_sums(one.view), grey=_sums(one.grey))


def _sums(differences: Grey | None) -> Grey | None:
    return None if differences is None else np.cumsum(differences, axis=0, dtype=np.uint8)
