"""The page in a real browser: what a person does, with the keyboard alone where it can be done
so."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SOURCE_CODE = Path(__file__).parents[2] / "src"


def shown(tab, url):
    tab.goto(url)
    tab.wait_for_selector("html[data-ready]")
    until(
        tab,
        "!document.getElementById('still').hidden && "
        "document.getElementById('still').naturalWidth > 0",
    )


def until(tab, expression):
    """Waits until that is so.

    The page's policy forbids the eval by which Playwright's own way of waiting works.
    """
    end = time.monotonic() + 20
    while not tab.evaluate(expression):
        assert time.monotonic() < end, expression
        tab.wait_for_timeout(20)


def edits(film) -> list[str] | None:
    """Return the names of the edits on disk; None while a change is being written in place."""
    try:
        name = f"{film.stem}.redacted{film.suffix}.plan.json"
        plan = json.loads(film.with_name(name).read_text())
    except json.JSONDecodeError:
        return None
    return [e["edit"] for e in plan["edits"]]


def saved(tab, film, *names):
    """Waits until the log on the disk is exactly that."""
    for _ in range(400):
        if edits(film) == list(names):
            return
        tab.wait_for_timeout(25)
    assert edits(film) == list(names), tab.locator("#toasts").all_inner_texts()


def frame_of(tab) -> int:
    return int(tab.locator("#lanes").get_attribute("aria-valuenow"))


def test_it_opens_steps_and_jumps_exactly(tab, film, serve):
    shown(tab, serve(film).url)
    assert "/open/" not in tab.url
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowLeft")
    assert frame_of(tab) == 1
    tab.keyboard.press("Shift+ArrowRight")
    assert frame_of(tab) == 26
    tab.keyboard.press("End")
    assert frame_of(tab) == 74
    until(tab, "document.getElementById('still').alt.endsWith('frame 75')")
    assert "/frame/74" in tab.locator("#still").get_attribute("src")
    assert tab.locator("#time").text_content().startswith("0:00:02.960")


def test_it_plays_pauses_and_goes_back(tab, film, serve):
    shown(tab, serve(film).url)
    until(tab, "document.getElementById('film').readyState >= 2")
    tab.keyboard.press("l")
    until(tab, "Number(document.getElementById('lanes').getAttribute('aria-valuenow')) > 8")
    assert tab.get_by_label("Pause").is_visible()
    tab.keyboard.press("k")
    until(tab, "document.getElementById('play').ariaLabel === 'Play'")
    at = frame_of(tab)
    assert 8 < at < 74
    until(tab, f"document.getElementById('still').alt.endsWith('frame {at + 1}')")
    tab.keyboard.press("j")
    until(tab, f"Number(document.getElementById('lanes').getAttribute('aria-valuenow')) < {at}")
    tab.keyboard.press("Space")


def test_a_box_drawn_by_keyboard_alone_is_followed(tab, film, serve, kit):
    shown(tab, serve(film).url)
    for _ in range(30):
        tab.keyboard.press("ArrowRight")
    assert frame_of(tab) == 30
    tab.locator("#draw-kind").select_option("plate")
    tab.keyboard.press("d")
    assert tab.get_by_role("button", name="Draw").get_attribute("aria-pressed") == "true"
    tab.keyboard.press("Enter")  # a box in the middle; the patch is at 100, 70 and has 40 pixels
    for _ in range(25):
        tab.keyboard.press("ArrowLeft")
    for _ in range(3):
        tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    saved(tab, film, "draw")
    tab.wait_for_selector("#toasts p:has-text('Covered')")
    edit = json.loads(film.with_name("film.redacted.mp4.plan.json").read_text())["edits"][0]
    assert len(edit["boxes"]) > 4 * 30
    assert edit["kind"] == "plate"
    tab.wait_for_selector("#boxes .box.plate.chosen")


def test_a_box_is_drawn_moved_and_resized_by_mouse(tab, film, serve):
    shown(tab, serve(film).url)
    view = tab.locator("#view").bounding_box()
    scale = view["width"] / 320

    def at(x, y):
        return view["x"] + x * scale, view["y"] + y * scale

    def drag(a, b):
        tab.mouse.move(*at(*a))
        tab.mouse.down()
        tab.mouse.move(*at((a[0] + b[0]) / 2, (a[1] + b[1]) / 2))
        tab.mouse.move(*at(*b))
        tab.mouse.up()

    tab.keyboard.press("d")
    drag((38, 58), (82, 102))
    saved(tab, film, "draw")
    tab.wait_for_selector(".box.drawn.chosen")
    drag((60, 80), (70, 85))
    saved(tab, film, "draw", "place")
    until(tab, "document.querySelector('.box.chosen .edge')?.getAttribute('x') > 44")
    x, y, w, h = (
        float(tab.locator(".box.chosen .edge").get_attribute(n))
        for n in ("x", "y", "width", "height")
    )
    drag((x + w, y + h), (x + w + 20, y + h + 10))
    saved(tab, film, "draw", "place", "place")
    edit = json.loads(film.with_name("film.redacted.mp4.plan.json").read_text())["edits"][2]
    assert abs(edit["box"][2] - edit["box"][0] - w - 20) <= 2


def test_keep_delete_split_stretch_black_areas_and_undo_without_end(tab, film, serve):
    shown(tab, serve(film).url)
    done: list[str] = []

    def press(key, name):
        tab.keyboard.press(key)
        done.append(name)
        saved(tab, film, *done)
        until(tab, "!document.getElementById('undo').disabled")

    tab.get_by_role("tab", name="Tracks").click()
    tab.get_by_role("button", name="Face 1").click()
    tab.wait_for_selector("#tools [data-do='keep']:not(:disabled)")
    tab.locator("#stage").focus()
    press("v", "keep")
    tab.wait_for_selector(".box.face.spared")
    press("Shift+v", "only")
    for _ in range(10):
        tab.keyboard.press("ArrowRight")
    press("s", "split")
    press("]", "stretch")
    press("x", "delete")
    press("b", "black")
    tab.wait_for_selector(".box.blackout")
    assert (
        tab.evaluate("getComputedStyle(document.querySelector('.box.blackout .edge')).fill")
        == "rgb(0, 0, 0)"
    )
    until(
        tab, "document.querySelectorAll('.box.spared').length === 0"
    )  # boxes come after the change
    tab.keyboard.press("r")
    tab.keyboard.press("Enter")
    press("Enter", "area")
    tab.keyboard.press("Shift+r")
    tab.keyboard.press("Enter")
    press("Enter", "area")
    made = len(done)
    for _ in range(made):
        done.append("undo")
        tab.keyboard.press("z")
        saved(tab, film, *done)
    tab.wait_for_selector("#undo:disabled")
    assert tab.locator("#redo").is_enabled()
    for _ in range(made):
        done.append("redo")
        tab.keyboard.press("Shift+z")
        saved(tab, film, *done)
    tab.wait_for_selector("#redo:disabled")


def test_doubtful_moments_are_visited_accepted_and_extended(tab, film, serve):
    shown(tab, serve(film).url)
    tab.keyboard.press("n")
    assert frame_of(tab) == 30
    assert "Face 1" in tab.locator("#doubts [aria-current='true']").text_content()
    tab.keyboard.press("e")
    saved(tab, film, "cover")
    tab.keyboard.press("a")
    saved(tab, film, "cover", "accept")
    until(
        tab,
        "document.querySelector('#doubts "
        "[aria-current=\"true\"]')?.textContent.includes('Plate 2')",
    )
    tab.keyboard.press("x")
    saved(tab, film, "cover", "accept", "delete")
    tab.wait_for_selector("#doubts .empty:has-text('Every doubtful moment')")


def test_as_it_will_look_is_rendered_by_the_server(tab, film, serve):
    shown(tab, serve(film).url)
    tab.keyboard.press("t")
    until(tab, "document.getElementById('still').src.includes('final=1')")
    assert tab.locator("#look-final").get_attribute("aria-pressed") == "true"
    tab.wait_for_selector("#badge:has-text('as it will look')")


def test_two_tabs_see_each_other_and_do_not_overwrite(tab, film, serve):
    shown(tab, serve(film).url)
    other = tab.context.new_page()
    shown(other, tab.url)
    tab.get_by_role("tab", name="Tracks").click()
    tab.get_by_role("button", name="Face 1").click()
    tab.locator("#stage").focus()
    tab.keyboard.press("v")
    other.get_by_role("tab", name="Tracks").click()
    other.wait_for_selector("#tracks .item:has-text('kept visible')")
    # The other one changes something of which this one does not hear.
    tab.evaluate(
        """() => { EventTarget.prototype.dispatchEvent.call(window, new Event('pagehide')); }"""
    )
    other.get_by_role("button", name="Plate 2").click()
    other.locator("#stage").focus()
    other.keyboard.press("x")
    saved(tab, film, "keep", "delete")
    tab.keyboard.press("x")
    tab.wait_for_selector("#toasts .bad:has-text('Another tab')")
    assert edits(film) == ["keep", "delete"]
    tab.wait_for_selector("#tracks .empty:has-text('1 deleted')")
    other.close()


LATE = """async () => {
  const { Store } = await import('/static/store.js');
  const store = new Store();
  const black = (frame) => store.change({ edit: 'black', first: frame, last: frame, black: true });
  await store.open(0);
  const real = window.fetch;
  let free;
  window.fetch = async (...asked) => {
    const answer = await real(...asked);
    await new Promise((resolve) => { free = resolve; });
    return answer;
  };
  const late = store.reload();
  window.fetch = real;
  while (!free) await new Promise((resolve) => setTimeout(resolve, 5));
  const first = await black(0);
  free();
  await late;
  return [first, store.doc.version, await black(1)];
}"""


def test_an_answer_that_comes_late_does_not_make_the_next_edit_refused(tab, film, serve):
    shown(tab, serve(film).url)
    assert tab.evaluate(LATE) == [True, 1, True]
    assert edits(film) == ["black", "black"]


def test_rendering_shows_progress_outcome_and_report(tab, film, serve, kit):
    from efface.options import Options, WriteOptions

    shown(tab, serve(film, options=Options(write=WriteOptions(preset="ultrafast"))).url)
    tab.get_by_role("button", name="Render").click()
    tab.wait_for_selector("#rendering-body:has-text('not looked at')")
    tab.locator("#rendering-go").click()
    tab.wait_for_selector("#rendering-outcome", timeout=120_000)
    assert film.with_name("film.redacted.mp4").exists()
    with tab.context.expect_page() as opened:
        tab.locator("#rendering-report").click()
    report = opened.value
    report.wait_for_load_state()
    assert "efface" in report.content()
    assert report.locator("h1").count() == 1
    report.close()


def test_photos_are_accepted_one_after_the_other_with_one_key(tab, photos, serve):
    tab.goto(serve(*photos).url)
    tab.wait_for_selector("#cards button >> nth=2")
    tab.locator("#cards button").first.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("Enter")
    for number in range(3):
        until(tab, f"document.getElementById('name').textContent === 'photo{number}.png'")
        tab.wait_for_selector("#editor:not([hidden])")
        tab.keyboard.press("a")
    tab.wait_for_selector("#queue:not([hidden])")
    until(tab, "document.querySelectorAll('#cards [data-state=\"accepted\"]').length === 3")


@pytest.mark.parametrize(("width", "height"), [(360, 700), (3840, 2160)])
def test_nothing_leaves_the_screen(tab, film, serve, width, height):
    tab.set_viewport_size({"width": width, "height": height})
    shown(tab, serve(film).url)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("#render", "#undo", "#play", "#stage", "#lanes", "#doubts"):
        box = tab.locator(name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width + 1
        assert box["y"] + box["height"] <= height + 1
    assert tab.locator("#stage").bounding_box()["height"] >= 140


CONTRAST = """() => {
  const light = (c) => { const f = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v \
+ .055) / 1.055) ** 2.4; });
    return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
  const rgb = (t) => t.match(/[\\d.]+/g).map(Number);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = \
rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > .5) return c; } return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    if (!e.checkVisibility() || e.disabled || e.closest('svg, :disabled, #stage')) continue;
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push(`${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 30)} \
${ratio.toFixed(2)}`);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(tab, film, serve, scheme):
    tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    shown(tab, serve(film).url)
    tab.keyboard.press("n")
    assert tab.evaluate(CONTRAST) == []
    tab.keyboard.press("?")
    assert tab.locator("#help").is_visible()
    assert tab.evaluate(CONTRAST) == []
    tab.keyboard.press("Escape")
    tab.keyboard.press("y")
    tab.wait_for_selector("#grid-list .shot")
    tab.keyboard.press("Space")
    assert tab.evaluate(CONTRAST) == []
    tab.get_by_role("button", name="Left visible", exact=True).click()
    tab.wait_for_selector("#grid-none:not([hidden])")
    assert tab.evaluate(CONTRAST) == []


def test_everything_has_a_name_for_those_who_hear_the_page(tab, film, serve):
    shown(tab, serve(film).url)
    tab.keyboard.press("n")
    nameless = tab.evaluate("""() =>
        [...document.querySelectorAll('button, [role]:not([role=status]), canvas, dialog, \
progress')]
        .filter((e) => e.checkVisibility() && !(e.ariaLabel || e.textContent.trim() || \
e.getAttribute('aria-labelledby')))
        .map((e) => e.outerHTML.slice(0, 80))""")
    assert nameless == []
    assert tab.evaluate("document.documentElement.lang") == "en"


