"""The report as a few lines for the terminal. Every number in them stands in the JSON as well."""

from __future__ import annotations

from collections.abc import Iterator

from efface.errors import printable
from efface.report import wording
from efface.report.facts import Done, Entry, Found, Media, Moment

MOST_LISTED = 5
"""Moments; the page has more of them."""


def lines(entry: Entry, target: object, plan: object = None) -> Iterator[str]:
    """What is said of a file whose target is there. Paths are told here, as whoever reads it typed them."""
    if entry.found is not None and entry.media is not None and entry.done is not None:
        said = wording.what_was_found(entry.found, entry.media)
        yield f"{printable(target)}: {said}, {wording.areas(entry.done.areas)} erased; {_checked(entry)}."
        yield from _notes(entry.found, entry.done)
        if plan is not None:
            yield f"  Plan: {printable(plan)}"


def _checked(entry: Entry) -> str:
    looked = entry.verification is not None and any(not c.why for c in entry.verification.checks)
    return "checked" if looked else "not checked"


def _notes(found: Found, done: Done) -> Iterator[str]:
    if done.audio_dropped:
        yield f"  Sound was dropped ({wording.streams(done.audio_dropped)}); voices identify people. --audio keep copies it."
    if done.audio_kept:
        yield f"  Sound was kept ({wording.streams(done.audio_kept)}); voices identify people."
    if done.blacked_out:
        yield f"  {done.blacked_out} frames could not be decoded and are black."
    if not found.tracks:
        yield f"  Look at it before you publish it: efface may have missed {wording.missed(found)}."


def doubtful(found: Found, media: Media) -> Iterator[str]:
    """Lines on the riskiest moments; none when nothing is worth a look."""
    listed = found.moments[:MOST_LISTED]
    if not listed:
        return
    yield "  Moments to look at, riskiest first:"
    for moment in listed:
        yield f"    {_moment(moment, media)}"
    if said := wording.above(found):
        yield f"  {said}: watch before you publish. Where something shows, --sensitivity high"
        yield "  and longer --track-lead-in and --track-lead-out cover more."


def _moment(moment: Moment, media: Media) -> str:
    when = wording.where(moment, media)
    gap = "  " if when else ""
    return f"{moment.risk:.2f}  {when}{gap}{moment.kind}, {moment.place}: {wording.causes(moment)}"
