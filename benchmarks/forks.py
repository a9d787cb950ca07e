"""Forks of a process that has imported efface: a file costs little more than its own work, and each
has bounds.

A benchmark starts itself again with `--serve`, and there calls `Forks.serve` with what is to be
done in each fork. Linux only.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

CODE_OF_AN_EXCEPTION = 70


class Forks:
    """The process that forks itself, as seen by the one that asks."""

    def __init__(self, script: str, seconds: float, gigabytes: float) -> None:
        """script: the benchmark. seconds, gigabytes: bounds of each fork."""
        self._script, self._bounds = script, (seconds, int(gigabytes * 2**30))

    def __enter__(self) -> Forks:
        command = [sys.executable, self._script, "--serve"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, *arguments: Any) -> tuple[int | None, str]:
        """Exit code, None where it took too long, and what it wrote to standard output and
        error."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([*self._bounds, arguments]), file=self._process.stdin, flush=True)
        code, said = json.loads(self._process.stdout.readline())
        return code, said

    @staticmethod
    def serve(do: Callable[..., None]) -> None:
        """Do what standard input asks for, line by line, each in a fork.

        `do` may end the process.
        """
        _import_all()
        for line in sys.stdin:
            seconds, most, arguments = json.loads(line)
            with tempfile.TemporaryFile() as said:
                pid = os.fork()
                if pid == 0:
                    os.setsid()
                    os.dup2(said.fileno(), 1)
                    os.dup2(said.fileno(), 2)
                    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
                    _do_and_end(do, arguments)
                code = _ended(pid, seconds)
                said.seek(0)
                print(json.dumps([code, said.read().decode("utf-8", "replace")]), flush=True)


def _import_all() -> None:
    """Load what a redaction loads, and let the decoders' server be a fork, too: to start it anew
    takes half a second."""
    import efface.cli.main
    import efface.cli.progress
    import efface.cli.summary
    import efface.pipeline.worker_process
    import efface.report  # noqa: F401
    from efface.media.decoder import decoder_server, server_process

    decoder_server._installation()
    server_process._started = _forked_server  # type: ignore[assignment]


class _Fork:
    """As much of subprocess.Popen as the client of the decoders' server uses."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> None:
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def _forked_server(handle: int) -> _Fork:
    """Fork the server of the decoders. It keeps no descriptor but the one of its connection."""
    from efface.media.decoder import decoder_server

    pid = os.fork()
    if pid:
        return _Fork(pid)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nowhere, standard)
    os.closerange(3, handle)
    os.closerange(handle + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.setsid()
    os.chdir("/")
    decoder_server.main(handle)
    os._exit(0)


def _do_and_end(do: Callable[..., None], arguments: list[Any]) -> None:
    code = 0
    try:
        do(*arguments)
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = CODE_OF_AN_EXCEPTION
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ended(pid: int, seconds: float) -> int | None:
    """The exit code of a child, None where it had to be ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None
