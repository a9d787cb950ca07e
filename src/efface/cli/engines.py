"""Who does the work: this process, several of this machine, or several machines. Chosen here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import click

from efface.errors import UsageError, printable

if TYPE_CHECKING:
    from efface.options import Options
    from efface.pipeline.messages import Message
    from efface.pipeline.naming import Job
    from efface.pipeline.worker_pool import Task


class Each(Protocol):
    """A crew at work. See `pipeline.worker_pool.WorkerPool.each`."""

    def each(self, jobs: Sequence[Job], *, writes: bool, makes_folders: bool) -> Iterator[Message]: ...


APART = True
"""Files are worked on in processes of their own, a single one too: decoders crash on what strangers made, and then only that
file is lost, with a sentence. Tests that look inside turn it off."""

MakeEngine = Callable[["Task", "Options"], AbstractContextManager[Each]]

ENGINE = click.option(
    "--engine", type=click.Choice(("local", "ray")), default="local", show_default=True,
    help="Who does the work: this machine, or a cluster of machines, by Ray.",
)  # fmt: skip
ADDRESS = click.option(
    "--address", metavar="HOST:PORT",
    help="The cluster for --engine ray; auto is the one this machine is part of. Without it, Ray is started on this machine.",
)  # fmt: skip


def make_engine(engine: str, address: str | None, files: int, workers: int | None) -> MakeEngine | None:
    """Whom to hire for so many files; None when this process is enough. Raises UsageError."""
    return _local(address, files, workers) if engine == "local" else _ray(address, workers)


def _local(address: str | None, files: int, workers: int | None) -> MakeEngine | None:
    from efface.pipeline.worker_pool import WorkerPool, workers_for

    if address is not None:
        raise UsageError("--address: it belongs to --engine ray. Nothing was written.")
    count = workers_for(files, workers)
    return (lambda task, options: WorkerPool(count, task, options)) if APART or count > 1 else None


def _ray(address: str | None, workers: int | None) -> MakeEngine:
    from efface.cluster.ray_engine import RayEngine

    if workers is not None:
        raise UsageError("--jobs: with --engine ray the cluster says how many. Nothing was written.")
    if address is not None and "://" in address:
        raise UsageError("--address: efface has to run on a machine of the cluster; ray:// is for others. Nothing was written.")
    return lambda task, options: RayEngine(task, options, address, _remark)


def _remark(text: str) -> None:
    click.echo(printable(text), err=True)
