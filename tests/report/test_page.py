"""The page: one file that loads nothing, holds no picture, says the facts, and escapes whatever it
is given."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise

import pytest

from efface.findings import Check, Finding, Outcome, Verification
from efface.report import manifest, page, page_elements, strips, wording
from efface.report.markup import Html, joined, tag
from efface.report.report_model import Network, Verdict
from efface.report.timeline import STEPS

VOID = {"meta", "br", "wbr"}
HOSTILE = (
    '</style></title><script>alert(1)</script><img src=x onerror=alert(1)>"\' onload="x" &amp; '
    "\u202e \x1b[31m \udcff"
)


class Parsed(HTMLParser):
    """Every element with its attributes; fails on elements that are not closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, name, attributes):
        assert len({k for k, _ in attributes}) == len(attributes)
        self.elements.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name):
        assert self.open, f"</{name}> closes nothing"
        assert self.open.pop() == name

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [a for n, a in self.elements if n == name]


def written(report) -> str:
    return "".join(page.page(report))


def test_it_is_well_formed_and_says_how_it_ended(kinds_of_report):
    for report in kinds_of_report.values():
        found = Parsed(written(report))
        assert found.elements[0] == ("html", {"lang": "en"})
        assert len(found.all("h1")) == 1
        assert report.verdict.value.capitalize() in found.text
        for sentence in (wording.headline(report), wording.PRIVATE, *wording.LIMITS):
            assert " ".join(sentence.split()) in found.text


