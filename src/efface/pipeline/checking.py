"""Checks of a draft before it is published, and of an existing target: it opens the files and gives
them to `checks`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from efface.checks.fidelity import NAME as FIDELITY
from efface.checks.frame_samples import FrameSamples
from efface.checks.second_look import SecondLook
from efface.checks.target import CHECKS, Evidence, checked
from efface.containers.admission import admit
from efface.containers.sniff import format_of
from efface.detect.detector import Detector, DetectorInfo
from efface.detect.look import Look
from efface.detect.registry import for_search
from efface.detections import FINDABLE, KINDS, TEXT, Detections
from efface.errors import EffaceError, PartMissing, VerificationFailed
from efface.events import Event, Listener
from efface.files import sha256_of
from efface.findings import Check, Finding, Outcome, Verification
from efface.frames import Frame
from efface.media.interfaces import Source
from efface.options import DetectOptions, Options, ReadOptions
from efface.pipeline.changed_sound import with_muted
from efface.pipeline.naming import plan_beside
from efface.pipeline.sources import opened
from efface.planning.plan import Plan
from efface.planning.render_record import SignedManifest
from efface.planning.sidecar import load
from efface.sound_change import SoundChange

NOT_ASKED = "it was not asked for (--verify off)"
ANY_SIZE = 2**62
"""A target is as large as its source, and the source was accepted."""

Opening = Callable[[DetectOptions], Detector]
Kept = tuple[Sequence[FrameSamples], Callable[[int], Frame]] | tuple[None, None]
"""Samples of every frame, and what gives one of the frames."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft, and what it was made from: an open source, its plan, and their hashes.

    kept      samples of every frame of the source, taken before it was painted, or None.
    manifest  what signing added to it, or None. seal: the plan that the manifest names.
    """

    path: Path
    source: Source
    plan: Plan
    source_sha256: str
    sha256: str
    kept: Sequence[FrameSamples] | None = None
    sound: SoundChange | None = None
    manifest: SignedManifest | None = None
    seal: str = ""


def prove(
    draft: Draft, target: Path, options: Options, opening: Opening, listener: Listener
) -> Verification:
    """Check a draft, and return the result.

    target   the name used in messages.
    opening  opens a detector for a second look.

    Raises VerificationFailed if the draft must not be published, DetectorFailed, ModelUnusable,
    DeviceMissing.
    """
    if options.verify.level == "off":
        return Verification(tuple(Check(name, Outcome.SKIPPED, why=NOT_ASKED) for name in CHECKS))
    is_quick, total = options.verify.level == "quick", len(draft.plan.timeline)
    reading = ReadOptions(max_pixels=ANY_SIZE, walls=options.read.walls)
    try:
        with ThreadPoolExecutor(1, "efface-open") as apart, ExitStack() as closing:
            # Another process opens the draft meanwhile, and takes as long.
            again = apart.submit(_second_look, draft.plan, draft.plan.medium, options, opening)
            result = closing.enter_context(opened(admit(draft.path), reading))
            kept, fetch = closing.enter_context(_kept(draft, result))
            evidence = Evidence(
                result,
                draft.plan,
                draft.source,
                _shift(draft.plan),
                options.write.audio if draft.sound is None else "mute",
                {"source": draft.source_sha256, "target": draft.sha256},
                kept=kept,
                fetch=fetch,
                change=draft.sound,
                manifest=draft.manifest.sha256 if draft.manifest is not None else "",
            )
            tell = _telling(listener, total)
            checks = checked(evidence, again.result(), is_quick=is_quick, tell=tell)
            signature = _signature(draft.path, draft.manifest, draft.seal, is_own=True)
            found = Verification((*checks, *signature))
    except PartMissing:
        raise
    except EffaceError as e:
        unopened = Finding(FIDELITY, f"it cannot be opened: {type(e).__name__}")
        found = Verification((Check(FIDELITY, Outcome.NOT_CLEAN, (unopened,)),))
        raise VerificationFailed(target, [unopened.message], found) from e
    if found.outcome is Outcome.NOT_CLEAN:
        grave = [c for c in found.checks if c.outcome is Outcome.NOT_CLEAN]
        raise VerificationFailed(target, [f.message for c in grave for f in c.findings], found)
    return found


def _signature(
    path: Path, made: SignedManifest | None, seal: str, *, is_own: bool
) -> Iterator[Check]:
    """Yield the check of the manifest, if efface wrote one into the file. is_own: efface has just
    written the file itself."""
    if made is None:
        return
    from efface.content_credentials.manifest_check import check_manifest, read_here, read_walled

    yield check_manifest(path, format_of(path), made, seal, read_here if is_own else read_walled)


@contextmanager
def _kept(draft: Draft, result: Source) -> Iterator[Kept]:
    """Provide the samples that stand for the frames of the source, and what decodes one of them
    again. Without samples that can be compared with the draft, the source is decoded."""
    if not draft.kept:
        yield None, None
        return
    from efface.media.video.frame_access import FrameAccess  # imports PyAV, as below
    from efface.media.video.video_info import video_of

    if video_of(draft.source.info).spec.layout != video_of(result.info).spec.layout:
        yield None, None
        return
    access = FrameAccess(draft.source, draft.plan.timeline.pts, draft.plan.checksums, held_bytes=0)
    try:
        yield draft.kept, access.frame
    finally:
        access.close()


def verify(
    target: Path,
    plan: Plan | Path | None,
    source: Path | None,
    options: Options,
    opening: Opening,
    listener: Listener,
) -> Verification:
    """Check a target, and return the result.

    Without a plan, the plan beside it under its usual name is used.

    Raises InputError (a file cannot be opened at all), DetectorFailed, ModelUnusable,
    DeviceMissing.
    """
    plan = plan_beside(target) if plan is None else plan
    hashes = {"plan": sha256_of(plan)} if isinstance(plan, Path) else {}
    obeyed = load(plan) if isinstance(plan, Path) else plan
    is_quick = options.verify.level == "quick"
    reading = ReadOptions(max_pixels=options.read.max_pixels, walls=options.read.walls)
    with ExitStack() as closing:
        admitted = admit(target)
        result = closing.enter_context(opened(admitted, reading))
        hashes["target"] = admitted.sha256()
        original = None
        if source is not None:
            covers = options.read.bad_frames == "cover" or bool(obeyed and obeyed.bad)
            reading = replace(reading, bad_frames="cover" if covers else "fail")
            compared = admit(source)
            original = closing.enter_context(opened(compared, reading))
            hashes["source"] = compared.sha256()
        again: SecondLook | str = NOT_ASKED
        if options.verify.level != "off":
            again = _second_look(obeyed, result.info.medium, options, opening)
        made = obeyed.made if obeyed is not None else None
        sound, manifest = (made.sound, made.manifest) if made is not None else (None, None)
        if result.info.audio:
            sound = with_muted(sound, obeyed)
        evidence = Evidence(
            result, obeyed, original, _start(obeyed, original), "", hashes, change=sound,
            manifest=manifest.sha256 if manifest is not None else "",
        )  # fmt: skip
        total = len(obeyed.timeline) if obeyed is not None else result.info.frame_count
        checks = checked(evidence, again, is_quick=is_quick, tell=_telling(listener, total))
        seal = made.seal if made is not None else ""
        return Verification((*checks, *_signature(target, manifest, seal, is_own=False)))


def _second_look(plan: Plan | None, medium: str, options: Options, opening: Opening) -> SecondLook:
    """Return the second look. In a quick look at a film the 8-bit networks of the search come
    first, and those of floats are opened only where they see anything."""
    detect, is_quick = looking(plan, options.detect), options.verify.level == "quick"
    if not (is_quick and medium == "video") or for_search(options.detect).precision != "int8":
        return SecondLook(opening(detect), plan, is_quick=is_quick)
    first = opening(for_search(detect))
    return SecondLook(_OnUse(opening, detect), plan, is_quick=is_quick, first=first)


class _OnUse:
    """A detector that is opened when it is asked for the first time."""

    infos: tuple[DetectorInfo, ...] = ()
    sure: Mapping[int, float] = MappingProxyType({})

    def __init__(self, opening: Opening, options: DetectOptions) -> None:
        self._opening, self._options = opening, options

    def detect(self, frame: Frame, look: Look) -> Detections:
        return self._opening(self._options).detect(frame, look)


def _telling(listener: Listener, total: int | None) -> Callable[[int], None]:
    return lambda done: listener(Event("check", done, total))


def looking(plan: Plan | None, asked: DetectOptions) -> DetectOptions:
    """Return the options for the second look. It looks only for the plan's kinds, as other kinds
    were meant to stay visible. It uses floats even if the search used integers: it may then see
    what rounding hid from the search."""
    detect = plan.options.get("detect") if plan is not None else None
    named = str(detect.get("kinds", "")) if isinstance(detect, dict) else ""
    kinds = [k for k in FINDABLE if k in named.split(",")] or asked.wanted
    text = str(detect.get("text", "all")) if isinstance(detect, dict) else asked.text
    if text == "captions" and len(kinds) > 1:  # other text was meant to stay
        kinds = [k for k in kinds if k != KINDS[TEXT]]
    text = text if text in ("all", "small") else "all"
    return replace(
        asked,
        kinds=",".join(kinds),
        text=text,
        sensitivity="high",
        detail="paced",
        precision="auto",
    )


def _shift(plan: Plan) -> int:
    if plan.medium != "video" or not len(plan.timeline):
        return 0
    return _start_shift(int(plan.timeline.pts[0]), plan.timeline.time_base)


def _start(plan: Plan | None, source: Source | None) -> int:
    """Return the same as `_shift`; works also if there is only a source."""
    if plan is not None or source is None or source.info.medium != "video":
        return _shift(plan) if plan is not None else 0
    first = next(iter(source.frames()), None)
    return _start_shift(first.pts, source.time_base) if first is not None else 0


def _start_shift(first_pts: int, time_base: Fraction) -> int:
    from efface.media.video.video_info import start_shift  # imports PyAV, which photos do not need

    return start_shift(first_pts, time_base)
