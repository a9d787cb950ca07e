"""The sentences of a report, for the page, the JSON and the terminal alike. Counts, times, places in the picture; no names."""

from __future__ import annotations

from collections.abc import Sequence

from efface.findings import Check, Outcome
from efface.planning.doubt import BEGAN, CAMERA, COVERS, CUT, ENDED, FAR, LEFT, LOST, SHORT, TEXT, WEAK
from efface.planning.left_visible import KindLeft
from efface.report.facts import Cost, Entry, Found, KindCost, Media, Moment, Report, Sought, Verdict, span_text
from efface.timing import timecode

CAUSES = {
    BEGAN: "covering starts in mid-picture",
    ENDED: "covering stops in mid-picture",
    FAR: "carried far without a sighting",
    WEAK: "hardly seen",
    SHORT: "seen briefly",
    CUT: "beside a shot change",
    LOST: "clearly seen, and nothing is erased where it should be",
    COVERS: "covers much without a sure sighting",
    CAMERA: "the camera's motion is unknown",
    LEFT: "seen too weakly, and left visible",
    TEXT: "text is written into the picture",
}

HELP = {
    BEGAN: "Where covering starts too late again and again, --track-hold and --track-lead-in make it start earlier.",
    ENDED: "Where covering stops too early again and again, --track-hold and --track-lead-out make it last longer.",
    WEAK: "Where faces are missed again and again, --sensitivity high finds more, and covers more that is no face.",
    TEXT: "Text in the picture may name a place, a time or a person: draw one area over it in the review.",
    CUT: "Where a shot dissolves into the next, cut the frames of the change.",
}
"""What changes the whole film, for those causes for which something does. What shows at one moment is covered by hand."""

REASONS = {
    "seen": "the detector saw it",
    "bridged": "between two sightings",
    "extended": "before the first sighting, or after the last",
    "drawn": "a person asked for it",
}

LIMITS = (
    "That every face and every plate was found. Expect misses among profiles, heads turned away, faces behind hands, veils and "
    "masks, in deep shade, and of a few pixels; and among plates that are small, steep, blurred or dirty.",
    "That nobody is known without a face. Clothes, tattoos, hair, build, gait, company, places and times stay as they "
    "are, and so do voices where sound was kept.",
    "That other texts and pictures are covered: badges, papers, screens, reflections, numbers on doors and roofs.",
    "That the unredacted picture is nowhere else. With another copy of it, this one can be matched.",
    "That the camera cannot be told. A sensor leaves a pattern in its pictures, which stays outside of the erased areas.",
    "That the checks see everything. They compare the copy with the plan, and look for what a program finds; a person who "
    "knows the place sees more.",
)
"""What efface does not promise; docs/threat-model.md says it at length."""

PRIVATE = (
    "Keep this report with the original. It holds no pictures, but it says where to look for what may have been missed, and "
    "whoever holds it and a file can tell whether that file is the original."
)

WATCH = "Watch the whole copy, slowly and at full size, with someone who knows the place. No program replaces your eyes."
PUBLISH = "Publish the copy only, under a new name. Keep the plan and this report with the original."

SEE_LEFT = "Go through what was left visible, as it was seen too weakly to be erased: efface review lists all of it."

ADVICE = {
    Verdict.CLEAN: (WATCH, PUBLISH),
    Verdict.REVIEW: (
        "Look at the moments and findings below before anything else, riskiest first.",
        "Where something shows, do not publish. Cover it by hand (efface review opens the plan), or cut the scene.",
        WATCH,
    ),
    Verdict.NOT_VERIFIED: (
        "Treat the copy as if nobody had looked at it. Redact again with the checks on before you rely on it.",
        WATCH,
    ),
    Verdict.NOT_CLEAN: (
        "Do not publish this file in any form. The findings below say what a check saw, and where.",
        "Please report it: a draft that fails its check is a fault of efface. This report has no picture in it, and a file's "
        "name only where names were asked for.",
    ),
    Verdict.NOT_DONE: (
        "There is no copy of what was not done, and the originals are as they were.",
        "See the reason below, and run the same command again when it is gone.",
    ),
}


def counted(n: int, word: str) -> str:
    """The number and the word, in the plural where it must be."""
    return f"{n} {word}{'s' * (n != 1)}"


