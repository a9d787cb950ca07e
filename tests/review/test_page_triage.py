"""Deciding about many tracks and moments in the page, in a real browser."""

from __future__ import annotations

import json
import time

LAMP = (150, 100, 190, 140)


def until(tab, expression):
    end = time.monotonic() + 20
    while not tab.evaluate(expression):
        assert time.monotonic() < end, expression
        tab.wait_for_timeout(20)


def shown(tab, url):
    tab.goto(url)
    tab.wait_for_selector("html[data-ready]")
    until(tab, "document.getElementById('still').naturalWidth > 0")


def edits(film):
    try:
        return json.loads(film.with_name("film.redacted.mp4.plan.json").read_text())["edits"]
    except json.JSONDecodeError:  # it is being written
        return None


def saved(tab, film, is_so):
    """Waits until the log on the disk is like that."""
    for _ in range(400):
        if (found := edits(film)) is not None and is_so(found):
            return
        tab.wait_for_timeout(25)
    raise AssertionError(edits(film))


def chosen(tab) -> list[int]:
    found = tab.evaluate(
        "[...document.querySelectorAll('.shot[aria-selected=\"true\"]')].map((c) => c.dataset.id)"
    )
    return sorted(int(i) for i in found)


def lamps(kit, film, count=12):
    """A dozen false sightings at one place, a person who stays and one at another place."""
    false = tuple(kit.track(i + 3, 5 * i, 5 * i + 9, LAMP) for i in range(count))
    kit.planned(film, (*kit.TRACKS[:2], *false))


def opened(tab, film, serve):
    shown(tab, serve(film).url)
    tab.keyboard.press("y")
    tab.wait_for_selector("#grid-list .shot")


def test_a_dozen_false_tracks_are_shown_go_at_once_and_come_back_with_one_key(
    tab, film, serve, kit
):
    lamps(kit, film)
    opened(tab, film, serve)
    assert tab.locator(".shot").count() == 14
    until(tab, "[...document.querySelectorAll('.shot img')].every((i) => i.naturalWidth > 0)")
    tab.locator('.shot[data-id="5"]').focus()
    tab.keyboard.press("l")
    tab.wait_for_selector("#like[open]")
    assert tab.locator("#like-list img").count() == 12
    # Each was seen for a few frames, as a person who passes is: none is taken unasked.
    assert tab.locator("#like-list input:checked").count() == 1
    assert tab.locator("#like-list", has_text="perhaps a person who passed").count() == 1
    tab.keyboard.press("a")
    tab.locator("#like-delete", has_text="Delete 12 tracks").wait_for()
    tab.keyboard.press("Enter")
    tab.locator("#toasts", has_text="12 tracks deleted").wait_for()
    saved(tab, film, lambda e: [x["edit"] for x in e] == ["delete_tracks"])
    until(tab, "document.querySelectorAll('.shot').length === 2")
    tab.keyboard.press("z")
    until(tab, "document.querySelectorAll('.shot').length === 14")
    tab.keyboard.press("l")
    tab.keyboard.press("Escape")
    tab.wait_for_selector("#like", state="hidden")
    assert len(edits(film)) == 2, "nothing happens to what was only shown"
    tab.keyboard.press("Escape")
    tab.keyboard.press("Escape")
    assert tab.locator("#grid").is_hidden()


def test_pictures_are_chosen_by_click_shift_keys_and_rubber_band(tab, film, serve, kit):
    lamps(kit, film)
    opened(tab, film, serve)
    tab.get_by_label("Order").select_option("time")
    order = [int(c.get_attribute("data-id")) for c in tab.locator(".shot").all()]
    tab.locator(".shot").nth(1).click()
    tab.locator(".shot").nth(3).click(modifiers=["Shift"])
    assert chosen(tab) == sorted(order[1:4])
    tab.locator(".shot").nth(2).click()
    assert chosen(tab) == sorted([order[1], order[3]])
    tab.keyboard.press("Escape")
    tab.keyboard.press("Home")
    tab.keyboard.press("Space")
    tab.keyboard.press("Shift+ArrowRight")
    tab.keyboard.press("Shift+ArrowRight")
    assert chosen(tab) == sorted(order[:3])
    tab.keyboard.press("Escape")
    first, third = (tab.locator(".shot").nth(i).bounding_box() for i in (0, 2))
    tab.mouse.move(first["x"] + 9, first["y"] + 9)
    tab.mouse.down()
    tab.mouse.move(first["x"] + 40, first["y"] + 30)
    tab.mouse.move(third["x"] + 20, third["y"] + 30)
    tab.mouse.up()
    assert chosen(tab) == sorted(order[:3])
    tab.keyboard.press("Control+a")
    assert len(chosen(tab)) == 14
    assert "14 of 14" in tab.locator("#grid-count").text_content()


