import assert from "node:assert/strict";
import { test } from "node:test";

import { soundWords, spanAt, typedMs } from "../../../src/efface/review/page/sound_words.js";

test("what becomes of the sound is said", () => {
  const said = (audio, silent = [], named = []) => soundWords({ has_sound: true, audio, silent, named });
  assert.equal(soundWords({ has_sound: false }), "");
  assert.equal(said("drop", [[0, 5]]), "The copy has no sound.");
  assert.equal(said("keep"), "The sound is kept. No span of it was made silent here.");
  assert.equal(said("keep", [[0, 5]]), "The sound is kept. It is silent in 1 span.");
  assert.equal(said("disguise", [[0, 5], [7, 9]], ["speech"]), "Voices are disguised, for ears only. It is silent in 2 spans. Also silent, as the command says: speech.");
});

test("a time is read as people type it", () => {
  const times = { "0:10": 10000, "12.5": 12500, "1:02:03.5": 3723500, "0:00:01.250": 1250, " 0:59,9 ": 59900 };
  for (const [text, ms] of Object.entries(times)) assert.equal(typedMs(text), ms);
  for (const text of ["", "0:60", "x", "1:2:3:4", "-1", "1e3"]) assert.equal(typedMs(text), null);
});

test("a moment lies in the span that has begun and not ended", () => {
  const silent = [[0, 500], [900, 1000]];
  assert.equal(spanAt(silent, 500), null);
  assert.equal(spanAt(silent, 900), silent[1]);
});
