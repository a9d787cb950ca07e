"""Checks the manifest in a copy: it is the one that efface wrote, it holds, and it shows nothing of
the source."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from efface.containers import c2pa_parts
from efface.containers.parts import Broken
from efface.content_credentials.c2pa_signing import MIME
from efface.content_credentials.statement import DETAILS, EDITED, OPENED
from efface.findings import Check, Finding, Outcome
from efface.part_errors import installed_from
from efface.planning.render_record import SignedManifest

NAME = "credentials"

Read = Callable[[Path, str], Mapping[str, Any]]
"""Returns what the library reads of a file of that MIME type; {"error": why} where it does not."""

ASSERTIONS = frozenset(
    ("c2pa.actions.v2", "c2pa.ingredient.v3", "c2pa.hash.data", "c2pa.hash.bmff.v3")
)
_MANIFEST = frozenset(("c2pa.claim.v2", "c2pa.signature"))
_INGREDIENT = {"relationship": "parentOf", "label": "c2pa.ingredient.v3"}

EXPIRED = frozenset(("claimSignature.outsideValidity", "signingCredential.expired"))
"""What the library says when only the time of the certificate is over."""

LACKS = "it holds no Content Credentials, and it was published with some"


def check_manifest(
    path: Path, name: str, made: SignedManifest, plan_sha256: str, read: Read
) -> Check:
    """Check the manifest of a copy.

    name         format of the copy, as `containers.sniff` names it.
    made         what is known of the manifest that efface wrote.
    plan_sha256  of the plan that the manifest must name.

    The parts are compared first. So the library reads only a manifest that efface wrote, and a
    file around it that may be a stranger's.
    """
    facts = {"manifest": made.sha256, "certificate": made.certificate}
    try:
        found = c2pa_parts.digest(path, name)
        is_ours = found == made.sha256
        strange = list(strangers(c2pa_parts.store(path, name))) if is_ours else []
    except (Broken, OSError) as e:
        return _ended([f"its manifest cannot be walked ({e})"], facts)
    if not found:
        return Check(NAME, Outcome.REVIEW, (Finding(NAME, LACKS),), facts)
    if not is_ours:
        return _ended(["its manifest is not the one that efface wrote"], facts)
    told = read(path, MIME[name])
    if "unread" in told:
        return Check(NAME, Outcome.SKIPPED, facts=facts, why=str(told["unread"]))
    if "error" in told:
        return _ended([*strange, f"its manifest cannot be read ({told['error']})"], facts)
    try:
        failures = [str(s["code"]) for s in told.get("validation_status") or []]
        wrong = [*strange, *_contradictions(told, made, plan_sha256)]
    except (AttributeError, LookupError, TypeError):
        return _ended([*strange, "its manifest makes no sense"], facts)
    if not wrong and failures and EXPIRED.issuperset(failures):
        why = "its certificate has expired since, and no time stamp says when it was signed"
        return Check(NAME, Outcome.REVIEW, (Finding(NAME, why),), facts)
    if failures or told.get("validation_state") not in ("Valid", "Trusted"):
        wrong.append(f"its signature does not hold ({', '.join(failures) or 'no reason given'})")
    return _ended(wrong, facts)


def _ended(wrong: list[str], facts: Mapping[str, str]) -> Check:
    found = tuple(Finding(NAME, why) for why in wrong)
    return Check(NAME, Outcome.NOT_CLEAN if found else Outcome.CLEAN, found, facts)


def strangers(store: bytes) -> Iterator[str]:
    """Yield what is in a manifest store beside the boxes that efface writes. A thumbnail would be
    such a box, and so would the manifest of a source. Raises Broken."""
    manifests = set()
    for box in c2pa_parts.boxes_of(store):
        manifests.add(box.path[:2])
        is_assertion = len(box.path) == 4 and box.path[2] == "c2pa.assertions"
        known = ASSERTIONS if is_assertion else _MANIFEST if len(box.path) == 3 else frozenset()
        if box.path[-1] not in known or box.kind != "cbor":
            yield f"its manifest holds {'/'.join(box.path[2:])} ({box.kind})"
    if len(manifests) != 1:
        yield f"it holds {len(manifests)} manifests, not one"


def _contradictions(
    told: Mapping[str, Any], made: SignedManifest, plan_sha256: str
) -> Iterator[str]:
    """Yield where the content is not what efface writes."""
    manifests = told.get("manifests") or {}
    manifest = manifests.get(told.get("active_manifest")) or {}
    if len(manifests) != 1 or manifest.get("ingredients") != [_INGREDIENT]:
        yield "its manifest tells of the source, or of other files"
    if "thumbnail" in json.dumps(told):
        yield "its manifest holds a thumbnail"
    actions: list[dict[str, Any]] = next(
        (a["data"]["actions"] for a in manifest.get("assertions") or [] if "actions" in a["label"]),
        [],
    )
    if [a.get("action") for a in actions] != [OPENED, EDITED]:
        yield "its manifest tells of other actions"
        return
    details = actions[1].get("parameters", {}).get(DETAILS, {})
    if details.get("plan_sha256") != plan_sha256:
        yield "its manifest names another plan"
    if ("source_sha256" in details) != made.has_source_hash:
        yield "its manifest tells of the source's hash otherwise than was asked"


def read_here(path: Path, mime: str) -> Mapping[str, Any]:
    """Read a file that efface itself has just written."""
    from efface.content_credentials.c2pa_reading import answer

    return _parsed(answer(str(path), mime))


def read_walled(path: Path, mime: str) -> Mapping[str, Any]:
    """Read a file that may be a stranger's, in a process behind walls."""
    from efface.content_credentials import c2pa_reading
    from efface.content_credentials.c2pa_signing import require_library
    from efface.errors import ExtraMissing
    from efface.media.external_tools import NoAnswer, python_answer

    try:
        require_library()
        program = Path(c2pa_reading.__file__).read_text("utf-8")
        return _parsed(python_answer(program, path, mime).decode("utf-8", "replace"))
    except ExtraMissing as e:
        return {"unread": f"that needs the extra {e.extra}: pip install {installed_from(e.extra)}"}
    except NoAnswer as e:
        return {"unread": f"the C2PA library gave no answer: {e}"}


def _parsed(answer: str) -> Mapping[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return {"error": "the C2PA library's answer makes no sense"}
    return found if isinstance(found, dict) else {"error": "the C2PA library told of no file"}
