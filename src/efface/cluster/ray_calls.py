"""Call functions on other machines with Ray. The only module that imports it.

A call is one task that streams its answer. The caller repeats it, not Ray: pieces of two attempts
must not mix, and what an attempt already finished counts.
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
from typing import Any, TypeVar

from efface.cluster.wire_format import Piece, messages, pieces
from efface.errors import ClusterUnusable, ExtraMissing, WorkerDied
from efface.pipeline.worker_process import Deadline, Restarts

A = TypeVar("A")
M = TypeVar("M")

WAIT_S = 0.5
"""Interval at which a waiting call checks whether it should continue."""

DESERTED_S = 60.0
"""Maximum time that a cluster may have no processor. After that nobody will ever answer."""

TRIES = 4
"""Number of lost attempts after which a span or a batch counts as lost."""

LONGEST_TEMP_PATH = 24
"""Maximum characters of the system's temporary folder, so that the paths of Ray's sockets below it,
80 longer, are valid."""

END_S = 5.0
"""Time that a cancelled task has to remove its draft."""


class Lost(Exception):
    """The machine or process that worked on a call is gone. The argument is a clause with what Ray
    knows."""


class Stopped(Exception):
    """The run ends, and the answer is no longer wanted."""


def attempts() -> Restarts:
    """Return the count of attempts at one call."""
    return Restarts(TRIES - 1)


def lost_for_good(name: str, over: str, why: str) -> WorkerDied:
    """Return the error of a file after the last attempt. over: what the machines were lost over."""
    return WorkerDied(name, f"{TRIES} machines were lost over {over}, one after the other ({why})")


class Calls:
    """Calls to a cluster.

    address  None starts Ray on this machine, for this run; otherwise as `ray.init` takes it.

    Raises ExtraMissing, ClusterUnusable.
    """

    def __init__(self, address: str | None) -> None:
        self._stopped = threading.Event()
        self._leaving = ExitStack()
        self._ray = _imported(address, self._leaving)
        if not self._ray.is_initialized():  # an existing connection is kept
            _connect(self._ray, address, self._leaving)
        how = {"num_cpus": 1, "max_retries": 0, "num_returns": "streaming"}
        self._task = self._ray.remote(**how)(_serve)

    def close(self) -> None:
        """End every call, and leave the cluster."""
        self.stop()
        self._leaving.close()

    def stop(self) -> None:
        """End every call with Stopped."""
        self._stopped.set()

    @property
    def slots(self) -> int:
        """Number of calls that can run at the same time: the cluster's processors."""
        return int(self._ray.cluster_resources().get("CPU", 0))

    def answers(
        self,
        function: Callable[[A], Iterator[M]],
        argument: A,
        over: threading.Event | None = None,
    ) -> Iterator[M]:
        """Yield what the function answers on some machine. Setting `over` ends it too. Raises Lost,
        Stopped, ClusterUnusable."""
        stream = self._task.remote(*(piece for _, piece in pieces([(function, argument)])))
        try:
            yield from messages(self._received(stream, over or self._stopped))
        finally:
            self._let_go(stream)

    def _let_go(self, stream: Any) -> None:
        """Cancel the task, and wait for it briefly, as it may have a draft to remove."""
        with suppress(Exception):
            self._ray.cancel(stream)
            deadline = Deadline.after(END_S)
            while not deadline.is_over:
                if self._ray.wait([stream], timeout=WAIT_S, fetch_local=True)[0]:
                    next(stream)  # raises at its end

    def _received(self, stream: Any, over: threading.Event) -> Iterator[Piece]:
        errors = self._ray.exceptions
        try:
            while (piece := self._next(stream, over)) is not None:
                yield piece
        except errors.RayTaskError as e:  # efface's own errors travel as messages
            raise ClusterUnusable(
                f"a machine cannot do what it is asked for ({type(e.cause).__name__})",
                "Is the same efface installed on all of them?",
            ) from e
        except errors.RayError as e:
            raise Lost(type(e).__name__) from e

    def _next(self, stream: Any, over: threading.Event) -> Piece | None:
        """Wait for the next piece; return None at the end."""
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
    """Run a call on a worker."""
    function, argument = next(
        messages((i == len(request) - 1, piece) for i, piece in enumerate(request))
    )
    yield from pieces(function(argument))


def _imported(address: str | None, leaving: ExitStack) -> Any:
    """Import Ray, which reads its settings from the environment during the import."""
    settings = {"RAY_USAGE_STATS_ENABLED": "0"}
    if address is None and "ray" not in sys.modules:
        # It listens on every interface. A token of this run, which is never stored on the disk,
        # keeps strangers from giving orders.
        settings |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    leaving.enter_context(_environment(settings))
    try:
        import ray
    except ImportError as e:
        leaving.close()
        raise ExtraMissing("ray") from e
    return ray


def _connect(ray: Any, address: str | None, leaving: ExitStack) -> None:
    """Connect to a cluster, and register how to leave it."""
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    how: dict[str, Any] = {
        "log_to_driver": False,
        "configure_logging": False,
        "logging_level": logging.CRITICAL,
    }
    if address is None:
        # Otherwise its session folder, with logs and sockets, would be readable by everybody in
        # /tmp, and would remain.
        folder = leaving.enter_context(private_temp_dir())
        alone = {
            "include_dashboard": False,
            "_system_config": {"automatic_object_spilling_enabled": False},
        }
        how |= {
            **alone,
            "_temp_dir": str(folder / "ray"),
        }  # Ray makes the folder that it gets readable by everybody
    leaving.callback(ray.shutdown)
    leaving.enter_context(_unsaid(ray))
    try:
        with _own_signals():
            ray.init(address=address or "local", **how)
    except Exception as e:
        leaving.close()
        hint = (
            "Is it running, of the same version of Ray and of Python, and is its token known here?"
            if address
            else ""
        )
        raise ClusterUnusable(f"it cannot be reached ({type(e).__name__})", hint) from e


@contextmanager
def private_temp_dir() -> Iterator[Path]:
    """Provide a folder (0700) for Ray, removed on leaving. Its name is short, as socket paths are
    limited to about a hundred bytes."""
    usual = tempfile.gettempdir()
    is_long = len(usual) > LONGEST_TEMP_PATH and os.path.isdir("/tmp")
    folder = Path(tempfile.mkdtemp(prefix="efface-", dir="/tmp" if is_long else usual))
    try:
        yield folder
    finally:
        deadline = Deadline.after(END_S)
        while folder.exists() and not deadline.is_over:  # ending processes of Ray still write to it
            shutil.rmtree(folder, ignore_errors=True)
            time.sleep(0.05)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables that Ray's processes inherit, unless the user has set them."""
    mine = {k: v for k, v in values.items() if k not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for key in mine:
            del os.environ[key]


@contextmanager
def _unsaid(ray: Any) -> Iterator[None]:
    """Suppress Ray's notice of a dead process on stdout, where results are. Ray has no setting for
    that."""
    worker: Any = ray._private.worker
    printing = worker.print_to_stdstream
    worker.print_to_stdstream = lambda *args, **kwargs: None
    try:
        yield
    finally:
        worker.print_to_stdstream = printing


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep efface's signal handlers. Ray's handler for SIGTERM ends the process at once, and drafts
    would remain."""
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
