"""The report as one HTML file. It loads nothing, runs nothing, and its only pictures are drawings
of time.

The result and the next steps come first, then the facts. Everything is text in a tag, and `markup`
escapes all text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources

from efface.findings import Check, Finding, Outcome, Verification
from efface.report import strips, wording
from efface.report.facts import (
    MOST_FINDINGS,
    Chosen,
    Entry,
    Found,
    Lane,
    Media,
    Moment,
    Network,
    Report,
    Verdict,
    span_text,
)
from efface.report.facts import place as place_of
from efface.report.markup import Content, Html, joined, tag
from efface.timing import timecode

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

MOST_SECTIONS = 300
"""Maximum number of files with a section of their own, the gravest first. The table lists all
files."""

GLYPHS = {
    Verdict.CLEAN: "M6 12.5l4 4 8-9",
    Verdict.REVIEW: "M12 6v7.5M12 17v.5",
    Verdict.NOT_CLEAN: "M7.5 7.5l9 9M16.5 7.5l-9 9",
    Verdict.NOT_VERIFIED: (
        "M9.2 9.6c0-1.7 1.2-2.9 2.9-2.9s2.8 1.1 2.8 2.6c0 2.2-2.8 2.3-2.8 4.5M12.1 17v.5"
    ),
    Verdict.NOT_DONE: "M7 12h10",
}
"""Tick, exclamation mark, cross, question mark, dash."""

HOUR_S = 3600

RING = "M12 1.5a10.5 10.5 0 1 0 0 21a10.5 10.5 0 1 0 0-21Z"

COMMANDS = {
    "redact": "Find faces and plates, and write copies without them (efface redact)",
    "render": "Write a copy, erased as a plan says (efface render)",
    "verify": "Check a finished copy (efface verify)",
}

MARKS = {
    Outcome.CLEAN: "clean",
    Outcome.REVIEW: "review",
    Outcome.NOT_CLEAN: "not-clean",
    Outcome.SKIPPED: "not-verified",
}


def page(report: Report) -> Iterator[str]:
    """Yield the file, piece by piece."""
    yield "<!doctype html>\n"
    yield '<html lang="en">\n'
    yield _head(report)
    yield f'\n<body class="{_name(report.verdict)}">\n'
    yield _top(report)
    yield "\n<main>\n"
    if len(report.entries) > 1:
        yield _queue(report)
    chosen = _common(report)
    yield _asked(report, chosen)
    for entry in _with_sections(report):
        yield "\n" + _file(entry, report, chosen)
    yield "\n" + _settings(chosen)
    yield "\n" + _versions(report)
    yield "\n" + _limits()
    yield "\n</main>\n"
    yield _foot(report)
    yield "\n</body>\n</html>\n"


def _name(verdict: Verdict) -> str:
    return {Verdict.REVIEW: "review"}.get(verdict, verdict.value.replace(" ", "-"))


def _head(report: Report) -> Html:
    style = Html(resources.files("efface.report").joinpath("report.css").read_text("utf-8"))
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="robots", content="noindex, nofollow"),
        tag("title", f"{report.verdict.value.capitalize()}: report of efface"),
        tag("style", style),
    )


def _top(report: Report) -> Html:
    made = f"Made {report.made}" if report.made else None
    return tag(
        "header",
        tag(
            "p",
            tag("span", tag("b", "efface"), " · report"),
            made and tag("span", made),
            class_="kicker",
        ),
        tag("h1", _glyph(report.verdict), report.verdict.value.capitalize()),
        tag("p", wording.headline(report), class_="sentence"),
        tag(
            "div",
            tag("h2", "What to do next"),
            tag("ol", [tag("li", _prose(said)) for said in wording.advice(report)]),
            class_="next",
        ),
        tag("p", wording.PRIVATE, class_="private"),
    )


def _prose(text: str) -> list[Content]:
    """Return a sentence with its options marked up as code."""
    return [
        tag("code", part) if part.startswith("--") else part
        for part in re.split(r"(--[a-z][a-z-]+)", text)
    ]


def _glyph(verdict: Verdict) -> Html:
    lines = tag("path", d=RING + GLYPHS[verdict], class_="glyph")
    return tag("svg", lines, viewBox="0 0 24 24", aria_hidden="true")


def _verdict(verdict: Verdict) -> Html:
    return tag("span", verdict.value, class_=f"mark {_name(verdict)}")


def _section(heading: str, *content: Content, name: str) -> Html:
    return tag("section", tag("h2", heading, id=name), *content, aria_labelledby=name)


def _table(
    caption: str,
    columns: tuple[str, ...],
    rows: list[tuple[Content, ...]],
    *,
    numbers: tuple[int, ...] = (),
) -> Html:
    """Return a table whose first column names its rows. `numbers` lists right-aligned columns."""

    def cells(row: tuple[Content, ...], head: bool) -> Iterator[Html]:
        for i, content in enumerate(row):
            name, scope = ("th", "col") if head else ("th", "row") if i == 0 else ("td", None)
            yield tag(name, content, scope=scope, class_="n" if i in numbers else None)

    body = [tag("tr", list(cells(row, False))) for row in rows]
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", list(cells(columns, True)))),
        tag("tbody", body),
    )


def _list(*pairs: tuple[str, Content]) -> Html:
    return tag(
        "dl", [joined(tag("dt", name), tag("dd", content)) for name, content in pairs if content]
    )


def _hash(sha256: str) -> Html | None:
    """Return a hash that copies as one word, but breaks into readable groups on paper and on
    phones."""
    parts = [sha256[i : i + 8] for i in range(0, len(sha256), 8)]
    return (
        tag("code", [joined(tag("wbr") if i else None, p) for i, p in enumerate(parts)])
        if sha256
        else None
    )


# all files


def _with_sections(report: Report) -> list[Entry]:
    gravest = sorted(report.entries, key=lambda e: -e.verdict.gravity)[:MOST_SECTIONS]
    return sorted(gravest, key=lambda e: e.number)


def _queue(report: Report) -> Html:
    linked = {e.number for e in _with_sections(report)}
    rows: list[tuple[Content, ...]] = [
        (
            tag("a", f"{e.number}", href=f"#file-{e.number}") if e.number in linked else e.number,
            _verdict(e.verdict),
            [e.name or None, tag("br") if e.name else None, _in_short(e)],
        )
        for e in report.entries
    ]
    left = len(report.entries) - len(linked)
    note = f" {wording.counted(left, 'file')} have no section below." if left else ""
    caption = f"In the order of work.{note}"
    return _section(
        "Files", _table(caption, ("File", "Outcome", "What it comes to"), rows), name="files"
    )


def _in_short(e: Entry) -> str:
    if e.found is None or e.media is None or e.failure is not None:
        return wording.sentence(e)
    above = f"; {wording.counted(e.found.above, 'moment')} to look at" if e.found.above else ""
    above += f"; {wording.possible(e.found.left)} left visible" if e.found.left else ""
    cost = f"; {wording.share(e.found.cost.mean)} erased" if e.found.cost.worst else ""
    return f"{wording.what_was_found(e.found, e.media)}{cost}{above}"


def _asked(report: Report, chosen: tuple[Chosen, ...] | None) -> Html:
    changed = [c for c in chosen or () if c.is_changed]
    told = (
        ", ".join(f"{c.flag} {c.value or 'none'}" for c in changed)
        if changed
        else "none: all settings at their defaults"
    )
    kinds = {kind for e in report.entries if e.found for kind in e.found.asked}
    what = " and ".join(f"every {kind}" for kind in ("face", "plate") if kind in kinds)
    return _section(
        "What was asked",
        _list(
            ("Task", COMMANDS.get(report.command, report.command)),
            ("To be erased", what),
            ("Files", len(report.entries)),
            (
                "Changed settings",
                tag("code", told)
                if changed
                else told
                if chosen is not None
                else "they differ between files",
            ),
        ),
        name="asked",
    )


def _common(report: Report) -> tuple[Chosen, ...] | None:
    """Return the settings if all files share them; None if they differ."""
    known = {e.chosen for e in report.entries if e.chosen}
    return next(iter(known), ()) if len(known) < 2 else None


# one file


def _file(e: Entry, report: Report, chosen: tuple[Chosen, ...] | None) -> Html:
    """Return a file's section. A single file needs no heading of its own."""
    parts = [
        ("found", "What was found", _found(e)),
        ("look", "Moments and findings", _to_look_at(e)),
    ]
    parts += [("done", "What was done and checked", _done(e)), ("hashes", "Checksums", _hashes(e))]
    if len(report.entries) == 1:
        return joined([_section(heading, body, name=name) for name, heading, body in parts if body])
    said = [joined(tag("h3", heading), body) for _, heading, body in parts if body]
    if chosen is None:
        said.append(joined(tag("h3", "Settings"), _settings_table(e.chosen)))
    sentence = tag("p", _verdict(e.verdict), ". ", wording.sentence(e))
    named = f"File {e.number}: {e.name}" if e.name else f"File {e.number}"
    return tag(
        "section", tag("h2", named, id=f"file-{e.number}"), sentence, said, class_=_name(e.verdict),
        aria_labelledby=f"file-{e.number}",
    )  # fmt: skip


