"""Runs many jobs: prints the outcome of each, shows progress, and returns the gravest exit code."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import click

from efface.cli.output_options import console, hides_progress, is_dry_run, is_json, is_quiet
from efface.cli.run_document import RunDocument
from efface.cli.unexpected_errors import as_efface_error
from efface.errors import EXIT_LOOK, EffaceError, Interrupted, printable, worst
from efface.pipeline.worker_messages import Began, Done, Ended, Failed, Message, Noted, Progress

if TYPE_CHECKING:
    from efface.cli.engines import OpenEngine
    from efface.cli.run_report import Record
    from efface.events import Event, Listener
    from efface.options import Options
    from efface.pipeline.naming import AnyJob
    from efface.pipeline.remote_address import Location
    from efface.pipeline.transfer import AnyTask

asked_to_stop = threading.Event()
"""Set by a signal.

The KeyboardInterrupt can get lost: in a destructor, or in a library that is being loaded.
"""


class FileOutcome(NamedTuple):
    """How a job ended.

    text      the lines to print; empty for nothing.
    code      its exit code.
    was_done  an earlier run did it.
    share     the share of the picture that is erased, 0 to 1; None if unknown.
    facts     more for --json; may name an "outcome" of its own.
    left      number of possible objects that were seen too weakly to be erased.
    """

    text: str
    code: int
    was_done: bool = False
    share: float | None = None
    facts: Mapping[str, Any] = MappingProxyType({})
    left: int = 0


Describe = Callable[["AnyJob", Any], FileOutcome]
Note = Callable[["AnyJob", Any], None]


def run_jobs(
    open_engine: OpenEngine | None,
    jobs: Sequence[AnyJob],
    task: AnyTask,
    describe: Describe,
    output: Location | None,
    options: Options,
    *,
    writes: bool,
    counts: bool = True,
    note: Note = lambda job, content: None,
    record: Record | None = None,
) -> int:
    """Do every job, print how it ended, and return the gravest exit code.

    open_engine  makes the engine that does the task (see `engines`); None does it in this process.
    task         does one job.
    describe     turns the result of the task into what is printed.
    output       what -o names. Folders of targets are made.
    writes       whether the task writes the targets of the jobs. Otherwise they are only names.
    counts       whether to print how many of several files were done.
    note         receives what the task notes before it ends.
    record       receives the errors and the exit code.
    """
    log = _RunLog(jobs, record)
    makes_folders = output is not None
    if open_engine is None:
        _run_here(
            log, jobs, task, describe, options, note, writes=writes, makes_folders=makes_folders
        )
    else:
        with log, open_engine(task, options) as engine:
            for message in engine.each(jobs, writes=writes, makes_folders=makes_folders):
                log.receive(message, describe, note)
    return log.finish(counts=counts)


def _run_here(
    log: _RunLog,
    jobs: Sequence[AnyJob],
    task: AnyTask,
    describe: Describe,
    options: Options,
    note: Note,
    *,
    writes: bool,
    makes_folders: bool,
) -> None:
    from efface.pipeline.detector_session import DetectorSession
    from efface.pipeline.jobs import each
    from efface.pipeline.transfer import run_task

    with DetectorSession(options) as session:

        def do(job: AnyJob) -> None:
            try:
                with log.display.file(job.name) as listener:
                    result = run_task(
                        task, session, job, _stoppable(listener), lambda content: note(job, content)
                    )
                    outcome = describe(job, result)
            except Exception as e:
                raise _error_of(job, e) from e
            log.done(job, outcome)

        with log:
            for job, error in each(jobs, do, writes=writes, makes_folders=makes_folders):
                if error is not None:
                    log.failed(job, error)


def run_one(task: AnyTask, job: AnyJob, options: Options, listener: Listener) -> Any:
    """Return what the task makes of one job, in a separate process.

    Raises what the task raises, and WorkerDied.
    """
    from efface.cli.engines import engine_for
    from efface.pipeline.detector_session import DetectorSession
    from efface.pipeline.transfer import run_task

    open_engine, listener = engine_for("local", None, 1, None), _stoppable(listener)
    if open_engine is None:
        with DetectorSession(options) as session:
            return run_task(task, session, job, listener, lambda content: None)
    result: Any = None
    with open_engine(task, options) as engine:
        for message in engine.each([job], writes=False, makes_folders=False):
            match message.said:
                case Progress(event):
                    listener(event)
                case Failed(error):
                    raise error
                case Done(made):
                    result = made
    return result


def say(text: str) -> None:
    """Print a sentence on stdout, unless --quiet or --json forbid it."""
    if not (is_quiet() or is_json()):
        click.echo(text)


def say_left_out(sources: Sequence[Location], output: Location | None) -> None:
    """Print which files in the folders look like results of an earlier run, and so are no
    sources."""
    from efface.pipeline.naming import left_out

    if is_quiet():
        return
    if results := left_out(sources, output):
        named = ", ".join(printable(r) for r in results[:3]) + (", ..." if len(results) > 3 else "")
        # A source that was edited after its plan was made also has a plan beside it, and looks like
        # a result.
        click.echo(
            "Left out as results of an earlier run, by their names or the plans beside "
            f"them: {named}",
            err=True,
        )


def _error_of(job: AnyJob, error: Exception) -> EffaceError:
    """Return the error of a job as one of efface's own.

    Raises KeyboardInterrupt where it stands for that.
    """
    if asked_to_stop.is_set():  # native code may turn an interrupt into an error of its own
        raise KeyboardInterrupt from error
    # Otherwise it is a fault of efface. The other files go on.
    return as_efface_error(error, job.name)


class _RunLog:
    """Keeps count of a run.

    Inside the block progress is shown; on leaving it, errors are always printed.
    """

    def __init__(self, jobs: Sequence[AnyJob], record: Record | None) -> None:
        from efface.cli.progress import Display

        self.display = Display(console(stderr=True), len(jobs), is_quiet=hides_progress())
        self._document = _document(jobs) if is_json() else None
        self._is_silent = is_quiet() or is_json()
        self._jobs, self._record = jobs, record
        self._failed: list[EffaceError] = []
        self._codes: list[int] = []
        self._shares: list[float] = []
        self._left: list[int] = []
        self._earlier, self._has_spoken = 0, False
        self._open: dict[AnyJob, tuple[ExitStack, Listener]] = {}
        self._showing = ExitStack()

    def __enter__(self) -> Self:
        self._showing.enter_context(self.display.shown())
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._showing.close()
        for error in self._failed:
            click.echo(f"efface: {error}", err=True)
        if len(self._jobs) > 1 and (
            kind is KeyboardInterrupt or (kind is not None and self._codes)
        ):
            # A person who stopped a long run wants to know how far it came.
            click.echo(
                f"efface: {len(self._codes)} of {len(self._jobs)} files were done when it stopped.",
                err=True,
            )
        if kind is not None:
            self._print_document(
                Interrupted.exit_code
                if asked_to_stop.is_set() or issubclass(kind, KeyboardInterrupt)
                else getattr(kind, "exit_code", EffaceError.exit_code)
            )

    def done(self, job: AnyJob, outcome: FileOutcome) -> None:
        self._codes.append(outcome.code)
        self._earlier += outcome.was_done
        self._shares += [] if outcome.share is None or outcome.was_done else [outcome.share]
        self._left += [outcome.left] if outcome.left else []
        if self._document is not None:
            word = "kept" if outcome.was_done else "done"
            self._document.done(job, word, outcome.code, outcome.facts)
        self._say(outcome.text)

    def _say(self, text: str) -> None:
        if text and not self._is_silent:
            self.display.say(text)
            self._has_spoken = True

    def _print_document(self, code: int) -> None:
        if self._document is not None:
            self.display.say(self._document.text(code))

    def failed(self, job: AnyJob, error: EffaceError) -> None:
        self._failed.append(error)
        if self._document is not None:
            self._document.failed(job, error)
        if self._record is not None:
            self._record.failed(job, error)

    def receive(self, message: Message, describe: Describe, note: Note) -> None:
        """Take in a message from a worker."""
        job = message.job
        match message.said:
            case Began():
                import efface.cli.summary  # noqa: F401 - loads while the worker starts

                stack = ExitStack()
                self._open[job] = (
                    stack,
                    _stoppable(stack.enter_context(self.display.file(job.name))),
                )
            case Progress(event):
                self._open[job][1](event)
            case Noted(content):
                note(job, content)
            case Done(result):
                self.done(job, describe(job, result))
            case Failed(error):
                self.failed(job, _error_of(job, error))
            case Ended():
                self._open.pop(job)[0].close()

    def finish(self, *, counts: bool = True) -> int:
        """Print how many files were done, and return the gravest exit code."""
        if counts and (len(self._jobs) != 1 or (self._earlier and not self._has_spoken)):
            self._say(
                _tally(
                    len(self._jobs),
                    len(self._failed),
                    self._earlier,
                    self._codes.count(EXIT_LOOK),
                    self._shares,
                    self._left,
                )
            )
        code = worst([*self._codes, *(e.exit_code for e in self._failed)])
        if self._record is not None:
            self._record.ended(code)
        self._print_document(code)
        return code


def _document(jobs: Sequence[AnyJob]) -> RunDocument:
    command = click.get_current_context().info_name or ""
    return RunDocument(command, jobs, is_dry_run=is_dry_run())


def _stoppable(listener: Listener) -> Listener:
    """Return a listener that also stops the work if an interrupt got lost on its way."""

    def listen(event: Event) -> None:
        if asked_to_stop.is_set():
            raise KeyboardInterrupt
        listener(event)

    return listen


def _tally(
    jobs: int, failed: int, earlier: int, doubtful: int, shares: list[float], left: list[int]
) -> str:
    if not jobs:
        return "No photo or video was found, so there was nothing to do."
    return " ".join([
        *_done(jobs, failed, earlier),
        *([_shared(shares)] if any(shares) else []),
        *([(
                f"{doubtful} of them with moments that a person should look at: see above."
            )] if doubtful else []),
        *([_left_visible(left)] if left else []),
    ])  # fmt: skip


def _done(jobs: int, failed: int, earlier: int) -> list[str]:
    if earlier == jobs:
        was = "The file was" if jobs == 1 else f"All {jobs} files were"
        return [f"{was} already done by an earlier run."]
    done = f"{jobs - failed} of {jobs} files done"
    return [
        done + (f", {failed} not: see above." if failed else "."),
        *([f"{earlier} of them already by an earlier run."] if earlier else []),
    ]


def _shared(shares: list[float]) -> str:
    from efface.report.wording import share

    mean, most = share(sum(shares) / len(shares)), share(max(shares))
    return f"On average {mean} of a file's picture is erased, {most} in the file that loses most."


def _left_visible(left: list[int]) -> str:
    from efface.report.wording import counted

    objects, verb = counted(sum(left), "possible object"), "was" if sum(left) == 1 else "were"
    return (
        f"In {counted(len(left), 'file')} {objects} {verb} seen too weakly to be erased: efface "
        "review lists them."
    )
