"""Makes the sentences of a report, for the page, the JSON and the terminal.

They hold counts, times and places in the picture, and no names of files.
"""

from __future__ import annotations

from collections.abc import Sequence

from efface.findings import Check, Outcome
from efface.kinds import BY_DEFAULT
from efface.planning.doubt import (
    BEGAN,
    CAMERA,
    COVERS,
    CUT,
    ENDED,
    FAR,
    LEFT,
    LOST,
    SHORT,
    TEXT,
    WEAK,
)
from efface.planning.left_visible import KindLeft
from efface.report.report_model import (
    Done,
    Entry,
    Found,
    Media,
    Moment,
    Report,
    Sought,
    Verdict,
)
from efface.report.timeline import span_text

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
    BEGAN: (
        "If covering often starts too late, --track-hold and --track-lead-in make it start earlier."
    ),
    ENDED: (
        "If covering often stops too early, --track-hold and --track-lead-out make it last longer."
    ),
    WEAK: (
        "If faces are often missed, --sensitivity high finds more, and covers more things that "
        "are not faces."
    ),
    TEXT: (
        "Text in the picture may name a place, a time or a person: draw one area over it in "
        "the review."
    ),
    CUT: "If a shot dissolves into the next one, cut the frames of the change.",
}
"""Advice for the whole film, for each cause that has some. A single moment is covered by hand."""

REASONS = {
    "seen": "the detector saw it",
    "bridged": "between two sightings",
    "extended": "before the first sighting, or after the last",
    "drawn": "a person asked for it",
}

LIMITS = (
    "That every face and every plate was found. Expect misses among profiles, heads turned "
    "away, faces behind hands, veils and "
    "masks, in deep shade, and of a few pixels; and among plates that are small, steep, "
    "blurred or dirty.",
    "That nobody can be recognised without a face. Clothes, tattoos, hair, build, gait, "
    "company, places and times stay as they are, and so do voices if you kept the sound.",
    "That other texts and pictures are covered: badges, papers, screens, reflections, "
    "numbers on doors and roofs.",
    "That no other copy of the unredacted picture exists. Anyone who has one can match it "
    "with this copy.",
    "That the camera cannot be identified. A sensor leaves a pattern in its pictures. It "
    "stays outside of the erased areas.",
    "That the checks see everything. They compare the copy with the plan, and look for "
    "what a program can find. A person who knows the place sees more.",
)
"""What efface does not promise. docs/threat-model.md says more."""

PRIVATE = (
    "Keep this report with the original. It holds no pictures, but it says where something "
    "may have been missed. Anyone who has it can also check whether a file is the original."
)

WATCH = (
    "Watch the whole copy, slowly and at full size, with someone who knows the place. No "
    "program replaces your eyes."
)
PUBLISH = (
    "Publish the copy only, under a new name. Keep the plan and this report with the original."
)

SEE_LEFT = (
    "Go through everything that was seen too weakly to be erased and is still visible: efface "
    "review lists it."
)

ADVICE = {
    Verdict.CLEAN: (WATCH, PUBLISH),
    Verdict.REVIEW: (
        "First look at the moments and findings below, riskiest first.",
        "If something shows, do not publish. Cover it by hand (efface review opens the "
        "plan), or cut the scene.",
        WATCH,
    ),
    Verdict.NOT_VERIFIED: (
        "Treat the copy as if nobody had looked at it. Redact again with the checks on "
        "before you rely on it.",
        WATCH,
    ),
    Verdict.NOT_CLEAN: (
        "Do not publish this file in any form. The findings below say what a check saw, and where.",
        "Please report it: a draft that fails its check is a bug in efface. This report "
        "contains no picture, and names of files only if you asked for them.",
    ),
    Verdict.NOT_DONE: (
        "A file that was not done has no copy. The originals are unchanged.",
        "Read the reason below, remove it, and run the same command again.",
    ),
}


def counted(n: int, word: str) -> str:
    """Join the number and the word, in the plural where needed."""
    return f"{n} {word}{'s' * (n != 1)}"


def objects(found: Found, media: Media) -> str:
    """Say what was found, by kind: `3 face tracks and 1 plate track`."""
    # A person who leaves the picture and comes back is two tracks: efface does not recognise
    # anybody.
    track = "" if media.medium == "photo" else " track"
    said = [
        counted(k.tracks, "drawn area" if k.kind == "drawn" else k.kind + track)
        for k in found.kinds
    ]
    return (
        " and ".join(said)
        or (" and ".join(f"no {kind}" for kind in found.asked) or "no area")
        + f" {_found_how(found)}"
    )