def _found(e: Entry) -> Html | None:
    if e.found is None or e.media is None:
        return None
    media, found = e.media, e.found
    width, height = media.size_wh
    sizes = f", and {media.sizes - 1} other sizes" if media.sizes > 1 else ""
    length = f", {timecode(media.duration_s)}" if media.duration_s is not None else ""
    shots = f", {wording.counted(found.shots, 'shot')}" if media.medium != "photo" else ""
    black = (
        f"{wording.counted(found.blacked_out, 'frame')} could not be decoded and were blacked "
        "out whole"
    )
    return joined(
        _list(
            ("Source", f"{media.medium.capitalize()}, {width} × {height} pixels{sizes}"),
            ("Length", f"{wording.counted(media.frames, wording.unit(media))}{length}{shots}"),
            ("Found", wording.objects(found, media)),
            ("Erased", wording.price(found.cost, found.costs, media) or None),
            ("Left visible", wording.left_visible(found.left).partition(": ")[2] or None),
            ("Too small", " ".join(wording.unsought(s) for s in found.sought) or None),
            ("Blacked out", black if found.blacked_out else None),
            (
                "Changed by hand",
                f"{wording.counted(found.edits, 'change')} in the plan" if found.edits else None,
            ),
        ),
        tag("p", _missed(found), class_="note") if not found.tracks else None,
        tag("p", _prose(wording.ways_to_cover(found, "efface review FILE")), class_="note")
        if found.left
        else None,
        _unsure(found),
        _kept(found),
        _kinds(found, media) if found.kinds else None,
        _film(found, media, _times(e.verification))
        if media.medium != "photo" and (found.tracks or found.left)
        else None,
    )


