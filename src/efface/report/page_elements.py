"""Elements that several parts of the page use: sections, tables, lists, verdicts, hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from efface.findings import Outcome
from efface.report.markup import Content, Html, joined, tag
from efface.report.report_model import (
    Chosen,
    Verdict,
)

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

RING = "M12 1.5a10.5 10.5 0 1 0 0 21a10.5 10.5 0 1 0 0-21Z"

MARKS = {
    Outcome.CLEAN: "clean",
    Outcome.REVIEW: "review",
    Outcome.NOT_CLEAN: "not-clean",
    Outcome.SKIPPED: "not-verified",
}


def class_name(verdict: Verdict) -> str:
    return {Verdict.REVIEW: "review"}.get(verdict, verdict.value.replace(" ", "-"))


def prose_of(text: str) -> list[Content]:
    """Return a sentence with its options marked up as code."""
    return [
        tag("code", part) if part.startswith("--") else part
        for part in re.split(r"(--[a-z][a-z-]+)", text)
    ]


def glyph_of(verdict: Verdict) -> Html:
    lines = tag("path", d=RING + GLYPHS[verdict], class_="glyph")
    return tag("svg", lines, viewBox="0 0 24 24", aria_hidden="true")


def verdict_mark(verdict: Verdict) -> Html:
    return tag("span", verdict.value, class_=f"mark {class_name(verdict)}")


def section(heading: str, *content: Content, name: str) -> Html:
    return tag("section", tag("h2", heading, id=name), *content, aria_labelledby=name)


def table(
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


def definition_list(*pairs: tuple[str, Content]) -> Html:
    return tag(
        "dl", [joined(tag("dt", name), tag("dd", content)) for name, content in pairs if content]
    )


def hash_of(sha256: str) -> Html | None:
    """Return a hash that copies as one word, but breaks into readable groups on paper and on
    phones."""
    parts = [sha256[i : i + 8] for i in range(0, len(sha256), 8)]
    return (
        tag("code", [joined(tag("wbr") if i else None, p) for i, p in enumerate(parts)])
        if sha256
        else None
    )


def settings_table(chosen: tuple[Chosen, ...]) -> Html:
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
    return table(first, ("Option", "Value", "Default"), rows)
