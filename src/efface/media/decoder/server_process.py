"""Start the process from which decoders are forked, and ask it for them.

This module loads quickly: a worker starts that process before it loads anything else, so that both
load at the same time.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress

from efface.media.decoder import decoder_server

IS_OFFERED = sys.platform.startswith("linux")
"""Whether this system can fork decoders, and has walls."""

START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from efface.media.decoder.decoder_server import main; main(int(sys.argv[2]))"
)


LARGE_PAGES = "glibc.malloc.hugetlb=1"
"""Each decoder takes fresh memory. In pages of 4 kB that cost as much as decoding a photo: 53,000
page faults for 12 megapixels, 100 ms. Where the kernel offers large pages, it is 23 ms."""


class NoServer(Exception):
    """This system starts no process from which decoders could be forked, or lets it share no
    memory."""


class _Server:
    """This process's end of the connection to the server. Several threads may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def begin(self, handles: list[int]) -> int:
        """Start a decoder with these descriptors, and return its number. Raises NoServer."""
        with self._lock:
            for _ in range(2):  # it ends when it is idle
                with suppress(OSError):
                    answer = self._asked(decoder_server.BEGIN, handles)
                    if answer is not None:
                        return answer
                self._forget()
        raise NoServer("it ends at once")

    def end(self, number: int) -> int:
        """End a decoder if it has not ended, and return its exit code; 0 if nobody knows it."""
        with self._lock, suppress(OSError, NoServer):
            if self._connection is not None:
                asked = decoder_server.END + decoder_server.NUMBER.pack(number)
                return self._asked(asked, []) or 0
        return 0

    def prepare(self) -> bool:
        """Start the server, which takes a moment to load its libraries. Return whether it runs."""
        with self._lock, suppress(NoServer):
            self._connected()
            return True
        return False

    def close(self) -> None:
        """End the server, and with it all decoders."""
        with self._lock:
            self._forget()

    def _asked(self, message: bytes, handles: list[int]) -> int | None:
        connection = self._connected()
        socket.send_fds(connection, [message], handles)
        answer = connection.recv(decoder_server.NUMBER.size)
        return int(decoder_server.NUMBER.unpack(answer)[0]) if answer else None

    def _connected(self) -> socket.socket:
        if self._owner != os.getpid():  # a fork has the connection of its parent
            self._connection, self._process, self._owner = None, None, os.getpid()
        if self._connection is None:
            try:
                self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    self._process = _started(theirs.fileno())
            except OSError as e:
                self._forget()
                raise NoServer(str(e)) from e
        return self._connection

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None


def _started(handle: int) -> subprocess.Popen[bytes]:
    paths = [os.path.abspath(p) for p in sys.path if p]
    kept = {n: os.environ[n] for n in ("LD_LIBRARY_PATH",) if n in os.environ}
    # With more than one thread the server could not be forked.
    alone = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-I", "-c", START, json.dumps(paths), str(handle)],
        env=kept | alone | {"LC_ALL": "C.UTF-8", "GLIBC_TUNABLES": LARGE_PAGES},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # a terminal obeys what is written to it
        pass_fds=(handle,),
        start_new_session=True,
    )


server = _Server()
atexit.register(server.close)
