"""The page that takes files, in a real browser: drop, redact, review, and where the copy lies."""

from __future__ import annotations

import base64
import io
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from efface.errors import SourceUnreadable
from efface.events import Event
from efface.pipeline.naming import jobs_for
from efface.presets import own_presets
from efface.review import apart
from efface.review.serve import serving

DROP = """([name, text]) => {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer });
    document.querySelector(".drop").dispatchEvent(event);
  }
}"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "home" / "Pictures").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "home"


@pytest.fixture
def found(kit, monkeypatch):
    """A detector's place: each photo has one face. `found.wrong` names files that fail."""
    wrong = set()

    def find(source, options, tell):
        if source.name in wrong:
            raise SourceUnreadable(source, "it is damaged", "Copy it again.")
        plan = kit.planned(source, (kit.track(1, 0, 0, (20, 20, 80, 90)),))
        jobs_for([source], None)[0].plan_path.unlink()  # the page writes its own
        return plan

    monkeypatch.setattr("efface.review.apart.found_in", find)
    return wrong


@pytest.fixture
def tab(browser, home, kit, found) -> Iterator[Any]:
    """The page, with no file yet. Each of its errors fails the test."""
    with ExitStack() as closing:
        running = closing.enter_context(serving([], kit.OPTIONS, home))
        running.start()
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.set_default_timeout(20_000)
        wrong: list[str] = []
        page.on("pageerror", lambda e: wrong.append(str(e)))
        # From here on the browser reports choosers of files instead of opening them. To ask for
        # that when one is expected may be too late: the browser takes a moment.
        page.on("filechooser", lambda chooser: None)
        page.goto(running.url)
        page.wait_for_selector("html[data-ready]")
        yield page
        context.close()
        assert not wrong


def photo(folder: Path, name: str, seed: int = 1) -> Path:
    path = folder / name
    path.write_bytes(png(seed))
    return path


def png(seed: int = 1) -> bytes:
    made = io.BytesIO()
    noise = np.random.default_rng(seed).integers(0, 255, (160, 240, 3), np.uint8)
    Image.fromarray(noise).save(made, "png")
    return made.getvalue()


def tabbed_to(tab, name):
    """Presses Tab until that is in focus."""
    for _ in range(40):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.id") == name:
            return
    raise AssertionError(f"Tab does not lead to {name}")


def cards(tab, count):
    end = time.monotonic() + 20
    while tab.locator("#cards li").count() != count:
        assert time.monotonic() < end, tab.locator("#cards").inner_text()
        tab.wait_for_timeout(30)
    return tab.locator("#cards")


def in_state(tab, state, count):
    """Waits until that many cards are in that state."""
    end = time.monotonic() + 20
    while tab.locator(f"#cards .chip[data-state={state}]").count() != count:
        assert time.monotonic() < end, tab.locator("#cards").inner_text()
        tab.wait_for_timeout(30)


def test_a_dropped_photo_is_redacted_and_its_copy_lies_where_the_page_says(tab, home):
    assert tab.locator("#start").is_visible()
    tab.evaluate(DROP, ["a.png", base64.b64encode(png()).decode()])
    cards(tab, 1)
    assert "Copies go to ~/efface" in tab.locator("#results").inner_text()
    tab.locator("#redact-all").click()
    tab.wait_for_selector("#cards .chip[data-state=rendered]")
    for word in ("% of the picture erased", "Copy: a.redacted.png"):  # read a moment later
        tab.locator("#cards li", has_text=word).wait_for()
    tab.get_by_role("button", name="See the copy: a.png").click()
    tab.locator("#result[open] #result-title", has_text="a.redacted.png").wait_for()
    before, after = (
        np.asarray(Image.open(io.BytesIO(b)).convert("RGB"))
        for b in (png(), (home / "efface" / "a.redacted.png").read_bytes())
    )
    assert np.abs(before.astype(int) - after)[30:80, 30:70].mean() > 20
    assert (before[120:, 120:] == after[120:, 120:]).all()


def test_with_the_keyboard_alone_it_is_chosen_redacted_reviewed_and_saved(tab, home, tmp_path):
    tabbed_to(tab, "pick-files")
    with tab.expect_file_chooser() as chooser:
        tab.keyboard.press("Enter")
    chooser.value.set_files([photo(tmp_path, "a.png"), photo(tmp_path, "b.png", 2)])
    cards(tab, 2)
    tabbed_to(tab, "redact-all")
    tab.keyboard.press("Enter")
    in_state(tab, "rendered", 2)
    tab.wait_for_selector("#review-all:focus, #add-files:focus")  # nothing is left to redact
    tab.locator("#cards button[data-id='1']").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#still[src]")
    tab.keyboard.press("d")
    tab.keyboard.press("Escape")
    tab.keyboard.press("Shift+A")  # the last photo: back to the files
    tab.wait_for_selector("#cards .chip[data-state=accepted]")
    tab.locator("#render-all").focus()
    tab.keyboard.press("Enter")
    in_state(tab, "rendered", 2)
    assert sorted(p.name for p in (home / "efface").glob("*.png")) == [
        "a.redacted.png",
        "b.redacted.png",
    ]


