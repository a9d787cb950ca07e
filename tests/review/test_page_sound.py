"""The lane and the list of the sound in a real browser: spans by mouse, by keyboard and as typed
times."""

from __future__ import annotations

import json
import time


def until(tab, expression):
    end = time.monotonic() + 20
    while not tab.evaluate(expression):
        assert time.monotonic() < end, expression
        tab.wait_for_timeout(20)


def silent(tab):
    fields = tab.locator("#quiet .quiet-item input").all()
    texts = [f.input_value() for f in fields]
    return list(zip(texts[::2], texts[1::2], strict=True))


def log(film):
    return json.loads(film.with_name("film.redacted.mp4.plan.json").read_text())["edits"]


def test_spans_are_drawn_typed_and_marked(tab, loud, serve, kit):
    tab.goto(serve(loud).url)
    tab.wait_for_selector("html[data-ready]")
    until(tab, "!document.getElementById('sound-lane').hidden")
    assert tab.locator("#wave-note").inner_text().startswith("The copy has no sound.")
    pixels = "(() => { const c = document.getElementById('wave'); const d = c.getContext('2d')"
    pixels += ".getImageData(c.width / 2, 0, 1, c.height).data; const s = new Set();"
    pixels += "for (let i = 0; i < d.length; i += 4) s.add(d[i]); return s.size > 1; })()"
    until(tab, pixels)  # the waveform has come

    box = tab.locator("#wave").bounding_box()
    at = [box["x"] + box["width"] * share for share in (0.4, 0.5, 0.6)]
    tab.mouse.move(at[0], box["y"] + 20)
    tab.mouse.down()
    tab.mouse.move(at[1], box["y"] + 20)
    tab.mouse.up()
    until(tab, "document.getElementById('quiet-count').textContent === '1'")
    tab.mouse.move(at[1], box["y"] + 20)  # its end, which is moved on
    tab.mouse.down()
    tab.mouse.move(at[2], box["y"] + 20)
    tab.mouse.up()
    until(tab, "document.getElementById('undo').title.includes('changing a silent span')")
    (drawn, changed) = log(loud)
    assert (drawn["off"], changed["off"]) == ([], drawn["on"])
    assert changed["on"][0] == drawn["on"][0]
    assert abs(changed["on"][1] - drawn["on"][1] - (drawn["on"][1] - drawn["on"][0])) < 30

    # By keyboard alone: frames 0 to 5, and a typed span
    tab.locator("#stage").focus()
    for key in ("Home", "i", *["ArrowRight"] * 5, "o", "q"):
        tab.keyboard.press(key)
    until(tab, "document.getElementById('quiet-count').textContent === '2'")
    assert log(loud)[-1]["on"] == [0, 240]
    tab.locator("#tab-doubts").focus()
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    until(tab, "!document.getElementById('quiet').hidden")
    tab.get_by_label("Start of a new silent span").fill("0:02.9")
    tab.get_by_label("End of a new silent span").fill("0:09")
    tab.keyboard.press("Enter")
    until(tab, "document.getElementById('quiet-count').textContent === '3'")
    assert log(loud)[-1]["on"] == [2900, 3000], "it ends with the film"
    tab.get_by_label("End of silent span 1").fill("0:00.5")
    tab.keyboard.press("Enter")
    until(tab, "document.querySelector('#quiet .quiet-item input[size]') !== null")
    until(tab, "document.getElementById('undo').title.includes('changing')")
    assert silent(tab)[0] == ("0:00:00.000", "0:00:00.500")

    tab.get_by_label("Let silent span 2 be heard").click()
    until(tab, "document.getElementById('quiet-count').textContent === '2'")
    tab.locator("#wave-keep").click()
    until(tab, "document.getElementById('wave-note').hidden")
    assert "It is silent in 2 spans." in tab.locator("#quiet .note").inner_text()
    tab.locator("#undo").click()
    until(tab, "document.getElementById('quiet-count').textContent === '3'")
