"""Run all checks of one target in one pass over its frames, read from the disk.

If a check lacks what it needs (a source, a plan, a detector), it counts as not having looked. That
is never clean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

from efface.checks import coverage, fidelity, residual_metadata, second_look
from efface.checks.coverage import Coverage, comparable
from efface.checks.fidelity import Fidelity, is_same_size
from efface.checks.frame_alignment import (
    Expected,
    Pair,
    Views,
    from_plan,
    from_samples,
    from_source,
    paired,
)
from efface.checks.frame_samples import FrameSamples, samples_of
from efface.checks.residual_metadata import check_residual_metadata
from efface.checks.second_look import SecondLook
from efface.errors import InputError
from efface.findings import Check, Finding, Outcome
from efface.frames import Frame, Picture
from efface.geometry import Box
from efface.media.interfaces import Source
from efface.planning.plan import Plan
from efface.regions import Region
from efface.sound_change import SoundChange
from efface.streaming import frames_ahead, prefetched

HASHES = "hashes"

CHECKS = (HASHES, coverage.NAME, second_look.NAME, residual_metadata.NAME, fidelity.NAME)
"""In the order of the report."""

MOST = 20
"""Maximum number of findings after which a check stops."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a target can be checked against.

    target  opened from the disk.
    plan    by which it was made, or None.
    source  of which it was made, opened from the disk, or None.
    shift   subtracted from the source's PTS when the target was written, in the source's time base
            (see `video_info.start_shift`).
    kept    what was kept of the source's frames while they were rendered, instead of decoding the
            source, or None. Only for a quick check of a film, with a plan.
    fetch   returns one frame of the source, by its number. Only with `kept`.
    sound   value of --audio, if the request is known.
    hashes  the known SHA-256 by name: "source", "plan", "target".
    change  how the target's sound was changed, if it was, and if that is known.
    manifest  `c2pa_parts.digest` of the manifest that efface wrote into the target; empty if none.
    """

    target: Source
    plan: Plan | None = None
    source: Source | None = None
    shift: int = 0
    sound: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)
    kept: Sequence[FrameSamples] | None = None
    fetch: Callable[[int], Frame] | None = None
    change: SoundChange | None = None
    manifest: str = ""


def checked(
    evidence: Evidence,
    again: SecondLook | str,
    *,
    is_quick: bool = False,
    tell: Callable[[int], None] = lambda done: None,
) -> tuple[Check, ...]:
    """Run every check, in the order of the report: hashes, coverage, second look, residual
    metadata, fidelity.

    again  the second look, or why it was not made.
    tell   called with the number of frames checked so far.

    Raises DetectorFailed; anything wrong with the target is a finding.
    """
    walk = _Walk(evidence, again if isinstance(again, SecondLook) else None, is_quick)
    is_whole = walk.go(tell)
    return (
        _hashes(evidence, is_one_colour=is_whole and walk.is_as_painted),
        walk.coverage.check(is_whole=is_whole)
        if walk.coverage is not None
        else _no_coverage(evidence),
        again.check(is_whole=is_whole)
        if isinstance(again, SecondLook)
        else _skipped(second_look.NAME, again),
        # exiftool and ffprobe take a second or two to start, which is long for a photo.
        check_residual_metadata(
            evidence.target.info, with_others=not is_quick, manifest=evidence.manifest
        ),
        walk.fidelity.check(),
        *([] if evidence.change is None else [_sound(evidence, evidence.change)]),
    )


def _sound(evidence: Evidence, change: SoundChange) -> Check:
    from efface.checks.sound_check import check_sound  # loads PyAV, which photos do not need

    source = evidence.source.info if evidence.source is not None else None
    base = evidence.source.time_base if evidence.source is not None else Fraction(1)
    return check_sound(evidence.target.info, source, evidence.shift * base, change)


def _skipped(name: str, why: str) -> Check:
    return Check(name, Outcome.SKIPPED, why=why)


def _no_coverage(evidence: Evidence) -> Check:
    lacks = [
        what for what, it in (("source", evidence.source), ("plan", evidence.plan)) if it is None
    ]
    return _skipped(coverage.NAME, f"there is no {' and no '.join(lacks)} to compare it with")


def _hashes(evidence: Evidence, *, is_one_colour: bool) -> Check:
    """Check the hashes. is_one_colour: everything that the plan erases looks as its rim makes it,
    as in a single-colour picture."""
    known, plan, found = evidence.hashes, evidence.plan, []
    if not known:
        return _skipped(HASHES, "no hash was taken")
    if plan is not None and known.get("source", plan.source_sha256) != plan.source_sha256:
        found.append(
            Finding(HASHES, "the source is not the one that the plan names, by its SHA-256")
        )
    if _is_same_file(evidence) and (plan is None or plan.region_count) and not is_one_colour:
        found.append(Finding(HASHES, "the target is the source itself, byte by byte"))
    facts = {f"SHA-256 of the {name}": value for name, value in known.items()}
    if not found and len(known) < 2 and plan is None:
        return Check(
            HASHES,
            Outcome.SKIPPED,
            facts=facts,
            why="there is neither source nor plan to compare it with",
        )
    return Check(HASHES, Outcome.NOT_CLEAN if found else Outcome.CLEAN, tuple(found), facts)


def _is_same_file(evidence: Evidence) -> bool:
    known, plan = evidence.hashes, evidence.plan
    source = known.get("source", plan.source_sha256 if plan is not None else "")
    return bool(known) and known.get("target") == source


def _compared_with(evidence: Evidence) -> str:
    if evidence.source is not None:
        return "the source"
    return "the plan: number, times and sizes of frames" if evidence.plan is not None else ""


class _Walk:
    """One pass over the frames of the target, side by side with those of the source if there is
    one."""

    def __init__(self, evidence: Evidence, again: SecondLook | None, is_quick: bool) -> None:
        self._with, self._again, self._is_quick = evidence, again, is_quick
        has_both = evidence.plan is not None and evidence.source is not None
        self.coverage = Coverage(evidence.plan) if has_both and evidence.plan is not None else None
        self.fidelity = Fidelity(_compared_with(evidence))
        read = [s for s in (evidence.target, evidence.source) if s is not None]
        self.fidelity.note_walls(*(s.info.walls for s in read))
        if evidence.source is not None:
            self.fidelity.compare_signals(evidence.source.info, evidence.target.info)
            sound = evidence.sound or ("" if evidence.change is None else "mute")
            self.fidelity.compare_sound(evidence.source.info, evidence.target.info, sound)

    @property
    def is_as_painted(self) -> bool:
        """Whether every frame was compared, and erasing would have changed nothing."""
        return (
            self.coverage is not None
            and self.coverage.is_as_painted
            and not self.coverage.has_missed
        )

    def go(self, tell: Callable[[int], None]) -> bool:
        """Walk through the frames. Returns whether everything was examined, to the end."""
        try:
            with ExitStack() as reading:
                for pair in self._pairs(reading):
                    self._take(pair)
                    tell(pair.number + 1)
                    if (
                        len(self.fidelity.found) + len(self.coverage.found if self.coverage else ())
                        >= MOST
                    ):
                        return False
        except InputError as e:
            self.fidelity.add(None, f"it cannot be decoded ({e.why or e.lead})")
            return False
        return True

    def _pairs(self, reading: ExitStack) -> Iterator[Pair]:
        """Yield the pairs.

        Both files are decoded ahead, each in a thread that ends with `reading`.
        """
        target, expected = self._with.target, self._expected()
        frames: Iterable[Frame] = target.frames()
        if target.info.medium == "video":  # pages may be as large as memory allows
            depth = max(1, frames_ahead(target.info.size_wh) // 2)
            frames = reading.enter_context(prefetched(frames, depth))
            if expected is not None and self._with.source is not None and not self._with.kept:
                expected = reading.enter_context(prefetched(expected, depth))
        return paired(expected, frames, target.time_base)

    def _expected(self) -> Iterable[Expected] | None:
        if self._with.source is not None and self._with.kept:
            return from_samples(self._with.kept, self._with.source.time_base, self._with.shift)
        if self._with.source is not None:
            return from_source(self._with.source, self._with.shift)
        return from_plan(self._with.plan, self._with.shift) if self._with.plan is not None else None

    def _take(self, pair: Pair) -> None:
        regions = self._regions(pair)
        views = self._views(pair, [r.box for r in regions])
        if self.coverage is not None:
            self.coverage.compare(pair, views, is_same_file=_is_same_file(self._with))
        self.fidelity.compare(pair, views if self._is_shown(pair) else None, regions)
        if self._again is not None and pair.new is not None:
            self._again.look(
                pair.new, pair.second, pair.old.index if pair.old is not None else pair.number
            )

    def _views(self, pair: Pair, boxes: Sequence[Box]) -> Views | None:
        """Return what both frames show; None if they cannot be compared."""
        old, new = pair.old, pair.new
        if old is None or new is None or self._with.source is None:
            return None
        if not is_same_size(old.size_wh, new.size_wh):
            return None
        if old.samples is not None:
            target = new.samples()
            if old.samples.fits(target, boxes):
                both = partial(self._both, old, new)
                return Views(target, old.samples, both, decodes=True)
        before, after = self._both(old, new)
        if not self._is_quick or self._with.plan is None:
            return Views(after, None, lambda: (before, after))
        samples = samples_of(old.index, 0, before, boxes)
        return Views(after, samples, lambda: (before, after))

    def _both(self, old: Expected, new: Frame) -> tuple[Picture, Picture]:
        """Return the samples of both frames in one layout. Raises InputError."""
        frame = old.frame
        if frame is None:
            assert self._with.fetch is not None
            frame = self._with.fetch(old.index)
        return comparable(frame, new)

    def _regions(self, pair: Pair) -> list[Region]:
        plan, old = self._with.plan, pair.old
        return (
            plan.regions(old.index)
            if plan is not None and old is not None and old.index < len(plan.timeline)
            else []
        )

    def _is_shown(self, pair: Pair) -> bool:
        """Return whether it is known how much of the source the frame shows: some frames are
        completely black."""
        plan = self._with.plan
        return plan is not None and pair.old is not None and not plan.is_black(pair.old.index)
