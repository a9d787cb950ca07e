"""Add files to a review while its server runs: dropped ones, and files that lie on this machine.

The list only grows, so that numbers of files stay what they are.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from efface.containers.admission import AdmittedSource, admit
from efface.containers.sniff import looks_like_media
from efface.errors import EffaceError, printable
from efface.files import require_source, writing
from efface.pipeline.naming import (
    Job,
    beside,
    collisions,
    is_own_output,
    job_for,
    names_another_source,
    plan_path_of,
)
from efface.review.home_folders import HomeFolders
from efface.review.running_work import Tell
from efface.review.session import ReviewSession
from efface.review.uploads import Refused, Upload, Uploads

MOST_FILES = 5000
"""Maximum number of files in one review."""


def results_folder(home: Path) -> Path:
    """Return the folder for copies of dropped files, whose own folder no page is told."""
    downloads = home / "Downloads"
    return (downloads if downloads.is_dir() else home) / "efface"


class Opening:
    """Adds files to a session.

    uploads  a private folder for dropped files, deleted at the end.
    home     nothing outside of it is offered.
    results  where copies of dropped files go.
    """

    def __init__(self, session: ReviewSession, uploads: Path, home: Path, tell: Tell) -> None:
        self._session, self._tell, self._adding = session, tell, threading.Lock()
        self.home, self.results = home, results_folder(home)
        self.uploads, self.folders = Uploads(uploads), HomeFolders(home)

    def begin(self, name: str, size: int) -> Upload:
        """Prepare for a dropped file. Raises Refused and WriteFailed."""
        self._require_room(self.uploads.count + 1)
        return self.uploads.begin(name, size)

    def _require_room(self, more: int) -> None:
        if len(self._session.folders) + more > MOST_FILES:
            raise Refused(f"efface takes up to {MOST_FILES} files at a time")

    def finish(self, upload: Upload) -> int:
        """Add a file that has arrived whole. Returns its number. Raises Refused, EffaceError."""
        source = self.uploads.take(upload)
        try:
            if not looks_like_media(source):
                raise Refused("it is no photo or film")
            with self._adding:
                job = self._job_of_dropped(admit(source), upload)
                number = self._session.add(job)
        except BaseException:
            self.uploads.drop(upload)
            raise
        self._tell({"event": "files"})
        return number

    def _job_of_dropped(self, source: AdmittedSource, upload: Upload) -> Job:
        """Return the job of a dropped file, with a name for its copy that is free.

        A plan of the very same file is gone on with: it was dropped before. Raises WriteFailed.
        """
        folder = self.results.joinpath(*upload.name.parent.parts)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        taken = {_key(f.job.target) for f in self._session.folders}
        stem, suffix = Path(upload.name.name).stem, Path(upload.name.name).suffix
        for n in itertools.count(1):
            numbered = stem + (f" ({n})" if n > 1 else "") + suffix
            target = folder / beside(Path(numbered), source).name
            plan = plan_path_of(target)
            if _key(target) in taken:
                continue
            if os.path.lexists(plan) and not names_another_source(plan, source.path):
                break
            if not os.path.lexists(target) and not os.path.lexists(plan):
                break
        return Job(source.path, str(upload.name), target, plan, source)

    def add_in_place(self, paths: Sequence[Path]) -> dict[str, Any]:
        """Add files that lie on this machine, and all below folders, with copies beside them.

        Returns how many were added, how many were there already, and why others were left out.
        """
        added, known, left_out = [], 0, []
        with self._adding:
            for path in (p for chosen in paths for p in self.folders.media_in(chosen)):
                if path not in paths and is_own_output(path):
                    continue
                self._require_room(1)
                try:
                    number = self._add(path)
                except EffaceError as e:
                    left_out.append({"name": printable(path.name), "why": str(e)})
                    continue
                if number is None:
                    known += 1
                else:
                    added.append(number)
        if added:
            self._tell({"event": "files"})
        return {"files": added, "known": known, "left_out": left_out}

    def _add(self, path: Path) -> int | None:
        """Add a file; None if it is in the list already. Raises EffaceError."""
        require_source(path)
        jobs = [f.job for f in self._session.folders]
        if any(os.path.realpath(j.source) == os.path.realpath(path) for j in jobs):
            return None
        job = job_for(admit(path), None)
        if (error := collisions([*jobs, job]).get(path)) is not None:
            raise error
        return self._session.add(job)


def _key(path: Path) -> str:
    """Return what distinguishes names on file systems that treat A and a as one."""
    return os.path.abspath(path).casefold()