def test_filters_show_what_they_say_and_nothing_hidden_is_decided_about(tab, weak, serve):
    opened(tab, weak, serve)
    tab.keyboard.press("Control+a")
    assert chosen(tab) == [1, 2, 3]
    tab.keyboard.press("Escape")
    tab.get_by_role("button", name="Plates").click()
    tab.keyboard.press("x")  # the focus is on the filter, so no picture is meant
    tab.wait_for_selector("#toasts :text('Choose some pictures first')")
    assert edits(weak) == []
    tab.get_by_role("listbox", name="Tracks").get_by_role("option").click()
    assert chosen(tab) == [2]
    tab.get_by_role("button", name="Left visible", exact=True).click()
    assert [c.get_attribute("data-id") for c in tab.locator(".shot").all()] == ["5"]
    tab.locator("#grid-kinds").get_by_role("button", name="All").click()
    assert tab.locator(".shot").count() == 2
    tab.get_by_label("Doubtful only").check()
    assert [c.get_attribute("data-id") for c in tab.locator(".shot").all()] == ["4"]
    tab.get_by_label("Doubtful only").uncheck()
    tab.locator(".shot").first.focus()
    tab.keyboard.press("Control+a")
    tab.keyboard.press("c")
    saved(tab, weak, lambda e: [x["edit"] for x in e] == ["keep_tracks"] and not e[0]["keep"])
    tab.wait_for_selector("#grid-none:not([hidden])")
    tab.keyboard.press("z")
    until(tab, "document.querySelectorAll('.shot').length === 2")


def test_a_picture_leads_to_its_place_in_the_film(tab, weak, serve):
    opened(tab, weak, serve)
    tab.locator('.shot[data-id="3"]').focus()
    tab.keyboard.press("Enter")
    assert tab.locator("#grid").is_hidden()
    tab.wait_for_selector("#boxes .box.face.chosen[data-id='3']")


def test_pictures_of_tracks_fit_every_screen_and_have_names(tab, weak, serve):
    opened(tab, weak, serve)
    for width, height in ((360, 700), (3840, 2160)):
        tab.set_viewport_size({"width": width, "height": height})
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert tab.locator(".shot").first.bounding_box()["height"] > 90
        box = tab.locator("#grid [data-act='delete']").bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width + 1
        assert box["y"] + box["height"] <= height + 1
    assert tab.evaluate(NAMELESS) == []
    said = tab.locator('.shot[data-id="2"]').text_content()
    assert said.startswith("Plate 2, 0.80 in ")
    assert ", Erased, 0:00:00.800" in said


def test_moments_have_pictures_and_keys_go_through_those_of_the_filter(tab, weak, serve):
    shown(tab, serve(weak).url)
    until(tab, "[...document.querySelectorAll('#doubts img')].every((i) => i.naturalWidth > 0)")
    assert tab.locator("#doubts .item img").count() == 3
    before = tab.locator("#doubts img").first.element_handle()
    tab.get_by_label("What it concerns").select_option("plate")
    assert tab.locator("#doubts .item").count() == 1
    tab.locator("#stage").focus()
    tab.keyboard.press("n")
    assert "Plate 2" in tab.locator("#doubts [aria-current='true']").text_content()
    tab.keyboard.press("a")
    tab.wait_for_selector("#toasts :text('There are others')")
    tab.get_by_label("What it concerns").select_option("")
    tab.get_by_label("Why it is doubtful").select_option("left")
    assert "Face 4" in tab.locator("#doubts .item").text_content()
    tab.get_by_label("Why it is doubtful").select_option("")
    is_same = "(before) => before === document.querySelector('#doubts img')"
    assert tab.evaluate(is_same, before), "a picture is not asked for again"
    assert tab.evaluate(NAMELESS) == []


def test_undo_and_redo_say_what_they_did(tab, film, serve):
    shown(tab, serve(film).url)
    tab.get_by_role("tab", name="Tracks").click()
    tab.get_by_role("button", name="Face 1").click()
    tab.get_by_role("button", name="Plate 2").click(modifiers=["Shift"])
    tab.locator("#stage").focus()
    tab.keyboard.press("x")
    saved(tab, film, lambda e: [x["edit"] for x in e] == ["delete_tracks"])
    until(tab, "document.getElementById('undo').title === 'Undo deleting 2 tracks (Z)'")
    tab.keyboard.press("z")
    tab.wait_for_selector("#toasts :text('Undone: deleting 2 tracks.')")
    assert tab.locator("#redo").get_attribute("title") == "Redo deleting 2 tracks (Shift+Z)"
    tab.keyboard.press("Shift+z")
    tab.wait_for_selector("#toasts :text('Done again: deleting 2 tracks.')")