@pytest.mark.slow
def test_after_kill_9_everything_is_there_again(film, browser):
    env = os.environ | {"PYTHONPATH": str(SOURCE_CODE), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "efface", "review", str(film), "--no-browser"]

    def started():
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True
        )
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    process, url = started()
    context = browser.new_context()
    tab = context.new_page()
    shown(tab, url)
    tab.keyboard.press("n")
    tab.keyboard.press("v")
    saved(tab, film, "keep")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    tab.wait_for_selector("#toasts .bad")
    context.close()

    process, url = started()
    try:
        context = browser.new_context()
        again = context.new_page()
        shown(again, url)
        again.get_by_role("tab", name="Tracks").click()
        again.wait_for_selector("#tracks .item:has-text('kept visible')")
        assert again.locator("#undo").is_enabled()
        context.close()
        assert process.wait(timeout=60) == 0  # the last tab was closed
    finally:
        process.kill()
        process.communicate()


def test_what_is_left_visible_is_listed_and_one_key_covers_it(tab, weak, serve, kit):
    running = serve(weak)
    shown(tab, running.url)
    assert tab.locator("#left-count").text_content() == "2"
    tab.keyboard.press("w")
    assert "1 possible face and 1 possible plate" in tab.locator("#left .note").text_content()
    tab.keyboard.press("n")
    assert frame_of(tab) == 10
    tab.wait_for_selector("#boxes .box.face.left.chosen")
    assert not tab.locator("#boxes .box.left.chosen .handle").count()
    assert "also a doubtful moment" in tab.locator("#left [aria-current='true']").text_content()
    tab.keyboard.press("c")
    saved(tab, weak, "keep")
    tab.wait_for_selector("#boxes .box.face.chosen:not(.left):not(.spared)")
    assert tab.locator("#left-count").text_content() == "1"
    assert "decided" in tab.locator("#doubts").text_content()
    tab.keyboard.press("z")
    saved(tab, weak, "keep", "undo")
    tab.wait_for_selector("#boxes .box.face.left")
    tab.keyboard.press("Shift+z")
    tab.keyboard.press("n")
    saved(tab, weak, "keep", "undo", "redo")
    until(tab, "document.getElementById('lanes').getAttribute('aria-valuenow') === '50'")
    tab.keyboard.press("v")
    saved(tab, weak, "keep", "undo", "redo", "keep")
    tab.wait_for_selector("#boxes .box.plate.spared")
    tab.wait_for_selector("#left .empty:has-text('Nothing that was seen')")
    tab.reload()
    tab.wait_for_selector("html[data-ready]")
    until(tab, "document.getElementById('left-count').textContent === '0'")
    tab.keyboard.press("?")
    assert tab.locator("#help-list").get_by_text("cover it: it is erased").is_visible()


