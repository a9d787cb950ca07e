"""Many files, one after the other: what is said of each, and the gravest exit code."""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import click

from efface.errors import EXIT_LOOK, DetectorFailed, EffaceError, OutOfMemory, Unforeseen, is_about_memory, worst
from efface.pipeline.messages import Began, Done, Ended, Failed, Message, Noted, Progress

if TYPE_CHECKING:
    from efface.cli.engines import MakeEngine
    from efface.cli.run_report import Record
    from efface.events import Event, Listener
    from efface.options import Options
    from efface.pipeline.naming import Job
    from efface.pipeline.worker_pool import Task

TRACEBACK = "EFFACE_TRACEBACK"
"""Environment variable that shows where an unexpected error came from. Off by default: tracebacks quote paths and values."""

asked_to_stop = threading.Event()
"""Somebody asked to stop. The exception that says so can get lost: in a destructor, or in a library that is being loaded."""


class FileOutcome(NamedTuple):
    """What to say of a job, and its exit code. was_done: an earlier run did it; share: of the picture erased, 0 to 1."""

    text: str
    code: int
    was_done: bool = False
    share: float | None = None


def run(
    jobs: Sequence[Job],
    do: Callable[[Job, Listener], FileOutcome],
    output: Path | None,
    *,
    writes: bool,
    counts: bool = True,
    record: Record | None = None,
) -> int:
    """Does every job, says of each how it went, and gives the gravest exit code.

    do      gives what to say of a job that was done, and its exit code.
    output  what -o names. Where that is a folder for many targets, it is made; the folder of a single one must be there.
    writes  the targets that the jobs name are written; otherwise they are only names.
    counts  say of several files how many were done.
    record  is told of errors, and of the exit code.
    """
    from efface.pipeline.jobs import each

    log = _Log(jobs, record)

    def one(job: Job) -> None:
        try:
            with log.display.file(job.name) as listener:
                told = do(job, _heeding(listener))
        except Exception as e:
            raise _known(e, job) from e
        log.done(told)

    with log:
        for job, error in each(jobs, one, writes=writes, makes_folders=_makes_folders(jobs, output)):
            if error is not None:
                log.failed(job, error)
    return log.closed(counts=counts)


def run_with(
    hire: MakeEngine | None,
    jobs: Sequence[Job],
    task: Task,
    tell: Callable[[Job, Any], FileOutcome],
    output: Path | None,
    options: Options,
    *,
    writes: bool,
    counts: bool = True,
    note: Callable[[Job, Any], None] = lambda job, content: None,
    record: Record | None = None,
) -> int:
    """As `run`, by a crew; without one, by this process.

    hire  gives the crew for a task, see `engines`.
    task  what is done with each job.
    tell  gives what to say of what the task gave back, and the exit code.
    note  is told what the task notes while it works.
    """
    from efface.pipeline.jobs import Workshop

    if hire is None:
        with Workshop(options) as workshop:

            def do(job: Job, listener: Listener) -> FileOutcome:
                return tell(job, task(workshop, job, listener, lambda content: note(job, content)))

            return run(jobs, do, output, writes=writes, counts=counts, record=record)
    log = _Log(jobs, record)
    with log, hire(task, options) as crew:
        for said in crew.each(jobs, writes=writes, makes_folders=_makes_folders(jobs, output)):
            log.heard(said, tell, note)
    return log.closed(counts=counts)


def done_apart(task: Task, job: Job, options: Options, listener: Listener) -> Any:
    """What the task makes of one job, in a process of its own. Raises what it raises there, and WorkerDied."""
    from efface.cli.engines import make_engine
    from efface.pipeline.jobs import Workshop

    hire, listener = make_engine("local", None, 1, None), _heeding(listener)
    if hire is None:
        with Workshop(options) as workshop:
            return task(workshop, job, listener, lambda content: None)
    result = None
    with hire(task, options) as crew:
        for said in crew.each([job], writes=False, makes_folders=False):
            match said.said:
                case Progress(event):
                    listener(event)
                case Failed(error):
                    raise error
                case Done(result):
                    pass
    return result


def _makes_folders(jobs: Sequence[Job], output: Path | None) -> bool:
    return output is not None and [job.target for job in jobs] != [output]


def _known(error: Exception, job: Job) -> EffaceError:
    """The error of a job as one of efface's own. Raises KeyboardInterrupt where it stands for that."""
    if asked_to_stop.is_set():  # native code may make an error of its own out of an interrupt
        raise KeyboardInterrupt from error
    # Else it is a fault of efface; the other files need not suffer from it.
    return known(error, job.name)


