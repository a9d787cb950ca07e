import assert from "node:assert/strict";
import { test } from "node:test";

import { inWords, percent, progressOf, progressOfAll, secondsLeft } from "../../../src/efface/review/page/estimates.js";

const work = (kind, state, done = 0, total = null, stage = "") => ({ kind, state, done, total, stage });
const file = (...works) => ({ bytes: 1000, works });

test("progress only grows from looking to the end of the check", () => {
  const waits = work("render", "waiting");
  const shares = [
    file(),
    file(work("look", "running", 1, 10), waits),
    file(work("look", "running", 10, 10), waits),
    file(work("look", "done"), work("render", "running", 5, 10, "render")),
    file(work("look", "done"), work("render", "running", 1, 10, "check")),
    file(work("look", "done"), work("render", "done")),
  ].map(progressOf);
  assert.deepEqual(shares, [...shares].sort((a, b) => a - b));
  assert.equal(shares[0], 0);
  assert.equal(shares.at(-1), 1);
});

test("a large file weighs more than a small one", () => {
  const done = { bytes: 100_000_000, works: [work("render", "done")] };
  assert.ok(progressOfAll([done, { bytes: 1, works: [] }]) > 0.9);
  assert.equal(progressOfAll([]), 1);
});

test("the time left is said once it is more than a guess", () => {
  const from = { at: 0, share: 0 };
  assert.equal(secondsLeft(from, { at: 1, share: 0.5 }), null);
  assert.equal(secondsLeft(from, { at: 30, share: 0 }), null);
  assert.equal(secondsLeft(from, { at: 30, share: 0.25 }), 90);
  assert.equal(inWords(null), "");
  assert.equal(inWords(12), "about 15 s left");
  assert.equal(inWords(300), "about 5 min left");
  assert.equal(inWords(7200), "about 2 h left");
});

test("a little is not called nothing", () => {
  assert.equal(percent(0), "0 %");
  assert.equal(percent(0.0001), "less than 0.1 %");
  assert.equal(percent(0.0321), "3.2 %");
  assert.equal(percent(0.5), "50 %");
});
