"""Add files to a review while its server runs: dropped ones, and files that lie on this machine.

The list only grows, so that numbers of files stay what they are.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from efface.containers.admission import AdmittedSource, admit
from efface.containers.sniff import looks_like_media
from efface.errors import EffaceError, TargetExists, printable
from efface.files import require_source, writing
from efface.pipeline.naming import Job, collisions, is_own_output, job_for
from efface.review.api_models import shown_folder
from efface.review.copy_names import CopyNames, Origin
from efface.review.file_registry import Folder
from efface.review.home_folders import HomeFolders
from efface.review.recent import RecentWork
from efface.review.running_work import Tell
from efface.review.session import ReviewSession
from efface.review.uploads import Refused, Upload, Uploads
from efface.review.user_folders import state_folder

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
        self.recent = RecentWork(state_folder() / "recent.json", self.folders)
        self.copies = CopyNames()
        self._origins = {
            number: Origin(
                PurePosixPath(Path(folder.job.name).as_posix()), folder.job.target.parent
            )
            for number, folder in enumerate(session.folders)
        }

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
                folder = self.results.joinpath(*upload.name.parent.parts)
                origin = Origin(upload.name, folder)
                number = self._add_new(admit(source), origin, self._in_use())
        except BaseException:
            self.uploads.drop(upload)
            raise
        self._tell({"event": "files"})
        return number

    def add_in_place(self, paths: Sequence[Path]) -> dict[str, Any]:
        """Add files that lie on this machine, and all below folders, with copies beside them.

        Returns how many were added, how many were there already, and why others were left out.
        """
        added, known, left_out = [], 0, []
        with self._adding:
            in_use = self._in_use()
            found = ((c, p) for c in paths for p in self.folders.media_in(c))
            for chosen, path in found:
                if path not in paths and is_own_output(path):
                    continue
                self._require_room(1)
                try:
                    number = self._add(path, chosen, in_use)
                except EffaceError as e:
                    why = str(e).removeprefix(f"{printable(path)}: ")
                    left_out.append({"name": printable(path.name), "why": why})
                    continue
                if number is None:
                    known += 1
                else:
                    added.append(number)
        if added:
            self.recent.note(paths)
            self._tell({"event": "files"})
        return {"files": added, "known": known, "left_out": left_out}

    def _in_use(self) -> _InUse:
        in_use = _InUse()
        for folder in self._session.folders:
            in_use.add(folder.job)
        return in_use

    def _add(self, path: Path, chosen: Path, in_use: _InUse) -> int | None:
        """Add a file; None if it is in the list already. Raises EffaceError."""
        require_source(path)
        if os.path.realpath(path) in in_use.sources:
            return None
        below = path.relative_to(chosen if path != chosen else path.parent)
        source, origin = admit(path), Origin(PurePosixPath(below.as_posix()), path.parent)
        if self.copies != CopyNames():
            return self._add_new(source, origin, in_use)
        job = job_for(source, None)
        if in_use.collides(job):
            jobs = [f.job for f in self._session.folders]
            raise collisions([*jobs, job]).get(path) or TargetExists(job.target)
        return self._added(job, origin, in_use)

    def _add_new(self, source: AdmittedSource, origin: Origin, in_use: _InUse) -> int:
        """Add a file under a name for its copy that is free. Raises WriteFailed."""
        return self._added(self._job_of(source, origin, in_use), origin, in_use)

    def _added(self, job: Job, origin: Origin, in_use: _InUse) -> int:
        number = self._session.add(job)
        self._origins[number] = origin
        in_use.add(job)
        return number

    def _job_of(self, source: AdmittedSource, origin: Origin, in_use: _InUse) -> Job:
        """Return the job of a file, and make its folder. Raises WriteFailed."""
        job = origin.job(source, self.copies, lambda target: _key(target) in in_use.names)
        with writing(job.target.parent):
            job.target.parent.mkdir(parents=True, exist_ok=True)
        return job

    def set_copies(self, copies: CopyNames) -> None:
        """Choose where copies go, and their names, for every file that has neither plan nor copy.

        Raises WriteFailed.
        """
        with self._adding:
            self.copies = copies
            folders, in_use = self._session.folders, _InUse()
            free = [n for n in self._origins if self._is_untouched(folders[n])]
            for number in set(range(len(folders))) - set(free):
                in_use.add(folders[number].job)
            for number in free:
                with folders[number].lock:
                    source = folders[number].job.admit()
                    in_use.names.add(_key(source.path))
                    folders[number].job = self._job_of(source, self._origins[number], in_use)
                    in_use.add(folders[number].job)
        self._tell({"event": "files"})

    def _is_untouched(self, folder: Folder) -> bool:
        return self._session.state(folder) == "new" and not folder.works

    def chosen_copies(self) -> dict[str, Any]:
        """Describe for the page where copies go."""
        folder = self.copies.folder
        return {
            "mark": self.copies.mark,
            "folder": shown_folder(folder) if folder is not None else "",
            "results": shown_folder(self.results),
        }

    def copies_of(self, path: list[Any] | None, mark: Any) -> CopyNames:
        """Return the choice that the page sent. Raises ValueError."""
        if not isinstance(mark, str):
            raise ValueError("what is added to names is text")
        folder = None if path is None else self.folders.path(path)
        if folder is not None and not folder.is_dir():
            raise ValueError("copies go to a folder")
        return CopyNames(folder, mark)


class _InUse:
    """What the files of a review use: sources by their real paths, and all names."""

    def __init__(self) -> None:
        self.sources, self.names = set[str](), set[str]()

    def add(self, job: Job) -> None:
        self.sources.add(os.path.realpath(job.source))
        self.names.update(map(_key, (job.source, job.target, job.plan_path)))

    def collides(self, job: Job) -> bool:
        """Return whether the file is another one's copy, or its copy another file."""
        return any(_key(p) in self.names for p in (job.source, job.target, job.plan_path))


def _key(path: Path) -> str:
    """Return what distinguishes names on file systems that treat A and a as one."""
    return os.path.abspath(path).casefold()