def test_a_file_that_fails_says_why_and_the_others_go_on(tab, found, tmp_path):
    found.add("bad.png")
    tab.locator("#input-files").set_input_files(
        [photo(tmp_path, "bad.png"), photo(tmp_path, "good.png", 2)]
    )
    cards(tab, 2)
    tab.locator("#redact-all").click()
    tab.wait_for_selector("#cards li:nth-child(2) .chip[data-state=rendered]")
    bad = tab.locator("#cards li").first
    assert bad.locator(".chip").inner_text() == "failed"
    assert "it is damaged" in bad.inner_text()
    assert "Copy it again." in bad.inner_text()
    assert str(tmp_path) not in bad.inner_text()
    found.clear()
    bad.get_by_role("button", name="Try again").click()
    tab.wait_for_selector("#cards li:nth-child(1) .chip[data-state=rendered]")


def test_what_is_no_photo_is_named_with_its_reason(tab, tmp_path):
    for name in ("notes.txt", "torn.png"):
        (tmp_path / name).write_text("no photo")
    tab.locator("#input-files").set_input_files(
        [tmp_path / "notes.txt", tmp_path / "torn.png", photo(tmp_path, "good.png", 2)]
    )
    cards(tab, 2)
    tab.locator("#cards li", has_text="torn.png").get_by_text("no picture").wait_for()
    tab.wait_for_selector("#left-out:not([hidden])")
    assert "notes.txt: it is no photo or film" in tab.locator("#left-out").inner_text()


def test_the_first_view_fits_every_width(tab):
    for width in (360, 390, 1280, 1920, 3840):
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        box = tab.locator("#pick-folder").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_files_are_chosen_in_place_with_the_keyboard_alone(tab, home):
    photo(home / "Pictures", "here.png")
    photo(home / "Pictures", "there.png", 2)
    tab.locator("#pick-here").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#chooser [data-name=Pictures]:focus")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#chooser [data-name='here.png']:focus")
    tab.keyboard.press("Backspace")
    tab.wait_for_selector("#chooser [data-name=Pictures]:focus")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#chooser [data-name='here.png']:focus")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Space")
    tab.locator("#chooser-add").focus()
    tab.keyboard.press("Enter")
    cards(tab, 1)
    tab.locator("#redact-all").click()
    tab.wait_for_selector("#cards .chip[data-state=rendered]")
    assert (home / "Pictures" / "there.redacted.png").is_file()
    assert not (home / "Pictures" / "here.redacted.png").exists()


def test_a_whole_folder_is_added_in_place(tab, home):
    for i in range(3):
        photo(home / "Pictures", f"{i}.png", i)
    tab.locator("#pick-here").click()
    tab.locator("#chooser [data-name=Pictures]").click()
    tab.wait_for_selector("#chooser [data-name='0.png']")
    tab.locator("#chooser-folder").click()
    cards(tab, 3)


def test_a_preset_and_a_setting_are_chosen_and_used(tab, home, tmp_path):
    tab.locator("[data-preset=no-review]").click()
    tab.wait_for_selector("[data-preset=no-review][aria-pressed=true]")
    tab.locator("#start-settings").click()
    tab.get_by_role("button", name="Box", exact=True).click()
    tab.wait_for_selector("#set-paint\\.shape-box[aria-pressed=true]")
    assert tab.locator("#set-paint\\.style-solid").get_attribute("aria-pressed") == "true"
    tab.locator("#set-paint\\.colour").fill("#ff0000")
    tab.locator("#settings .close").click()
    assert tab.locator("[data-preset][aria-pressed=true]").count() == 0
    tab.locator("#input-files").set_input_files([photo(tmp_path, "a.png")])
    cards(tab, 1)
    tab.locator("#redact-all").click()
    tab.wait_for_selector("#cards .chip[data-state=rendered]")
    made = np.asarray(Image.open(home / "efface" / "a.redacted.png").convert("RGB"))
    assert (made[20:90, 20:80] == (255, 0, 0)).all()


def test_the_last_kind_stays(tab):
    tab.locator("#start-settings").click()
    tab.get_by_role("button", name="Licence plates", exact=True).click()
    tab.wait_for_selector("#set-detect\\.kinds-plate[aria-pressed=false]")
    tab.get_by_role("button", name="Faces", exact=True).click()
    assert tab.locator("#set-detect\\.kinds-face").get_attribute("aria-pressed") == "true"


