"""What the options ask of a film's sound, as spans of this film."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from efface.errors import OutsideSource
from efface.media.decoder.source_opening import sound_of
from efface.media.interfaces import SourceInfo
from efface.option_values import TimeSpan, muted_span
from efface.options import WriteOptions
from efface.planning.plan import Plan
from efface.sound_change import SoundChange, joined_spans

HINT = "Look up its length, or leave this file out."


def sound_change(info: SourceInfo, plan: Plan, options: WriteOptions) -> SoundChange | None:
    """Return how the sound of this film is changed; None if it is copied or dropped, or there is
    none. Spans that a person made silent in the plan are silent in every copy that has sound.

    Raises OutsideSource for a span after its end, ModelUnusable, and what reading the sound raises.
    """
    is_changed = options.encodes_sound or (options.audio == "keep" and plan.muted)
    if not is_changed or not info.audio or plan.medium != "video":
        return None
    spans = [muted_span(text) for text in options.mute]
    end_s = duration_s(plan)
    for text, span in zip(options.mute, spans, strict=True):
        if span is not None and span.start_s >= end_s:
            raise OutsideSource(info.path, f"{text} is after its end", HINT)
    found = [*plan.muted, *(span for span in spans if span is not None)]
    if None in spans:
        found += spoken(info, plan)
    return SoundChange(joined_spans(found), options.audio == "disguise")


def duration_s(plan: Plan) -> float:
    """Return how long the picture lasts, in seconds."""
    seconds = plan.timeline.seconds
    if len(seconds) < 2:
        return 1.0
    return float(seconds[-1] + (seconds[-1] - seconds[0]) / (len(seconds) - 1))


def start_s(plan: Plan) -> Fraction:
    """Return the time of the first frame that becomes 0 in the target, in seconds."""
    from efface.media.video.video_info import start_shift  # imports PyAV, which photos do not need

    base = plan.timeline.time_base
    return start_shift(int(plan.timeline.pts[0]), base) * base


def spoken(info: SourceInfo, plan: Plan, heed: Callable[[], None] = lambda: None) -> list[TimeSpan]:
    """Return when somebody speaks in any stream.

    heed  is called again and again, and may raise to end the work.
    """
    from efface.detect.speech import RATE, SpeechFinder
    from efface.media.video.sound_source import heard

    finders: dict[int, SpeechFinder] = {}
    for part in heard(sound_of(info), start_s(plan), RATE):
        heed()
        finder = finders.setdefault(part.stream, SpeechFinder())
        finder.take(part.samples, part.first)
    return [span for finder in finders.values() for span in finder.spans()]


def with_muted(change: SoundChange | None, plan: Plan | None) -> SoundChange | None:
    """Return what a copy's sound must be: as it was changed, and silent where the plan is."""
    if plan is None or not plan.muted:
        return change
    change = change or SoundChange()
    return replace(change, silent=joined_spans((*change.silent, *plan.muted)))
