import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { GERMAN } from "../../../src/efface/review/page/german.js";
import { SHORTCUTS } from "../../../src/efface/review/page/keys.js";
import { Phrases, plain } from "../../../src/efface/review/page/phrases.js";
import { LANGUAGES, preferred } from "../../../src/efface/review/page/translate.js";
import { CAUSES, KINDS, STATES, nameOfTrack } from "../../../src/efface/review/page/words.js";

const PAGE = new URL("../../../src/efface/review/page/", import.meta.url);
const read = (name) => readFileSync(new URL(name, PAGE), "utf8");
const german = new Phrases(GERMAN);

const TABLE = new Phrases({
  Files: "Dateien",
  "deleting {what}": "löschen von {what}",
  "Face {n}": "Gesicht {n}",
  "Undone: {what}.": "Zurück: {what}.",
  "Copy: {name}": "Kopie: {name}",
  "{n} of {n2} done": "{n2}, davon {n} fertig",
  "Choose files…": "Wählen …",
});

test("a text is found as it is, with the spaces around it", () => {
  assert.equal(TABLE.say(" Files "), " Dateien ");
  assert.equal(TABLE.say("Choose files\u200a…"), "Wählen …");
  assert.equal(TABLE.say("What is not known"), "What is not known");
  assert.equal(TABLE.say("0:01 · 3"), "0:01 · 3");
});

test("what changes in a text is put where the language has it", () => {
  assert.equal(TABLE.say("2 of 3 done"), "3, davon 2 fertig");
  assert.equal(TABLE.say("Undone: deleting Face 12."), "Zurück: löschen von Gesicht 12.");
  assert.equal(TABLE.say("Files. Files."), "Files. Files.");
});

test("a reason that nobody knows stays as it is, in a sentence that is known", () => {
  const table = new Phrases({ "{name}: is damaged: {why}.": "{name}: kaputt: {why}.", "it is gone": "weg", "Try {name2} again.": "{name2} noch mal." });
  assert.equal(table.say("a.b: is damaged: it is gone. Try x.y again."), "a.b: kaputt: weg. x.y noch mal.");
  assert.equal(table.say("a: is damaged: libx: bad data; it is gone."), "a: kaputt: libx: bad data; weg.");
});

test("names of files stay as they are, and what is half known stays whole", () => {
  assert.equal(TABLE.say("Copy: Files"), "Kopie: Files");
  assert.equal(TABLE.say("deleting nobody knows what"), "deleting nobody knows what");
  assert.equal(TABLE.say("Undone: Files $& {what}."), "Undone: Files $& {what}.");
});

test("several sentences are looked up one by one", () => {
  assert.equal(new Phrases({ "It is so.": "Es ist so." }).say("It is so. Who knows?"), "Es ist so. Who knows?");
});

test("the language is the one that was chosen, or the first of the browser's that is known", () => {
  assert.equal(preferred("de", ["en"]), "de");
  assert.equal(preferred(undefined, ["fr-CH", "de-AT", "en"]), "de");
  assert.equal(preferred("xx", ["fr"]), "en");
  assert.ok(Object.values(LANGUAGES).every(({ dir }) => ["ltr", "rtl"].includes(dir)));
});

const unknown = (texts) => texts.filter((text) => /\p{L}{2}/u.test(text) && german.find(plain(text)) === null);
const SAME = ["efface", "Tab", "Enter", "Esc", "×"]; // in every language, or the name of a key

test("every text of the page is in the table", () => {
  const body = read("index.html").replace(/^.*?<body>/s, "");
  const entities = { "&hairsp;": "\u200a", "&lt;": "<", "&gt;": ">", "&amp;": "&" };
  const decoded = (text) => text.replace(/&\w+;/g, (entity) => entities[entity]);
  const between = [...body.matchAll(/>([^<]+)</g)].map((m) => m[1]);
  const inside = [...body.matchAll(/ (?:title|aria-label|placeholder|alt)="([^"]*)"/g)].map((m) => m[1]);
  assert.deepEqual(unknown([...between, ...inside].map(decoded)).filter((t) => !SAME.includes(plain(t))), []);
});

test("every word for a state, a kind, a cause and a key is in the table", () => {
  const keys = SHORTCUTS.flatMap(([title, rows]) => [title, ...rows.map(([, what]) => what)]);
  assert.deepEqual(unknown([...Object.values(CAUSES), ...Object.values(KINDS), ...Object.values(STATES), ...keys]), []);
});

test("a track of every kind has a name, erased or left visible", () => {
  const names = Object.keys(KINDS).flatMap((kind) => ["", "left"].map((state) => nameOfTrack({ id: 7, kind, state })));
  assert.deepEqual(unknown(names.filter((name) => name !== "Possible drawn 7")), []); // nothing drawn is left visible
});

// The texts of a script. Where a template puts something in, there is a hole.
const HOLE = "\u0000";
function literals(code) {
  const found = [];
  const plainCode = code.replace(/^\s*\/\/.*$/gm, "").replace(/ \/\/ .*$/gm, "");
  let rest = plainCode;
  for (let again = true; again; ) {
    again = false;
    // From the inside out: a template without another in it. Each stands on one line.
    rest = rest.replace(/`((?:[^`\\$\n]|\\.|\$(?!\{)|\$\{[^`{}\n]*\})*)`/g, (_, text) => {
      for (const [, word] of text.matchAll(/"((?:[^"\\]|\\.)*)"/g)) found.push(word);
      found.push(text.replace(/\$\{[^}]*\}/g, HOLE));
      again = true;
      return "0";
    });
  }
  for (const [, text] of rest.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)) found.push(text);
  return found;
}

const isSentence = (text) =>
  /^(\p{Lu}|\0)/u.test(text) && /\p{L}{2,}[,:.]? \p{L}{2,}/u.test(text) && !/[<>{}[\]#=_/]|sans-serif/.test(text);

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

test("every sentence of the scripts is in the table", () => {
  const keys = Object.keys(GERMAN);
  const missing = [];
  for (const name of readdirSync(PAGE)) {
    if (!name.endsWith(".js") || /^(english|german|phrases|translate)/.test(name)) continue;
    for (const text of literals(read(name)).filter(isSentence)) {
      const form = new RegExp(`^${plain(text).split(HOLE).map(escaped).join(".*")}$`, "su");
      if (!keys.some((key) => form.test(key))) missing.push(`${name}: ${text.replaceAll(HOLE, "{}")}`);
    }
  }
  assert.deepEqual(missing, [], "add the translation to german.js");
});
