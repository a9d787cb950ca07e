// The store against a server played by the test: what is sent, and what is done with the answers.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Store } from "../../../src/efface/review/page/store.js";

let asked; // [path, body] of each request
let answers; // by path: a function of the body that returns [status, data]
let toasts;

const documentOf = (version, more = {}) => ({
  id: 0, version, medium: "video", seconds: [0, 0.04, 0.08], sizes: [[320, 180]], tracks: [{ id: 1 }], left: [], areas: [],
  undo: "", redo: "", ...more,
});

beforeEach(() => {
  [asked, answers, toasts] = [[], {}, []];
  globalThis.fetch = async (path, { body } = {}) => {
    asked.push([path, body && JSON.parse(body)]);
    const [status, data] = await answers[path](body && JSON.parse(body));
    return { ok: status < 400, status, text: async () => JSON.stringify(data) };
  };
  const line = { setAttribute() {}, append: (text) => toasts.push(text), remove() {} };
  const list = { append() {}, children: [] };
  globalThis.document = { createElement: () => line, getElementById: () => list };
  globalThis.setTimeout = () => 0;
});

async function opened(doc = documentOf(0)) {
  answers["/api/files/0"] = () => [200, doc];
  const store = new Store();
  await store.open(0);
  return store;
}

test("an edit names the version it is about, and the file is read again", async () => {
  const store = await opened();
  answers["/api/files/0/edits"] = () => {
    answers["/api/files/0"] = () => [200, documentOf(1)];
    return [200, {}];
  };
  assert.equal(await store.change({ edit: "black" }), true);
  assert.deepEqual(asked[1], ["/api/files/0/edits", { version: 0, edits: [{ edit: "black" }] }]);
  assert.equal(store.doc.version, 1);
});

test("edits made quickly are sent one after the other, each about the version before it", async () => {
  const store = await opened();
  let version = 0;
  answers["/api/files/0/edits"] = (body) => {
    if (body.version !== version) return [409, { version, since: ["black"] }];
    version += 1;
    return [200, {}];
  };
  answers["/api/files/0"] = () => [200, documentOf(version)];
  assert.deepEqual(await Promise.all([store.change({ edit: "black" }), store.change({ edit: "black" })]), [true, true]);
  assert.deepEqual(asked.filter(([, body]) => body).map(([, body]) => body.version), [0, 1]);
});

test("an edit is sent again when others have only added to the plan", async () => {
  const store = await opened();
  answers["/api/files/0/edits"] = (body) => (body.version === 5 ? [200, {}] : [409, { version: 5, since: ["draw"] }]);
  assert.equal(await store.change({ edit: "keep" }), true);
  assert.deepEqual(toasts, []);
});

test("an edit is not made when another tab changed the plan otherwise", async () => {
  const store = await opened();
  answers["/api/files/0/edits"] = () => [409, { version: 5, since: ["draw", "delete"] }];
  assert.equal(await store.change({ edit: "keep" }), false);
  assert.match(toasts[0], /Another tab/);
  assert.equal(asked.filter(([path]) => path.endsWith("/edits")).length, 1);
});

test("undo is never sent again: it would undo what another tab did", async () => {
  const store = await opened(documentOf(0, { undo: "keep" }));
  answers["/api/files/0/edits"] = () => [409, { version: 1, since: ["draw"] }];
  assert.equal(await store.change({ edit: "undo" }), false);
  assert.equal(asked.filter(([path]) => path.endsWith("/edits")).length, 1);
});

test("undo is not sent when there is nothing to undo", async () => {
  const store = await opened();
  assert.equal(await store.change({ edit: "undo" }), false);
  assert.equal(asked.length, 1);
});

test("an older answer does not replace a newer one", async () => {
  const store = await opened();
  const free = [];
  answers["/api/files/0"] = () => new Promise((resolve) => free.push(resolve));
  const [first, second] = [store.reload(), store.reload()];
  free[1]([200, documentOf(2)]);
  await second;
  free[0]([200, documentOf(1)]);
  await first;
  assert.equal(store.doc.version, 2);
});

test("what is chosen and no longer there is no longer chosen", async () => {
  const store = await opened();
  store.choose(1);
  store.choose(9, true);
  answers["/api/files/0"] = () => [200, documentOf(1)];
  await store.reload();
  assert.deepEqual(store.chosen, [1]);
});

test("boxes are those of the frame, and the earlier ones until new ones have come", async () => {
  const store = await opened();
  const path = "/api/files/0/boxes?first=0&last=2";
  answers[path] = () => [200, { boxes: [0, 1, 10, 10, 20, 20, 1, 2, 1, 30, 30, 40, 40, 0] }];
  assert.equal(store.boxes(0), null);
  await new Promise((resolve) => store.addEventListener("boxes", resolve, { once: true }));
  assert.deepEqual(store.boxes(0), [[1, 10, 10, 20, 20, 1]]);
  assert.deepEqual(store.boxes(1), []);
  assert.deepEqual(store.boxOf(1, 2), [30, 30, 40, 40]);
  answers[path] = () => new Promise(() => {});
  await store.reload();
  assert.deepEqual(store.boxes(0), [[1, 10, 10, 20, 20, 1]]);
});
