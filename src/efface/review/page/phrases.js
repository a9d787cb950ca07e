// Finds the translation of a text of the page in a table of one language. It needs no browser.
//
// The table is keyed by the English text. A part that changes stands in braces: {n} is a number, {name} is the name of a file
// and stays as it is, any other ({what}, {other}) is a text that is looked up as well.

const MOST_KEPT = 2000; // texts whose translation is remembered
const HAS_WORDS = /\p{L}{2}/u;
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
    return part.startsWith("n") && part !== "name" ? `(${NUMBER})` : "(.+?)";
  });
  return { form: new RegExp(`^${source.join("")}$`, "su"), names, said };
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
    for (const { form, names, said } of this.#patterns) {
      const parts = text.match(form)?.slice(1);
      if (!parts) continue;
      const kept = (name, part) => (name.startsWith("n") ? part : this.find(part));
      const values = names.map((name, i) => kept(name, parts[i]));
      if (values.includes(null)) continue; // a part of it is not known, so this is another text
      return said.replace(PART, (_, name) => values[names.indexOf(name)]);
    }
    return null;
  }

  // Several sentences in one text are looked up one by one.
  #sentences(text) {
    const parts = text.split(/(?<=[.!?]) (?=\p{Lu}|\d)/u);
    if (parts.length < 2) return null;
    const found = parts.map((part) => this.find(part));
    return found.every((part) => part === null) ? null : parts.map((part, i) => found[i] ?? part).join(" ");
  }
}
