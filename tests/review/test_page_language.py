"""The page in another language, and in one written from right to left, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from efface.review.serve import serving

WIDTHS = (390, 1280)
OVERFLOW = "() => document.documentElement.scrollWidth - innerWidth"
MIRRORED = "() => { document.documentElement.dir = 'rtl'; }"


@pytest.fixture
def german_tab(browser: Any, kit: Any, photos: Any, film: Any) -> Iterator[Any]:
    """The page with photos and a film, as a browser that prefers German asks for it."""
    jobs = [job for path in [*photos[:1], film] for job in kit.jobs_for([path], None)]
    with serving(jobs, kit.OPTIONS) as running:
        running.start()
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, locale="de-DE", color_scheme="light"
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        wrong: list[str] = []
        page.on("pageerror", lambda e: wrong.append(str(e)))
        page.goto(running.url)
        page.wait_for_selector("html[data-ready]")
        yield page
        context.close()
        assert not wrong


def test_the_page_speaks_german_and_english_and_is_mirrored(german_tab: Any) -> None:
    tab = german_tab
    assert tab.locator("html").get_attribute("lang") == "de"
    assert tab.locator("#queue h2").inner_text() == "Dateien"
    assert tab.locator("#cards").get_attribute("aria-label") == "Dateien"
    tab.locator("#cards button[data-id='1']").click()
    tab.locator("#side .item").first.wait_for()
    assert tab.locator("#tab-tracks").inner_text().startswith("Spuren")
    tab.locator("#tab-tracks").click()
    tab.locator("#tracks b", has_text="Gesicht 1").wait_for()  # written after the start
    assert "film.mp4" in tab.locator("#name").inner_text()

    tab.keyboard.press("?")
    tab.locator("#language").select_option("en")
    tab.locator("#help-title", has_text="Shortcuts").wait_for()
    tab.locator("#language").select_option("de")
    tab.locator("#help-title", has_text="Tastenkürzel").wait_for()
    tab.keyboard.press("Escape")

    tab.evaluate(MIRRORED)
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate(OVERFLOW) <= 0, width
    side, stage = (tab.locator(f"#{name}").bounding_box() for name in ("side", "stage"))
    assert side["x"] < stage["x"], "the list stands on the other side"
    view = tab.locator("#transport").evaluate("e => getComputedStyle(e).direction")
    assert view == "ltr", "time runs as it does in every language"
