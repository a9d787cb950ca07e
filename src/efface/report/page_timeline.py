"""The page's drawings of a video over time: density, marks, and one lane for each track."""

from __future__ import annotations

from collections.abc import Iterator

from efface.report import strips, wording
from efface.report.markup import Content, Html, joined, tag
from efface.report.report_model import (
    Found,
    Lane,
    Media,
)
from efface.report.timeline import span_text
from efface.timing import timecode

HOUR_S = 3600


def over_time(found: Found, media: Media, findings: list[float]) -> Html:
    length_s = media.duration_s or 0.0
    return joined(
        tag("h3", "Over time"),
        _key(found),
        tag("div", _axis(length_s), list(_overview(found, length_s, findings)), class_="film"),
        _lanes(found, length_s) if found.lanes else None,
    )


def _lanes(found: Found, length_s: float) -> Html:
    return joined(
        tag("h3", _lanes_heading(found)),
        tag("div", _lanes_head(), [_lane(lane, length_s) for lane in found.lanes], class_="film"),
        _not_drawn(found),
    )


def _row(label: Content, drawing: Html, number: Content, name: str = "row") -> Html:
    return tag("div", tag("p", label), drawing, tag("p", number, class_="n"), class_=name)


def _axis(length_s: float) -> Html:
    times = tag(
        "div", [tag("p", timecode(length_s * share)) for share in (0, 0.5, 1)], class_="axis"
    )
    return tag("div", tag("p"), times, tag("p"), class_="row", aria_hidden="true")


def _overview(found: Found, length_s: float, findings: list[float]) -> Iterator[Html]:
    yield _density_row(found, length_s)
    marks = found.marks
    if found.moments:
        told = f"{wording.counted(found.worth, 'moment')} to look at, listed below."
        drawing = strips.marks(marks["moments"], length_s, "doubt", told)
        yield _row("Moments to look at", drawing, found.worth)
    if found.left:
        told = f"{wording.left_visible(found.left)}."
        drawing = strips.marks(marks["left"], length_s, "left", told)
        yield _row("Left visible", drawing, sum(k.stretches for k in found.left))
    if findings:
        told = f"{wording.counted(len(findings), 'finding')} of the checks, listed below."
        drawing = strips.marks([(t, t) for t in findings], length_s, "finding", told)
        yield _row("Findings of checks", drawing, len(findings))
    if found.cuts:
        told = "Shot changes at " + ", ".join(timecode(c) for c in found.cuts[:10])
        told += "" if len(found.cuts) <= 10 else ", ..."
        drawing = strips.marks(marks["cuts"], length_s, "cut", told)
        yield _row("Shot changes", drawing, found.shots - 1)
    if found.gaps:
        told = "Blacked out: " + ", ".join(span_text(g.start_s, g.end_s) for g in found.gaps[:10])
        drawing = strips.marks(marks["blacked_out"], length_s, "bad", told)
        yield _row("Frames blacked out", drawing, found.blacked_out)


def _density_row(found: Found, length_s: float) -> Html:
    most = max(found.density, default=0)
    busiest = (
        timecode(found.density.index(most) * length_s / len(found.density)) if found.density else ""
    )
    seen = max(found.density_seen, default=0)
    told = (
        f"Up to {wording.areas(most)} at a time, most at {busiest}. Of them seen, at the most: "
        f"{seen}."
    )
    drawing = strips.density(found.density, found.density_seen, told)
    return _row("Erased areas at a time", drawing, f"max {most}", "row lead")


def _key(found: Found) -> Html:
    """Return the legend: each reason with its own shape, and only what the drawings hold."""
    told = {s.reason for lane in found.lanes if not lane.is_kept for s in lane.stretches}
    items = [
        tag("li", _sample(f"s-{reason}", *strips.BARS[reason]), f"{reason}: {why}")
        for reason, why in wording.REASONS.items()
        if reason in told
    ]
    if any(lane.is_kept for lane in found.lanes):
        items.append(
            tag(
                "li", _sample("s-kept", *strips.BARS["seen"]), "kept visible: a person asked for it"
            )
        )
    if found.moments:
        items.append(tag("li", _sample("s-doubt", *strips.MARK), "line below a track: look there"))
    return tag("ul", items, class_="key")


def _sample(name: str, top: float, bottom: float) -> Html:
    bar = tag("path", class_=name, d=f"M2 {top:g}H32V{bottom:g}H2Z")
    return tag(
        "svg", bar, viewBox=f"0 0 34 {strips.HIGH}", preserveAspectRatio="none", aria_hidden="true"
    )


def _lanes_heading(found: Found) -> str:
    if len(found.lanes) == found.tracks:
        return f"Each track, {found.tracks} in all"
    return f"The {len(found.lanes)} riskiest of {found.tracks} tracks"


def _lanes_head() -> Html:
    return tag(
        "div",
        tag("p", "Track, from when to when"),
        tag("p"),
        tag("p", "risk", class_="n"),
        class_="row head",
    )


def _lane(lane: Lane, length_s: float) -> Html:
    drawing = strips.lane(lane, length_s, lane.marks, _told(lane))
    label = [
        tag("b", f"{lane.kind} {lane.track}"),
        " ",
        tag("span", _from_to(lane.start_s, lane.end_s, length_s), class_="quiet"),
    ]
    return _row(
        label, drawing, f"{lane.risk:.2f}" if lane.risk else tag("span", "none", class_="quiet")
    )


def _from_to(start_s: float, end_s: float, length_s: float) -> str:
    """Return the range to a tenth of a second, or to a second if there are hours, as the drawing is
    no finer."""
    start, end = timecode(start_s), timecode(end_s)
    return f"{start[:-4]}–{end[:-4]}" if length_s >= HOUR_S else f"{start[2:-2]}–{end[2:-2]}"


def _told(lane: Lane) -> str:
    counts = ", ".join(f"{reason} in {n}" for reason, n in lane.areas.items() if n)
    kept = "; kept visible" if lane.is_kept else ""
    doubts = (
        "; to look at: " + ", ".join(f"{timecode(a)} to {timecode(b)}" for a, b in lane.marks[:5])
        if lane.marks
        else ""
    )
    return (
        f"{lane.kind} {lane.track}, {timecode(lane.start_s)} to {timecode(lane.end_s)}, "
        f"frames: {counts}{kept}{doubts}"
    )


def _not_drawn(found: Found) -> Html | None:
    left = found.tracks - len(found.lanes)
    said = (
        f"{wording.counted(left, 'track')} with less risk {'is' if left == 1 else 'are'} not "
        "drawn; they count above."
    )
    rough = any(not lane.is_exact for lane in found.lanes)
    if rough:
        said += " Tracks that change often are drawn in steps of several frames."
    return tag("p", said, class_="small quiet") if left else None
