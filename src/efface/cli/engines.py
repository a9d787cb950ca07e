"""Engines do the work: this process, several processes of this machine, or several machines.

`--engine` chooses one here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import click

from efface.errors import UsageError, printable

if TYPE_CHECKING:
    from efface.options import Options
    from efface.pipeline.naming import AnyJob
    from efface.pipeline.transfer import AnyTask
    from efface.pipeline.worker_messages import Message


class Engine(Protocol):
    """Does jobs and reports on them. See `pipeline.worker_pool.WorkerPool.each`."""

    def each(
        self, jobs: Sequence[AnyJob], *, writes: bool, makes_folders: bool
    ) -> Iterator[Message]: ...


APART = True
"""Work on every file in a separate process, also on a single one. Decoders crash on hostile files;
then only that file is lost, and the user gets a message. Tests that look inside turn this off."""

OpenEngine = Callable[["AnyTask", "Options"], AbstractContextManager[Engine]]

ENGINE = click.option(
    "--engine", type=click.Choice(("local", "ray")), default="local", show_default=True,
    help="Where the work is done: local is this machine, ray is a cluster of machines.",
)  # fmt: skip
ADDRESS = click.option(
    "--address", metavar="HOST:PORT",
    help=(
            "The cluster for --engine ray; auto is the cluster that this machine belongs to. "
            "Default: start Ray on this machine."
        ),
)  # fmt: skip


def engine_for(
    engine: str, address: str | None, files: int, workers: int | None
) -> OpenEngine | None:
    """Return what opens the engine for this many files; None if this process is enough.

    Raises UsageError.
    """
    return _local(address, files, workers) if engine == "local" else _ray(address, workers)


def _local(address: str | None, files: int, workers: int | None) -> OpenEngine | None:
    from efface.pipeline.worker_pool import WorkerPool, workers_for

    if address is not None:
        raise UsageError("--address needs --engine ray. Nothing was written.")
    count = workers_for(files, workers)
    return (lambda task, options: WorkerPool(count, task, options)) if APART or count > 1 else None


def _ray(address: str | None, workers: int | None) -> OpenEngine:
    from efface.cluster.ray_engine import RayEngine

    if workers is not None:
        raise UsageError(
            "--jobs has no effect with --engine ray: the cluster sets the number. Nothing "
            "was written."
        )
    if address is not None and "://" in address:
        raise UsageError(
            "--address: ray:// does not work. Run efface on a machine of the cluster, and "
            "give HOST:PORT. Nothing was written."
        )
    return lambda task, options: RayEngine(task, options, address, _print_remark)


def _print_remark(text: str) -> None:
    click.echo(printable(text), err=True)
