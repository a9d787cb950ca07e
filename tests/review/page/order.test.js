// A file moves to the place of another, in both directions, and nothing is lost.

import assert from "node:assert/strict";
import { test } from "node:test";

import { moved } from "../../../src/efface/review/page/order.js";

test("it takes the place of the other one", () => {
  assert.deepEqual(moved([0, 1, 2, 3], 0, 2), [1, 2, 0, 3]);
  assert.deepEqual(moved([0, 1, 2, 3], 3, 1), [0, 3, 1, 2]);
  assert.deepEqual(moved([0, 1], 0, 1), [1, 0]);
});

test("what is not there moves nothing", () => {
  assert.deepEqual(moved([0, 1], 5, 1), [0, 1]);
  assert.deepEqual(moved([0, 1], 0, 5), [0, 1]);
});