def test_the_list_follows_what_is_chosen_in_the_picture(tab, weak, serve):
    shown(tab, serve(weak).url)
    for _ in range(20):
        tab.keyboard.press("ArrowRight")
    face, left = (f"#boxes .box[data-id='{i}']" for i in (1, 4))
    tab.wait_for_selector(left)
    tab.locator(face).focus()
    tab.keyboard.press("Enter")
    assert tab.locator("#tab-doubts").get_attribute("aria-selected") == "true"
    assert "Face 1" in tab.locator("#doubts .item.about").text_content()
    tab.get_by_role("tab", name="Tracks").click()
    tab.locator(left).focus()
    tab.keyboard.press("Enter")
    assert tab.locator("#tab-left").get_attribute("aria-selected") == "true"
    assert "Possible face 4" in tab.locator("#left [aria-current='true']").text_content()
    tab.locator(face).focus()
    tab.keyboard.press("Enter")
    assert tab.locator("#tab-tracks").get_attribute("aria-selected") == "true"
    assert "Face 1" in tab.locator("#tracks [aria-current='true']").text_content()


LANE_PIXEL = """([frame, lane]) => {
  const c = document.getElementById('lanes');
  const [r, names] = [devicePixelRatio, 96];
  const x = names + (frame + .5) / 75 * (c.clientWidth - names);
  return [...c.getContext('2d').getImageData(x * r, (30 + (lane + .5) * 18) * r, 1, 1).data];
}"""


def test_a_black_frame_is_black_in_picture_and_timeline_even_of_who_is_kept(tab, film, serve):
    shown(tab, serve(film).url)
    tab.get_by_role("tab", name="Tracks").click()
    tab.get_by_role("button", name="Face 1").click()
    tab.locator("#stage").focus()
    tab.keyboard.press("v")
    saved(tab, film, lambda e: [x["edit"] for x in e] == ["keep"])
    tab.wait_for_selector("#boxes .box.spared")
    tab.keyboard.press("b")
    saved(tab, film, lambda e: [x["edit"] for x in e] == ["keep", "black"])
    tab.wait_for_selector("#boxes .box.blackout")
    until(tab, "!document.querySelector('#boxes .box.spared')")
    assert "black" in tab.locator("#boxes .blackout .label").text_content()
    at = frame = int(tab.locator("#lanes").get_attribute("aria-valuenow"))
    tab.keyboard.press("End")
    tab.wait_for_timeout(100)
    assert tab.evaluate(LANE_PIXEL, [at, 0])[:3] == [0, 0, 0]
    assert tab.evaluate(LANE_PIXEL, [frame + 3, 0])[:3] != [0, 0, 0]


def test_what_a_person_drew_is_called_what_it_is(tab, film, serve):
    shown(tab, serve(film).url)
    tab.keyboard.press("d")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    saved(tab, film, lambda e: [x["edit"] for x in e] == ["draw"])
    tab.wait_for_selector("#boxes .box[aria-label='Drawn box 4']")
    tab.keyboard.press("r")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    saved(tab, film, lambda e: [x["edit"] for x in e] == ["draw", "area"])
    tab.wait_for_selector("#boxes .box[aria-label='Erased area 5']")


def test_what_was_not_looked_at_is_said_until_it_is_also_after_rendering(tab, film, serve):
    shown(tab, serve(film).url)
    assert tab.locator("#unseen").text_content() == "2 moments not looked at"
    tab.get_by_role("button", name="Render").click()
    tab.locator("#rendering-go").click()
    tab.wait_for_selector("#rendering-outcome", timeout=120_000)
    assert "2 moments not looked at" in tab.locator("#rendering-body").text_content()
    tab.keyboard.press("Escape")
    until(tab, "document.getElementById('state').textContent === 'done'")
    tab.locator("#unseen").click()
    assert "Face 1" in tab.locator("#doubts [aria-current='true']").text_content()
    tab.locator("#stage").focus()
    tab.keyboard.press("a")
    until(tab, "document.getElementById('unseen').textContent === '1 moment not looked at'")
    tab.wait_for_selector("#doubts [aria-current='true']:has-text('Plate 2')")
    tab.keyboard.press("a")
    tab.wait_for_selector("#unseen", state="hidden")


