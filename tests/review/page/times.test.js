import assert from "node:assert/strict";
import { test } from "node:test";

import { frameAt, rulerStep, timecode } from "../../../src/efface/review/page/times.js";

test("a time is written to the millisecond", () => {
  assert.equal(timecode(0), "0:00:00.000");
  assert.equal(timecode(2.96), "0:00:02.960");
  assert.equal(timecode(59.9996), "0:01:00.000");
  assert.equal(timecode(3600 * 12 + 61.5), "12:01:01.500");
});

test("the frame at a time is the last one that has begun", () => {
  const begins = [0, 0.04, 0.08, 0.5, 0.54];
  for (const [i, seconds] of begins.entries()) {
    assert.equal(frameAt(begins, seconds), i);
    assert.equal(frameAt(begins, seconds - 0.0005), i); // clocks of browsers round
  }
  assert.equal(frameAt(begins, 0.4), 2);
  assert.equal(frameAt(begins, -1), 0);
  assert.equal(frameAt(begins, 99), 4);
  assert.equal(frameAt([0], 7), 0);
});

test("the marks of the ruler have room", () => {
  assert.equal(rulerStep(1, 1000), 0.1);
  assert.equal(rulerStep(60, 1000), 10);
  assert.equal(rulerStep(1e6, 1000), 7200);
  for (const span of [0.3, 7, 100, 4000]) assert.ok((span / rulerStep(span, 800)) * 95 < 800);
});
