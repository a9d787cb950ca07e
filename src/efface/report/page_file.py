"""A file's section of the page: what was found, what was done, what the checks say, checksums."""

from __future__ import annotations

import re

from efface.findings import Check, Verification
from efface.report import price_wording, wording
from efface.report.markup import Content, Html, joined, tag
from efface.report.page_elements import (
    MARKS,
    class_name,
    definition_list,
    hash_of,
    prose_of,
    section,
    settings_table,
    table,
    verdict_mark,
)
from efface.report.page_moments import things_to_look_at
from efface.report.page_timeline import over_time
from efface.report.report_model import (
    Chosen,
    Entry,
    Exemption,
    Found,
    Media,
    Report,
    Verdict,
)
from efface.report.timeline import span_text
from efface.timing import timecode


def file_section(e: Entry, report: Report, chosen: tuple[Chosen, ...] | None) -> Html:
    """Return a file's section. A single file needs no heading of its own."""
    parts = [
        ("found", "What was found", _found(e)),
        ("look", "Moments and findings", things_to_look_at(e)),
    ]
    parts += [("done", "What was done and checked", _done(e)), ("hashes", "Checksums", _hashes(e))]
    if len(report.entries) == 1:
        return joined([section(heading, body, name=name) for name, heading, body in parts if body])
    said = [joined(tag("h3", heading), body) for _, heading, body in parts if body]
    if chosen is None:
        said.append(joined(tag("h3", "Settings"), settings_table(e.chosen)))
    sentence = tag("p", verdict_mark(e.verdict), ". ", wording.sentence(e))
    named = f"File {e.number}: {e.name}" if e.name else f"File {e.number}"
    return tag(
        "section",
        tag("h2", named, id=f"file-{e.number}"),
        sentence,
        said,
        class_=class_name(e.verdict),
        aria_labelledby=f"file-{e.number}",
    )


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
        definition_list(
            ("Source", f"{media.medium.capitalize()}, {width} × {height} pixels{sizes}"),
            ("Length", f"{wording.counted(media.frames, wording.unit(media))}{length}{shots}"),
            ("Found", wording.objects(found, media)),
            ("Erased", price_wording.price(found.cost, found.costs, media) or None),
            ("Left visible", wording.left_visible(found.left).partition(": ")[2] or None),
            ("Kept visible", wording.kept_areas(found).partition(": ")[2] or None),
            ("Text", wording.written_in(found) or None),
            ("Too small", " ".join(wording.unsought(s) for s in found.sought) or None),
            ("Blacked out", black if found.blacked_out else None),
            (
                "Changed by hand",
                f"{wording.counted(found.edits, 'change')} in the plan" if found.edits else None,
            ),
        ),
        tag("p", _missed(found), class_="note") if not found.tracks else None,
        tag("p", prose_of(wording.ways_to_cover(found, "efface review FILE")), class_="note")
        if found.left
        else None,
        _unsure(found),
        _kept(found),
        _kinds(found, media) if found.kinds else None,
        _reasons(found, media),
        over_time(found, media, _times(e.verification))
        if media.medium != "photo" and (found.tracks or found.left)
        else None,
    )


def _unsure(found: Found) -> Html | None:
    """Return the kinds that erase much and were never sure, and the commands that help; and whether
    whole persons leave anything to be seen."""
    told = [c for c in found.costs if c.is_doubtful]
    without = "efface redact FILE --kinds {} --overwrite"
    ways = [
        price_wording.ways_out(c, without.format(c.instead), "efface review FILE") for c in told
    ]
    said = [
        " ".join([price_wording.unsure_cost(c), *(f"{way}." for way in of)])
        for c, of in zip(told, ways, strict=True)
    ]
    if persons := price_wording.whole_persons(found.costs):
        said.append(persons)
    return joined([tag("p", prose_of(s), class_="note") for s in said]) if said else None


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
        return table(
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
    return table(caption, columns, rows, numbers=(1, 2, 3, 4, 5, 6))


MOST_REASONS = 500
"""Rows of the table of reasons. The log as CSV has all of them."""


def _reasons(found: Found, media: Media) -> Html | None:
    """Return why tracks were erased, if a person gave reasons."""
    if not any(e.reason for e in found.exemptions):
        return None
    rows: list[tuple[Content, ...]] = [
        (f"{e.kind} {e.track}", _when(e, media), e.areas, e.reason or "none given")
        for e in found.exemptions[:MOST_REASONS]
    ]
    more = len(found.exemptions) - len(rows)
    caption = "Why each track was erased, as a person chose from a list."
    caption += f" {more} more are not shown; --report log.csv lists all." if more else ""
    return table(caption, ("Track", "When", "Areas", "Reason"), rows, numbers=(2,))


def _when(e: Exemption, media: Media) -> str:
    if media.medium == "photo":
        return f"page {e.first + 1}"
    return span_text(e.start_s, e.end_s)


def _shares(found: Found, kind: str) -> tuple[str, str]:
    cost = next((c.cost for c in found.costs if c.kind == kind), None)
    return (wording.share(cost.mean), wording.share(cost.worst)) if cost else ("0 %", "0 %")


def _times(verification: Verification | None) -> list[float]:
    """Return the times of the findings, in seconds."""
    return [f.time_s for f in verification.findings if f.time_s is not None] if verification else []


def _done(e: Entry) -> Html | None:
    return joined(_written(e), _checks(e))


def _written(e: Entry) -> Html:
    if e.done is None:
        if e.failure is None:
            return joined()
        # An error's message is already the sentence of the file, unless a check failed.
        why = tag("p", e.failure.message) if e.verdict is Verdict.NOT_CLEAN else None
        hint = tag("p", prose_of(e.failure.hint)) if e.failure.hint else None
        return joined(tag("p", tag("b", "There is no copy.")), why, hint)
    d = e.done
    sound = [wording.sound_kept(d) if d.audio_kept else ""]
    sound += [f"{wording.streams(d.audio_dropped)} dropped" if d.audio_dropped else ""]
    page = wording.unit(e.media) if e.media else "frame"
    style = next((c.value for c in e.chosen if c.flag == "--style"), "")
    return definition_list(
        ("Written", wording.counted(d.frames, page)),
        ("Erased", f"{wording.areas(d.areas)}{f', in the style {style}' if style else ''}"),
        ("Blacked out", wording.counted(d.blacked_out, page) if d.blacked_out else None),
        ("Sound", ", ".join(filter(None, sound)) or "no sound in the source"),
    )


def _checks(e: Entry) -> Html | None:
    if e.verification is None:
        return None
    rows: list[tuple[Content, ...]] = [
        (c.name, _outcome(c), _facts(c)) for c in e.verification.checks
    ]
    return table(
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
        definition_list(*named, *((name, hash_of(value)) for name, value in pairs)),
    )
