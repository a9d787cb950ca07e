"""Signs copies where the options ask for it: whose key, and what the manifest says of a plan."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from efface.containers.admission import AdmittedSource
from efface.detections import KINDS
from efface.options import PAINTED, Options, SignOptions
from efface.planning import sidecar
from efface.planning.plan import Plan

if TYPE_CHECKING:
    from efface.content_credentials.copy_signing import CopySigner
    from efface.content_credentials.signing_key import SigningKey
    from efface.content_credentials.statement import ErasedKind


def as_rendered(plan: Plan, options: Options) -> Plan:
    """Return the plan with the options by which its target is written."""
    painted = {branch: asdict(getattr(options, branch)) for branch in PAINTED}
    return replace(plan, options={**plan.options, **painted})


def signing_key(options: SignOptions) -> SigningKey | None:
    """Return the key that the options name, or None. Raises ExtraMissing, BadCertificate,
    BadKey."""
    return _opened(*map(Path, options.files)) if options.c2pa_sign is not None else None


@lru_cache(maxsize=1)
def _opened(certificate: Path, key: Path) -> SigningKey:
    from efface.content_credentials.signing_key import open_signing_key

    return open_signing_key(certificate, key)


def require_signable(source: AdmittedSource, target: Path, options: SignOptions) -> None:
    """Raise TargetUnsuitable, or what `signing_key` raises, if the target cannot be signed."""
    if signing_key(options) is None or source.medium == "photo":
        return
    from efface.content_credentials.copy_signing import require_signable_film

    require_signable_film(target)


def signer_of(plan: Plan, options: Options) -> CopySigner | None:
    """Return what signs the copy that is made by the plan, or None."""
    key = signing_key(options.sign)
    if key is None:
        return None
    from efface.content_credentials.copy_signing import CopySigner
    from efface.content_credentials.statement import Model, Statement

    told = [[str(d.get(n, "")) for n in ("name", "version", "sha256")] for d in plan.detectors]
    statement = Statement(
        kinds=_erased_kinds(plan),
        frames=len(plan.timeline),
        blacked_out=len(plan.bad),
        models=[Model(*m) for m in told],
        plan_sha256=sidecar.seal(as_rendered(plan, options)),
        source_sha256=plan.source_sha256 if options.sign.c2pa_source_hash else "",
    )
    return CopySigner(key, statement)


def _erased_kinds(plan: Plan) -> list[ErasedKind]:
    from efface.content_credentials.statement import ErasedKind

    found = []
    for number, kind in enumerate(KINDS):
        areas = [int(plan.erased_rows(t).sum()) for t in plan.revised.tracks if t.kind == number]
        if any(areas):
            found.append(ErasedKind(kind, sum(a > 0 for a in areas), sum(areas)))
    return found


def is_signed_as_asked(plan: Plan, options: SignOptions) -> bool:
    """Return whether the target of a plan has the signature that is asked for, or none if none
    is."""
    key, made = signing_key(options), plan.made.manifest if plan.made is not None else None
    if key is None or made is None:
        return key is None and made is None
    is_same_claim = made.has_source_hash == options.c2pa_source_hash
    return made.certificate == key.fingerprint and is_same_claim