def test_it_loads_nothing_and_runs_nothing(kinds_of_report):
    for report in kinds_of_report.values():
        source = written(report)
        found = Parsed(source)
        assert not re.search(
            r"https?:|//|url\(|@import|data:|base64|javascript:", source, re.IGNORECASE
        )
        allowed = {
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "header",
            "main",
            "footer",
            "section",
            "h1",
            "h2",
            "h3",
        }
        allowed |= {
            "div",
            "p",
            "span",
            "b",
            "a",
            "ol",
            "ul",
            "li",
            "dl",
            "dt",
            "dd",
            "code",
            "br",
            "wbr",
            "svg",
            "path",
        }
        allowed |= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
        assert {name for name, _ in found.elements} <= allowed
        attributes = {key for _, attributes in found.elements for key in attributes}
        assert not {
            k
            for k in attributes
            if k.startswith("on") or k in ("src", "srcset", "style", "action", "poster", "data")
        }
        assert all(a["href"].startswith("#file-") for a in found.all("a"))
        policies = [
            m["content"]
            for m in found.all("meta")
            if m.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policies == [page.POLICY]
        assert policies[0].startswith("default-src 'none'")


def test_everything_from_outside_is_escaped(made):
    check = Check(
        "coverage" + HOSTILE, Outcome.REVIEW, (Finding("coverage", HOSTILE, 3),), {HOSTILE: HOSTILE}
    )
    entry = made.entry(
        made.plan(
            made.track(1, "s"), options={"detect": {"kinds": "face", "sensitivity": HOSTILE}}
        ),
        Verification((check, Check("x", Outcome.SKIPPED, why=HOSTILE))),
        name=HOSTILE,
        target_name=HOSTILE,
        networks=(Network(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    )
    failed = made.failed(2, name=HOSTILE)
    found = Parsed(written(made.report(entry, failed)))
    assert not found.all("script")
    assert not found.all("img")
    assert "<script>alert(1)</script>" in found.text
    assert not any(mark in found.text for mark in ("\u202e", "\x1b", "\udcff"))
    written(made.report(entry, failed)).encode("utf-8")


def test_text_is_escaped_wherever_it_stands():
    assert (
        tag("p", "<b>", ["&", 1, None, Html("<i>")], class_='"')
        == '<p class="&quot;">&lt;b&gt;&amp;1<i></p>'
    )
    assert joined("<") == "&lt;"
    assert tag("br") == "<br>"
    assert tag("td", scope=None, hidden=True) == "<td hidden></td>"


def test_drawings_have_words_and_tables_have_heads(kinds_of_report):
    found = Parsed(written(kinds_of_report["clean"]))
    drawings = found.all("svg")
    assert (
        sum(d.get("role") == "img" for d in drawings) == 1 + 3 + 2
    )  # density, lanes, cuts, black frames
    assert all(
        d.get("aria-label") if d.get("role") == "img" else d.get("aria-hidden") == "true"
        for d in drawings
    )
    assert any(
        "face 1, 0:00:00.000 to 0:00:04.000, frames: seen in 50, bridged in 20"
        in (d.get("aria-label") or "")
        for d in drawings
    )
    assert all(t.get("scope") in ("col", "row") for t in found.all("th"))
    assert len(found.all("table")) == len(found.all("caption"))
    headings = [int(n[1]) for n, _ in found.elements if re.fullmatch("h[1-6]", n)]
    assert headings[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(headings))
    ids = [a["id"] for _, a in found.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["aria-labelledby"] for a in found.all("section")} <= set(ids)


def test_what_stays_visible_is_said(kinds_of_report):
    assert (
        "1 track stays visible, as a person asked."
        in Parsed(written(kinds_of_report["clean"])).text
    )


def test_findings_stand_with_time_frame_and_place(kinds_of_report):
    text = Parsed(written(kinds_of_report["not clean"])).text
    assert "0:00:00.480 frame 13" in text
    assert "frame 13 still shows it top left, x 1 to 30, y 2 to 40; score 0.25" in text
    assert "There is no copy." in text
    assert "Findings of checks 2" in text


def test_a_report_of_many_files_has_a_table_and_a_section_each(kinds_of_report):
    found = Parsed(written(kinds_of_report["many"]))
    assert [a["href"] for a in found.all("a")] == ["#file-1", "#file-2", "#file-3"]
    assert {"file-1", "file-2", "file-3"} <= {a["id"] for a in found.all("h2") if "id" in a}


def test_a_long_film_makes_no_long_page(made):
    frames = 90_000
    tracks = [
        made.track(i, "sb" * 300 + "e", first=(i * 41) % (frames - 700)) for i in range(1, 2001)
    ]
    doubts = tuple(
        made.doubt(i, 0.9, first=(i * 41) % 80_000, last=(i * 41) % 80_000 + 9)
        for i in range(1, 2001)
    )
    report = made.report(
        made.entry(
            made.plan(*tracks, doubts=doubts, frames=frames, cuts=tuple(range(100, frames, 100)))
        )
    )
    source = written(report)
    assert len(source) < 200_000
    assert len(manifest.text(report)) < 400_000
    found = report.entries[0].found
    assert found.marks["cuts"][-1][1] > 3590, "all are drawn, though not all are listed"
    assert all(len(m) <= STEPS + 1 for m in found.marks.values())
    text = Parsed(source).text
    assert "The 24 riskiest of 2000 tracks" in text
    assert "1976 tracks with less risk are not drawn" in text
    assert "1900 more of them stand in the plan" in text


def test_with_very_many_files_the_gravest_have_sections(made, monkeypatch):
    monkeypatch.setattr(page, "MOST_SECTIONS", 2)
    entries = [made.entry(made.plan(), number=i) for i in range(1, 5)] + [made.failed(5)]
    found = Parsed(written(made.report(*entries)))
    assert [a["href"] for a in found.all("a")] == ["#file-1", "#file-5"]
    assert "3 files have no section below." in found.text


def test_strips_are_bounded_and_inside(made):
    spans = [(i / 10, i / 10 + 0.01) for i in range(100_000)]
    drawn = strips.marks(spans, 10_000.0, "cut", "told")
    numbers = [float(n) for n in re.findall(r"[MH](\d+)", drawn)]
    assert min(numbers) >= 0
    assert max(numbers) <= strips.WIDE
    assert len(drawn) < 10_000
    assert re.search(r'd="M995 2H1000V12H995Z"', strips.marks([(9.9999, 10.0)], 10.0, "bad", "x"))
    assert "nan" not in strips.marks([(0.0, 0.0)], 0.0, "bad", "x")


# colours

STYLE = resources.files("efface.report").joinpath("report.css").read_text("utf-8")
PALETTES = [
    dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", block))
    for block in re.findall(r":root\{([^}]*--ink[^}]*)\}", STYLE)
]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark"])
def test_text_and_drawings_stand_out(palette):
    for ground in ("paper", "panel"):
        for name in ("ink", "soft", "clean", "review", "alarm", "plain"):
            assert contrast(palette[name], palette[ground]) >= 4.5, (name, ground)
        for name in ("seen", "bridged", "extended", "drawn", "alarm"):
            assert contrast(palette[name], palette[ground]) >= 3, (name, ground)
    assert len(PALETTES) == 2


def test_reasons_differ_by_shape_and_each_verdict_has_its_glyph():
    assert len({strips.BARS[r] for r in ("seen", "bridged", "extended")}) == 3
    assert ".s-drawn{fill:var(--paper);stroke" in STYLE
    assert len(set(page_elements.GLYPHS.values())) == len(Verdict)


def test_the_price_is_said_and_what_leaves_out_a_kind_that_was_never_sure(kinds_of_report):
    text = "".join(page.page(kinds_of_report["costly"]))
    assert "1.6 % of the picture is erased on average, 67 % at most, at 0:00:04.000" in text
    assert (
        "Plates cost 1.6 % of the picture, 67 % at most, and no sighting is certain: the "
        "best score is 0.50." in text
    )
    assert re.search(r"efface redact FILE <code>--kinds</code> face <code>--overwrite</code>", text)
    assert "efface review FILE" in text
    assert "whole picture; frames 11 to 61" in text
    assert "Plates cost" not in "".join(page.page(kinds_of_report["clean"]))


def test_what_is_left_visible_is_said_and_listed(kinds_of_report):
    found = Parsed(written(kinds_of_report["left"]))
    assert (
        "What was found with certainty is erased, 1 possible face and 1 possible plate are "
        "left visible." in found.text
    )
    assert (
        "seen too weakly to be erased, for 0.2 s altogether (2 places, 1 of them among the "
        "moments to look at)" in found.text
    )
    assert "efface review FILE. --sensitivity high erases more of it." in re.sub(
        r"\s+", " ", found.text
    )
    assert "Go through everything that was seen too weakly to be erased" in found.text
    assert re.search(r"face 4\s*0:00:02.480 to 0:00:02.600", found.text)
    assert "s-left" in "".join(page.page(kinds_of_report["left"]))
    assert "left visible" not in Parsed(written(kinds_of_report["clean"])).text


def test_of_a_photo_it_says_how_likely_each_kind_is(kinds_of_report):
    text = Parsed(written(kinds_of_report["left on photo"])).text
    assert "2 possible faces and 1 possible plate and 1 possible text are left visible" in text
    assert (
        "2 possible faces (2 in 10 such are real) and 1 possible plate (fewer than 1 in 10 such is "
        "real) and 1 possible text, seen too weakly to be erased (0 of them among the moments to "
        "look at)" in text
    )
    assert "left visible, by page, the riskiest first" in text
    assert re.search(r"face 2\s*1\s*\d\d %\s*no", text)
    assert re.search(r"text 5\s*1\s*not known\s*no", text)


def test_a_file_of_which_all_is_left_visible_does_not_sound_empty(kinds_of_report):
    text = Parsed(written(kinds_of_report["only left"])).text
    assert "no face and no plate found with certainty" in text
    assert "8 possible faces and 1 possible plate are left visible" in text
    assert "the plan has no room for 7 of them, so it does not say where they are" in text
    assert "None. A file without doubts" not in text
