"""Start a decoder behind walls, call it, and read its answers, within bounds of time and size."""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO, Self

from efface import errors
from efface.errors import InputError, SourceUnreadable, UnsupportedSource, WorkerDied
from efface.files import reason
from efface.media.decoder.decoder_messages import (
    GRANT,
    HEAD_BYTES,
    Call,
    FailedSaid,
    Finished,
    Larger,
    Ready,
    Role,
    Setup,
    answer_head,
    packed_call,
    write_all,
)
from efface.media.decoder.file_channel import FileServer
from efface.media.decoder.frame_slots import SLOTS, SlotReader
from efface.media.decoder.server_process import NoServer, server
from efface.media.decoder.typed_messages import Untrusted, read_message
from efface.walls.raising import Standing, address_space

ANSWER_S = 120.0
"""Time that a decoder has for an answer, on a small file."""

SLOWEST_BYTES_PER_S = 5 << 20
"""A decoder may read all of a file before it answers: from a slow disk at this rate."""

LEAST_MEMORY = 1 << 30
"""Bytes of address space for a decoder that decodes nothing."""

HINT = (
    "The file may be damaged, or made to do that: leave it out, or convert it with another "
    "program first."
)
FORBIDDEN = "it asked the system for something that its walls forbid (SIGSYS)"
NONSENSE = "it said something that makes no sense"


