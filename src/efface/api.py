"""The library: the commands of the command line as functions.

    import efface
    efface.redact("protest.mp4")
    plan = efface.find("protest.mp4", options=efface.Options(...))
    efface.render("protest.mp4", plan, "out.mp4")
    found = efface.verify("out.mp4", plan, "protest.mp4")

All raise the errors of `efface.errors`. If one raises, it has not written a target.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from efface.containers.admission import admit
from efface.events import Listener, silent
from efface.findings import Verification
from efface.inspection.items import Inspection
from efface.options import Options, VerifyOptions
from efface.pipeline import one_source
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.inspecting import inspected
from efface.pipeline.naming import job_for
from efface.pipeline.one_source import Redacted
from efface.pipeline.rendering import Rendered
from efface.planning.plan import Plan
from efface.planning.sidecar import load

AnyPath = str | PathLike[str]


def find(source: AnyPath, *, options: Options | None = None, listener: Listener = silent) -> Plan:
    """Search the whole source and decide what to erase; write nothing.

    Raises InputError (the source cannot be used), PartMissing (a part needed for detection is
    missing).
    """
    with DetectorSession(options or Options()) as session:
        return one_source.find(session, admit(Path(source)), listener)


def render(
    source: AnyPath,
    plan: Plan | AnyPath,
    target: AnyPath,
    *,
    options: Options | None = None,
    listener: Listener = silent,
) -> Rendered:
    """Write the source to the target, erased as the plan says. `plan` is a Plan, or the path of
    one.

    Raises InputError (also PlanMismatch, BadPlan), OutputError, EncoderMissing, VerificationFailed.
    """
    made = plan if isinstance(plan, Plan) else load(Path(plan))
    with DetectorSession(options or Options()) as session:
        return one_source.render(session, admit(Path(source)), made, Path(target), listener)


def redact(
    source: AnyPath,
    target: AnyPath | None = None,
    *,
    options: Options | None = None,
    listener: Listener = silent,
) -> Redacted:
    """Find and erase in one go. Without a target, `a.jpg` becomes `a.redacted.jpg`; the plan is
    written beside it.

    Raises everything that `find` and `render` raise.
    """
    job = job_for(admit(Path(source)), None if target is None else Path(target))
    with DetectorSession(options or Options()) as session:
        return one_source.redact(session, job, listener)


def verify(
    target: AnyPath,
    plan: Plan | AnyPath | None = None,
    source: AnyPath | None = None,
    *,
    options: Options | None = None,
    listener: Listener = silent,
) -> Verification:
    """Check a finished target again, from the disk; change nothing.

    plan     by which it was made. Without one, the plan beside the target under its usual name is
             used.
    source   of which it was made. Without it, checks that need a comparison count as not having
             looked.
    options  `verify.level` sets how thorough the check is; "full" without options.

    Raises InputError (also BadPlan), PartMissing (a part needed for detection is missing).
    """
    given = plan if plan is None or isinstance(plan, Plan) else Path(plan)
    with DetectorSession(options or Options(verify=VerifyOptions(level="full"))) as session:
        return one_source.verify(
            session, Path(target), given, None if source is None else Path(source), listener
        )


def inspect(
    source: AnyPath,
    *,
    options: Options | None = None,
    look: bool = True,
    others: bool = True,
    listener: Listener = silent,
) -> Inspection:
    """Report what a file reveals: faces, places, devices, names, dates, embedded pictures, and all
    else in it. Change nothing.

    look    also look for faces and plates, in the file and in its thumbnails; if False, only its
            structure is read.
    others  ask exiftool as well, if it is installed.

    Raises SourceUnreadable, NotMedia, and PartMissing (a part needed for detection is missing).
    """
    return inspected(admit(Path(source)), options or Options(), listener, look=look, others=others)
