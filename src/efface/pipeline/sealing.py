"""Seals originals: finds the plan, the copy and the reports of each, and writes their record.

A record is written only if the plan says so itself: it names the original and the copy by their
hashes. A name proves nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from efface.errors import BadPlan, PlanMismatch, SourceUnreadable
from efface.files import reason, require_target, sha256_of, writing
from efface.pipeline.naming import Job, fitting
from efface.pipeline.resume import in_use
from efface.planning import sidecar
from efface.planning.plan import Plan
from efface.seal_records.minisign_keys import SIGNATURE_SUFFIX, Signer
from efface.seal_records.record_text import (
    COPY,
    MOST_MODELS,
    ORIGINAL,
    PLAN,
    REPORT,
    SUFFIX,
    UNKNOWN,
    SealedFile,
    SealedModel,
    SealRecord,
    is_bare_name,
)
from efface.staged_files import staged, staged_pair
from efface.version import VERSION

TIME = "%Y-%m-%dT%H:%M:%SZ"
RENAME = "Rename it, or add --no-names."


@dataclass(frozen=True, slots=True)
class Sealing:
    """How originals are sealed.

    sealed_at  in UTC.
    plan       the plan to use; None for the one that belongs to the copy.
    reports    what else belongs to each original.
    has_names  whether the record names the files.
    signer     the key that signs; None for a record that is not signed.
    overwrite  replace records that exist already.
    """

    sealed_at: datetime
    plan: Path | None = None
    reports: Sequence[Path] = ()
    has_names: bool = True
    signer: Signer | None = None
    overwrite: bool = False

    def record_of(self, job: Job) -> SealRecord:
        """Return the record of an original.

        Raises SourceUnreadable, BadPlan, PlanMismatch.
        """
        _require_unlinked(job.source)
        original = SealedFile(ORIGINAL, *_size_and_hash(job.source), self._name(job.source))
        plan_path = self.plan or in_use(job)
        has_copy = os.path.lexists(job.target)
        bare = SealRecord(
            sealed_at=self.sealed_at.strftime(TIME),
            efface=VERSION,
            files=(original,),
            key=self.signer.public if self.signer is not None else "",
        )
        if self.plan is None and not os.path.lexists(plan_path):
            if has_copy:
                raise PlanMismatch(
                    job.target, f"no plan says that it was made from {job.name}", NAME_PLAN
                )
            return replace(bare, files=(original, *self._reports()))
        return self._with_plan(bare, job, plan_path, has_copy=has_copy)

    def _with_plan(
        self, bare: SealRecord, job: Job, plan_path: Path, *, has_copy: bool
    ) -> SealRecord:
        plan, sealed_plan = sidecar.load(plan_path), self._file(PLAN, plan_path)
        if plan.source_sha256 != bare.files[0].sha256:
            raise PlanMismatch(job.source, f"{plan_path} was made for another source", NAME_PLAN)
        files = [*bare.files, sealed_plan]
        if has_copy:
            copy = self._file(COPY, job.target)
            if plan.made is None or plan.made.target_sha256 != copy.sha256:
                raise PlanMismatch(
                    job.target, f"{plan_path} does not say that it was made by it", NAME_PLAN
                )
            files.append(copy)
        try:
            return replace(
                bare,
                files=(*files, *self._reports()),
                made_with=plan.made.efface if plan.made is not None and has_copy else "",
                models=_models_of(plan),
                has_changed_plan=_is_changed(plan) and has_copy,
            )
        except ValueError as e:
            raise BadPlan(plan_path, str(e)) from e

    def _reports(self) -> list[SealedFile]:
        return [self._file(REPORT, path) for path in self.reports]

    def _file(self, role: str, path: Path) -> SealedFile:
        _require_unlinked(path)
        return SealedFile(role, *_size_and_hash(path), self._name(path))

    def _name(self, path: Path) -> str:
        if not self.has_names:
            return ""
        if not is_bare_name(path.name):
            why = "its name holds characters that a record cannot hold"
            raise SourceUnreadable(path, why, RENAME)
        return path.name

    def write(self, job: Job, path: Path) -> SealRecord:
        """Write the record of an original, and its signature. Raises as `record_of`, and
        OutputError."""
        signature_path = path.with_name(path.name + SIGNATURE_SUFFIX)
        inputs = (job.source, job.target, *self.reports)
        for one in (path, signature_path):
            require_target(one, inputs, overwrite=self.overwrite)
        record = self.record_of(job)
        data = record.text().encode("utf-8")
        if self.signer is not None:
            signature = self.signer.signature(data, int(self.sealed_at.timestamp()))
            with staged_pair(path, signature_path, overwrite=self.overwrite) as (draft, about):
                _write(draft, data)
                _write(about, signature)
            return record
        with writing(signature_path):  # an older one would not hold for the new record
            signature_path.unlink(missing_ok=True)
        with staged(path, overwrite=self.overwrite) as draft:
            _write(draft, data)
        return record


NAME_PLAN = "Name the plan with --plan, and the copy with --copies."


def record_path_of(source: Path) -> Path:
    """Return where the record of an original lies by default: beside it."""
    whole = fitting(source.name, SUFFIX + SIGNATURE_SUFFIX)
    return source.with_name(whole.removesuffix(SIGNATURE_SUFFIX))


def _write(path: Path, data: bytes) -> None:
    with writing(path):
        path.write_bytes(data)


def _require_unlinked(path: Path) -> None:
    if os.path.islink(path):
        why = "it is a link, and the check of a record follows none"
        raise SourceUnreadable(path, why, "Name the file that it leads to.")


def _size_and_hash(path: Path) -> tuple[int, str]:
    try:
        return os.stat(path).st_size, sha256_of(path)
    except (OSError, ValueError) as e:
        raise SourceUnreadable(path, reason(e) if isinstance(e, OSError) else str(e)) from e


def _is_changed(plan: Plan) -> bool:
    return plan.made is not None and plan.made.seal != sidecar.seal(plan)


def _models_of(plan: Plan) -> tuple[SealedModel, ...]:
    told = [(d.get("name"), d.get("version"), d.get("sha256") or UNKNOWN) for d in plan.detectors]
    return tuple(SealedModel(*map(str, m)) for m in dict.fromkeys(told[: MOST_MODELS + 1]))