class Decoder:
    """One decoder. Closing it ends its process, whatever it does.

    name    of the file, for messages.
    source  the only file that it may open; None for bytes that are sent to it.
    memory  bytes of address space that it may take.
    role    what it does, if it does not decode a file.
    file    is read instead of `source`, which is then only a name. One decoder at a time reads it.
    """

    answer_s: float | None = None
    """Time that it has for an answer; None for one that depends on the size of the file."""

    def __init__(
        self,
        name: str,
        source: Path | None,
        memory: int,
        role: Role | None = None,
        file: BinaryIO | None = None,
    ) -> None:
        """Raises NoServer, SourceUnreadable, WorkerDied."""
        self._name, self._source, self._file = name, source, file
        self._served: FileServer | None = None
        self._closing = ExitStack()
        self._number: int | None = None
        with ExitStack() as closing:
            closing.callback(self.close)
            size = self._size()
            self._limit_s = ANSWER_S + size / SLOWEST_BYTES_PER_S
            self._begin(size)
            told = None if file is None else size
            self._send(packed_call(Setup(memory, _current_folder(), role, told)))
            ready = self._answer(Ready)
            self.walls = Standing(ready.standing, ready.missing)
            closing.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and release what it shares."""
        if self._number is not None:
            server.end(self._number)
            self._number = None
        self._closing.close()

    def answers(self, call: Call, *kinds: Any) -> Iterator[Any]:
        """Call, and yield the answers, which must be of these kinds.

        Raises what the call raises there, what reading `file` raised, and WorkerDied. Other answers
        than Finished are not trusted.
        """
        self._send(packed_call(call))
        for slot in range(SLOTS if self._slots.capacity else 0):
            self._grant(slot)
        while True:
            answer = self._answer(*kinds, Finished, FailedSaid, Larger)
            if isinstance(answer, FailedSaid):
                raise self._why_failed(answer)
            if isinstance(answer, Larger):
                self._make_room(answer.bytes)
            else:
                yield answer
                if isinstance(answer, Finished):
                    return

    def bound(self, memory: int) -> None:
        """Let it take no more than that many bytes of address space beyond what it has now."""
        if self._number is not None:
            with suppress(OSError, ValueError):  # it keeps its earlier bound
                most = address_space(self._number) + memory
                resource.prlimit(self._number, resource.RLIMIT_AS, (most, most))

    def provide(self, capacity: int, most: int) -> None:
        """Let the next call, and only that, write pictures of that many bytes, and of up to `most`
        if it asks. Raises NoServer where the system limits shared memory (ulimit -f)."""
        self._most, self._next, self._asked = most, 0, 0
        try:
            self._slots.enlarge(min(capacity, most))
        except OSError as e:
            raise NoServer(reason(e)) from e

    def _make_room(self, size: int) -> None:
        """Make the slots larger. It asks for each slot that was too small, and all that it wrote
        before has been read."""
        self._asked += 1
        if size > self._most or self._asked > SLOTS:
            raise self.distrusted()
        if size > self._slots.capacity:
            try:
                self._slots.enlarge(size)
            except (OSError, ValueError, OverflowError) as e:
                raise self.distrusted() from e
        self._let_write()

    def _let_write(self) -> None:
        self._grant(self._next)
        self._next = (self._next + 1) % SLOTS

    def copy_picture(self, into: memoryview) -> None:
        """Copy the samples of the answer that came last, and let the slot be written again."""
        try:
            self._slots.copy(self._next, into)
        except ValueError as e:
            raise self.distrusted() from e
        self._asked = 0
        self._let_write()

    def distrusted(self) -> WorkerDied:
        """Return the error for an answer that cannot be true."""
        return WorkerDied(self._name, NONSENSE, HINT)

    def _grant(self, slot: int) -> None:
        self._send(GRANT.pack(slot * self._slots.capacity, self._slots.capacity))

    def _size(self) -> int:
        if self._file is not None:
            return self._file.seek(0, os.SEEK_END)
        try:
            return os.stat(self._source).st_size if self._source is not None else 0
        except OSError as e:
            raise SourceUnreadable(self._source, reason(e)) from e

    def _begin(self, size: int) -> None:
        self._slots = SlotReader()
        self._closing.callback(self._slots.close)
        ours, theirs = socket.socketpair()
        self._pipe = self._closing.enter_context(ours)
        with theirs, ExitStack() as closing:
            handles = [theirs.fileno(), self._slots.memory]
            if self._file is not None:
                handles.append(closing.enter_context(self._channel(self._file, size)).fileno())
            elif self._source is not None:
                handles.append(self._opened(self._source))
                closing.callback(os.close, handles[-1])
            self._number = server.begin(handles)

    def _channel(self, file: BinaryIO, size: int) -> socket.socket:
        """Serve the file, and return the other end."""
        ours, theirs = socket.socketpair()
        self._served = FileServer(file, size, ours)
        self._closing.callback(self._served.close)
        return theirs

    def _opened(self, source: Path) -> int:
        try:
            return os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as e:
            raise SourceUnreadable(source, reason(e)) from e

    def _send(self, data: bytes) -> None:
        with suppress(OSError):  # a process that is gone is noticed where its answer is read
            write_all(self._pipe.fileno(), data)

    def _answer(self, *kinds: Any) -> Any:
        limit_s = self._limit_s if self.answer_s is None else self.answer_s
        until = time.monotonic() + limit_s
        try:
            kind, size = answer_head(self._read(HEAD_BYTES, until, limit_s), kinds)
            return read_message(kind, self._read(size, until, limit_s))
        except Untrusted as e:
            raise self.distrusted() from e

    def _read(self, count: int, until: float, limit_s: float) -> bytes:
        parts = b""
        poll = select.poll()
        poll.register(self._pipe.fileno(), select.POLLIN)
        while len(parts) < count:
            if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
                raise WorkerDied(self._name, f"it gave no answer for {limit_s:.0f} s", HINT)
            try:
                part = os.read(self._pipe.fileno(), count - len(parts))
            except OSError:
                part = b""
            if not part:
                raise self._death()
            parts += part
        return parts

    def _death(self) -> WorkerDied:
        code = server.end(self._number) if self._number is not None else 0
        self._number = None
        if code == -signal.SIGSYS:
            return WorkerDied(self._name, FORBIDDEN, HINT)
        if code < 0:
            with suppress(ValueError):
                return WorkerDied(
                    self._name, f"its decoder crashed ({signal.Signals(-code).name})", HINT
                )
        return WorkerDied(self._name, f"its decoder ended by itself (exit code {code})", HINT)

    def _why_failed(self, said: FailedSaid) -> Exception:
        """Return the error that the call failed with, or what reading its file failed with."""
        error, of_file = self._error(said), self._served.error if self._served else None
        return error if of_file is None or isinstance(error, InputError) else of_file

    def _error(self, said: FailedSaid) -> Exception:
        """Return the error that the call failed with. Its texts are printed, and nothing else."""
        if said.kind == "FFmpegError":
            from av.error import FFmpegError  # imports PyAV, which photos do not need

            return FFmpegError(said.number, said.texts[0] if said.texts else "")
        if said.kind == "MemoryError":
            why = "decoding it takes more memory than efface allows"
            return UnsupportedSource(self._source or self._name, why, "Raise --max-pixels.")
        kind = getattr(errors, said.kind, None)
        if isinstance(kind, type) and issubclass(kind, InputError):
            return _input_error(kind, str(self._source), said)
        return WorkerDied(self._name, f"its decoder failed ({said.kind})", HINT)


def _input_error(kind: type[InputError], path: str, said: FailedSaid) -> Exception:
    texts = [text[:1000] for text in said.texts[1:4]]
    if kind is errors.TooManyPixels:
        return errors.TooManyPixels(path, *(int(t) if t.isdecimal() else 0 for t in texts))
    if kind is errors.UndecodableFrame:
        return errors.UndecodableFrame(path, (texts or ["?"])[0], texts[1:2] == ["True"])
    return kind(path, *texts[:2])


def _current_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return "/"


def probe() -> Standing:
    """Return which walls stand around a decoder here. Raises NoServer."""
    try:
        with Decoder("", None, LEAST_MEMORY) as decoder:
            return decoder.walls
    except WorkerDied as e:
        raise NoServer(str(e)) from e
