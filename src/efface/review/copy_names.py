"""Where copies go, and what their names get: a person may choose both."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from efface.containers.admission import AdmittedSource
from efface.pipeline.naming import (
    MARK,
    Job,
    beside,
    fitting,
    names_another_source,
    plan_path_of,
)
from efface.review.clean_names import cleaned

LONGEST_MARK = 40
"""Maximum length of what a person adds to names, in characters."""


@dataclass(frozen=True, slots=True)
class CopyNames:
    """What a person chose for copies.

    folder  all copies go there; None puts each beside its file, and those of dropped files into the
            folder for results.
    mark    stands between name and suffix. It is never empty, so that no copy has the name of its
            file.
    """

    folder: Path | None = None
    mark: str = MARK

    def __post_init__(self) -> None:
        is_plain = self.mark == self.mark.strip() and self.mark.isprintable()
        if not 0 < len(self.mark) <= LONGEST_MARK or not is_plain:
            raise ValueError(f"names of copies need between 1 and {LONGEST_MARK} more characters")
        if cleaned(f"a{self.mark}.x").name != f"a{self.mark}.x":
            raise ValueError("this cannot be a part of a file's name everywhere; take letters")

    def name_of(self, stem: str, source: AdmittedSource) -> str:
        """Return the name of a copy. Its suffix fits what is written."""
        return fitting(stem, self.mark + beside(source.path, source).suffix)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file came from.

    name    as a person knows it, with its folders below what was chosen or dropped.
    folder  of its copy, with those folders, unless a person chooses another.
    """

    name: PurePosixPath
    folder: Path

    def job(
        self, source: AdmittedSource, names: CopyNames, is_taken: Callable[[Path], bool]
    ) -> Job:
        """Return the job of the file, with a name for its copy that is free.

        A plan of the very same file is gone on with: it was here before.
        """
        folder = self.folder
        if names.folder is not None:
            folder = names.folder.joinpath(*self.name.parent.parts)
        stem = PurePosixPath(self.name.name).stem
        for n in itertools.count(1):
            numbered = stem + (f" ({n})" if n > 1 else "")
            target = folder / names.name_of(numbered, source)
            plan = plan_path_of(target)
            if is_taken(target):
                continue
            if os.path.lexists(plan) and not names_another_source(plan, source.path):
                break
            if not os.path.lexists(target) and not os.path.lexists(plan):
                break
        return Job(source.path, str(self.name), target, plan, source)
