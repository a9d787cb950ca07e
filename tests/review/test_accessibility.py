"""axe-core finds nothing serious in any view of the page, in both colour schemes.

It comes from npm, for tests only: `npm ci --ignore-scripts`.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from efface.pipeline.naming import jobs_for
from efface.review.serve import serving

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is missing: npm ci")

RUN = "axe.run(document, { resultTypes: ['violations'] })"


def serious(tab) -> list[str]:
    """What axe-core finds in the view of now, with the elements."""
    found = tab.evaluate(RUN)["violations"]
    return [
        f"{v['id']}: {v['help']} {[n['target'] for n in v['nodes']]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


def views(tab):
    """Goes through the views of the page, and yields the name of each."""
    tab.wait_for_selector("#queue:not([hidden]) #cards li")
    yield "files"
    tab.locator("#queue-settings").click()
    tab.evaluate("for (const d of document.querySelectorAll('#settings details')) d.open = true")
    yield "settings"
    tab.keyboard.press("Escape")
    tab.locator("#add-files").click()
    yield "start"
    tab.locator("#pick-here").click()
    tab.wait_for_selector("#chooser[open]")
    yield "chooser"
    tab.keyboard.press("Escape")
    tab.locator("#to-queue").click()
    tab.locator("#cards [data-id='0']").click()
    tab.wait_for_selector("#still[src]")
    yield "film"
    tab.keyboard.press("?")
    yield "shortcuts"
    tab.keyboard.press("Escape")
    tab.keyboard.press("y")
    tab.wait_for_selector("#grid-list .shot")
    yield "pictures"
    tab.locator('.shot[data-id="3"]').focus()
    tab.keyboard.press("l")
    tab.wait_for_selector("#like[open]")
    yield "those like it"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_nothing_keeps_people_out(browser, film, kit, tmp_path, monkeypatch, scheme, width):
    for name in ("CACHE", "CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setattr("efface.review.apart.previewed", lambda *a: (PICTURE, 1))
    lamps = (kit.track(i, 5 * i, 5 * i + 9, (150, 20, 190, 60)) for i in (3, 4))
    kit.planned(film, (*kit.TRACKS[:2], *lamps), kit.DOUBTS)
    Image.new("RGB", (64, 48)).save(tmp_path / "new.png")
    jobs = [j for p in (film, tmp_path / "new.png") for j in jobs_for([p], None)]
    with ExitStack() as closing:
        running = closing.enter_context(serving(jobs, kit.OPTIONS, tmp_path))
        running.start()
        viewport = {"width": width, "height": 800}
        context = browser.new_context(viewport=viewport, color_scheme=scheme)
        closing.callback(context.close)
        tab = context.new_page()
        tab.set_default_timeout(20_000)
        tab.goto(running.url)
        tab.wait_for_selector("html[data-ready]")
        tab.evaluate(AXE.read_text(encoding="utf-8") + "; 0")  # past the policy of the page
        wrong = {view: found for view in views(tab) if (found := serious(tab))}
        assert wrong == {}
        nameless = "document.querySelector('#like').append(document.createElement('button'))"
        tab.evaluate(nameless)
        assert serious(tab), "it would be noticed"


PICTURE = b"\xff\xd8\xff\xd9"
