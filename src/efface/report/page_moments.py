"""What the page lists for a person to look at: moments, what is left visible, findings."""

from __future__ import annotations

from collections.abc import Sequence

from efface.findings import Check, Finding
from efface.report import wording
from efface.report.facts import MOST_FINDINGS
from efface.report.facts import place as place_of
from efface.report.markup import Content, Html, joined, tag
from efface.report.page_elements import MARKS, table
from efface.report.report_model import Entry, Found, Left, Media, Moment
from efface.report.timeline import span_text
from efface.timing import timecode


def things_to_look_at(e: Entry) -> Html | None:
    findings = [(c, f) for c in e.verification.checks for f in c.findings] if e.verification else []
    moments = e.found.moments if e.found else ()
    if e.found is None or e.media is None:
        return joined(_findings(findings, None)) if findings else None
    if not findings and not moments and not e.found.left:
        return tag(
            "p",
            "None. A file without doubts is not one without faces: a program does not know "
            "what it has missed.",
        )
    return joined(
        _findings(findings, e.media) if findings else None,
        _moments(e.found, e.media) if moments else None,
        _left(e.found, e.media) if e.found.left_where else None,
    )


def _moments(found: Found, media: Media) -> Html:
    above = wording.above(found)
    left, slight = found.worth - len(found.moments), found.doubts - found.worth
    caption = f"Where something may still be visible, riskiest first. {above}." if above else (
        "Where something may still be visible, riskiest first. None is above the bound of "
        f"{found.bound:g}."
    )  # fmt: skip
    caption += f" {left} more of them stand in the plan." if left else ""
    caption += (
        f" Of less than half of it there {'is' if slight == 1 else 'are'} {slight} more in "
        "the plan."
        if slight
        else ""
    )
    rows: list[tuple[Content, ...]] = [
        (
            tag("span", f"{m.risk:.2f}", class_="mark review" if m.is_above else None),
            [
                tag("span", wording.where(m, media)),
                tag("br") if wording.where(m, media) else None,
                _what(m),
            ],
            wording.causes(m),
        )
        for m in found.moments
    ]
    return table(caption, ("Risk", "When and where", "Why"), rows)


def _left(found: Found, media: Media) -> Html:
    is_film = media.medium != "photo"
    more = sum(k.stretches for k in found.left) - len(found.left_where)
    order = "by time" if is_film else "by page, the riskiest first"
    caption = (
        f"What was seen too weakly to be erased and is left visible, {order}. efface review lists "
        "it, too."
    )
    caption += (
        f" {wording.counted(more, 'place')} more {'is' if more == 1 else 'are'} not listed here."
        if more
        else ""
    )
    in_rows = _left_in_film if is_film else _left_on_photo
    return table(caption, *in_rows(found.left_where), numbers=(2,))


Rows = tuple[tuple[str, ...], list[tuple[Content, ...]]]
"""Names of the columns, and the rows."""


def _left_in_film(left: Sequence[Left]) -> Rows:
    rows: list[tuple[Content, ...]] = [
        (
            f"{s.kind} {s.track}",
            [
                span_text(s.span.start_s, s.span.end_s),
                tag("br"),
                tag(
                    "span", f"frames {s.span.first + 1} to {s.span.last + 1}", class_="quiet small"
                ),
            ],
            f"{s.best:.2f}",
            "yes" if s.is_listed else "no",
        )
        for s in left
    ]
    return ("What", "When", "Best score", "Among the moments"), rows


def _left_on_photo(left: Sequence[Left]) -> Rows:
    rows: list[tuple[Content, ...]] = [
        (
            f"{s.kind} {s.track}",
            str(s.span.first + 1),
            "not known" if s.chance is None else f"{100 * s.chance:.0f} %",
            "yes" if s.is_listed else "no",
        )
        for s in left
    ]
    return ("What", "Page", "Chance that it is one", "Among the moments"), rows


def _what(m: Moment) -> Html:
    frames = f"frames {m.frames[0] + 1} to {m.frames[1] + 1}"
    what = f"{m.kind} {m.track}, {m.place}" if m.kind else m.place
    return tag("span", f"{what}; {frames}", class_="quiet small")


def _findings(findings: list[tuple[Check, Finding]], media: Media | None) -> Html:
    rows: list[tuple[Content, ...]] = [
        (
            _at(f),
            [
                tag("span", c.name, class_=f"mark {MARKS[c.outcome]}"),
                ": ",
                f.message,
                _spot(f, media),
            ],
        )
        for c, f in findings[:MOST_FINDINGS]
    ]
    left = len(findings) - len(rows)
    caption = "What the checks found in the finished file." + (
        f" {left} more are not listed." if left else ""
    )
    return table(caption, ("When", "What"), rows)


def _at(f: Finding) -> Content:
    said = [
        timecode(f.time_s) if f.time_s is not None else None,
        f"frame {f.frame + 1}" if f.frame is not None else None,
    ]
    parts = [s for s in said if s]
    return [joined(tag("br") if i else None, p) for i, p in enumerate(parts)] or "in the file"


def _spot(f: Finding, media: Media | None) -> Html | None:
    if f.box is None:
        return None
    named = f"{place_of(f.box, media.size_wh)}, " if media is not None and media.sizes == 1 else ""
    score = f"; score {f.score:.2f}" if f.score is not None else ""
    x1, y1, x2, y2 = f.box
    return joined(
        tag("br"),
        tag("span", f"{named}x {x1} to {x2}, y {y1} to {y2}{score}", class_="quiet small"),
    )