def test_settings_are_tried_on_a_picture_and_kept_as_a_preset(tab, home, tmp_path, monkeypatch):
    tried = []

    def previewed(source, options, index, pts, side, tell):
        tried.append(options.cover.margin)
        return png(), len(tried)

    monkeypatch.setattr("efface.review.apart.previewed", previewed)
    tab.locator("#input-files").set_input_files([photo(tmp_path, "a.png")])
    cards(tab, 1)
    tab.locator("#queue-settings").click()
    tab.locator("#trial-said", has_text="1 area erased").wait_for()
    assert tab.locator("#trial-picture").is_visible()
    tab.locator("#set-cover\\.margin").fill("0.5")
    tab.locator("#trial-said", has_text="2 areas erased").wait_for()
    assert tried == [0.25, 0.5]
    tab.locator("#settings summary", has_text="Speed and hardware").click()
    tab.get_by_role("button", name="Most: slow").click()
    tab.wait_for_selector("#set-detect\\.detail-all[aria-pressed=true]")
    tab.locator("#preset-name").fill("ours")
    tab.keyboard.press("Enter")
    tab.locator("#own-list [data-preset=ours]").wait_for(state="attached")
    assert own_presets()[0].options().detect.detail == "all"
    tab.locator("#settings .close").click()
    tab.locator("#add-files").click()
    tab.locator("[data-preset=no-review]").click()
    tab.wait_for_selector("[data-preset=ours][aria-pressed=false]")
    tab.locator("[data-preset=ours]").click()
    tab.wait_for_selector("[data-preset=ours][aria-pressed=true]")
    tab.on("dialog", lambda dialog: dialog.accept())
    tab.get_by_role("button", name="Delete the preset ours").click()
    tab.wait_for_selector("#own-presets", state="hidden")
    assert own_presets() == ()


def test_copies_go_to_a_folder_that_is_chosen_and_recent_work_is_remembered(tab, home):
    photo(home / "Pictures", "here.png")
    (home / "Out").mkdir()
    tab.locator("#recent-on").check()
    tab.locator("#recent-note", has_text="recent.json").wait_for()
    tab.locator("#start-settings").click()
    tab.locator("#copies-choose").click()
    tab.locator("#chooser [data-name=Out]").click()
    tab.locator("#chooser-path [aria-current]", has_text="Out").wait_for()
    tab.locator("#chooser-folder").click()
    tab.locator("#copies-folder", has_text="~/Out").wait_for()
    tab.locator("#copies-mark").fill("-safe")
    tab.keyboard.press("Tab")
    tab.locator("#copies-example", has_text="photo-safe.jpg").wait_for()
    tab.locator("#settings .close").click()
    tab.locator("#pick-here").click()
    tab.locator("#chooser [data-name=Pictures]").click()
    tab.wait_for_selector("#chooser [data-name='here.png']")
    tab.locator("#chooser-folder").click()
    cards(tab, 1)
    tab.locator("#redact-all").click()
    in_state(tab, "rendered", 1)
    assert (home / "Out" / "here-safe.png").is_file()
    tab.reload()
    tab.wait_for_selector("html[data-ready]")
    tab.locator("#add-files").evaluate("e => e.click()")
    tab.locator("#recent-list button", has_text="Pictures").wait_for()
    tab.locator("#recent-on").uncheck()
    tab.locator("#recent-list").wait_for(state="hidden")


def order(tab):
    return tab.evaluate("[...document.querySelectorAll('#cards li')].map((e) => e.dataset.card)")


def test_files_are_ordered_by_keyboard_and_mouse_and_paused(tab, home, tmp_path):
    names = [photo(tmp_path, f"{i}.png", i) for i in range(3)]
    tab.locator("#input-files").set_input_files(names)
    cards(tab, 3)
    assert tab.locator("#cards img").count() == 3, "they are shown before efface looked at them"
    tab.locator("#cards [data-id='0']").wait_for()
    tab.locator("#cards [data-id='0']").focus()
    tab.keyboard.press("Alt+ArrowRight")
    tab.wait_for_selector("#cards [data-id='0']:focus")
    assert order(tab) == ["1", "0", "2"]
    tab.locator("#cards [data-card='2']").drag_to(tab.locator("#cards [data-card='1']"))
    tab.wait_for_selector("#cards li:first-child[data-card='2']")
    assert order(tab) == ["2", "1", "0"]
    tab.locator("#redact-all").click()
    in_state(tab, "rendered", 3)
    assert tab.locator("#cards img").count() == 6
    tab.locator("#queue-before").click()
    assert tab.locator("#cards img").count() == 3
    tab.reload()
    tab.wait_for_selector("html[data-ready]")
    assert order(tab) == ["2", "1", "0"]


def test_a_pause_holds_what_waits_until_it_goes_on(tab, monkeypatch, tmp_path, found):
    entered, goes_on = threading.Event(), threading.Event()
    find = apart.found_in

    def slowly(source, options, tell):
        entered.set()
        assert goes_on.wait(30)
        tell(Event("look", 1, 2))
        return find(source, options, tell)

    monkeypatch.setattr("efface.review.apart.found_in", slowly)
    tab.locator("#input-files").set_input_files([photo(tmp_path, f"{i}.png", i) for i in (0, 1)])
    cards(tab, 2)
    tab.locator("#redact-all").click()
    assert entered.wait(30)
    tab.locator("#batch-pause").click()
    tab.locator("#batch-text", has_text="Pausing").wait_for()
    goes_on.set()
    tab.locator("#batch-text", has_text="Paused").wait_for()
    tab.locator("#cards .below", has_text="Paused, 25 %").wait_for()
    assert tab.locator("#cards .chip[data-state=rendered]").count() == 0
    tab.locator("#batch-pause").click()
    in_state(tab, "rendered", 2)
