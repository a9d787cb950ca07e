"""Ray: how functions are called on other machines. The only module that knows it.

A call is one task that streams its answer. It is not repeated by Ray but by whoever calls: pieces of two attempts must not mix,
and what an attempt already did counts.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from efface.cluster.wire_format import Piece, messages, pieces
from efface.errors import ClusterUnusable, ExtraMissing

WAIT_S = 0.5
"""How often a call that hears nothing looks whether it should go on."""

DESERTED_S = 60.0
"""So long a cluster may have no processor at all; then nobody will ever answer."""


LONGEST_TEMP = 24
"""Characters of the system's temporary folder, so that Ray's sockets below it, 80 further on, can be named."""

END_S = 5.0
"""A task that is cancelled has so long to remove its draft."""


class Lost(Exception):
    """The machine or the process that worked on a call is gone. The argument says what Ray knows, as a clause."""


class Stopped(Exception):
    """The run ends; nobody wants the answer."""


class Calls:
    """Calls to a cluster.

    address  None starts Ray on this machine, for this run; otherwise as `ray.init` takes it.

    Raises ExtraMissing, ClusterUnusable.
    """

    def __init__(self, address: str | None) -> None:
        self._stopped = threading.Event()
        self._leaving = ExitStack()
        self._ray = _imported(address, self._leaving)
        if not self._ray.is_initialized():  # whoever is connected already stays so
            _connect(self._ray, address, self._leaving)
        how = {"num_cpus": 1, "max_retries": 0, "num_returns": "streaming"}
        self._task = self._ray.remote(**how)(_serve)

    def close(self) -> None:
        """Ends every call, and leaves the cluster."""
        self.stop()
        self._leaving.close()

    def stop(self) -> None:
        """Ends every call with Stopped."""
        self._stopped.set()

    @property
    def slots(self) -> int:
        """Calls that can be worked on at the same time, as many as the cluster has processors."""
        return int(self._ray.cluster_resources().get("CPU", 0))

    def answers(
        self, function: Callable[..., Iterator[object]], argument: object, over: threading.Event | None = None
    ) -> Iterator[Any]:
        """What the function says on some machine. `over` ends it, too. Raises Lost, Stopped, ClusterUnusable."""
        stream = self._task.remote(*(piece for _, piece in pieces([(function, argument)])))
        try:
            yield from messages(self._received(stream, over or self._stopped))
        finally:
            self._let_go(stream)

    def _let_go(self, stream: Any) -> None:
        """Cancels the task, and waits for it a little: it may have a draft to remove."""
        with suppress(Exception):
            self._ray.cancel(stream)
            until = time.monotonic() + END_S
            while time.monotonic() < until:
                if self._ray.wait([stream], timeout=WAIT_S, fetch_local=True)[0]:
                    next(stream)  # raises at its end

    def _received(self, stream: Any, over: threading.Event) -> Iterator[Piece]:
        errors = self._ray.exceptions
        try:
            while (piece := self._next(stream, over)) is not None:
                yield piece
        except errors.RayTaskError as e:  # everything that efface raises travels as a message
            raise ClusterUnusable(
                f"a machine cannot do what it is asked for ({type(e.cause).__name__})",
                "Is the same efface installed on all of them?",
            ) from e
        except errors.RayError as e:
            raise Lost(type(e).__name__) from e

    def _next(self, stream: Any, over: threading.Event) -> Piece | None:
        """Waits until there is something to take; None at the end."""
        deserted = 0.0
        while True:
            ready, _ = self._ray.wait([stream], timeout=WAIT_S, fetch_local=True)
            if self._stopped.is_set() or over.is_set():
                raise Stopped
            if ready:
                try:
                    piece: Piece = self._ray.get(next(stream))
                except StopIteration:
                    return None
                return piece
            deserted = 0.0 if self.slots else deserted + WAIT_S
            if deserted > DESERTED_S:
                raise ClusterUnusable("no machine is left that has a processor")


def _serve(*request: bytes) -> Iterator[Piece]:
    """Runs on a worker."""
    function, argument = next(messages((i == len(request) - 1, piece) for i, piece in enumerate(request)))
    yield from pieces(function(argument))


def _imported(address: str | None, leaving: ExitStack) -> Any:
    """Ray, which reads its settings from the environment while it is imported."""
    settings = {"RAY_USAGE_STATS_ENABLED": "0"}
    if address is None and "ray" not in sys.modules:
        # It listens on every interface; a token of this run, which is nowhere on the disk, keeps strangers from giving orders.
        settings |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    leaving.enter_context(_environment(settings))
    try:
        import ray
    except ImportError as e:
        leaving.close()
        raise ExtraMissing("ray") from e
    return ray


def _connect(ray: Any, address: str | None, leaving: ExitStack) -> None:
    """Connects to a cluster, and notes how to leave it."""
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    how: dict[str, Any] = {"log_to_driver": False, "configure_logging": False, "logging_level": logging.CRITICAL}
    if address is None:
        # Its session folder, with logs and sockets, would be open to everybody in /tmp, and stay there.
        folder = leaving.enter_context(private_temp_dir())
        alone = {"include_dashboard": False, "_system_config": {"automatic_object_spilling_enabled": False}}
        how |= {**alone, "_temp_dir": str(folder / "ray")}  # Ray opens the folder that it is given to everybody
    leaving.callback(ray.shutdown)
    leaving.enter_context(_unsaid(ray))
    try:
        with _own_signals():
            ray.init(address=address or "local", **how)
    except Exception as e:
        leaving.close()
        hint = "Is it running, of the same version of Ray and of Python, and is its token known here?" if address else ""
        raise ClusterUnusable(f"it cannot be reached ({type(e).__name__})", hint) from e


@contextmanager
def private_temp_dir() -> Iterator[Path]:
    """A folder (0700) for Ray, removed on leaving. Its name is short, as names of sockets are limited to some hundred bytes."""
    usual = tempfile.gettempdir()
    is_long = len(usual) > LONGEST_TEMP and os.path.isdir("/tmp")
    folder = Path(tempfile.mkdtemp(prefix="efface-", dir="/tmp" if is_long else usual))
    try:
        yield folder
    finally:
        until = time.monotonic() + END_S
        while folder.exists() and time.monotonic() < until:  # processes of Ray that are ending still write to it
            shutil.rmtree(folder, ignore_errors=True)
            time.sleep(0.05)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Variables that the processes of Ray inherit, where the user has not set them."""
    mine = {k: v for k, v in values.items() if k not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for key in mine:
            del os.environ[key]


@contextmanager
def _unsaid(ray: Any) -> Iterator[None]:
    """Ray prints on stdout, where results are, that a process died. There is no setting for that."""
    worker: Any = ray._private.worker
    printing = worker.print_to_stdstream
    worker.print_to_stdstream = lambda *args, **kwargs: None
    try:
        yield
    finally:
        worker.print_to_stdstream = printing


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray sets a handler for SIGTERM that ends the process at once; drafts would stay."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            with suppress(TypeError):
                signal.signal(number, handler)
