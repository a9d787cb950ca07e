"""What the options ask of a film's sound, as spans of this film."""

from __future__ import annotations

from fractions import Fraction

from efface.errors import OutsideSource
from efface.media.interfaces import SourceInfo
from efface.option_values import TimeSpan, muted_span
from efface.options import WriteOptions
from efface.planning.plan import Plan
from efface.sound_change import SoundChange, joined_spans

HINT = "Look up its length, or leave this file out."


def sound_change(info: SourceInfo, plan: Plan, options: WriteOptions) -> SoundChange | None:
    """Return how the sound of this film is changed; None if it is copied or dropped, or there is
    none.

    Raises OutsideSource for a span after its end, ModelUnusable, and what reading the sound raises.
    """
    if not options.encodes_sound or not info.audio or plan.medium != "video":
        return None
    spans = [muted_span(text) for text in options.mute]
    end_s = duration_s(plan)
    for text, span in zip(options.mute, spans, strict=True):
        if span is not None and span.start_s >= end_s:
            raise OutsideSource(info.path, f"{text} is after its end", HINT)
    found = [span for span in spans if span is not None]
    if None in spans:
        found += _speech(info, _start_s(plan))
    return SoundChange(joined_spans(found), options.audio == "disguise")


def duration_s(plan: Plan) -> float:
    """Return how long the picture lasts, in seconds."""
    seconds = plan.timeline.seconds
    if len(seconds) < 2:
        return 1.0
    return float(seconds[-1] + (seconds[-1] - seconds[0]) / (len(seconds) - 1))


def _start_s(plan: Plan) -> Fraction:
    """Return the time of the first frame that becomes 0 in the target, in seconds."""
    from efface.media.video.video_info import start_shift  # imports PyAV, which photos do not need

    base = plan.timeline.time_base
    return start_shift(int(plan.timeline.pts[0]), base) * base


def _speech(info: SourceInfo, start_s: Fraction) -> list[TimeSpan]:
    """Return when somebody speaks in any stream."""
    from efface.detect.speech import RATE, SpeechFinder
    from efface.media.video.sound_samples import heard

    finders: dict[int, SpeechFinder] = {}
    for part in heard(info, start_s, RATE):
        finder = finders.setdefault(part.stream, SpeechFinder())
        finder.take(part.samples, part.first)
    return [span for finder in finders.values() for span in finder.spans()]