def objects(found: Found, media: Media) -> str:
    """What was found, by kind: `3 face tracks and 1 plate track`."""
    # A person who leaves the picture and comes back is two tracks: efface does not recognise anybody.
    track = "" if media.medium == "photo" else " track"
    said = [counted(k.tracks, k.kind + track) for k in found.kinds]
    return " and ".join(said) or " and ".join(f"no {kind}" for kind in found.asked) + f" {_found_how(found)}"


def _found_how(found: Found) -> str:
    return "surely found" if found.left else "found"


def possible(left: Sequence[KindLeft]) -> str:
    """What is left visible, by kind: `3 possible faces and 1 possible plate`; empty where nothing is."""
    return " and ".join(counted(k.tracks, f"possible {k.kind}") for k in left)


def left_visible(left: Sequence[KindLeft]) -> str:
    """How much is left visible, as a sentence without a full stop; empty where nothing is."""
    if not left:
        return ""
    places, listed = sum(k.stretches for k in left), sum(k.listed for k in left)
    long_s, beyond = sum(k.seconds for k in left), sum(k.beyond for k in left)
    said = (
        f"Left visible: {possible(left)}, seen too weakly to be erased, for {long_s:.{1 if long_s >= 0.1 else 2}f} s altogether"
    )
    said += f" ({counted(places, 'place')}, {listed} of them among the moments to look at"
    return said + (f"; for {beyond} the plan has no room, and does not tell where they are)" if beyond else ")")


def ways_to_cover(found: Found, review: str) -> str:
    """What to do about what is left visible, as sentences."""
    more = " --sensitivity high erases more of it." if found.may_cover_more else ""
    return f"Go through all of it: {review}.{more}"


def what_was_found(found: Found, media: Media) -> str:
    """What a plan holds, as one clause: `3 face tracks in 319 frames, 2 shots`, or `1 face` of a photo with one page."""
    if media.medium == "photo" and media.frames == 1:
        return objects(found, media)
    shots = f", {found.shots} shots" if found.shots > 1 else ""
    return f"{objects(found, media)} in {counted(media.frames, unit(media))}{shots}"


def unit(media: Media) -> str:
    """What a file has several of."""
    return "page" if media.medium == "photo" else "frame"


def areas(n: int) -> str:
    """So many areas."""
    return counted(n, "area")


def streams(n: int) -> str:
    """So many streams."""
    return counted(n, "stream")


def where(moment: Moment, media: Media) -> str:
    """When it is, as far as that makes sense: from when to when, or the page."""
    if media.medium == "photo":
        return f"page {moment.frames[0] + 1}" if media.frames > 1 else ""
    return span_text(moment.start_s, moment.end_s)


def causes(moment: Moment) -> str:
    """Why it is doubtful."""
    return ", ".join(CAUSES[c] for c in moment.causes)


def above(found: Found) -> str:
    """How many moments are above the bound; empty when none is."""
    if not found.above:
        return ""
    return f"{found.above} moment{'s are' if found.above > 1 else ' is'} above the bound of {found.bound:g}"


def share(value: float) -> str:
    """A share of the picture: `4 %`; tenths below one per cent."""
    if value and value < 0.001:
        return "less than 0.1 %"
    return f"{value * 100:.1f} %" if value < 0.0995 else f"{value * 100:.0f} %"


def price(cost: Cost, costs: Sequence[KindCost], media: Media) -> str:
    """What the copy costs, as a sentence without a full stop; empty where nothing is erased."""
    if not cost.worst:
        return ""
    parts = [f"{kinds(c.kind)} {share(c.cost.mean)}" for c in costs] if len(costs) > 1 else []
    return f"{share(cost.mean)} of the picture is erased{_worst(cost, media)}" + (f" ({', '.join(parts)})" if parts else "")


def _worst(cost: Cost, media: Media) -> str:
    if media.frames < 2:
        return ""
    at = f"on page {cost.worst_frame + 1}" if media.medium == "photo" else f"at {timecode(cost.worst_s)}"
    return f" on average, {share(cost.worst)} at most, {at}"


def kinds(kind: str) -> str:
    """A kind in the plural."""
    return {"drawn": "drawn areas"}.get(kind, f"{kind}s")


def unsure_cost(cost: KindCost) -> str:
    """That a kind costs much, perhaps for nothing, as a sentence."""
    said = f"{kinds(cost.kind).capitalize()} cost {share(cost.cost.mean)} of the picture, {share(cost.cost.worst)} at most"
    return f"{said}, and no sighting is surely one: the best score is {cost.best:.2f}."


