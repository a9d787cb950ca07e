"""Time from left to right, drawn as SVG: how much is erased, and each track by the reason that it
is covered.

Reasons differ by height and outline as well as by colour, so that they are told apart in print and
by everybody. Drawings are stretched to the width that there is; they hold nothing but upright
edges, and texts stand beside them, not inside. Positions are whole thousandths of the film: an hour
with thousands of frames makes no larger a drawing than a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from efface.report.markup import Html, tag
from efface.report.report_model import Lane

WIDE = 1000
"""Units from the start of the film to its end."""

HIGH = 20
"""Units of a lane, from top to bottom."""

LEAST = 2
"""Units that even a single frame gets, to be seen."""

LEAST_MARK = 5
"""The same for what must not be overlooked."""

BARS = {"seen": (3, 17), "bridged": (6, 14), "extended": (8.5, 11.5), "drawn": (3, 17)}
"""Top and bottom of the bar of each reason."""

MARK = (18, 20)
"""Of the line under what is doubtful."""

TALL = 100
"""Units of the density, from top to bottom."""


def lane(track: Lane, length_s: float, doubtful: Iterable[tuple[float, float]], told: str) -> Html:
    """One track. `told` says the same in words; `doubtful` are moments in seconds."""
    paths = []
    for reason, (top, bottom) in BARS.items():
        spans = _merged(
            [(s.start_s, s.end_s) for s in track.stretches if s.reason == reason], length_s, LEAST
        )
        if spans:
            kind = "kept" if track.is_kept else reason
            paths.append(tag("path", class_=f"s-{kind}", d=_bars(spans, top, bottom)))
    marks = _merged(doubtful, length_s, LEAST_MARK)
    if marks:
        paths.append(tag("path", class_="s-doubt", d=_bars(marks, *MARK)))
    return _strip(paths, HIGH, told, "lane")


def density(areas: Sequence[int], seen: Sequence[int], told: str) -> Html:
    """Erased areas at a time: those in sight filled, all of them as an outline."""
    most = max(areas, default=0) or 1
    line = tag("path", class_="s-all", d=_steps(areas, most), vector_effect="non-scaling-stroke")
    return _strip(
        [tag("path", class_="s-seen", d=_steps(seen, most) + f"V{TALL}H0Z"), line],
        TALL,
        told,
        "density",
    )


def marks(spans: Iterable[tuple[float, float]], length_s: float, name: str, told: str) -> Html:
    """Times that matter. `name` says what they are: cut, bad, doubt, left or finding."""
    return _strip(
        [
            tag(
                "path",
                class_=f"s-{name}",
                d=_bars(_merged(spans, length_s, LEAST if name == "cut" else LEAST_MARK), 2, 12),
            )
        ],
        14,
        told,
        "marks",
    )


def _strip(paths: Iterable[Html], high: int, told: str, name: str) -> Html:
    box = f"0 0 {WIDE} {high}"
    return tag(
        "svg",
        paths,
        class_=name,
        viewBox=box,
        preserveAspectRatio="none",
        role="img",
        aria_label=told,
    )


def _merged(
    spans: Iterable[tuple[float, float]], length_s: float, least: int
) -> list[tuple[int, int]]:
    """Spans in units, each at least so wide; those that touch are one."""
    scale = WIDE / length_s if length_s > 0 else 0.0
    told: list[tuple[int, int]] = []
    for start_s, end_s in sorted(spans):
        start = min(max(int(start_s * scale), 0), WIDE - least)
        end = min(max(round(end_s * scale), start + least), WIDE)
        if told and start <= told[-1][1]:
            told[-1] = (told[-1][0], max(end, told[-1][1]))
        else:
            told.append((start, end))
    return told


def _bars(spans: Iterable[tuple[int, int]], top: float, bottom: float) -> str:
    return "".join(f"M{start} {top}H{end}V{bottom}H{start}Z" for start, end in spans)


def _steps(values: Sequence[int], most: int) -> str:
    """A line with a step for each value."""
    said: list[str] = []
    last = None
    for i, value in enumerate(values):
        height = round(TALL - 2 - (TALL - 4) * value / most, 1)
        if height != last:
            x = round(i * WIDE / len(values), 1)
            said.append(f"H{x:g}V{height:g}" if said else f"M0 {height:g}")
            last = height
    return "".join([*said, f"H{WIDE}"]) if said else f"M0 {TALL - 2}H{WIDE}"
