"""The library: what the command line does, as functions.

    import efface
    efface.redact("protest.mp4")
    plan = efface.find("protest.mp4", options=efface.Options(...))
    efface.render("protest.mp4", plan, "out.mp4")
    found = efface.verify("out.mp4", plan, "protest.mp4")

All raise the errors of `efface.errors`; after an error there is no target.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from efface.containers.admission import admit
from efface.events import Listener, silent
from efface.findings import Verification
from efface.inspection.items import Inspection
from efface.options import Options, VerifyOptions
from efface.pipeline.inspecting import inspected
from efface.pipeline.jobs import Redacted, Workshop
from efface.pipeline.naming import job_for
from efface.pipeline.rendering import Rendered
from efface.planning.plan import Plan
from efface.planning.sidecar import load

AnyPath = str | PathLike[str]


def find(source: AnyPath, *, options: Options | None = None, listener: Listener = silent) -> Plan:
    """Looks at the whole source and decides what to erase; writes nothing.

    Raises InputError (the source cannot be used), PartMissing (nobody could look).
    """
    with Workshop(options or Options()) as workshop:
        return workshop.find(admit(Path(source)), listener)


def render(
    source: AnyPath, plan: Plan | AnyPath, target: AnyPath, *, options: Options | None = None, listener: Listener = silent
) -> Rendered:
    """Writes the source to the target, erased as the plan says. `plan` is a Plan, or the path of one.

    Raises InputError (also PlanMismatch, BadPlan), OutputError, EncoderMissing, VerificationFailed.
    """
    made = plan if isinstance(plan, Plan) else load(Path(plan))
    with Workshop(options or Options()) as workshop:
        return workshop.render(admit(Path(source)), made, Path(target), listener)


def redact(
    source: AnyPath, target: AnyPath | None = None, *, options: Options | None = None, listener: Listener = silent
) -> Redacted:
    """Finds and erases in one go. Without a target, `a.jpg` becomes `a.redacted.jpg`; the plan is written beside it.

    Raises everything that `find` and `render` raise.
    """
    job = job_for(admit(Path(source)), None if target is None else Path(target))
    with Workshop(options or Options()) as workshop:
        return workshop.redact(job, listener)


def verify(
    target: AnyPath,
    plan: Plan | AnyPath | None = None,
    source: AnyPath | None = None,
    *,
    options: Options | None = None,
    listener: Listener = silent,
) -> Verification:
    """Checks a finished target again, from the disk; changes nothing.

    plan     by which it was made. Without one, the plan that lies beside the target under its usual name is used.
    source   of which it was made; what only a comparison can show is a check that did not look without it.
    options  `verify.level` says how hard to look, and is "full" where no options are given.

    Raises InputError (also BadPlan), PartMissing (nobody could look).
    """
    given = plan if plan is None or isinstance(plan, Plan) else Path(plan)
    with Workshop(options or Options(verify=VerifyOptions(level="full"))) as workshop:
        return workshop.verify(Path(target), given, None if source is None else Path(source), listener)


def inspect(
    source: AnyPath, *, options: Options | None = None, look: bool = True, others: bool = True, listener: Listener = silent
) -> Inspection:
    """What a file gives away: faces, places, devices, names, dates, pictures within, and whatever else is in it. Changes
    nothing.

    look    also look for faces and plates, in the file and in its thumbnails; without, only its structure is read.
    others  ask exiftool as well, where it is installed.

    Raises SourceUnreadable, NotMedia, and PartMissing (nobody could look).
    """
    return inspected(admit(Path(source)), options or Options(), listener, look=look, others=others)
