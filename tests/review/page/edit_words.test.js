import assert from "node:assert/strict";
import { test } from "node:test";

import { editWords } from "../../../src/efface/review/page/edit_words.js";

const DOC = {
  tracks: [{ id: 1, kind: "face" }, { id: 4, kind: "drawn" }, { id: 5, kind: "drawn", is_area: true }],
  left: [{ id: 2, kind: "plate" }],
  deleted: [{ id: 3, kind: "plate" }],
  areas: [{ id: 6 }],
};

test("an entry is said with what it was about", () => {
  const said = (edit) => editWords(edit, DOC);
  assert.equal(said({ edit: "delete", track: 3 }), "deleting Plate 3");
  assert.equal(said({ edit: "delete", track: 6 }), "deleting Kept area 6");
  assert.equal(said({ edit: "delete", track: 99 }), "deleting track 99");
  assert.equal(said({ edit: "delete_tracks", tracks: [1, 3, 9] }), "deleting 3 tracks");
  assert.equal(said({ edit: "keep", track: 1, keep: true }), "keeping Face 1 visible");
  assert.equal(said({ edit: "justify", tracks: [2], reason: "s. 38" }), "the reason for Possible plate 2");
  assert.equal(said({ edit: "justify", tracks: [2], reason: "" }), "no reason for Possible plate 2");
  assert.equal(said({ edit: "keep_tracks", tracks: [2], keep: false }), "covering Possible plate 2");
  assert.equal(said({ edit: "place", track: 4 }), "moving the box of Drawn box 4");
  assert.equal(said({ edit: "split", track: 5 }), "splitting Erased area 5");
  assert.equal(said({ edit: "black", first: 3, last: 3, black: true }), "blackout of 1 frame");
  assert.equal(said({ edit: "black", first: 3, last: 9, black: false }), "the end of blackout of 7 frames");
  assert.equal(said({ edit: "mute", off: [], on: [0, 500] }), "1 silent span");
  assert.equal(said({ edit: "mute", off: [], on: [0, 500, 900, 1000] }), "2 silent spans");
  assert.equal(said({ edit: "mute", off: [0, 500], on: [0, 400] }), "changing a silent span");
  assert.equal(said({ edit: "mute", off: [0, 500], on: [] }), "a silent span that is heard again");
  assert.equal(said({ edit: "approve", approved: true }), "accepting the file");
  assert.equal(said(null), "");
});
