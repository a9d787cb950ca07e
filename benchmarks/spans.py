"""Is a plan that is made in spans the plan made in one? And what do spans cost?

    python benchmarks/spans.py CLIP... [--spans 7] [--frames 64]

Each clip is looked at whole, then in that many spans as machines would look at them, one after the
other in this process, and once more as `--engine ray` would cut it. Plans are compared as text, ids
included. Times are those of this process; a cluster divides the second and third by its processors.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from efface.cluster.wire_format import Piece, messages, pieces
from efface.cluster.work import Part, SpanStart, look_at, stamp_of
from efface.containers.admission import admit
from efface.events import silent
from efface.files import sha256_of
from efface.media.video.probe import open_video
from efface.media.video.spans import Indivisible, Span, cut, indexed, spans_at
from efface.options import Options
from efface.pipeline import one_source
from efface.pipeline.analysis import joined
from efface.pipeline.detector_session import DetectorSession
from efface.pipeline.perceive import Perceived
from efface.planning import sidecar
from efface.planning.plan import Plan

OPTIONS = Options()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--spans", type=int, default=7)
    parser.add_argument("--frames", type=int, default=64)
    asked = parser.parse_args()
    print(
        "| clip | frames | whole, s | spans | s | kB a frame | same plan "
        "|\n|---|---|---|---|---|---|---|"
    )
    for clip in asked.clips:
        for row in rows(clip, asked.spans, asked.frames):
            print(row, flush=True)


def rows(clip: Path, count: int, frames: int) -> Iterator[str]:
    """A line for each way of cutting, or one that says why it is not cut."""
    began = time.perf_counter()
    with DetectorSession(OPTIONS) as session:
        whole = one_source.find(session, admit(clip), silent)
    whole_s = time.perf_counter() - began
    source = open_video(admit(clip), OPTIONS.read)
    total = len(whole.timeline)
    try:
        index = indexed(source)
    except Indivisible as e:
        yield f"| {clip.name} | {total} | {whole_s:.1f} | not cut: {e} | | | |"
        return
    evenly = [round(i * total / count) for i in range(count)]
    for spans in (spans_at(index, evenly), cut(index, frames)):
        parts = [
            Part(clip, source.info, stamp_of(clip), index.passage(span), OPTIONS) for span in spans
        ]
        began = time.perf_counter()
        plan, sent = in_parts(clip, parts)
        took = time.perf_counter() - began
        is_same = "".join(sidecar.lines(plan)) == "".join(sidecar.lines(whole))
        yield (
            f"| {clip.name} | {total} | {whole_s:.1f} | {_said(spans)} | {took:.1f} | "
            f"{sent / total / 1000:.0f} | {is_same} |"
        )


def _said(spans: list[Span]) -> str:
    return (
        f"{len(spans)} of {min(s.stop - s.first for s in spans)} to "
        f"{max(s.stop - s.first for s in spans)}"
    )


def in_parts(clip: Path, parts: list[Part]) -> tuple[Plan, int]:
    """The plan, and the bytes that would have travelled."""
    sent = 0

    def counted(received: Iterator[Piece]) -> Iterator[Piece]:
        nonlocal sent
        for piece in received:
            sent += len(piece[1])
            yield piece

    def said() -> Iterator[SpanStart | Perceived]:
        for part in parts:
            for message in messages(counted(pieces(look_at(part)))):
                if not isinstance(message, SpanStart | Perceived):
                    raise SystemExit(f"{clip}: {message}")
                yield message

    everything = said()
    told = next(everything)
    assert isinstance(told, SpanStart)
    seen = (message for message in everything if isinstance(message, Perceived))
    return joined(seen, open_video(admit(clip), OPTIONS.read), sha256_of(clip), told, OPTIONS), sent


if __name__ == "__main__":
    main()
