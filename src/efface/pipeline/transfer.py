"""Jobs with remote files: fetch them, do the work locally, and upload the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from efface.errors import TargetExists, TargetIsSource
from efface.files import sha256_of
from efface.pipeline.naming import Job
from efface.pipeline.remote import address, exists, fetch, is_remote, publish, remove
from efface.private_folders import scratch
from efface.staged_files import named_as

if TYPE_CHECKING:
    from efface.events import Listener
    from efface.pipeline.jobs import Workshop

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Transfer:
    """A task (see `worker_pool.Task`) whose sources and targets may be remote.

    `task` does the work on local copies.

    resumes    also fetch the results of an earlier run.
    overwrite  as in the options.
    """

    task: Any
    resumes: bool
    overwrite: bool

    def __call__(
        self, workshop: Workshop, job: Job, listener: Listener, note: Callable[[Any], None]
    ) -> Any:
        if not any(map(is_remote, (job.source, job.target, job.plan_path))):
            return self.task(workshop, job, listener, note)
        with scratch() as folder:
            here = _here(job, folder)
            with named_as({new: address(old) for old, new in _pairs(job, here)}):
                return self._done(workshop, job, here, listener, note)

    def _done(
        self,
        workshop: Workshop,
        job: Job,
        here: Job,
        listener: Listener,
        note: Callable[[Any], None],
    ) -> Any:
        before = self._bring(job, here)
        done = self.task(workshop, here, listener, note)
        sent: list[Path] = []
        try:
            for old, new in _pairs(job, here)[
                1:
            ]:  # the plan first: without its target it is harmless
                if is_remote(old) and new.exists() and sha256_of(new) != before.get(new):
                    publish(new, old, overwrite=self.overwrite or new in before)
                    sent.extend([old] if new not in before and not self.overwrite else [])
        except BaseException:
            for path in sent:
                remove(path)
            raise
        return _with_paths(done, {new: old for old, new in _pairs(job, here)})

    def _bring(self, job: Job, here: Job) -> dict[Path, str]:
        """Fetch what is needed, and return the hashes of an earlier run's results."""
        for path in (job.target, job.plan_path):
            if path == job.source:
                raise TargetIsSource(address(path))
        if is_remote(job.source):
            fetch(job.source, here.source)
        left = [(old, new) for old, new in _pairs(job, here)[1:] if is_remote(old) and exists(old)]
        if left and not (self.resumes or self.overwrite):
            raise TargetExists(address(left[0][0]))
        for old, new in left:
            if (
                not self.overwrite or old == job.plan_path
            ):  # a person's changes to a plan are followed, or asked about
                fetch(old, new)
        return {new: sha256_of(new) for _, new in left if new.exists()}


def _pairs(job: Job, here: Job) -> list[tuple[Path, Path]]:
    """Return the remote and local paths of source, plan and target, each once."""
    pairs = [(job.source, here.source), (job.plan_path, here.plan_path), (job.target, here.target)]
    return list(dict.fromkeys(pairs))


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


def _with_paths(value: T, paths: dict[Path, Path]) -> T:
    """Return the same result, with the remote paths in place of the local ones."""
    if isinstance(value, Path):
        return paths.get(value, value)  # type: ignore[return-value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed = {
        f.name: new
        for f in fields(value)
        if (new := _with_paths(old := getattr(value, f.name), paths)) is not old
    }
    return replace(value, **changed) if changed else value
