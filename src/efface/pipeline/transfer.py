"""Jobs with remote files: fetch them, do the work on local copies, and upload the results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from efface.errors import EffaceError, TargetExists, TargetIsSource
from efface.files import scratch, sha256_of
from efface.pipeline.naming import Job
from efface.pipeline.one_source import Redacted
from efface.pipeline.remote import address, exists, fetch, is_remote, publish, remove

if TYPE_CHECKING:
    from efface.events import Listener
    from efface.pipeline.detector_session import DetectorSession
    from efface.pipeline.jobs import Task


@dataclass(frozen=True, slots=True)
class Transfer:
    """A task (see `jobs.Task`) whose sources and targets may be remote.

    `task` does the work on local copies.

    resumes    also fetch the results of an earlier run.
    overwrite  as in the options.
    """

    task: Task
    resumes: bool
    overwrite: bool

    def __call__(
        self,
        session: DetectorSession,
        job: Job,
        listener: Listener,
        note: Callable[[object], None],
    ) -> object:
        if not any(map(is_remote, (job.source, job.target, job.plan_path))):
            return self.task(session, job, listener, note)
        with scratch() as folder:
            here = _here(job, folder)
            with _named_by_address(job, here):
                before = _fetch(job, here, resumes=self.resumes, overwrite=self.overwrite)
                done = self.task(session, here, listener, note)
                _upload(job, here, before, overwrite=self.overwrite)
        return _of_job(done, job)


def _here(job: Job, folder: Path) -> Job:
    """Return the job with local paths in a private folder for remote files.

    File names stay the same, as they are evaluated.
    """
    for name in ("source", "target"):
        (folder / name).mkdir()
    source = folder / "source" / job.source.name if is_remote(job.source) else job.source
    target, plan = (
        folder / "target" / p.name if is_remote(p) else p for p in (job.target, job.plan_path)
    )
    return Job(source, job.name, target, plan)


def _results(job: Job, here: Job) -> dict[Path, Path]:
    """Return the local path of each remote result. The plan comes first: without its target it is
    harmless."""
    pairs = {job.plan_path: here.plan_path, job.target: here.target}
    return {there: local for there, local in pairs.items() if is_remote(there)}


def _fetch(job: Job, here: Job, *, resumes: bool, overwrite: bool) -> dict[Path, str]:
    """Fetch what is needed, and return the hashes of an earlier run's results."""
    for path in (job.target, job.plan_path):
        if path == job.source:
            raise TargetIsSource(address(path))
    if is_remote(job.source):
        fetch(job.source, here.source)
    left = {there: local for there, local in _results(job, here).items() if exists(there)}
    if left and not (resumes or overwrite):
        raise TargetExists(address(next(iter(left))))
    for there, local in left.items():
        # A person's changes to a plan are followed, or asked about.
        if not overwrite or there == job.plan_path:
            fetch(there, local)
    return {local: sha256_of(local) for local in left.values() if local.exists()}


def _upload(job: Job, here: Job, before: Mapping[Path, str], *, overwrite: bool) -> None:
    """Publish the results that are new. If one fails, remove those that were added before it."""
    added: list[Path] = []
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
def _named_by_address(job: Job, here: Job) -> Iterator[None]:
    """Let errors inside the block name a remote file by its address, and not by its local copy."""
    pairs = ((job.source, here.source), (job.plan_path, here.plan_path), (job.target, here.target))
    names = {str(local): address(there) for there, local in pairs}
    try:
        yield
    except EffaceError as e:
        path = getattr(e, "path", None)
        if isinstance(path, str) and path in names:
            e.path = names[path]  # type: ignore[attr-defined]
        raise


def _of_job(done: object, job: Job) -> object:
    """Return the result under the names of the job. Results of other tasks hold no paths."""
    if not isinstance(done, Redacted):
        return done
    rendered = replace(done.rendered, target=job.target)
    return replace(done, source=job.source, plan_path=job.plan_path, rendered=rendered)