def _unsure(found: Found) -> Html | None:
    """Return the kinds that erase much and were never sure, and the commands that help."""
    told = [c for c in found.costs if c.is_doubtful]
    without = "efface redact FILE --kinds {} --overwrite"
    ways = [wording.ways_out(c, without.format(c.instead), "efface review FILE") for c in told]
    said = [
        " ".join([wording.unsure_cost(c), *(f"{way}." for way in of)])
        for c, of in zip(told, ways, strict=True)
    ]
    return joined([tag("p", _prose(s), class_="note") for s in said]) if said else None


def _missed(found: Found) -> str:
    return f"Look at it before you publish it: efface may have missed {wording.missed(found)}."


def _kept(found: Found) -> Html | None:
    kept = sum(k.kept for k in found.kinds)
    if not kept:
        return None
    verb = "stays" if kept == 1 else "stay"
    return tag(
        "p", f"{wording.counted(kept, 'track')} {verb} visible, as a person asked.", class_="note"
    )


def _kinds(found: Found, media: Media) -> Html:
    if media.medium == "photo":
        rows: list[tuple[Content, ...]] = [
            (k.kind, k.tracks, k.areas, *_shares(found, k.kind)) for k in found.kinds
        ]
        return _table(
            "Erased areas by kind.",
            ("Kind", "Found", "Erased", "Mean share", "Worst"),
            rows,
            numbers=(1, 2, 3, 4),
        )
    rows = [
        (
            k.kind,
            k.tracks,
            k.areas,
            k.seen + k.drawn,
            k.bridged + k.extended,
            *_shares(found, k.kind),
        )
        for k in found.kinds
    ]
    caption = (
        "Areas are counted in every frame. Unseen ones lie between two sightings, before the "
        "first, or after the last."
    )
    caption += " Shares are those of the picture: on average, and in the worst frame."
    columns = ("Kind", "Tracks", "Areas", "Seen", "Unseen", "Mean share", "Worst")
    return _table(caption, columns, rows, numbers=(1, 2, 3, 4, 5, 6))