def known(error: Exception, name: str = "") -> EffaceError:
    """The error as one of efface's own: where memory is short every library says it in its own way."""
    kind, text = (error.kind, error.text) if isinstance(error, Unforeseen) else (type(error).__name__, str(error))
    is_own = isinstance(error, EffaceError)
    if (isinstance(error, MemoryError) or is_about_memory(kind, text)) and (not is_own or isinstance(error, DetectorFailed)):
        return OutOfMemory(name)
    return error if isinstance(error, EffaceError) else unexpected(error, name)


class _Log:
    """What is known of a run. Inside the block progress is shown; on leaving it errors are said, always."""

    def __init__(self, jobs: Sequence[Job], record: Record | None) -> None:
        from rich.console import Console

        from efface.cli.progress import Display

        self.display = Display(Console(stderr=True), len(jobs))
        self._jobs, self._record = jobs, record
        self._failed: list[EffaceError] = []
        self._codes: list[int] = []
        self._shares: list[float] = []
        self._earlier = 0
        self._open: dict[Job, tuple[ExitStack, Listener]] = {}
        self._showing = ExitStack()

    def __enter__(self) -> Self:
        self._showing.enter_context(self.display.shown())
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._showing.close()
        for error in self._failed:
            click.echo(f"efface: {error}", err=True)
        if len(self._jobs) > 1 and (kind is KeyboardInterrupt or (kind is not None and self._codes)):
            # Whoever stopped a long run wants to know how far it came.
            click.echo(f"efface: {len(self._codes)} of {len(self._jobs)} files were done when it stopped.", err=True)

    def done(self, told: FileOutcome) -> None:
        self._codes.append(told.code)
        self._earlier += told.was_done
        self._shares += [] if told.share is None or told.was_done else [told.share]
        if told.text:
            self.display.say(told.text)

    def failed(self, job: Job, error: EffaceError) -> None:
        self._failed.append(error)
        if self._record is not None:
            self._record.failed(job, error)

    def heard(self, said: Message, tell: Callable[[Job, Any], FileOutcome], note: Callable[[Job, Any], None]) -> None:
        """What a worker said."""
        job = said.job
        match said.said:
            case Began():
                stack = ExitStack()
                self._open[job] = stack, _heeding(stack.enter_context(self.display.file(job.name)))
            case Progress(event):
                self._open[job][1](event)
            case Noted(content):
                note(job, content)
            case Done(result):
                self.done(tell(job, result))
            case Failed(error):
                self.failed(job, _known(error, job))
            case Ended():
                self._open.pop(job)[0].close()

    def closed(self, *, counts: bool = True) -> int:
        """Says how many were done, and gives the gravest exit code."""
        if (len(self._jobs) != 1 or self._earlier) and counts:
            self.display.say(
                _tally(len(self._jobs), len(self._failed), self._earlier, self._codes.count(EXIT_LOOK), self._shares)
            )
        code = worst([*self._codes, *(e.exit_code for e in self._failed)])
        if self._record is not None:
            self._record.ended(code)
        return code


def _heeding(listener: Listener) -> Listener:
    """The same listener, but it stops the work where an interrupt got lost on its way."""

    def listen(event: Event) -> None:
        if asked_to_stop.is_set():
            raise KeyboardInterrupt
        listener(event)

    return listen


def _tally(jobs: int, failed: int, earlier: int, doubtful: int, shares: list[float]) -> str:
    if not jobs:
        return "No photo or video was found, so there was nothing to do."
    return " ".join([
        f"{jobs - failed} of {jobs} files done" + (f", {failed} not: see above." if failed else "."),
        *([f"{earlier} of them already by an earlier run."] if earlier else []),
        *([_shared(shares)] if any(shares) else []),
        *([f"{doubtful} of them with moments that a person should look at: see above."] if doubtful else []),
    ])  # fmt: skip


def _shared(shares: list[float]) -> str:
    from efface.report.wording import share

    mean, most = share(sum(shares) / len(shares)), share(max(shares))
    return f"On average {mean} of a file's picture is erased, {most} in the file that loses most."


def unexpected(error: Exception, name: str = "") -> EffaceError:
    kind, trace = type(error).__name__, "".join(traceback.format_exception(error))
    if isinstance(error, Unforeseen):  # in a worker
        kind, trace = error.kind, error.trace
    if os.environ.get(TRACEBACK):
        click.echo(trace, err=True, nl=False)
    return EffaceError(
        f"{name}{': ' if name else ''}unexpected error, {kind}: {error}. No target was written for the file in "
        f"hand. Please report it; {TRACEBACK}=1 shows where it came from."
    )
