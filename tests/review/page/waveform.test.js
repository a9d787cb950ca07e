import assert from "node:assert/strict";
import { test } from "node:test";

import { frameAt } from "../../../src/efface/review/page/times.js";
import { columnPeaks, endMs, placeAt, secondsAt } from "../../../src/efface/review/page/waveform.js";

const UNEVEN = [0, 0.04, 0.5, 0.6];

test("a place between frames has a time, and the time that place", () => {
  assert.equal(secondsAt(UNEVEN, 1.5), 0.27);
  assert.equal(secondsAt(UNEVEN, 3.5), 0.7); // the last frame lasts as long as one does on average
  for (const place of [0, 0.25, 1.75, 2.5, 3.5]) assert.ok(Math.abs(placeAt(UNEVEN, secondsAt(UNEVEN, place), frameAt) - place) < 1e-9);
  assert.equal(endMs(UNEVEN), 800);
  assert.equal(endMs([0]), 1000);
});

test("a column shows its loudest moment, and none of the others", () => {
  const peaks = Uint8Array.from([1, 9, 3, 0, 200, 5]);
  assert.deepEqual([...columnPeaks(peaks, 10, [0, 20, 40, 60])], [9, 3, 200]);
  assert.deepEqual([...columnPeaks(peaks, 10, [41, 42, 43])], [200, 200]); // columns shorter than a peak
  assert.deepEqual([...columnPeaks(peaks, 10, [60, 80])], [0]); // after the end
  assert.deepEqual([...columnPeaks(peaks, 10, [0])], []);
});
