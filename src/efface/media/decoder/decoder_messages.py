"""What a decoder's process and the process that uses it tell each other.

Calls come from the process that uses it, and are trusted. Answers are not: they are read by their
types (`typed_messages`), and their values are checked where they are used.
"""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from efface.geometry import Size
from efface.media.decoder.frame_slots import SlotWriter
from efface.media.decoder.typed_messages import (
    LARGEST_MESSAGE,
    Untrusted,
    packed_message,
)
from efface.media.still.image_reader import Traits
from efface.media.still.jpeg_coefficients import Component
from efface.walls.raising import Standing

T = TypeVar("T")

_HEAD, _LENGTH = struct.Struct("<BI"), struct.Struct("<I")
GRANT = struct.Struct("<QQ")
"""A slot that may be written: where it begins, and its bytes."""


class Role(Protocol):
    """What a process does instead of decoding a file. It travels to that process."""

    def raise_walls(self, readable: list[str | int]) -> Standing:
        """Raise the walls. readable: folders of the installation, and the file if there is one."""

    def served(self, pipe: int, slots: SlotWriter) -> Served:
        """Return what answers calls."""


class Served(Protocol):
    """Answers calls: each call is of one of its methods, which yields answers."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what was noted about the source."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the process needs before it raises its walls.

    memory  bytes of address space beyond what it has.
    folder  the current one, from which the path of the file may start.
    role    what it does, if it does not decode a file.
    size    of a file that it reads through `file_channel`; None if it opens the file itself.
    """

    memory: int
    folder: str
    role: Role | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a method. See `decoder_process`."""

    method: str
    arguments: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """The walls stand, as far as the system offers them."""

    CODE: ClassVar[int] = 0
    standing: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StillInfoSaid:
    """A `SourceInfo` of a photo or an animation, without its path."""

    CODE: ClassVar[int] = 1
    medium: Literal["photo", "animation"]
    format: str
    frame_count: int
    size_wh: Size
    notes: tuple[str, ...]
    traits: Traits


@dataclass(frozen=True, slots=True)
class PageSaid:
    """A page, whose samples are in the next slot. tail_ms: see `Traits`. notes: all of the
    source."""

    CODE: ClassVar[int] = 2
    index: int
    pts: int
    is_bad: bool
    is_alone: bool
    shape: tuple[int, int, int]
    model: Literal["gray", "rgb", "cmyk"]
    depth: int
    has_alpha: bool
    tail_ms: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlocksSaid:
    """The blocks of a JPEG, whose coefficients are in the next slot, one component after the
    other, as 16-bit numbers."""

    CODE: ClassVar[int] = 10
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Larger:
    """The next picture needs a slot of that many bytes."""

    CODE: ClassVar[int] = 7
    bytes: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The call is done. notes: all of the source."""

    CODE: ClassVar[int] = 8
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedSaid:
    """The call failed with that error. texts: its arguments. number: of an error of FFmpeg."""

    CODE: ClassVar[int] = 9
    kind: str
    texts: tuple[str, ...] = ()
    number: int = 0


class Answer(Protocol):
    """A dataclass that a decoder sends. CODE tells its class."""

    CODE: ClassVar[int]


def send_answer(pipe: int, answer: Answer) -> None:
    """Write an answer to a pipe."""
    data = packed_message(answer)
    write_all(pipe, _HEAD.pack(answer.CODE, len(data)) + data)


def answer_head(data: bytes, kinds: Sequence[type[T]]) -> tuple[type[T], int]:
    """Return which of these an answer is, and how many bytes follow. Raises Untrusted."""
    code, size = _HEAD.unpack(data)
    for kind in kinds:
        if getattr(kind, "CODE", None) == code and size <= LARGEST_MESSAGE:
            return kind, size
    raise Untrusted("an answer to another question, or an endless one")


HEAD_BYTES = _HEAD.size


def read_call(pipe: int) -> Any:
    """Return the next object that the other end sends: calls are trusted."""
    (size,) = _LENGTH.unpack(read_all(pipe, _LENGTH.size))
    return pickle.loads(read_all(pipe, size))


def packed_call(call: object) -> bytes:
    """Return what `read_call` reads."""
    data = pickle.dumps(call)
    return _LENGTH.pack(len(data)) + data


def write_all(pipe: int, data: bytes) -> None:
    """Write all bytes to a pipe."""
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]


def read_all(pipe: int, count: int) -> bytes:
    """Read exactly that many bytes from a pipe. Raises EOFError."""
    parts = []
    while count:
        part = os.read(pipe, min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
