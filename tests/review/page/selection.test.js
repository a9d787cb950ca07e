import assert from "node:assert/strict";
import { test } from "node:test";

import { Selection } from "../../../src/efface/review/page/selection.js";

function listed(...ids) {
  const made = new Selection();
  made.list(ids);
  return made;
}

test("one by one, and a range from the last one", () => {
  const some = listed(5, 3, 9, 1);
  some.toggle(3);
  some.extend(1);
  assert.deepEqual(some.chosen, [3, 9, 1]);
  some.toggle(9);
  assert.deepEqual(some.chosen, [3, 1]);
  some.extend(5);
  assert.deepEqual(some.chosen, [5, 3, 9, 1]);
});

test("a range by keyboard begins where the focus was", () => {
  const some = listed(5, 3, 9, 1);
  some.begin(3);
  some.extend(9);
  some.begin(9);
  some.extend(1);
  assert.deepEqual(some.chosen, [3, 9, 1]);
});

test("what is no longer listed is no longer chosen, and nothing hidden is decided about", () => {
  const some = listed(5, 3, 9, 1);
  some.all();
  some.list([9, 7]);
  assert.deepEqual(some.chosen, [9]);
  some.extend(7);
  assert.deepEqual(some.chosen, [9, 7]);
  some.none();
  assert.equal(some.size, 0);
});