def _shares(found: Found, kind: str) -> tuple[str, str]:
    cost = next((c.cost for c in found.costs if c.kind == kind), None)
    return (wording.share(cost.mean), wording.share(cost.worst)) if cost else ("0 %", "0 %")


def _times(verification: Verification | None) -> list[float]:
    """Return the times of the findings, in seconds."""
    return [f.time_s for f in verification.findings if f.time_s is not None] if verification else []


def _film(found: Found, media: Media, findings: list[float]) -> Html:
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
    most = max(found.density, default=0)
    busiest = (
        timecode(found.density.index(most) * length_s / len(found.density)) if found.density else ""
    )
    seen = max(found.density_seen, default=0)
    told = (
        f"Up to {wording.areas(most)} at a time, most at {busiest}. Of them seen, at the most: "
        f"{seen}."
    )
    yield _row(
        "Erased areas at a time",
        strips.density(found.density, found.density_seen, told),
        f"max {most}",
        "row lead",
    )
    if found.moments:
        told = f"{wording.counted(found.worth, 'moment')} to look at, listed below."
        yield _row(
            "Moments to look at",
            strips.marks(found.marks["moments"], length_s, "doubt", told),
            found.worth,
        )
    if found.left:
        told, places = f"{wording.left_visible(found.left)}.", sum(k.stretches for k in found.left)
        yield _row(
            "Left visible", strips.marks(found.marks["left"], length_s, "left", told), places
        )
    if findings:
        told = f"{wording.counted(len(findings), 'finding')} of the checks, listed below."
        yield _row(
            "Findings of checks",
            strips.marks([(t, t) for t in findings], length_s, "finding", told),
            len(findings),
        )
    if found.cuts:
        told = (
            "Shot changes at "
            + ", ".join(timecode(c) for c in found.cuts[:10])
            + ("" if len(found.cuts) <= 10 else ", ...")
        )
        yield _row(
            "Shot changes",
            strips.marks(found.marks["cuts"], length_s, "cut", told),
            found.shots - 1,
        )
    if found.gaps:
        told = "Blacked out: " + ", ".join(
            f"{timecode(g.start_s)} to {timecode(g.end_s)}" for g in found.gaps[:10]
        )
        yield _row(
            "Frames blacked out",
            strips.marks(found.marks["blacked_out"], length_s, "bad", told),
            found.blacked_out,
        )


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


# what to look at


def _to_look_at(e: Entry) -> Html | None:
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
        _left(e.found) if e.found.left_where else None,
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
    return _table(caption, ("Risk", "When and where", "Why"), rows)


def _left(found: Found) -> Html:
    more = sum(k.stretches for k in found.left) - len(found.left_where)
    caption = (
        "What was seen too weakly to be erased and is left visible, by time. efface review "
        "lists it, too."
    )
    caption += (
        f" {wording.counted(more, 'place')} more {'is' if more == 1 else 'are'} not listed here."
        if more
        else ""
    )
    rows: list[tuple[Content, ...]] = [
        (
            f"{s.kind} {s.track}",
            [
                span_text(s.span.start_s, s.span.end_s), tag("br"),
                tag("span", (
                        f"frames {s.span.first + 1} "
                        f"to {s.span.last + 1}"
                    ), class_="quiet small"),
            ],
            f"{s.best:.2f}", "yes" if s.is_listed else "no",
        )
        for s in found.left_where
    ]  # fmt: skip
    return _table(caption, ("What", "When", "Best score", "Among the moments"), rows, numbers=(2,))


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
    return _table(caption, ("When", "What"), rows)


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


# what was done


def _done(e: Entry) -> Html | None:
    return joined(_written(e), _checks(e))


