import assert from "node:assert/strict";
import { test } from "node:test";

import { cleanBox, GRIPS, middleBox, movedBox, nudgedBox, resizedBox } from "../../../src/efface/review/page/boxes.js";

const SIZE = [320, 180];

test("a box grows to whole pixels, whichever corner it is drawn from", () => {
  assert.deepEqual(cleanBox([10.2, 20.7, 30.1, 40.9], SIZE), [10, 20, 31, 41]);
  assert.deepEqual(cleanBox([30.1, 40.9, 10.2, 20.7], SIZE), [10, 20, 31, 41]);
});

test("a box stays inside the frame and is never empty", () => {
  assert.deepEqual(cleanBox([-50, -9, 900, 900], SIZE), [0, 0, 320, 180]);
  assert.deepEqual(cleanBox([50, 50, 50, 50], SIZE), [50, 50, 51, 51]);
  assert.deepEqual(cleanBox([900, 900, 901, 901], SIZE), [319, 179, 320, 180]);
  assert.deepEqual(cleanBox([-5, -5, -4, -4], SIZE), [0, 0, 1, 1]);
});

test("Enter draws a box in the middle", () => {
  assert.deepEqual(middleBox(SIZE), [130, 60, 190, 120]);
  assert.deepEqual(middleBox([1, 1]), [0, 0, 1, 1]);
});

test("a moved box keeps its size and stops at the edges", () => {
  const box = [100, 50, 140, 90];
  assert.deepEqual(movedBox(box, 10.4, -5.6, SIZE), [110, 44, 150, 84]);
  assert.deepEqual(movedBox(box, 999, 999, SIZE), [280, 140, 320, 180]);
  assert.deepEqual(movedBox(box, -999, -999, SIZE), [0, 0, 40, 40]);
});

test("each handle moves the sides that it lies on", () => {
  const box = [100, 50, 140, 90];
  const sides = GRIPS.map((_, grip) => resizedBox(box, grip, 6, 3, SIZE).map((value, i) => value - box[i]));
  assert.deepEqual(sides, [
    [6, 3, 0, 0], [0, 3, 0, 0], [0, 3, 6, 0], [0, 0, 6, 0], [0, 0, 6, 3], [0, 0, 0, 3], [6, 0, 0, 3], [6, 0, 0, 0],
  ]);
});

test("a box resized past its other side is turned over", () => {
  assert.deepEqual(resizedBox([100, 50, 140, 90], 4, -60, -60, SIZE), [80, 30, 100, 50]);
});

test("arrow keys move a box or its far corner by a hundredth of the frame", () => {
  const box = [100, 50, 140, 90];
  assert.deepEqual(nudgedBox(box, "ArrowRight", false, SIZE), [102, 50, 142, 90]);
  assert.deepEqual(nudgedBox(box, "ArrowUp", false, SIZE), [100, 48, 140, 88]);
  assert.deepEqual(nudgedBox(box, "ArrowDown", true, SIZE), [100, 50, 140, 92]);
  assert.deepEqual(nudgedBox(box, "ArrowLeft", true, SIZE), [100, 50, 138, 90]);
  assert.deepEqual(nudgedBox([100, 50, 103, 53], "ArrowLeft", true, SIZE), [100, 50, 102, 53]);
});
