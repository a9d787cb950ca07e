import assert from "node:assert/strict";
import { test } from "node:test";

import { doubtFilter, markedRange, nextDoubt, nextPlace, unseenWords } from "../../../src/efface/review/page/moments.js";

const doubts = (...settled) => settled.map((s) => ({ settled: s }));

test("the next moment is the next one that is not settled, going round", () => {
  const some = doubts(false, true, false);
  assert.equal(nextDoubt(some, -1, 1), 0);
  assert.equal(nextDoubt(some, 0, 1), 2);
  assert.equal(nextDoubt(some, 2, 1), 0);
  assert.equal(nextDoubt(some, 2, -1), 0);
  assert.equal(nextDoubt(some, 0, -1), 2);
});

test("before any moment is chosen, the previous one is the last", () => {
  assert.equal(nextDoubt(doubts(false, false, false), -1, -1), 2);
  assert.equal(nextDoubt(doubts(false), -1, -1), 0);
});

test("there is no next moment when all are settled", () => {
  assert.equal(nextDoubt(doubts(true, true), 0, 1), -1);
  assert.equal(nextDoubt([], -1, 1), -1);
});

test("the next moment is one of those that the filter shows", () => {
  const some = [{ settled: false, kind: "face", causes: ["weak"] }, { settled: false, kind: "plate", causes: ["far", "weak"] }];
  const kindOf = (doubt) => doubt.kind;
  assert.equal(nextDoubt(some, -1, 1, doubtFilter({ kind: "plate", cause: "" }, kindOf)), 1);
  assert.equal(nextDoubt(some, 0, 1, doubtFilter({ kind: "", cause: "weak" }, kindOf)), 1);
  assert.equal(nextDoubt(some, 0, 1, doubtFilter({ kind: "face", cause: "weak" }, kindOf)), 0);
  assert.equal(nextDoubt(some, -1, 1, doubtFilter({ kind: "face", cause: "far" }, kindOf)), -1);
});

test("places are visited in the order of the film, going round", () => {
  const places = [{ first: 10, track: 4 }, { first: 10, track: 7 }, { first: 50, track: 5 }];
  assert.equal(nextPlace(places, null, 1), places[0]);
  assert.equal(nextPlace(places, null, -1), places[2]);
  assert.equal(nextPlace(places, places[0], 1), places[1]);
  assert.equal(nextPlace(places, places[2], 1), places[0]);
  assert.equal(nextPlace(places, places[0], -1), places[2]);
  // A place that was decided is no longer listed. The next one is the one after it.
  assert.equal(nextPlace(places, { first: 20, track: 1 }, 1), places[2]);
});

test("a marked range may be marked from its end", () => {
  assert.deepEqual(markedRange({ first: null, last: null }, 3, 9), { first: 3, last: 9 });
  assert.deepEqual(markedRange({ first: 8, last: 2 }, 0, 99), { first: 2, last: 8 });
  assert.deepEqual(markedRange({ first: 0, last: null }, 5, 5), { first: 0, last: 5 });
});

test("what was not looked at is counted in words", () => {
  assert.equal(unseenWords(doubts(false, true, false)), "2 moments not looked at");
  assert.equal(unseenWords(doubts(false)), "1 moment not looked at");
  assert.equal(unseenWords(doubts(true)), "");
});
