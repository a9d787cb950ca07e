// Finds the translation of a text of the page in a table of one language. It needs no browser.
//
// The table is keyed by the English text. A part that changes stands in braces. {n} and {n2} are numbers. {name} and {name2} stay
// as they are, as names of files do. {why} is looked up, and stays as it is where it is not known: a library may say anything. Any
// other ({what}, {other}) is looked up, and where it is not known, the text is another one.

const MOST_KEPT = 2000; // texts whose translation is remembered
const HAS_WORDS = /\p{L}{2}/u;
const BEGIN = "(?=\\p{Lu}|\\d|efface )"; // of a sentence
const CLAUSE = `((?:(?![.!?] ${BEGIN}).)+?)`; // does not reach into the next sentence
const SENTENCES = new RegExp(`(?<=[.!?]) ${BEGIN}`, "u");
const IS_NUMBER = /^n\d*$/;
const PART = /\{(\w+)\}/g;
const NUMBER = "[\\d.,:]+(?:\\u200a?[–/]\\u200a?[\\d.,:]+)?";

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// A text without the spaces that only make it look better.
export const plain = (text) => text.replace(/\u200a/g, "").replace(/\s+/g, " ").trim();

function patternOf(key, said) {
  const names = [];
  const source = key.split(PART).map((part, i) => {
    if (i % 2 === 0) return escaped(part);
    names.push(part);
    if (IS_NUMBER.test(part)) return `(${NUMBER})`;
    return part.startsWith("why") ? CLAUSE : "(.+?)";
  });
  const form = new RegExp(`^${source.join("")}$`, "su");
  // Most texts are told apart by their ends, which costs far less.
  return { form, names, said, head: key.slice(0, key.indexOf("{")), tail: key.slice(key.lastIndexOf("}") + 1) };
}

export class Phrases {
  #exact = new Map();
  #patterns = [];
  #kept = new Map();

  constructor(table) {
    for (const [key, said] of Object.entries(table)) {
      if (key.includes("{")) this.#patterns.push(patternOf(key, said));
      else this.#exact.set(key, said);
    }
    // The one that leaves the least open comes first.
    this.#patterns.sort((a, b) => b.form.source.length - a.form.source.length);
  }

  // The translation, with the spaces around the text; the text itself where there is none.
  say(text) {
    if (!HAS_WORDS.test(text)) return text;
    const kept = this.#kept.get(text);
    if (kept !== undefined) return kept;
    const [, before, after] = text.match(/^(\s*).*?(\s*)$/s);
    const found = this.find(plain(text)) ?? this.#sentences(plain(text));
    const said = found === null ? text : before + found + after;
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(text, said);
    return said;
  }

  // The translation of a text as a whole, or null.
  find(text) {
    return this.#exact.get(text) ?? this.#byPattern(text);
  }

  #byPattern(text) {
    for (const { form, names, said, head, tail } of this.#patterns) {
      if (!text.startsWith(head) || !text.endsWith(tail)) continue;
      const parts = text.match(form)?.slice(1);
      if (!parts) continue;
      const values = names.map((name, i) => this.#valueOf(name, parts[i]));
      if (values.includes(null)) continue; // a part of it is not known, so this is another text
      return said.replace(PART, (_, name) => values[names.indexOf(name)]);
    }
    return null;
  }

  #valueOf(name, part) {
    if (name.startsWith("n")) return part;
    const found = this.find(part);
    if (found !== null || !name.startsWith("why")) return found;
    return part.split("; ").map((one) => this.find(one) ?? one).join("; ");
  }

  // Several sentences in one text are looked up one by one.
  #sentences(text) {
    const parts = text.split(SENTENCES);
    if (parts.length < 2) return null;
    const found = parts.map((part) => this.find(part));
    return found.every((part) => part === null) ? null : parts.map((part, i) => found[i] ?? part).join(" ");
  }
}
