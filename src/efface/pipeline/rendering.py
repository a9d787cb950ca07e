"""Plan to draft: render and check. Any difference from the plan, in any frame, stops it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from efface.checks.frame_samples import SampleRecorder
from efface.containers.admission import AdmittedSource, unchanged
from efface.errors import BadPlan, InputError, PlanMismatch, SourceChanged, UndecodableFrame
from efface.events import Event, Listener
from efface.files import sha256_of, writing
from efface.findings import Verification
from efface.frames import Frame, Picture
from efface.free_memory import give_back_memory
from efface.media.interfaces import Sink, Source, SourceInfo
from efface.options import Options, PaintOptions
from efface.painting.paint import blackout, paint
from efface.pipeline.changed_sound import duration_s, sound_change
from efface.pipeline.checking import Draft, Opening, prove
from efface.pipeline.jpeg_blocks import exactly, is_exact, on_blocks
from efface.pipeline.signing import signer_of
from efface.pipeline.sources import create
from efface.planning.plan import Plan
from efface.planning.render_record import SignedManifest
from efface.regions import BlockGrid
from efface.sound_change import SoundChange
from efface.streaming import frames_ahead, prefetched
from efface.timing import timecode

if TYPE_CHECKING:
    pass

WHAT = {"photo": "a photo", "animation": "an animation", "video": "a film"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was written.

    target        the file.
    frames        frames or pages in it.
    regions       areas erased, in all frames together.
    blacked_out   frames that could not be decoded and are black.
    audio_kept    sound streams copied, or encoded anew.
    audio_dropped sound streams left out.
    verification  what was checked before the target got its name.
    source_sha256, target_sha256  of the bytes of both files, in hexadecimal.
    manifest      the manifest in the target; None if it is not signed.
    sound         how the kept sound was changed, and silent_s seconds of it that are silent.
    grid          the blocks of the source to which the erased areas grew, if they did.
    """

    target: Path
    frames: int
    regions: int
    blacked_out: int
    audio_kept: int
    audio_dropped: int
    verification: Verification
    source_sha256: str
    target_sha256: str
    sound: SoundChange | None = None
    silent_s: float = 0.0
    manifest: SignedManifest | None = None
    grid: BlockGrid | None = None

    @property
    def written(self) -> tuple[int, int, int, int, int, int, float, bool, bool]:
        """Return the values of `report_model.Done`, in order."""
        sound = self.sound
        return (
            self.frames,
            self.regions,
            self.blacked_out,
            self.audio_kept,
            self.audio_dropped,
            len(sound.silent) if sound is not None else 0,
            round(self.silent_s, 3),
            sound is not None,
            sound is not None and sound.is_disguised,
        )


def act(
    source: Source,
    admitted: AdmittedSource,
    plan: Plan,
    target: Path,
    draft: Path,
    options: Options,
    opening: Opening,
    listener: Listener,
    *,
    is_fresh: bool = False,
) -> Rendered:
    """Render the source to a draft, following the plan, sign it if that is asked for, and check it.

    The caller may then publish it under the target's name.

    admitted  the file that `source` was opened from.
    opening   opens a detector for the checks.
    is_fresh  the plan was just made from this file; if the two disagree, the file is damaged.

    Raises PlanMismatch, UndecodableFrame, SourceChanged, InputError, OutputError,
    VerificationFailed, PartMissing. After an error the caller must not publish the target.
    """
    path = admitted.path
    with unchanged(admitted):
        source_sha256 = require_same_source(admitted, plan)
        if source.info.medium != plan.medium:
            raise BadPlan(
                path,
                f"the plan is one of {WHAT[plan.medium]}, and this is {WHAT[source.info.medium]}",
            )
        plan = on_blocks(plan, source.info, options)
        recorder = SampleRecorder() if _keeps_samples(plan, options) else None
        try:
            change = sound_change(source.info, plan, options.write)
            plan = _write(draft, source, plan, target, options, listener, change, recorder)
        except _Differs as e:
            if not is_fresh:
                raise
            raise UndecodableFrame(path, e.at, is_unsteady=True) from e
        manifest, seal = _signed(draft, plan, options)
        target_sha256 = sha256_of(draft)
        samples = recorder.frames() if recorder is not None else None
        made = Draft(
            draft, source, plan, source_sha256, target_sha256, samples, change, manifest, seal,
        )  # fmt: skip
        verification = prove(made, target, options, opening, listener)
    kept = source.info.audio if options.write.audio != "drop" else 0
    return Rendered(
        target,
        len(plan.timeline),
        plan.region_count,
        len(plan.bad),
        kept,
        source.info.audio - kept,
        verification,
        source_sha256,
        target_sha256,
        change,
        change.silent_s(duration_s(plan)) if change is not None else 0.0,
        manifest,
        plan.grid,
    )


