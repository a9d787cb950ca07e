// The list of files is asked for before the scripts have loaded. That answer serves once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { NoAnswer, get } from "../../../src/efface/review/page/api.js";

const answer = (files) => ({ ok: true, status: 200, text: async () => JSON.stringify({ files }) });

test("the early answer is taken once, and for the list only", async () => {
  globalThis.fetch = async (path) => answer([path]);
  globalThis.earlyFiles = Promise.resolve(answer(["early"]));
  assert.deepEqual((await get("/api/files/0")).files, ["/api/files/0"]);
  assert.deepEqual((await get("/api/files")).files, ["early"]);
  assert.deepEqual((await get("/api/files")).files, ["/api/files"]);
});

test("an early question without an answer is said as any other", async () => {
  globalThis.earlyFiles = Promise.reject(new TypeError("no network"));
  await assert.rejects(get("/api/files"), NoAnswer);
});
