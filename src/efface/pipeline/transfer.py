"""Jobs with remote files: fetch them, do the work on local copies, and upload the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from efface.errors import EffaceError, TargetExists, TargetIsSource
from efface.events import Listener
from efface.files import sha256_of
from efface.pipeline.jobs import Note, Task
from efface.pipeline.naming import AnyJob, Job, RemoteJob
from efface.pipeline.remote import exists, fetch, publish, remove
from efface.pipeline.remote_address import Location, RemoteAddress
from efface.private_folders import scratch

if TYPE_CHECKING:
    from efface.pipeline.detector_session import DetectorSession


@dataclass(frozen=True, slots=True)
class Transfer:
    """A task whose sources and targets may be remote.

    `task` does the work on local copies.

    resumes    also fetch the results of an earlier run.
    overwrite  as in the options.
    """

    task: Task
    resumes: bool
    overwrite: bool

    def __call__(
        self, session: DetectorSession, job: RemoteJob, listener: Listener, note: Note
    ) -> object:
        """Do the job. Paths in the result are those of local copies, which are gone."""
        with scratch() as folder:
            here = _here(job, folder)
            with _named_by_address(job, here):
                before = _fetch(job, here, resumes=self.resumes, overwrite=self.overwrite)
                done = self.task(session, here, listener, note)
                _upload(job, here, before, overwrite=self.overwrite)
        return done


AnyTask = Task | Transfer


def run_task(
    task: AnyTask, session: DetectorSession, job: AnyJob, listener: Listener, note: Note
) -> object:
    """Do the task for the job, and return its result."""
    if isinstance(job, Job):
        local = task.task if isinstance(task, Transfer) else task
        return local(session, job, listener, note)
    if not isinstance(task, Transfer):
        raise TypeError("this task works only on files of this machine")
    return task(session, job, listener, note)


def _here(job: RemoteJob, folder: Path) -> Job:
    """Return the job with local paths in a private folder for remote files.

    File names stay the same, as they are evaluated.
    """

    def local(location: Location, place: str) -> Path:
        if isinstance(location, Path):
            return location
        (folder / place).mkdir(exist_ok=True)
        return folder / place / location.name

    plan, target = local(job.plan_path, "target"), local(job.target, "target")
    return Job(local(job.source, "source"), job.name, target, plan)


def _results(job: RemoteJob, here: Job) -> dict[RemoteAddress, Path]:
    """Return the local path of each remote result. The plan comes first: without its target it is
    harmless."""
    pairs = ((job.plan_path, here.plan_path), (job.target, here.target))
    return {there: local for there, local in pairs if isinstance(there, RemoteAddress)}


def _fetch(job: RemoteJob, here: Job, *, resumes: bool, overwrite: bool) -> dict[Path, str]:
    """Fetch what is needed, and return the hashes of an earlier run's results."""
    if job.source in (job.target, job.plan_path):
        raise TargetIsSource(job.source)
    if isinstance(job.source, RemoteAddress):
        fetch(job.source, here.source)
    left = {there: local for there, local in _results(job, here).items() if exists(there)}
    if left and not (resumes or overwrite):
        raise TargetExists(next(iter(left)))
    for there, local in left.items():
        # A person's changes to a plan are followed, or asked about.
        if not overwrite or there == job.plan_path:
            fetch(there, local)
    return {local: sha256_of(local) for local in left.values() if local.exists()}


def _upload(job: RemoteJob, here: Job, before: Mapping[Path, str], *, overwrite: bool) -> None:
    """Publish the results that are new. If one fails, remove those that were added before it."""
    added: list[RemoteAddress] = []
    try:
        for there, local in _results(job, here).items():
            if local.exists() and sha256_of(local) != before.get(local):
                publish(local, there, overwrite=overwrite or local in before)
                added.extend([there] if local not in before and not overwrite else [])
    except BaseException:
        for there in added:
            remove(there)
        raise


@contextmanager
def _named_by_address(job: RemoteJob, here: Job) -> Iterator[None]:
    """Let errors inside the block name a remote file by its address, and not by its local copy."""
    pairs = ((job.source, here.source), (job.plan_path, here.plan_path), (job.target, here.target))
    names = {str(local): str(there) for there, local in pairs}
    try:
        yield
    except EffaceError as e:
        path = getattr(e, "path", None)
        if isinstance(path, str) and path in names:
            e.path = names[path]  # type: ignore[attr-defined]
        raise