def ways_out(cost: KindCost, without: str, review: str) -> tuple[str, ...]:
    """What to do about it, each with its command; `without` is for where the kind can be left out."""
    if not cost.instead:
        return (f"Take away by hand what is none: {review}",)
    return f"If there are no {kinds(cost.kind)}, leave them out: {without}", f"Or decide one by one: {review}"


def unsought(sought: Sought) -> str:
    """What was looked for nowhere, as a sentence."""
    said = f"{kinds(sought.kind).capitalize()} of less than {sought.at_all} px of height were looked for nowhere"
    return f"{said}, those of less than {sought.always} px not in every frame." if sought.always > sought.at_all else f"{said}."


def missed(found: Found) -> str:
    """What may have been missed: `a face or a plate`."""
    return " or ".join(f"a {kind}" for kind in found.asked)


def sentence(entry: Entry) -> str:
    """How it ended for one file, as one sentence."""
    match entry.verdict:
        case Verdict.CLEAN:
            return _clean(entry)
        case Verdict.REVIEW:
            return _review(entry)
        case Verdict.NOT_VERIFIED:
            return "No check has looked at the copy."
        case Verdict.NOT_CLEAN if not entry.target_sha256:
            return f"A check found {_things(entry)} in the copy, so it was deleted. Nothing was published."
        case Verdict.NOT_CLEAN:
            return f"A check found {_things(entry)} in the copy."
        case _:
            return entry.failure.message if entry.failure else "It was not done."


def _clean(entry: Entry) -> str:
    looked = sum(c.outcome is not Outcome.SKIPPED for c in _checks(entry))
    skipped = len(_checks(entry)) - looked
    said = "No check found anything that should not be there"
    if skipped:
        said = f"{counted(looked, 'check')} found nothing that should not be there; {skipped} did not look"
    if entry.done is None or entry.found is None:
        return f"{said}."
    kinds = " and ".join(f"no {kind}" for kind in entry.found.asked)
    verb = "are" if sum(k.tracks for k in entry.found.left) > 1 else "is"
    left = f", {possible(entry.found.left)} {verb} left visible" if entry.found.left else ""
    if entry.found.areas:
        return f"What was {'surely ' if left else ''}found is erased{left}. {said}."
    return f"Nothing was erased, as {kinds} was {_found_how(entry.found)}{left}. {said}."


def _checks(entry: Entry) -> tuple[Check, ...]:
    return entry.verification.checks if entry.verification else ()


def _things(entry: Entry) -> str:
    n = sum(len(c.findings) for c in _checks(entry) if c.outcome is Outcome.NOT_CLEAN)
    return counted(n, "thing") + " that should not be there" if n else "something that should not be there"


def _review(entry: Entry) -> str:
    moments = entry.found.above if entry.found else 0
    found = sum(len(c.findings) for c in _checks(entry))
    parts = [counted(n, word) for n, word in ((moments, "moment"), (found, "finding of a check")) if n]
    said = " and ".join(parts).replace("finding of a checks", "findings of checks")
    verb = "needs" if moments + found == 1 else "need"
    return f"{said[:1].upper()}{said[1:]} {verb} a person's eyes before the copy is published."


def headline(report: Report) -> str:
    """How it ended for all files, as one sentence."""
    if not report.entries:
        return "No photo or video was found, so there was nothing to do."
    if len(report.entries) == 1:
        return sentence(report.entries[0])
    n = len(report.entries)
    tally = [f"{count} {v.value}" for v, count in counts(report) if count]
    return f"{counted(n, 'file')}: {', '.join(tally)}."


def counts(report: Report) -> Sequence[tuple[Verdict, int]]:
    """How many files ended how, the gravest first."""
    return [(v, sum(e.verdict is v for e in report.entries)) for v in sorted(Verdict, key=lambda v: -v.gravity)]


def advice(report: Report) -> tuple[str, ...]:
    """What to do next. Of a run with errors also what to do with the copies that are there."""
    said = list(ADVICE[report.verdict])
    if any(e.found is not None and e.found.left and e.done is not None for e in report.entries):
        said.insert(0, SEE_LEFT)
    done = {e.verdict for e in report.entries if e.done is not None}
    if report.verdict in (Verdict.NOT_DONE, Verdict.NOT_CLEAN) and done:
        said += ADVICE[max(done, key=lambda v: v.gravity)]
    return tuple(dict.fromkeys(said))
