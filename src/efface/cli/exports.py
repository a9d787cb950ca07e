"""The exports of `efface find`: plans in the formats of other programs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from efface.pipeline.naming import AnyJob
    from efface.pipeline.remote_address import Location
    from efface.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Exports:
    """The file for each format; None: it is not asked for."""

    coco: Path | None
    mot: Path | None
    cvat: Path | None
    label_studio: Path | None

    @property
    def paths(self) -> list[Path]:
        """The files that are asked for."""
        every = (self.coco, self.mot, self.cvat, self.label_studio)
        return [path for path in every if path is not None]

    def needs(self, plan: Plan) -> bool:
        """Return whether any of them is about that plan."""
        others = (self.mot, self.cvat, self.label_studio)
        return any(others) or (self.coco is not None and plan.medium != "video")

    def lacks(self, plan: Plan, *, is_only: bool) -> str:
        """Return the lines that say in which files a source is not.

        is_only  there is no other source.
        """
        is_film = plan.medium == "video"
        without = [
            name
            for name, path, takes_it in (
                ("COCO", self.coco, not is_film),
                ("CVAT", self.cvat, is_only or plan.medium == "photo"),
            )
            if path is not None and not takes_it
        ]
        what = "a video" if is_film else "an animation"
        return "".join(f"\n  It is {what}, so it is not in the {name} file." for name in without)


def write_exports(
    exports: Exports,
    jobs: Sequence[AnyJob],
    plans: Sequence[tuple[str, Plan]],
    *,
    overwrite: bool,
) -> None:
    """Write them, each whole or not at all. plans: name and plan of each source, in order.

    Raises OutputError.
    """
    from efface.pipeline.remote_address import local_paths
    from efface.pipeline.storage import write_text

    sources = local_paths(job.source for job in jobs)
    for path, pieces in _made(exports, plans, is_only=len(jobs) == 1):
        write_text(path, sources, pieces, overwrite=overwrite)


def _made(
    exports: Exports, plans: Sequence[tuple[str, Plan]], *, is_only: bool
) -> Iterator[tuple[Path, Iterator[str]]]:
    """Yield each file with its text. MOT rows and a film's CVAT need a plan."""
    from efface.planning import cvat_format, export_formats, label_studio_format

    if exports.coco:
        stills = [(name, plan) for name, plan in plans if plan.medium != "video"]
        yield exports.coco, iter([export_formats.coco(stills)])
    if exports.mot and plans:
        yield exports.mot, export_formats.mot(plans[0][1])
    if exports.cvat:
        photos = [(name, plan) for name, plan in plans if plan.medium == "photo"]
        is_film = is_only and bool(plans) and not photos
        of_film = cvat_format.cvat_of_film
        yield exports.cvat, of_film(plans[0][1]) if is_film else cvat_format.cvat_of_photos(photos)
    if exports.label_studio:
        yield exports.label_studio, iter([label_studio_format.label_studio(plans)])


def require_writable(
    jobs: Sequence[AnyJob], output: Location | None, exports: Exports, *, overwrite: bool
) -> None:
    """Refuse exports that cannot be written. Raises click.UsageError, OutputError."""
    from efface.files import require_target
    from efface.pipeline.remote_address import local_paths

    if exports.mot and len(jobs) != 1:
        raise click.UsageError("--mot describes one video; name a single file.")
    everything = local_paths(j.source for j in jobs)
    for export in exports.paths:
        require_target(export, everything, overwrite=overwrite)
    plans = (j.plan_path for j in jobs if output and j.plan_path != output)
    outputs = local_paths(p for p in (*exports.paths, output, *plans) if p)
    if len({os.path.abspath(p) for p in outputs}) < len(outputs):
        raise click.UsageError("Two outputs name the same file. Nothing was written.")