def test_speed_and_full_screen_have_buttons_and_keys(tab, film, serve):
    shown(tab, serve(film).url)
    assert tab.locator("#sound").is_hidden(), "this film has no sound"
    tab.keyboard.press("<")
    tab.keyboard.press("<")
    assert tab.get_by_label("Speed").input_value() == "0.25"
    until(tab, "document.getElementById('film').readyState >= 2")
    tab.keyboard.press("Space")
    until(tab, "document.getElementById('film').playbackRate === 0.25")
    tab.get_by_label("Speed").select_option("2")
    until(
        tab,
        "document.getElementById('film').playbackRate === 2 || "
        "document.getElementById('film').paused",
    )  # a slow machine plays it to its end before
    if tab.evaluate("document.getElementById('film').paused"):
        tab.locator("#stage").focus()
        tab.keyboard.press("Space")
    until(tab, "document.getElementById('film').playbackRate === 2")
    tab.locator("#stage").focus()
    tab.keyboard.press("k")
    tab.keyboard.press("Shift+F")
    until(tab, "document.body.classList.contains('full')")
    assert tab.locator("#side").is_hidden()
    assert tab.locator("#transport").is_visible()
    tab.locator("#full").click()
    until(tab, "!document.body.classList.contains('full')")


def test_the_sound_of_the_source_is_off_until_it_is_asked_for(tab, loud, serve):
    shown(tab, serve(loud).url)
    until(tab, "document.getElementById('film').readyState >= 2")
    assert tab.evaluate("document.getElementById('film').muted")
    tab.locator("#sound").click()
    assert not tab.evaluate("document.getElementById('film').muted")
    tab.locator("#stage").focus()
    tab.keyboard.press("u")
    assert tab.evaluate("document.getElementById('film').muted")
    assert tab.locator("#sound").get_attribute("aria-pressed") == "false"


def test_the_finished_copy_is_played_and_compared_with_the_original(tab, film, serve):
    shown(tab, serve(film).url)
    assert tab.locator("#watch").is_hidden()
    tab.get_by_role("button", name="Render").click()
    tab.locator("#rendering-go").click()
    tab.locator("#rendering-watch").click(timeout=120_000)
    until(tab, "document.getElementById('copy-film').readyState >= 2")
    assert "/result" in tab.locator("#copy-film").get_attribute("src")
    assert tab.locator("#before-film").get_attribute("src") is None, "only when it is compared"
    assert "2 moments not looked at" in tab.locator("#result-shows").text_content()
    tab.locator("#split").focus()
    for _ in range(5):
        tab.keyboard.press("PageUp")
    until(tab, "document.getElementById('before-film').readyState >= 2")
    assert "%" in tab.locator("#split").get_attribute("aria-valuetext")
    tab.locator("#copy-seek").focus()
    tab.keyboard.press("PageUp")
    tab.keyboard.press("PageUp")
    now = "document.getElementById('%s-film').currentTime"
    until(tab, f"{now % 'copy'} > .2 && Math.abs({now % 'copy'} - {now % 'before'}) < .02")
    tab.locator("#copy-play").focus()
    tab.keyboard.press("Enter")
    until(tab, "document.getElementById('copy-film').currentTime > 1")
    assert tab.evaluate(NAMELESS) == []
    tab.keyboard.press("Escape")
    until(tab, "!document.getElementById('copy-film').getAttribute('src')")
    tab.locator("#watch").click()
    until(tab, "document.getElementById('copy-film').readyState >= 2")


def test_finished_photos_are_compared_one_after_the_other(tab, photos, serve):
    tab.goto(serve(*photos).url)
    tab.locator("#cards button").first.click()
    tab.wait_for_selector("#editor:not([hidden])")
    tab.get_by_role("button", name="Render").click()
    tab.locator("#rendering-go").click()
    tab.locator("#rendering-watch").click(timeout=120_000)
    until(tab, "document.getElementById('copy-still').naturalWidth === 240")
    tab.locator("#split").focus()
    tab.keyboard.press("End")
    until(tab, "document.getElementById('before-still').naturalWidth > 0")
    tab.locator("#result-next").click()
    until(tab, "document.getElementById('name').textContent === 'photo1.png'")


NAMELESS = """() => [...document.querySelectorAll('button, input, select, [role=option]')]
    .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !(e.ariaLabel
        || e.textContent.trim() || e.getAttribute('aria-labelledby') || e.labels?.length))
    .map((e) => e.outerHTML.slice(0, 80))"""