def _written(e: Entry) -> Html:
    if e.done is None:
        if e.failure is None:
            return joined()
        # An error's message is already the sentence of the file, unless a check failed.
        why = tag("p", e.failure.message) if e.verdict is Verdict.NOT_CLEAN else None
        hint = tag("p", _prose(e.failure.hint)) if e.failure.hint else None
        return joined(tag("p", tag("b", "There is no copy.")), why, hint)
    d = e.done
    sound = [
        f"{wording.streams(d.audio_kept)} kept, unchanged: voices identify people"
        if d.audio_kept
        else ""
    ]
    sound += [f"{wording.streams(d.audio_dropped)} dropped" if d.audio_dropped else ""]
    page = wording.unit(e.media) if e.media else "frame"
    style = next((c.value for c in e.chosen if c.flag == "--style"), "")
    return _list(
        ("Written", wording.counted(d.frames, page)),
        ("Erased", f"{wording.areas(d.areas)}{f', in the style {style}' if style else ''}"),
        ("Blacked out", wording.counted(d.blacked_out, page) if d.blacked_out else None),
        ("Sound", ", ".join(filter(None, sound)) or "there is none"),
    )


def _checks(e: Entry) -> Html | None:
    if e.verification is None:
        return None
    rows: list[tuple[Content, ...]] = [
        (c.name, _outcome(c), _facts(c)) for c in e.verification.checks
    ]
    return _table(
        "The finished file, read from the disk again.", ("Check", "Outcome", "Looked with"), rows
    )


def _outcome(c: Check) -> Html:
    return joined(
        tag("span", c.outcome.value, class_=f"mark {MARKS[c.outcome]}"),
        f": {c.why}" if c.why else None,
    )


def _facts(c: Check) -> Content:
    told = [
        f"{name}: {value:g}" if isinstance(value, float) else f"{name}: {value}"
        for name, value in c.facts.items()
    ]
    told = [re.sub(": [0-9a-f]{64}$", "", t) for t in told]  # checksums have their own section
    return "; ".join(told) or tag("span", "–", class_="quiet")


def _hashes(e: Entry) -> Html | None:
    source = e.media.sha256 if e.media else ""
    pairs = [("Source", source), ("Plan", e.plan_sha256), ("Copy", e.target_sha256)]
    if not any(value for _, value in pairs):
        return None
    named = [("Name of the copy", e.target_name or None)]
    return joined(
        tag(
            "p",
            "SHA-256 of the files, byte by byte: sha256sum gives the same while they are "
            "unchanged.",
            class_="small quiet",
        ),
        _list(*named, *((name, _hash(value)) for name, value in pairs)),
    )


# the run


def _settings(chosen: tuple[Chosen, ...] | None) -> Html:
    if chosen is None:
        return _section(
            "Settings", tag("p", "They differ, and stand with each file."), name="settings"
        )
    return _section("Settings", _settings_table(chosen), name="settings")


def _settings_table(chosen: tuple[Chosen, ...]) -> Html:
    rows: list[tuple[Content, ...]] = [
        (
            tag("code", c.flag),
            tag("b", c.value or "none") if c.is_changed else c.value or "none",
            c.default or "none",
        )
        for c in chosen
    ]
    changed = sum(c.is_changed for c in chosen)
    first = (
        f"{changed} of {len(chosen)} changed; these stand first."
        if changed
        else "All at their defaults."
    )
    return _table(first, ("Option", "Value", "Default"), rows)


def _versions(report: Report) -> Html:
    networks: list[Network] = list(dict.fromkeys(n for e in report.entries for n in e.networks))
    rows: list[tuple[Content, ...]] = [
        (n.name, [f"version {n.version}, run by {n.runtime}", tag("br"), _hash(n.sha256)])
        for n in networks
    ]
    software: list[tuple[Content, ...]] = [
        (name, version) for name, version in report.software.items()
    ]
    return _section(
        "Versions and models",
        _table(
            "Models that looked, with the SHA-256 of their weights as loaded.",
            ("Model", "What it was"),
            rows,
        )
        if rows
        else None,
        _table("Software", ("Part", "Version"), software) if software else None,
        name="versions",
    )


def _limits() -> Html:
    head = tag("p", "No outcome of efface, not even “clean”, promises:", class_="head")
    return _section(
        "What efface does not promise",
        head,
        tag("ul", [tag("li", s) for s in wording.LIMITS]),
        name="limits",
    )


def _foot(report: Report) -> Html:
    said = (
        f"efface {report.version}. Times count from the first frame. No pixel of a source or "
        "of a copy is in this file."
    )
    return tag("footer", tag("p", said))
