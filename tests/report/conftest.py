"""Plans and reports drawn from nothing."""

from __future__ import annotations

from dataclasses import asdict, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from efface.findings import Check, Finding, Outcome, Verification
from efface.options import Options
from efface.planning.doubt import WHOLE, Doubt
from efface.planning.plan import LeftBeyond, Plan
from efface.report import facts, report_model, run_facts
from efface.report.report_model import Done, Entry, Failure, Report
from efface.timing import Timeline
from efface.tracks import Reason, Track

FRAMES = 250
SHA = "0123456789abcdef" * 4


def track(id: int, reasons: str, first: int = 0, kind: int = 0, keep: bool = False) -> Track:
    """A track with one letter for each frame: s(een), b(ridged), e(xtended), d(rawn), or a space
    where it is not covered."""
    rows = [i for i, letter in enumerate(reasons) if letter != " "]
    reason = np.array(["sbed".index(reasons[i]) for i in rows], np.uint8)
    frame = np.array(rows, np.int32) + first
    box = np.tile(np.array([[10, 10, 50, 50]], np.float32), (len(rows), 1))
    return Track(
        id, kind, frame, box, reason, (reason == Reason.SEEN).astype(np.float32), keep=keep
    )


def plan(
    *tracks: Track,
    doubts: tuple[Doubt, ...] = (),
    medium: Any = "video",
    frames: int = FRAMES,
    **more: Any,
) -> Plan:
    """25 frames a second, 300 by 300 pixels."""
    timeline = Timeline(np.arange(frames, dtype=np.int64), Fraction(1, 25))
    told: dict[str, Any] = {"options": asdict(Options())} | more
    return Plan(SHA, medium, ((300, 300),), timeline, tracks, doubts=doubts, **told)


def doubt(track: int = 1, risk: float = 0.6, first: int = 50, last: int = 75) -> Doubt:
    return Doubt(track, first, last, (10, 110, 90, 190), ("ended", "weak"), risk)


def clean() -> Verification:
    looked = Check("coverage", Outcome.CLEAN, facts={"frames": FRAMES})
    return Verification(
        (looked, Check("leftovers", Outcome.SKIPPED, why="videos are not walked yet"))
    )


def findings(outcome: Outcome, n: int = 2) -> Verification:
    found = tuple(
        Finding("coverage", f"frame {i + 13} still shows it", i + 12, (1, 2, 30, 40), 0.48, 0.25)
        for i in range(n)
    )
    return Verification((Check("coverage", outcome, found), *clean().checks[1:]))


def entry(
    a_plan: Plan, verification: Verification | None = None, number: int = 1, **more: Any
) -> Entry:
    """A file that was redacted."""
    checked = verification or clean()
    found = facts.found_in(a_plan, 0.5)
    made = Entry(
        number,
        run_facts.verdict_of(found, checked),
        0,
        media=facts.media_of(a_plan),
        plan_sha256=SHA,
        target_sha256=SHA,
        found=found,
        done=Done(len(a_plan.timeline), a_plan.region_count, len(a_plan.bad), 0, 1),
        verification=checked,
        chosen=run_facts.chosen("redact", asdict(Options()), a_plan.options),
        networks=run_facts.networks_of(a_plan),
    )
    return replace(made, **more)


def failed(number: int = 1, kind: str = "DamagedSource", **more: Any) -> Entry:
    """A file of which nothing came."""
    return Entry(
        number,
        report_model.Verdict.NOT_DONE,
        3,
        failure=Failure(kind, "It is damaged.", "Try another."),
        **more,
    )


def report(*entries: Entry, command: str = "redact", exit_code: int = 0, **more: Any) -> Report:
    return Report(command, entries, exit_code, software=run_facts.software(), **more)


@pytest.fixture(scope="session")
def made() -> Any:
    """The functions of this file, for tests that cannot import it."""
    import sys

    return sys.modules[__name__]


@pytest.fixture(scope="session")
def kinds_of_report() -> dict[str, Report]:
    """A report for each way in which a run can end, and for each medium."""
    face = track(1, "e" * 10 + "s" * 40 + "b" * 20 + "s" * 10 + "e" * 20)
    plate = track(2, "sssddd", first=100, kind=1)
    kept = track(3, "s" * 30, first=20, keep=True)
    film = plan(face, plate, kept, cuts=(120, 200), bad=(240, 241, 245))
    photo = plan(track(1, "s"), track(2, "s", kind=1), medium="photo", frames=1)
    wide = track(2, "ssssss", first=100, kind=1)
    wide = replace(
        wide,
        xyxy=np.tile(np.array([[0, 0, 300, 200]], np.float32), (6, 1)),
        score=np.full(6, 0.5, np.float32),
    )
    weak = (track(4, "eesssee", first=60), track(5, "s", first=100, kind=1))
    weak = tuple(replace(t, xyxy=t.xyxy + 200, score=t.score * np.float32(0.3)) for t in weak)
    left = Doubt(4, 62, 64, (210, 210, 250, 250), ("left",), 0.3)
    whole = Doubt(WHOLE, 10, 60, (0, 0, 300, 300), ("camera",), 0.3)
    weakly = {"score": np.array([0.2], np.float32)}
    possible = [
        replace(track(i, "s", kind=kind), xyxy=np.array([box], np.float32), **weakly)
        for i, box, kind in (
            (2, (100, 100, 180, 190), 0),
            (3, (200, 100, 260, 180), 0),
            (4, (200, 200, 260, 240), 1),
            (5, (20, 200, 160, 240), 3),
        )
    ]
    on_photo = plan(track(1, "s"), left=tuple(possible), medium="photo", frames=1)
    bad = entry(
        film,
        findings(Outcome.NOT_CLEAN),
        done=None,
        target_sha256="",
        failure=Failure("VerificationFailed", "x", ""),
    )
    return {
        "clean": report(entry(film)),
        "photo": report(entry(photo)),
        "empty": report(entry(plan())),
        "costly": report(entry(plan(wide, doubts=(whole,)))),
        "left": report(entry(plan(face, left=weak, doubts=(left,)))),
        "only left": report(entry(plan(left=weak, left_beyond=(LeftBeyond("face", 7, 9, 2.5),)))),
        "left on photo": report(entry(on_photo)),
        "doubtful": report(entry(plan(face, doubts=(doubt(),))), exit_code=7),
        "review": report(entry(film, findings(Outcome.REVIEW)), exit_code=7),
        "not clean": report(bad, exit_code=6),
        "unchecked": report(entry(film, Verification(clean().checks[1:]))),
        "failed": report(failed(), exit_code=3),
        "many": report(
            entry(film), failed(2), entry(photo, number=3), exit_code=3, made="2025-01-02T03:04Z"
        ),
        "nothing": report(),
        "verify": report(entry(film, done=None, chosen=()), command="verify"),
    }
