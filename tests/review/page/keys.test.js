import assert from "node:assert/strict";
import { test } from "node:test";

import { nameOf, SHORTCUTS } from "../../../src/efface/review/page/keys.js";

const press = (key, held = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

test("a key is named with its modifiers", () => {
  assert.equal(nameOf(press("a")), "a");
  assert.equal(nameOf(press("A", { shiftKey: true })), "Shift+a");
  assert.equal(nameOf(press("Z", { shiftKey: true, metaKey: true })), "Ctrl+Shift+z");
  assert.equal(nameOf(press("ArrowUp", { altKey: true, shiftKey: true })), "Alt+Shift+ArrowUp");
});

test("Shift is no part of a sign's name: keyboards differ", () => {
  assert.equal(nameOf(press("+", { shiftKey: true })), "+");
  assert.equal(nameOf(press("[", { altKey: true })), "Alt+[");
});

test("the help names no key twice in one group", () => {
  for (const [title, keys] of SHORTCUTS) {
    const names = keys.map(([key]) => key);
    assert.equal(new Set(names).size, names.length, title);
  }
});
