import assert from "node:assert/strict";
import { test } from "node:test";

import { doubtAbout, entries, isLike, ordered, shown, withLike } from "../../../src/efface/review/page/track_filter.js";

const ALL = { kind: "all", state: "all", best: null, seen: null, doubtful: false };

const track = (id, more = {}) => ({ id, kind: "face", state: "erased", place: [0, 0, 40, 40], still: true, best: 0.5, seen: 9, first: id, risk: 0, ...more });

test("an entry knows its state, its summary and the risk of its open moments", () => {
  const doc = {
    tracks: [{ id: 1, kind: "face", keep: false }, { id: 2, kind: "plate", keep: true }, { id: 7, kind: "face", keep: false }],
    left: [{ id: 3, kind: "face" }],
    doubts: [{ track: 1, risk: 0.7, settled: true }, { track: 1, risk: 0.2, settled: false }, { track: 3, risk: 0.4, settled: false }],
  };
  const found = entries(doc, [1, 2, 3].map((id) => ({ id, best: id / 10 })));
  assert.deepEqual(found.map((t) => [t.id, t.state, t.best, t.risk]), [[1, "erased", 0.1, 0.2], [2, "kept", 0.2, 0], [3, "left", 0.3, 0.4]]);
});

test("filters by kind, state, score, sightings and doubt", () => {
  const all = [track(1), track(2, { kind: "plate" }), track(3, { state: "left", best: 0.2 }), track(4, { seen: 2, risk: 0.3 })];
  const ids = (filter) => shown(all, { ...ALL, ...filter }).map((t) => t.id);
  assert.deepEqual(ids({}), [1, 2, 3, 4]);
  assert.deepEqual(ids({ kind: "plate" }), [2]);
  assert.deepEqual(ids({ state: "left" }), [3]);
  assert.deepEqual(ids({ best: 0.2 }), [3]);
  assert.deepEqual(ids({ seen: 2 }), [4]);
  assert.deepEqual(ids({ doubtful: true }), [4]);
});

test("the least sure comes first, and the list itself stays as it is", () => {
  const all = [track(1, { best: 0.9 }), track(2, { best: 0.2, seen: 5 }), track(3, { best: 0.2, seen: 1 })];
  assert.deepEqual(ordered(all, "unsure").map((t) => t.id), [3, 2, 1]);
  assert.deepEqual(ordered(all, "time").map((t) => t.id), [1, 2, 3]);
  assert.equal(all[0].id, 1);
});

test("like one in its place: same kind and state, both still, boxes that overlap", () => {
  const lamp = track(1);
  assert.ok(isLike(lamp, track(2, { place: [5, 5, 45, 45] })));
  assert.ok(isLike(lamp, track(2, { place: [10, 10, 20, 20] })), "a small one inside");
  assert.ok(!isLike(lamp, track(2, { place: [30, 0, 70, 40] })));
  assert.ok(!isLike(lamp, track(2, { place: [100, 0, 140, 40] })));
  assert.ok(!isLike(lamp, track(2, { kind: "plate" })));
  assert.ok(!isLike(lamp, track(2, { state: "left" })));
  assert.ok(!isLike(lamp, track(2, { still: false })), "somebody who passes by stays covered");
});

test("those like the chosen ones are added, but not those like the added ones", () => {
  const all = [track(1), track(2, { place: [18, 0, 58, 40] }), track(3, { place: [36, 0, 76, 40] })];
  assert.deepEqual([...withLike(all, new Set([1]))], [1, 2]);
  assert.deepEqual([...withLike(all, new Set([2]))].sort(), [1, 2, 3]);
  assert.deepEqual([...withLike(all, new Set())], []);
});

test("what is surer than the chosen ones, seen briefly, or of another size is not taken unasked", () => {
  const chosen = [track(1, { best: 0.4 })];
  assert.equal(doubtAbout(track(2, { best: 0.4, seen: 90 }), chosen), "");
  assert.equal(doubtAbout(track(3, { best: 0.6, seen: 90 }), chosen), "surer");
  assert.equal(doubtAbout(track(4, { best: 0.4, seen: 5 }), chosen), "brief");
  assert.equal(doubtAbout(track(5, { best: 0.4, seen: 90, place: [10, 10, 20, 20] }), chosen), "size");
});
