"""Write plans and other text files whole, and note in a plan what was made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from efface.errors import SourceUnreadable
from efface.files import require_target, sha256_of, writing
from efface.options import Options
from efface.pipeline.changed_sound import duration_s
from efface.pipeline.naming import Job
from efface.pipeline.rendering import Rendered
from efface.pipeline.resume import held, require_no_edits
from efface.pipeline.signing import as_rendered
from efface.planning import sidecar
from efface.planning.plan import Plan
from efface.planning.render_record import RenderRecord
from efface.staged_files import staged
from efface.version import VERSION


def noted(plan: Plan, done: Rendered, options: Options) -> Plan:
    """Return the plan with a record of the target made from it, and with the options that were
    used.

    The version stays that of the first record: it tells which version examined the source, and a
    newer one may see more.
    """
    version = plan.made.efface if plan.made is not None else VERSION
    plan = as_rendered(replace(plan, grid=done.grid), options)
    audio = done.audio_kept, done.audio_dropped
    return replace(
        plan,
        made=RenderRecord(
            done.target_sha256,
            version,
            audio,
            done.verification,
            sidecar.seal(plan),
            done.sound,
            done.manifest,
        ),
    )


def recorded(plan: Plan, target: Path) -> Rendered:
    """Return what is known of the target that a plan records: the opposite of `noted`."""
    made = plan.made
    assert made is not None
    return Rendered(
        target, len(plan.timeline), plan.region_count, len(plan.bad), *made.audio,
        made.verification, plan.source_sha256, made.target_sha256,
        made.sound, made.sound.silent_s(duration_s(plan)) if made.sound is not None else 0.0,
        made.manifest,
        plan.grid,
    )  # fmt: skip


def write_plan(
    plan: Plan, path: Path, source: Path, *, overwrite: bool, discards: bool = False
) -> None:
    """Save a plan under its name, whole or not at all.

    Raises OutputError. `discards` as in `write_text`.
    """
    sidecar.require_readable(plan, path)
    write_text(path, (source,), sidecar.lines(plan), overwrite=overwrite, discards=discards)


def write_text(
    path: Path,
    sources: tuple[Path, ...],
    pieces: Iterator[str],
    *,
    overwrite: bool,
    discards: bool = False,
) -> None:
    """Save text under a name, whole or not at all.

    `discards`: also replace a plan that a person changed.

    Raises OutputError.
    """
    require_target(path, sources, overwrite=overwrite)
    if not discards:
        require_no_edits(path)
    with (
        held(path),
        staged(path, overwrite=overwrite) as draft,
        writing(path),
        open(draft, "w", encoding="utf-8", newline="\n") as f,
    ):
        f.writelines(pieces)


def state_of(job: Job) -> tuple[str, str]:
    """Return checksums of the files under a job's names; empty where a file is missing or
    unreadable."""
    found = []
    for path in (job.target, job.plan_path):
        try:
            found.append(sha256_of(path))
        except SourceUnreadable:
            found.append("")
    return found[0], found[1]
