"""The report as one HTML file. It loads nothing, runs nothing, and its only pictures are drawings
of time.

The result and the next steps come first, then the facts. Everything is text in a tag, and `markup`
escapes all text.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from efface.kinds import FINDABLE
from efface.report import wording
from efface.report.markup import Content, Html, tag
from efface.report.page_elements import (
    class_name,
    definition_list,
    glyph_of,
    hash_of,
    prose_of,
    section,
    settings_table,
    table,
    verdict_mark,
)
from efface.report.page_file import file_section
from efface.report.report_model import (
    Chosen,
    Entry,
    Network,
    Report,
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

MOST_SECTIONS = 300
"""Maximum number of files with a section of their own, the gravest first. The table lists all
files."""

COMMANDS = {
    "redact": "Find faces and plates, and write copies without them (efface redact)",
    "render": "Write a copy, erased as a plan says (efface render)",
    "verify": "Check a finished copy (efface verify)",
}


def page(report: Report) -> Iterator[str]:
    """Yield the file, piece by piece."""
    yield "<!doctype html>\n"
    yield '<html lang="en">\n'
    yield _head(report)
    yield f'\n<body class="{class_name(report.verdict)}">\n'
    yield _top(report)
    yield "\n<main>\n"
    if len(report.entries) > 1:
        yield _queue(report)
    chosen = _common(report)
    yield _asked(report, chosen)
    for entry in _with_sections(report):
        yield "\n" + file_section(entry, report, chosen)
    yield "\n" + _settings(chosen)
    yield "\n" + _versions(report)
    yield "\n" + _limits()
    yield "\n</main>\n"
    yield _foot(report)
    yield "\n</body>\n</html>\n"


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
        tag("h1", glyph_of(report.verdict), report.verdict.value.capitalize()),
        tag("p", wording.headline(report), class_="sentence"),
        tag(
            "div",
            tag("h2", "What to do next"),
            tag("ol", [tag("li", prose_of(said)) for said in wording.advice(report)]),
            class_="next",
        ),
        tag("p", wording.PRIVATE, class_="private"),
    )


def _with_sections(report: Report) -> list[Entry]:
    gravest = sorted(report.entries, key=lambda e: -e.verdict.gravity)[:MOST_SECTIONS]
    return sorted(gravest, key=lambda e: e.number)


def _queue(report: Report) -> Html:
    linked = {e.number for e in _with_sections(report)}
    rows: list[tuple[Content, ...]] = [
        (
            tag("a", f"{e.number}", href=f"#file-{e.number}") if e.number in linked else e.number,
            verdict_mark(e.verdict),
            [e.name or None, tag("br") if e.name else None, _in_short(e)],
        )
        for e in report.entries
    ]
    left = len(report.entries) - len(linked)
    note = f" {wording.counted(left, 'file')} have no section below." if left else ""
    caption = f"In the order of work.{note}"
    return section(
        "Files", table(caption, ("File", "Outcome", "What it comes to"), rows), name="files"
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
    what = " and ".join(f"every {kind}" for kind in FINDABLE if kind in kinds).replace(
        "every text", "text"
    )
    return section(
        "What was asked",
        definition_list(
            ("Task", COMMANDS.get(report.command, report.command)),
            ("To be erased", what or "the boxes of another program's file"),
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


def _settings(chosen: tuple[Chosen, ...] | None) -> Html:
    if chosen is None:
        return section(
            "Settings", tag("p", "They differ, and stand with each file."), name="settings"
        )
    return section("Settings", settings_table(chosen), name="settings")


def _versions(report: Report) -> Html:
    networks: list[Network] = list(dict.fromkeys(n for e in report.entries for n in e.networks))
    rows: list[tuple[Content, ...]] = [
        (n.name, [f"version {n.version}, run by {n.runtime}", tag("br"), hash_of(n.sha256)])
        for n in networks
    ]
    software: list[tuple[Content, ...]] = [
        (name, version) for name, version in report.software.items()
    ]
    return section(
        "Versions and models",
        table(
            "Models that looked, with the SHA-256 of their weights as loaded.",
            ("Model", "What it was"),
            rows,
        )
        if rows
        else None,
        table("Software", ("Part", "Version"), software) if software else None,
        name="versions",
    )


def _limits() -> Html:
    head = tag("p", "No outcome of efface, not even “clean”, promises:", class_="head")
    return section(
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