def _found_how(found: Found) -> str:
    return "found with certainty" if found.left else "found"


def possible(left: Sequence[KindLeft]) -> str:
    """Say what is left visible, by kind:

    `3 possible faces and 1 possible plate`; empty if nothing is.
    """
    return " and ".join(counted(k.tracks, f"possible {k.kind}") for k in left)


def sound_kept(done: Done) -> str:
    """Say which sound the copy has, as a sentence without a full stop."""
    if not done.encoded_anew:
        return f"Sound was kept ({streams(done.audio_kept)}), unchanged: voices identify people"
    said = f"Sound was kept ({streams(done.audio_kept)}), encoded anew"
    if done.silent_spans:
        spans = counted(done.silent_spans, "silent span")
        said += f", with {spans} of {done.silent_s:.1f} s altogether"
    if done.disguised:
        return f"{said}; voices are disguised for ears, and machines can undo it"
    return f"{said}; voices that are left identify people"


def written_in(found: Found) -> str:
    """Say where text stands in the whole film, and how to erase it; empty if none was noticed."""
    if found.written_in is None:
        return ""
    return (
        "Text stands in the picture throughout and stays; it may name a place, a time or a "
        f"person. To erase it: --erase {','.join(map(str, found.written_in))}"
    )


def kept_areas(found: Found) -> str:
    """Say in how many areas nothing that was found is erased; empty if there are none."""
    if not found.kept_areas:
        return ""
    return f"Kept visible: what was found wholly inside {counted(found.kept_areas, 'area')}"


def left_visible(left: Sequence[KindLeft]) -> str:
    """Say how much is left visible, as a sentence without a full stop; empty if nothing is."""
    if not left:
        return ""
    places, listed = sum(k.stretches for k in left), sum(k.listed for k in left)
    long_s, beyond = sum(k.seconds for k in left), sum(k.beyond for k in left)
    what = " and ".join(counted(k.tracks, f"possible {k.kind}") + _how_likely(k) for k in left)
    said, among = f"Left visible: {what}, seen too weakly to be erased", ""
    if long_s:  # photos have no time
        said += f", for {long_s:.{1 if long_s >= 0.1 else 2}f} s altogether"
        among = f"{counted(places, 'place')}, "
    said += f" ({among}{listed} of them among the moments to look at"
    return said + (
        f"; the plan has no room for {beyond} of them, so it does not say where they are)"
        if beyond
        else ")"
    )


def _how_likely(left: KindLeft) -> str:
    """Say how many of such sightings are right; empty where that is not known."""
    if left.likely is None:
        return ""
    tenths = round(10 * left.likely / (left.tracks - left.beyond))
    if not tenths:
        return " (fewer than 1 in 10 such is real)"
    return f" ({tenths} in 10 such {'is' if tenths == 1 else 'are'} real)"


def ways_to_cover(found: Found, review: str) -> str:
    """Say what to do about what is left visible, as sentences."""
    more = " --sensitivity high erases more of it." if found.may_cover_more else ""
    return f"Go through all of it: {review}.{more}"


def what_was_found(found: Found, media: Media) -> str:
    """Say what a plan holds, as one clause:

    `3 face tracks in 319 frames, 2 shots`, or `1 face` of a photo with one page.
    """
    if media.medium == "photo" and media.frames == 1:
        return objects(found, media)
    shots = f", {found.shots} shots" if found.shots > 1 else ""
    return f"{objects(found, media)} in {counted(media.frames, unit(media))}{shots}"


def unit(media: Media) -> str:
    """Name the units of a file: pages or frames."""
    return "page" if media.medium == "photo" else "frame"


def areas(n: int) -> str:
    """Count areas."""
    return counted(n, "area")


def streams(n: int) -> str:
    """Count streams."""
    return counted(n, "stream")


def where(moment: Moment, media: Media) -> str:
    """Say where a moment is: from when to when in a film, or the page of a photo that has
    several."""
    if media.medium == "photo":
        return f"page {moment.frames[0] + 1}" if media.frames > 1 else ""
    return span_text(moment.start_s, moment.end_s)


def causes(moment: Moment) -> str:
    """Say why a moment is doubtful."""
    return ", ".join(CAUSES[c] for c in moment.causes)


def above(found: Found) -> str:
    """Say how many moments are above the bound; empty if there are none."""
    if not found.above:
        return ""
    return (
        f"{found.above} moment{'s are' if found.above > 1 else ' is'} above the bound of "
        f"{found.bound:g}"
    )


def share(value: float) -> str:
    """Format a share of the picture: `40 %`, or with tenths below ten per cent: `4.2 %`."""
    if value and value < 0.001:
        return "less than 0.1 %"
    return f"{value * 100:.1f} %" if value < 0.0995 else f"{value * 100:.0f} %"


