"""Tell whether the copy of a file was made by its plan, as the plan is now.

Times of files prove nothing: efface writes a copy before its plan, and a copied folder has other
times. A plan records the hash of its copy, and a seal over its own content (`RenderRecord`).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from efface.errors import SourceUnreadable
from efface.files import open_plain, sha256_of
from efface.pipeline.naming import Job, names_another_source, names_of_plans, plan_path_of
from efface.planning import sidecar
from efface.planning.plan import Plan
from efface.planning.render_record import RenderRecord, record_of

UNSEALED = 4
"""The first lines of a plan, which its seal leaves out: they name the format and the program."""

RECORD = b' "target": '
"""The beginning of the line that holds the record."""

Stamp = tuple[int, int, int, int]


def stamp_of(path: Path) -> Stamp | None:
    """Return what changes when a file is replaced or written to; None if there is no file."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def sealed_record(path: Path) -> RenderRecord | None:
    """Return the record in a plan's file if nobody changed the plan since it was written.

    The file is hashed and not parsed: a list asks this of every file in it.
    """
    digest, record = hashlib.sha256(), b""
    try:
        with open_plain(path) as f:
            if os.fstat(f.fileno()).st_size > sidecar.LARGEST:
                return None
            for number, line in enumerate(f):
                if line.startswith(RECORD) and not record:
                    record = line
                elif number >= UNSEALED:
                    digest.update(line)
        found = record_of(json.loads(record.removeprefix(RECORD).rstrip().removesuffix(b",")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found if found.seal == digest.hexdigest() else None


def is_own_copy(plan: Plan, target: Path) -> bool:
    """Return whether the target is the copy that the plan records. A person may have changed the
    plan since."""
    if plan.made is None or stamp_of(target) is None:
        return False
    try:
        return sha256_of(target) == plan.made.target_sha256
    except SourceUnreadable:
        return False


@dataclass(slots=True)
class Records:
    """The records of plans that are not open, read again only where a file has changed."""

    _known: dict[Path, tuple[Stamp, bool]] = field(default_factory=dict)
    _others: dict[tuple[Path, Path], tuple[Stamp | None, bool]] = field(default_factory=dict)

    def plan_beside(self, job: Job) -> Path | None:
        """Return the plan of a file, or None if it has none yet.

        Where the file is a finished copy itself, the plan that made it is that of another file.
        """
        return next(
            (p for p in names_of_plans(job) if os.path.isfile(p) and self._fits(p, job)), None
        )

    def _fits(self, plan: Path, job: Job) -> bool:
        if plan != plan_path_of(job.source):
            return True
        key, stamp = (plan, job.source), stamp_of(job.source)
        known = self._others.get(key)
        if known is None or known[0] != stamp:
            known = self._others[key] = stamp, names_another_source(plan, job.source)
        return not known[1]

    def tells_of_copy(self, job: Job, plan_path: Path) -> bool:
        """Return whether the plan is unchanged since it recorded a copy, and one is there.

        The copy itself is not read. A list of a hundred films could not wait for that.
        """
        stamp = stamp_of(plan_path)
        if stamp is None or stamp_of(job.target) is None:
            return False
        known = self._known.get(plan_path)
        if known is None or known[0] != stamp:
            known = self._known[plan_path] = stamp, sealed_record(plan_path) is not None
        return known[1]