def test_on_a_photo_it_is_listed_with_its_chance_and_one_key_covers_it(tab, weak_photo, serve, kit):
    running = serve(weak_photo)
    shown(tab, running.url)
    assert tab.get_by_role("tab", name="Left visible 2").is_visible()
    note = tab.locator("#left .note").text_content()
    assert re.search(r"2 possible faces \([23] in 10 such are real\), seen too weakly", note)
    assert re.fullmatch(r"\d\d %", tab.locator("#left .meter").first.text_content())
    tab.get_by_role("button", name="Cover all 2").click()
    saved(tab, weak_photo, "keep_tracks")
    until(tab, "document.getElementById('left-count').textContent === '0'")
    assert tab.locator("#boxes .box.face:not(.left)").count() == 3
    tab.keyboard.press("z")
    saved(tab, weak_photo, "keep_tracks", "undo")
    until(tab, "document.getElementById('left-count').textContent === '2'")
    tab.keyboard.press("w")
    tab.keyboard.press("n")
    tab.wait_for_selector("#boxes .box.face.left.chosen")
    tab.keyboard.press("c")
    saved(tab, weak_photo, "keep_tracks", "undo", "keep")
    tab.wait_for_selector("#boxes .box.face.chosen:not(.left):not(.spared)")
    assert tab.locator("#left-count").text_content() == "1"


def test_a_left_moment_is_covered_from_the_list_of_moments(tab, weak, serve):
    shown(tab, serve(weak).url)
    for _ in range(3):
        tab.keyboard.press("n")
    until(
        tab,
        "document.querySelector('#doubts [aria-current=\"true\"]')?.textContent.includes('Face 4')",
    )
    tab.get_by_role("button", name="Cover").last.click()
    saved(tab, weak, "keep")
    until(
        tab,
        "document.querySelector('#doubts "
        "[aria-current=\"true\"]')?.textContent.includes('decided')",
    )


def test_many_left_tracks_fit_a_narrow_screen_and_stand_out(tab, weak, serve):
    tab.set_viewport_size({"width": 360, "height": 700})
    shown(tab, serve(weak).url)
    tab.keyboard.press("w")
    tab.keyboard.press("n")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.evaluate(CONTRAST) == []


def test_a_server_that_ended_is_said_and_is_no_error_of_the_page(tab, film, serve):
    running = serve(film)
    shown(tab, running.url)
    running.stop()
    for key in ("d", "n", "a", "z", "PageDown"):
        tab.keyboard.press(key)
    until(tab, "/start efface review again/.test(document.getElementById('toasts').textContent)")
