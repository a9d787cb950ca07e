"""Writes the reports of a run (`--report`).

Facts are collected while it goes on, and written when it ends.

The report of a failure is needed most, so a report is also written after an error, an interrupt or
a refused target.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from efface.errors import EffaceError, Interrupted, VerificationFailed, printable, worst
from efface.files import open_plain, require_target, writing
from efface.options import Options, RiskOptions

if TYPE_CHECKING:
    from efface.findings import Verification
    from efface.pipeline.naming import AnyJob
    from efface.pipeline.remote_address import Location
    from efface.pipeline.rendering import Rendered
    from efface.planning.plan import Plan
    from efface.report.report_model import Chosen, Entry, Report

KINDS = {".html": "page", ".htm": "page", ".json": "manifest", ".csv": "exemption log"}
"""The format of a report, by the suffix of its name."""

HEAD = 1 << 12
MARKS = (
    b'"format": "efface-report"',
    b": report of efface</title>",
    b"file,name,track,kind,from,to,areas,reason",
)
"""The first HEAD bytes of a report contain one of these."""

REPORT = click.option(
    "--report", "reports", type=click.Path(path_type=Path, readable=False), multiple=True,
    metavar="PATH",
    help="Also write a report; .html or .json selects the format, .csv a log of what was erased "
    "for which reason. Repeatable.",
)  # fmt: skip


def require_reports(
    paths: Sequence[Path],
    others: Sequence[Path],
    sources: Sequence[Path],
    *,
    overwrite: bool,
    makes: Path | None,
    resumes: bool = False,
) -> None:
    """Refuse unusable reports before any work is done. Raises click.UsageError, OutputError.

    others   paths of other files that the run writes.
    makes    a folder that will be made for the targets; a report may go into it.
    resumes  the run may continue an earlier one, and replaces its report.
    """
    for path in paths:
        if path.suffix.lower() not in KINDS:
            raise click.UsageError(
                f"--report {printable(path)}: its name must end in .html, .json or .csv. "
                "Nothing was written."
            )
    taken = [os.path.abspath(p).casefold() for p in (*paths, *others)]
    if len(set(taken[: len(paths)])) < len(paths) or set(taken[: len(paths)]) & set(
        taken[len(paths) :]
    ):
        raise click.UsageError(
            "--report names a file that this run also writes for another purpose. Nothing "
            "was written."
        )
    for path in paths:
        if makes is not None and os.path.abspath(path.parent) == os.path.abspath(makes):
            with writing(path):
                makes.mkdir(parents=True, exist_ok=True)
        require_target(path, tuple(sources), overwrite=overwrite or (resumes and _is_report(path)))


def check_reports(
    reports: Sequence[Path],
    jobs: Sequence[AnyJob],
    output: Location | None,
    *,
    overwrite: bool,
    resumes: bool = False,
) -> None:
    """Refuse unusable reports of these jobs before any work is done.

    Raises click.UsageError, OutputError.
    """
    from efface.pipeline.remote_address import local_paths

    written = local_paths(p for job in jobs for p in (job.target, job.plan_path))
    makes = (
        output if isinstance(output, Path) and [job.target for job in jobs] != [output] else None
    )
    sources = local_paths(job.source for job in jobs)
    require_reports(reports, written, sources, overwrite=overwrite, makes=makes, resumes=resumes)


def _is_report(path: Path) -> bool:
    """Return whether the file is a report that efface wrote."""
    try:
        with open_plain(path) as f:
            head = f.read(HEAD)
    except OSError:
        return False
    return any(mark in head for mark in MARKS)


class Record:
    """The facts on each file so far.

    On leaving the block the reports are written, and named on stdout unless `is_quiet`.

    resumes  as in `require_reports`.
    """

    def __init__(
        self,
        command: str,
        paths: Sequence[Path],
        jobs: Sequence[AnyJob],
        options: Options,
        *,
        is_quiet: bool = False,
        resumes: bool = False,
    ) -> None:
        self._is_quiet, self._resumes = is_quiet, resumes
        self._command, self._paths, self._jobs, self._options = command, paths, jobs, options
        self._numbers = {job: i for i, job in enumerate(jobs, start=1)}
        self._entries: dict[AnyJob, Entry] = {}
        self._codes: list[int] = []
        self._told = options.report.wanted
        self._settings: dict[str, tuple[Chosen, ...]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._paths:
            return
        if error is None or (isinstance(error, SystemExit) and not error.code):
            self._write_or_say()
            return
        reason = (
            error
            if isinstance(error, EffaceError)
            else Interrupted()
            if _is_interrupt(error)
            else EffaceError()
        )
        for job in self._jobs:
            if job not in self._entries or self._entries[job].exit_code < 0:
                self.failed(job, reason)
        with suppress(
            EffaceError
        ):  # the user sees what ended the run; an error about the report would hide it
            self._write()

    def planned(self, job: AnyJob, plan: Plan, plan_sha256: str = "") -> None:
        """Note the facts of a plan that has no target yet."""
        if not self._paths:
            return
        from efface.report import facts, report_model, run_facts

        self._entries[job] = report_model.Entry(
            self._numbers[job],
            report_model.Verdict.NOT_DONE,
            -1,
            media=facts.media_of(plan),
            plan_sha256=plan_sha256,
            found=facts.found_in(plan, self._bound(plan)),
            chosen=self._chosen(plan),
            networks=run_facts.networks_of(plan),
        )

    def rendered(self, job: AnyJob, done: Rendered, code: int, plan_sha256: str = "") -> None:
        """Note that the target was written."""
        if not self._paths:
            return
        from efface.report.report_model import Done
        from efface.report.run_facts import verdict_of

        entry = self._entries[job]
        self._entries[job] = replace(
            self._named(entry, job),
            verdict=verdict_of(entry.found, done.verification),
            exit_code=code,
            plan_sha256=plan_sha256 or entry.plan_sha256,
            target_sha256=done.target_sha256,
            done=Done(*done.written),
            verification=done.verification,
        )

    def verified(self, job: AnyJob, found: Verification, code: int) -> None:
        """Note that a target was checked.

        The report lists moments of its plan; the verdict is that of the checks.
        """
        if not self._paths:
            return
        from efface.report.run_facts import verdict_of

        hashes = {k: v for c in found.checks for k, v in c.facts.items() if isinstance(v, str)}
        target = hashes.get("SHA-256 of the target", "")
        self._entries[job] = replace(
            self._named(self._entries.get(job) or self._unknown(job), job),
            verdict=verdict_of(None, found),
            exit_code=code,
            target_sha256=target,
            verification=found,
        )

    def failed(self, job: AnyJob, error: EffaceError) -> None:
        """Note that there is no target, and why."""
        if not self._paths:
            return
        from efface.report.report_model import Verdict
        from efface.report.run_facts import failure_of

        found = error.verification if isinstance(error, VerificationFailed) else None
        self._entries[job] = replace(
            self._named(self._entries.get(job) or self._unknown(job), job),
            verdict=Verdict.NOT_CLEAN
            if isinstance(error, VerificationFailed)
            else Verdict.NOT_DONE,
            exit_code=error.exit_code,
            failure=failure_of(error, self._private),
            verification=found,
        )

    def ended(self, code: int) -> None:
        """Note the exit code of the command."""
        self._codes.append(code)

    def _unknown(self, job: AnyJob) -> Entry:
        from efface.report import report_model, run_facts

        return report_model.Entry(
            self._numbers[job],
            report_model.Verdict.NOT_DONE,
            -1,
            chosen=run_facts.chosen(self._command, asdict(self._options)),
        )

    def _named(self, entry: Entry, job: AnyJob) -> Entry:
        if "names" not in self._told:
            return entry
        return replace(entry, name=printable(job.name), target_name=printable(job.target.name))

    @cached_property
    def _private(self) -> set[str]:
        """The words in every file and folder name of this run. The report must not contain them."""
        from efface.report.run_facts import words_of

        if "names" in self._told:
            return set()
        paths = [
            p.absolute() if isinstance(p, Path) else p
            for job in self._jobs
            for p in (job.source, job.target, job.plan_path)
        ]
        return {word for p in paths for part in (*p.parts[:-1], p.stem) for word in words_of(part)}

    def _chosen(self, plan: Plan) -> tuple[Chosen, ...]:
        """Return the settings that applied.

        Thousands of files mostly share them, so each set is kept once.
        """
        from efface.report import run_facts

        key = repr(plan.options)
        if key not in self._settings:
            self._settings[key] = run_facts.chosen(
                self._command, asdict(self._options), plan.options
            )
        return self._settings[key]

    def _bound(self, plan: Plan) -> float:
        """Return the risk bound of this run, or, if it only obeys the plan, of the run that made
        the plan."""
        if self._command == "redact":
            return self._options.risk.bound
        asked = plan.options.get("risk")
        bound = asked.get("bound") if isinstance(asked, dict) else None
        is_usable = isinstance(bound, int | float) and 0 <= bound <= 1
        return float(bound) if is_usable and bound is not None else RiskOptions().bound

    def report(self) -> Report:
        """Return the report of everything noted so far."""
        from efface.report import report_model, run_facts

        made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ") if "date" in self._told else ""
        entries = tuple(self._entries[job] for job in self._jobs if job in self._entries)
        code = worst([*self._codes, *(e.exit_code for e in entries)])
        walls = {"decoder walls": run_facts.walls_of(e.verification for e in entries)}
        software = run_facts.software() | walls
        return report_model.Report(self._command, entries, code, made, software=software)

    def _write_or_say(self) -> None:
        """Write the reports.

        If one cannot be written, end the process with the gravest code of the run.
        """
        try:
            self._write()
        except EffaceError as e:
            click.echo(
                f"efface: {e} This concerns only the report; the targets are as listed above.",
                err=True,
            )
            raise SystemExit(worst([*self._codes, e.exit_code])) from e

    def _write(self) -> None:
        from efface.pipeline.remote_address import local_paths
        from efface.pipeline.storage import write_text
        from efface.report import manifest, text
        from efface.report.exemption_log import pieces as log_pieces
        from efface.report.page import page

        report = self.report()
        sources = local_paths(job.source for job in self._jobs)
        for path in self._paths:
            makers = {"page": page, "manifest": manifest.pieces, "exemption log": log_pieces}
            pieces = makers[KINDS[path.suffix.lower()]](report)
            overwrite = self._options.write.overwrite or (self._resumes and _is_report(path))
            write_text(path, sources, pieces, overwrite=overwrite)
        if self._is_quiet:
            return
        with suppress(OSError):  # the reader of stdout is gone
            click.echo(text.closing(report, [str(p) for p in self._paths]))


def _is_interrupt(error: BaseException) -> bool:
    return isinstance(error, KeyboardInterrupt | click.Abort)