def kinds(kind: str) -> str:
    """Return the plural of a kind."""
    return {"drawn": "drawn areas", "text": "lines of text"}.get(kind, f"{kind}s")


def unsought(sought: Sought) -> str:
    """Say which sizes of objects efface did not look for."""
    said = (
        f"{kinds(sought.kind).capitalize()} less than {sought.at_all} px high were not looked for"
    )
    if sought.always <= sought.at_all:
        return f"{said}."
    return f"{said}; those less than {sought.always} px high were looked for only in some frames."


def missed(found: Found) -> str:
    """Say what may have been missed: `a face or a plate`."""
    kinds = found.asked or BY_DEFAULT  # boxes of another program: nothing was looked for
    return " or ".join("a line of text" if k == "text" else f"a {k}" for k in kinds)


def sentence(entry: Entry) -> str:
    """Say how one file ended, as one sentence."""
    match entry.verdict:
        case Verdict.CLEAN:
            return _clean(entry)
        case Verdict.REVIEW:
            return _review(entry)
        case Verdict.NOT_VERIFIED:
            return "No check has looked at the copy."
        case Verdict.NOT_CLEAN if not entry.target_sha256:
            return (
                f"A check found {_things(entry)} in the copy, so it was deleted. Nothing was "
                "published."
            )
        case Verdict.NOT_CLEAN:
            return f"A check found {_things(entry)} in the copy."
        case _:
            return entry.failure.message if entry.failure else "It was not done."


def _clean(entry: Entry) -> str:
    looked = sum(c.outcome is not Outcome.SKIPPED for c in _checks(entry))
    skipped = len(_checks(entry)) - looked
    said = "No check found anything that should not be there"
    if skipped:
        said = (
            f"{counted(looked, 'check')} found nothing that should not be there; {skipped} did "
            "not look"
        )
    if entry.done is None or entry.found is None:
        return f"{said}."
    kinds = " and ".join(f"no {kind}" for kind in entry.found.asked) or "no area"
    verb = "are" if sum(k.tracks for k in entry.found.left) > 1 else "is"
    left = f", {possible(entry.found.left)} {verb} left visible" if entry.found.left else ""
    if entry.found.areas:
        return f"What was {_found_how(entry.found)} is erased{left}. {said}."
    return f"Nothing was erased, because {kinds} was {_found_how(entry.found)}{left}. {said}."


def _checks(entry: Entry) -> tuple[Check, ...]:
    return entry.verification.checks if entry.verification else ()


def _things(entry: Entry) -> str:
    n = sum(len(c.findings) for c in _checks(entry) if c.outcome is Outcome.NOT_CLEAN)
    return (
        counted(n, "thing") + " that should not be there"
        if n
        else "something that should not be there"
    )


def _review(entry: Entry) -> str:
    moments = entry.found.above if entry.found else 0
    found = sum(len(c.findings) for c in _checks(entry))
    parts = [
        counted(n, word) for n, word in ((moments, "moment"), (found, "finding of a check")) if n
    ]
    said = " and ".join(parts).replace("finding of a checks", "findings of checks")
    verb = "needs" if moments + found == 1 else "need"
    return f"{said[:1].upper()}{said[1:]} {verb} a person's eyes before the copy is published."


def headline(report: Report) -> str:
    """Say how all files ended, as one sentence."""
    if not report.entries:
        return "No photo or video was found, so there was nothing to do."
    if len(report.entries) == 1:
        return sentence(report.entries[0])
    n = len(report.entries)
    tally = [f"{count} {v.value}" for v, count in counts(report) if count]
    return f"{counted(n, 'file')}: {', '.join(tally)}."


def counts(report: Report) -> Sequence[tuple[Verdict, int]]:
    """Count the files by verdict, the gravest first."""
    return [
        (v, sum(e.verdict is v for e in report.entries))
        for v in sorted(Verdict, key=lambda v: -v.gravity)
    ]


def advice(report: Report) -> tuple[str, ...]:
    """Say what to do next.

    After a run with errors, also say what to do with the copies that exist.
    """
    said = list(ADVICE[report.verdict])
    if any(e.found is not None and e.found.left and e.done is not None for e in report.entries):
        said.insert(0, SEE_LEFT)
    done = {e.verdict for e in report.entries if e.done is not None}
    if report.verdict in (Verdict.NOT_DONE, Verdict.NOT_CLEAN) and done:
        said += ADVICE[max(done, key=lambda v: v.gravity)]
    return tuple(dict.fromkeys(said))
