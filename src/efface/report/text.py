"""Makes the few lines of a report for the terminal. The JSON holds every number in them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from efface.errors import printable
from efface.findings import Finding, Outcome
from efface.report import price_wording, wording
from efface.report.facts import place
from efface.report.report_model import Done, Entry, Found, Media, Moment, Report

MOST_LISTED = 5
"""Number of moments and of findings. The page and the JSON have more of them."""


def review_of(source: object, target: object = None) -> str:
    """Return the command that reviews a source. target: where it was written, if -o named it."""
    return f"efface review {_shell(source)}" + (
        f" -o {_shell(target)}" if target is not None else ""
    )


def lines(
    entry: Entry,
    target: object,
    plan: object = None,
    source: object = None,
    review: str = "efface review FILE",
) -> Iterator[str]:
    """Yield the lines on a file whose target exists.

    They name its path: only the user who gave it sees them.

    source  its path, if another plan can be made of it.
    review  the command that reviews it.
    """
    if entry.found is None or entry.media is None or entry.done is None:
        return
    said = wording.what_was_found(entry.found, entry.media)
    yield (
        f"{printable(target)}: {said}, {wording.areas(entry.done.areas)} erased; {_checked(entry)}."
    )
    command = None if source is None else f"efface redact {_shell(source)} -o {_shell(target)}"
    yield from priced(entry.found, entry.media, review, command, " --overwrite")
    yield from left_visible(entry.found, review)
    yield from _notes(entry.found, entry.done)
    if plan is not None:
        yield f"  Plan: {printable(plan)}"


def priced(
    found: Found, media: Media, review: str, command: str | None, ending: str = ""
) -> Iterator[str]:
    """Yield lines on how much is erased, on kinds that perhaps cover much by mistake, and on what
    to do about it.

    review   the command that reviews the source.
    command  the command that made the plan, up to its options; None if it would not make another
             one.
    ending   what follows the options of the command.
    """
    if said := price_wording.price(found.cost, found.costs, media):
        yield f"  {said}."
    for cost in found.costs:
        if cost.is_doubtful and command is not None:
            yield f"  {price_wording.unsure_cost(cost)}"
            without = f"{command} --kinds {cost.instead}{ending}"
            yield from (f"    {way}" for way in price_wording.ways_out(cost, without, review))
    if said := price_wording.whole_persons(found.costs):
        yield f"  {said}"
    if media.medium != "photo":
        yield from (f"  {wording.unsought(s)}" for s in found.sought)


def left_visible(found: Found, review: str) -> Iterator[str]:
    """Yield a line on what was seen too weakly to be erased, if anything was.

    `review` is the command that shows it.
    """
    if said := wording.left_visible(found.left):
        yield f"  {said}. {wording.ways_to_cover(found, review)}"
    if said := wording.kept_areas(found):
        yield f"  {said}."
    if said := wording.written_in(found):
        yield f"  {said}."


def _shell(path: object) -> str:
    """Quote a path for the shell."""
    return shlex.quote(printable(path))


def _checked(entry: Entry) -> str:
    looked = entry.verification is not None and entry.verification.has_looked
    return "checked" if looked else "NOT CHECKED, because of --verify off"


def _notes(found: Found, done: Done) -> Iterator[str]:
    if done.audio_dropped:
        yield (
            f"  Sound was dropped ({wording.streams(done.audio_dropped)}); voices identify "
            "people. --audio keep copies it."
        )
    if done.audio_kept:
        yield f"  {wording.sound_kept(done)}."
    if done.blacked_out:
        yield f"  {done.blacked_out} frames could not be decoded and are black."
    if not found.tracks:
        yield f"  Look at it before you publish it: efface may have missed {wording.missed(found)}."


def doubtful(found: Found, media: Media, review: str = "efface review FILE") -> Iterator[str]:
    """Yield lines on the riskiest moments, if there are any.

    `review` is the command that reviews the source.
    """
    if not found.moments:
        return
    yield "  Moments to look at, riskiest first:"
    for moment in found.moments[:MOST_LISTED]:
        yield f"    {_moment(moment, media)}"
    if said := wording.above(found):
        yield f"  {said}: watch before you publish."
        yield f"  If something shows, cover it by hand: {review}"
        causes = {c for m in found.moments if m.is_above for c in m.causes}
        yield from (f"  {wording.HELP[c]}" for c in wording.HELP if c in causes)


def _moment(moment: Moment, media: Media) -> str:
    when = wording.where(moment, media)
    gap = "  " if when else ""
    what = f"{moment.kind}, {moment.place}" if moment.kind else moment.place
    return f"{moment.risk:.2f}  {when}{gap}{what}: {wording.causes(moment)}"


def seen_again(entry: Entry) -> Iterator[str]:
    """Yield lines on findings of the checks that a person must judge, if there are any."""
    checks = entry.verification.checks if entry.verification else ()
    left = [f for c in checks if c.outcome is Outcome.REVIEW for f in c.findings]
    if not left:
        return
    more = f", {MOST_LISTED} of {len(left)}" if len(left) > MOST_LISTED else ""
    yield f"  The checks leave these for you to look at{more}:"
    for f in sorted(left, key=lambda f: -(f.score or 1.0))[:MOST_LISTED]:
        yield f"    {_left(f, entry.media)}"


def _left(f: Finding, media: Media | None) -> str:
    score = f"{f.score:.2f}  " if f.score is not None else ""
    where = f", {place(f.box, media.size_wh)}" if f.box is not None and media is not None else ""
    return f"{score}{printable(f.message)}{where}"


def closing(report: Report, paths: list[str]) -> str:
    """Return one line on the report itself: its verdict, and where it is."""
    where = " and ".join(printable(p) for p in paths)
    return f"Report, {report.verdict.value}: {where}"
