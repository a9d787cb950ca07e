// The list of files against a server played by the test: an answer that came before an event must not undo it.

import assert from "node:assert/strict";
import { test } from "node:test";

const node = () => ({
  append() {}, replaceChildren() {}, addEventListener() {}, setAttribute() {}, contains: () => false, querySelectorAll: () => [],
  children: [], dataset: {}, style: {},
});
globalThis.document = { createElement: node, getElementById: node, activeElement: null };

const { Queue } = await import("../../../src/efface/review/page/queue.js");

const answer = (state) => ({ ok: true, status: 200, text: async () => JSON.stringify({ files: [{ id: 0, name: "a", state, works: [] }], bound: 0.5, opens: true }) });

test("what happens while the list is read is read again", async () => {
  const states = ["looking", "rendered"];
  let asked = 0;
  const queue = new Queue();
  globalThis.fetch = async () => {
    asked += 1;
    if (asked === 1) queue.outdate(); // an event that this answer does not know
    return answer(states[asked - 1]);
  };
  await queue.load();
  assert.equal(queue.files[0].state, "rendered");
  assert.equal(asked, 2);
});

test("whoever asks while an answer is on its way gets one that is newer than the question", async () => {
  let asked = 0;
  const queue = new Queue();
  globalThis.fetch = async () => answer(["new", "rendered"][asked++]);
  const [first, second] = [queue.load(), queue.load()];
  assert.deepEqual([await first, await second], [0.5, 0.5]);
  assert.equal(queue.files[0].state, "rendered");
  assert.equal(asked, 2);
});