def _signed(draft: Path, plan: Plan, options: Options) -> tuple[SignedManifest | None, str]:
    """Sign the draft if that is asked for. Return the manifest, and the seal of the plan that it
    names: the plan as it was followed."""
    signer = signer_of(plan, options)
    return (signer.sign(draft), signer.statement.plan_sha256) if signer is not None else (None, "")


def _keeps_samples(plan: Plan, options: Options) -> bool:
    """Return whether the check can do with samples of the frames that are rendered. Their checksums
    must be known: they show that the frames are those that were looked at."""
    return plan.medium == "video" and options.verify.level == "quick" and bool(plan.checksums)


def require_same_source(admitted: AdmittedSource, plan: Plan) -> str:
    """Return the SHA-256 of the source. Raises PlanMismatch if the plan names another."""
    sha256 = admitted.sha256()
    if sha256 != plan.source_sha256:
        raise PlanMismatch(admitted.path, "its SHA-256 is not the one that the plan names")
    return sha256


class _Differs(PlanMismatch):
    """A frame differs from the one that was examined. `at` is its time."""

    def __init__(self, path: object, why: str, plan: Plan, index: int) -> None:
        super().__init__(path, why)
        self.at = timecode(
            float(plan.timeline.seconds[min(index, len(plan.timeline) - 1)])
            if len(plan.timeline)
            else 0.0
        )

    def __reduce__(self) -> tuple[type[PlanMismatch], tuple[str, str]]:
        return PlanMismatch, (self.path, self.why)  # the form in which it travels between processes


def _write(
    draft: Path,
    source: Source,
    plan: Plan,
    target: Path,
    options: Options,
    listener: Listener,
    change: SoundChange | None,
    recorder: SampleRecorder | None,
) -> Plan:
    """Write the draft, and return the plan with what it erases."""

    def write(info: SourceInfo) -> None:
        with _sink(draft, info, options, target, change) as sink:
            _render(source, plan, sink, plan.as_painted(options.paint), listener, recorder)

    if is_exact(source.info, options, target):
        return exactly(draft, source, plan, write, options.read)
    write(source.info)
    if plan.medium == "video":
        # The encoder lived as long as its sink, and the check needs its memory: 0.35 GB at 1080p.
        give_back_memory()
    return plan


@contextmanager
def _sink(
    draft: Path, info: SourceInfo, options: Options, target: Path, change: SoundChange | None
) -> Iterator[Sink]:
    with writing(target):
        sink = create(draft, info, options.write, target, change)
        try:
            yield sink
            sink.close()
        finally:
            sink.abort()


def _render(
    source: Source,
    plan: Plan,
    sink: Sink,
    options: PaintOptions,
    listener: Listener,
    recorder: SampleRecorder | None = None,
) -> None:
    total, done = len(plan.timeline), 0
    painted = _painted(source, plan, options, recorder)
    with prefetched(painted, frames_ahead(source.info.size_wh)) as pictures:
        for picture, pts in pictures:
            sink.write(picture, pts)
            done += 1
            listener(Event("render", done, total))
    if done != total:
        raise _Differs(
            source.info.path, f"it has {done} frames, and {total} were looked at", plan, done
        )


def _painted(
    source: Source, plan: Plan, options: PaintOptions, recorder: SampleRecorder | None = None
) -> Iterator[tuple[Picture, int]]:
    for frame in source.frames():
        _require_looked_at(frame, plan, source.info.path)
        picture = frame.unpack()
        if plan.checksums and picture.checksum() != plan.checksums[frame.index]:
            raise _another_picture(source, plan, frame.index)
        regions = plan.regions(frame.index)
        if recorder is not None:  # before anything is painted, and after the checksum was right
            recorder.take(frame, picture, [r.box for r in regions])
        if plan.is_black(frame.index):
            blackout(picture)
        else:
            paint(picture, regions, options)
        yield picture, frame.pts


def _another_picture(source: Source, plan: Plan, index: int) -> InputError:
    why = f"frame {index + 1} decodes to another picture than was looked at"
    if source.info.medium == "video":  # damaged films do not always decode the same way
        return _Differs(source.info.path, why, plan, index)
    return SourceChanged(
        source.info.path, why, "Run it again when nothing else writes to the file."
    )


def _require_looked_at(frame: Frame, plan: Plan, path: Path) -> None:
    i = frame.index
    if i >= len(plan.timeline):
        raise _Differs(
            path, f"it has more frames than the {len(plan.timeline)} that were looked at", plan, i
        )
    if frame.pts != plan.timeline.pts[i] or frame.size_wh != plan.size_at(i):
        raise _Differs(path, f"frame {i + 1} is not the one that was looked at", plan, i)
    if frame.is_bad and i not in plan.bad:
        at = timecode(float(plan.timeline.seconds[i]))
        raise _Differs(
            path, f"the frame at {at} cannot be decoded, and the plan knows nothing of it", plan, i
        )
