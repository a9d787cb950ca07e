"""Work on what lies elsewhere: brought here, done as anywhere, and put there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from efface.errors import TargetExists, TargetIsSource
from efface.files import named_as, scratch, sha256_of
from efface.pipeline.naming import Job
from efface.pipeline.remote import address, exists, fetch, is_remote, publish, remove

if TYPE_CHECKING:
    from efface.events import Listener
    from efface.pipeline.jobs import Workshop

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Transfer:
    """A task (see `worker_pool.Task`) whose sources and targets may lie elsewhere: brought here, done by `task`, and put there.

    resumes    what an earlier run left there is brought as well.
    overwrite  as in the options.
    """

    task: Any
    resumes: bool
    overwrite: bool

    def __call__(self, workshop: Workshop, job: Job, listener: Listener, note: Callable[[Any], None]) -> Any:
        if not any(map(is_remote, (job.source, job.target, job.plan_path))):
            return self.task(workshop, job, listener, note)
        with scratch() as folder:
            here = _here(job, folder)
            with named_as({new: address(old) for old, new in _pairs(job, here)}):
                return self._done(workshop, job, here, listener, note)

    def _done(self, workshop: Workshop, job: Job, here: Job, listener: Listener, note: Callable[[Any], None]) -> Any:
        before = self._bring(job, here)
        done = self.task(workshop, here, listener, note)
        sent: list[Path] = []
        try:
            for old, new in _pairs(job, here)[1:]:  # the plan first: without its target it tells of nothing
                if is_remote(old) and new.exists() and sha256_of(new) != before.get(new):
                    publish(new, old, overwrite=self.overwrite or new in before)
                    sent.extend([old] if new not in before and not self.overwrite else [])
        except BaseException:
            for path in sent:
                remove(path)
            raise
        return _with_paths(done, {new: old for old, new in _pairs(job, here)})

    def _bring(self, job: Job, here: Job) -> dict[Path, str]:
        """Fetches what is needed; gives the hashes of what an earlier run left."""
        for path in (job.target, job.plan_path):
            if path == job.source:
                raise TargetIsSource(address(path))
        if is_remote(job.source):
            fetch(job.source, here.source)
        left = [(old, new) for old, new in _pairs(job, here)[1:] if is_remote(old) and exists(old)]
        if left and not (self.resumes or self.overwrite):
            raise TargetExists(address(left[0][0]))
        for old, new in left:
            if not self.overwrite or old == job.plan_path:  # what a person changed in a plan is obeyed, or asked about
                fetch(old, new)
        return {new: sha256_of(new) for _, new in left if new.exists()}


def _pairs(job: Job, here: Job) -> list[tuple[Path, Path]]:
    """Source, plan and target there and here, each once."""
    pairs = [(job.source, here.source), (job.plan_path, here.plan_path), (job.target, here.target)]
    return list(dict.fromkeys(pairs))


def _here(job: Job, folder: Path) -> Job:
    """The job with paths in a private folder for what lies elsewhere. Names stay: what a file is called is looked at."""
    for name in ("source", "target"):
        (folder / name).mkdir()
    source = folder / "source" / job.source.name if is_remote(job.source) else job.source
    target, plan = (folder / "target" / p.name if is_remote(p) else p for p in (job.target, job.plan_path))
    return Job(source, job.name, target, plan)


def _with_paths(value: T, paths: dict[Path, Path]) -> T:
    """The same result, telling of where things are."""
    if isinstance(value, Path):
        return paths.get(value, value)  # type: ignore[return-value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed = {f.name: new for f in fields(value) if (new := _with_paths(old := getattr(value, f.name), paths)) is not old}
    return replace(value, **changed) if changed else value
