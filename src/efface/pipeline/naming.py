"""Which target belongs to which source.

For one file, `protest.mp4` becomes `protest.redacted.mp4`, with `protest.redacted.mp4.plan.json`
beside it. A folder with -o keeps its structure and its names. Photos keep their suffix. All videos
become .mp4; bitmaps (BMP, PPM) and JPEG 2000 become .png. In a folder every file that looks like a
photo or a film is a job; if it cannot be opened, an error names it. A plan has one name, whether
its source comes alone or in a folder. Names from older releases are still read.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import overload

from efface.containers.admission import AdmittedSource, admit
from efface.containers.sniff import PHOTOS, WRITTEN_AS, is_video_name, looks_like_media
from efface.errors import EffaceError, OutputError, TargetCollision, TargetIsSource, UsageError
from efface.files import open_plain, sha256_of
from efface.pipeline import remote
from efface.pipeline.remote_address import Location, RemoteAddress
from efface.private_folders import DRAFTS

MARK = ".redacted"
PLAN_SUFFIX = ".plan.json"

PLAN_HEAD = 1 << 12
"""Number of bytes at the start of a plan that contain the hash of its source."""

VIDEO_SUFFIX = ".mp4"


@dataclass(frozen=True, slots=True)
class Job:
    """One source, and the paths of its target and plan, all on this machine.

    name   the source's name relative to the folder it was found in.
    known  the source, if it was already admitted to find its name.
    """

    source: Path
    name: str
    target: Path
    plan_path: Path
    known: AdmittedSource | None = field(default=None, compare=False, repr=False)

    def admit(self) -> AdmittedSource:
        """Admit the source.

        If it is unchanged, what is known of it is not read again. Raises SourceUnreadable.
        """
        if self.known is None:
            return admit(self.source)
        self.known.require_readable()
        return self.known


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """The same, where source, target or plan is on another machine. See `transfer`."""

    source: Location
    name: str
    target: Location
    plan_path: Location


AnyJob = Job | RemoteJob


def job_of(
    source: Location,
    name: str,
    target: Location,
    plan: Location,
    known: AdmittedSource | None = None,
) -> AnyJob:
    """Return a job on this machine if all of its files are here."""
    if isinstance(source, Path) and isinstance(target, Path) and isinstance(plan, Path):
        return Job(source, name, target, plan, known)
    return RemoteJob(source, name, target, plan)


def job_for(source: AdmittedSource, target: Path | None) -> Job:
    """Return the job for a single source. Without a target, it gets one beside the source."""
    target = target or beside(source.path, source)
    return Job(source.path, source.name, target, plan_path_of(target), source)


@overload
def jobs_for(
    sources: Sequence[Path], output: Path | None, *, is_folder: bool = ...
) -> Sequence[Job]: ...
@overload
def jobs_for(
    sources: Sequence[Location], output: Location | None, *, is_folder: bool = ...
) -> Sequence[AnyJob]: ...
def jobs_for(
    sources: Sequence[Location], output: Location | None, *, is_folder: bool = False
) -> Sequence[AnyJob]:
    """Return a job for each source; a folder gives one for every photo and video below it.

    output     a file for a single source, otherwise a folder; None puts targets beside their
               sources.
    is_folder  output is a folder, even if it does not exist yet.

    Raises UsageError if several sources would become one file.
    """
    if is_single(sources, output, is_folder=is_folder):
        source = sources[0]
        known = _known(source)
        target = output or beside(source, known)
        return [job_of(source, source.name, target, plan_path_of(target), known)]
    jobs = []
    for source, name in _all(sources, output):
        known = _known(source)
        target = beside(source, known) if output is None else _in(output / name, source, known)
        jobs.append(job_of(source, str(name), target, plan_path_of(target), known))
    return jobs


@overload
def plan_path_of(target: Path) -> Path: ...
@overload
def plan_path_of(target: RemoteAddress) -> RemoteAddress: ...
def plan_path_of(target: Location) -> Location:
    """Return the path of a target's plan.

    It holds the target's whole name, as a folder may hold both a.jpg and a.png.
    """
    return target.with_name(fitting(target.name, PLAN_SUFFIX))


@overload
def _older_plan_of(target: Path) -> Path: ...
@overload
def _older_plan_of(target: RemoteAddress) -> RemoteAddress: ...
def _older_plan_of(target: Location) -> Location:
    """Return the path that older releases gave the plan of a target that was made alone."""
    return target.with_name(fitting(target.stem, PLAN_SUFFIX))


def plans_for(
    sources: Sequence[Location], output: Location | None, *, is_folder: bool = False
) -> list[AnyJob]:
    """Return jobs as `jobs_for` does, for commands that write only plans: target and plan are the
    same."""
    if is_single(sources, output, is_folder=is_folder):
        source = sources[0]
        plan = output or plan_path_of(beside(source))
        return [job_of(source, source.name, plan, plan)]
    jobs = []
    for source, name in _all(sources, output):
        plan = plan_path_of(source if output is None else output / name)
        jobs.append(job_of(source, str(name), plan, plan))
    return jobs


def sources_of(given: Sequence[Path]) -> list[Job]:
    """Return a job for each file, and for every photo and video below a folder.

    This includes files that efface wrote. Nothing is written.
    """
    found = [
        (p, p.relative_to(g) if os.path.isdir(g) else Path(g.name))
        for g in given
        for p in (_local_media(g, None) if os.path.isdir(g) else [g])
    ]
    return [Job(source, str(name), source, source) for source, name in found]


def is_single(
    sources: Sequence[Location], output: Location | None, *, is_folder: bool = False
) -> bool:
    """Return whether one file becomes one file, and not files in a folder.

    is_folder  as in `jobs_for`.

    Raises UsageError as `jobs_for` does.
    """
    is_many = len(sources) > 1 or _is_folder(sources[0])
    if is_many and output is not None and _is_file(output):
        raise UsageError(
            f"-o {output}: there are several sources, so this must be a folder, and it is "
            "a file. Nothing was written."
        )
    return not is_many and not (output is not None and (is_folder or _takes_many(output)))


def _is_folder(path: Location) -> bool:
    return remote.is_folder(path) if isinstance(path, RemoteAddress) else os.path.isdir(path)


def _takes_many(output: Location) -> bool:
    """Return whether -o names a folder.

    Stores have no folders, so there the name decides: a file's name has a suffix.
    """
    return not output.suffix if isinstance(output, RemoteAddress) else os.path.isdir(output)


def _is_file(output: Location) -> bool:
    return not _takes_many(output) and (isinstance(output, RemoteAddress) or os.path.exists(output))


def _all(
    sources: Sequence[Location], output: Location | None
) -> Iterator[tuple[Location, PurePath]]:
    for given in dict.fromkeys(sources):
        yield from _below(given, output)


@overload
def beside(source: Path, known: AdmittedSource | None = None) -> Path: ...
@overload
def beside(source: RemoteAddress, known: AdmittedSource | None = None) -> RemoteAddress: ...
def beside(source: Location, known: AdmittedSource | None = None) -> Location:
    """Return the target of a source that was given no target. known: the source, if it was already
    admitted."""
    return source.with_name(fitting(source.stem, MARK + _suffix(source, known or _known(source))))


def _in(named: Location, source: Location, known: AdmittedSource | None) -> Location:
    """Return the target in another folder.

    If the source is a folder that cannot be listed, it may be that folder itself.
    """
    return named.with_name(fitting(named.stem, _suffix(source, known)))


LONGEST_NAME = 255
"""Maximum length of a name in bytes, on nearly every file system."""

_HASHED = 8
"""Number of hexadecimal digits that distinguish two long names with the same beginning."""


def fitting(stem: str, ending: str) -> str:
    """Return the name made of both.

    If it is too long for a file system, shorten the stem and add part of its hash.
    """
    if len(os.fsencode(stem + ending)) <= LONGEST_NAME:
        return stem + ending
    mark = f"~{hashlib.sha256(os.fsencode(stem)).hexdigest()[:_HASHED]}"
    while len(os.fsencode(stem + mark + ending)) > LONGEST_NAME and stem:
        stem = stem[:-1]
    return stem + mark + ending


def _known(source: Location) -> AdmittedSource | None:
    """Admit the source; None if it is remote or unreadable.

    An unreadable source is reported when its turn comes.
    """
    if isinstance(source, RemoteAddress):
        return None
    try:
        return admit(source)
    except EffaceError:
        return None


def _suffix(source: Location, known: AdmittedSource | None) -> str:
    if isinstance(source, RemoteAddress):  # its content is not available here
        return VIDEO_SUFFIX if is_video_name(source.path) else source.suffix
    if known is None:
        return source.suffix
    try:
        found = known.format
        return (
            VIDEO_SUFFIX
            if found not in PHOTOS
            else f".{WRITTEN_AS[found]}"
            if found in WRITTEN_AS
            else source.suffix
        )
    except EffaceError:  # it will be reported when its turn comes
        return source.suffix


def left_out(sources: Sequence[Location], output: Location | None) -> list[Path]:
    """Return photos and videos below these folders that are not sources, because efface wrote
    them."""
    return [
        p
        for given in sources
        if isinstance(given, Path) and os.path.isdir(given)
        for p in _local_media(given, output)
        if is_own_output(p)
    ]


def _below(given: Location, output: Location | None) -> Iterator[tuple[Location, PurePath]]:
    """Yield (source, its name below the folder) for everything below a folder; a file stands for
    itself."""
    if not _is_folder(given):
        yield given, PurePath(given.name)
    elif isinstance(given, RemoteAddress):
        for address in remote.media_below(given, output):
            if not _is_marked(address):
                yield address, address.path.relative_to(given.path)
    else:
        for path in _local_media(given, output):
            if not is_own_output(path):
                yield path, path.relative_to(given)


def _local_media(given: Path, output: Location | None) -> Iterator[Path]:
    own = os.path.realpath(output) if isinstance(output, Path) else None
    closed: list[OSError] = []
    # Links to folders are not followed, so a loop of links ends.
    for folder, subfolders, names in os.walk(given, onerror=closed.append):
        here = Path(folder)
        subfolders[:] = sorted(
            s for s in subfolders if not s.startswith(DRAFTS) and os.path.realpath(here / s) != own
        )
        for name in sorted(names):
            if looks_like_media(here / name):
                yield here / name
    for (
        error
    ) in closed:  # a folder that cannot be listed is reported as a source that cannot be read
        yield Path(error.filename)


def is_own_output(path: Path) -> bool:
    """Return whether efface wrote the file: its name says so, or a plan beside it that was made for
    another file."""
    return _is_marked(path) or any(
        names_another_source(plan, path) for plan in (plan_path_of(path), _older_plan_of(path))
    )


def _is_marked(location: Location) -> bool:
    return PurePath(location.stem).suffix == MARK


def names_another_source(plan: Path, file: Path) -> bool:
    """Return whether the plan was made for another file. An unreadable one counts as its own."""
    try:
        with open_plain(plan) as f:
            named = re.search(rb'"sha256":"([0-9a-f]{64})"', f.read(PLAN_HEAD))
        return named is not None and named[1].decode() != sha256_of(file)
    except (OSError, EffaceError):
        return False  # it is reported when its turn comes


def plan_beside(target: Path) -> Path | None:
    """Return the plan of a target, if it lies beside it under one of its usual names; otherwise
    None."""
    names = (plan_path_of(target), _older_plan_of(target))
    return next((path for path in names if os.path.isfile(path)), None)


def collisions(jobs: Sequence[AnyJob]) -> dict[Location, OutputError]:
    """Return an error for every source whose target or plan is another source, or is also written
    by another job.

    Keys are sources.
    """
    folders: dict[str, str] = {}
    sources = {_real(job.source, folders): job.source for job in jobs}
    taken: dict[Location, OutputError] = {
        job.source: TargetIsSource(path, hint="Name another target, or leave that source out.")
        for job in jobs
        for path in (job.target, job.plan_path)
        if sources.get(_real(path, folders), job.source) != job.source
    }
    wanted: dict[str, list[AnyJob]] = {}
    for job in jobs:
        for path in (job.target, job.plan_path):
            # Some file systems treat A.jpg and a.jpg as one name: one file would replace the other.
            wanted.setdefault(_absolute(path).casefold(), []).append(job)
    return taken | {
        job.source: TargetCollision(
            job.target,
            f"by {' and '.join(sorted({j.name for j in rivals}))}",
            "Rename one of them.",
        )
        for rivals in wanted.values()
        if len({j.source for j in rivals}) > 1
        for job in rivals
    }


def _real(location: Location, folders: dict[str, str]) -> str:
    """Return the path without symbolic links. `folders` remembers those of folders: finding them
    for each of ten thousand files takes seconds."""
    if not isinstance(location, Path):
        return str(location)
    if os.path.islink(location) or location.name in ("", ".."):
        return os.path.realpath(location)
    folder = os.fspath(location.parent)
    if folder not in folders:
        folders[folder] = os.path.realpath(folder)
    return os.path.join(folders[folder], location.name)


def _absolute(location: Location) -> str:
    return os.path.abspath(location) if isinstance(location, Path) else str(location)


def names_of_plans(job: AnyJob) -> list[Path]:
    """Return the paths of this machine where a source's plan may lie: the name that it would get
    now, and the names that other commands or older releases give."""
    source, target = job.source, job.target
    admitted = job.known if isinstance(job, Job) else None
    known: list[Location] = [
        job.plan_path,
        plan_path_of(target),
        _older_plan_of(target),
        target.with_name(fitting(source.name, PLAN_SUFFIX)),
        plan_path_of(beside(source, admitted)),
        source.with_name(fitting(source.stem, MARK + PLAN_SUFFIX)),
        plan_path_of(source),
    ]
    return [path for path in dict.fromkeys(known) if isinstance(path, Path)]
