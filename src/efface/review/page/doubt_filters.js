// Which doubtful moments are shown, by kind and by cause: in the list, and by the keys that go through them.

import { doubtFilter } from "./moments.js";
import { CAUSES, by, el } from "./words.js";

const KIND_WORDS = { face: "Faces", plate: "Plates", drawn: "Drawn", text: "Text", code: "Codes", person: "Persons", whole: "Whole picture" };

export class DoubtFilters {
  #store;
  #filter = { kind: "", cause: "" };

  constructor(store, onChange) {
    this.#store = store;
    store.addEventListener("opened", () => this.clear());
    for (const field of ["kind", "cause"]) {
      by(`doubt-${field}`).addEventListener("change", (event) => {
        this.#filter[field] = event.target.value;
        onChange();
      });
    }
  }

  // Shows all moments.
  clear() {
    this.#filter = { kind: "", cause: "" };
  }

  kindOf(doubt) {
    const store = this.#store;
    if (doubt.track === 0) return "whole";
    return (store.track(doubt.track) ?? store.left(doubt.track) ?? store.doc.deleted.find((t) => t.id === doubt.track))?.kind ?? "face";
  }

  isWanted(doubt) {
    return doubtFilter(this.#filter, (d) => this.kindOf(d))(doubt);
  }

  draw() {
    const { doubts } = this.#store.doc;
    by("doubt-filters").hidden = doubts.length < 2;
    this.#options("kind", "All kinds", KIND_WORDS, (d) => [this.kindOf(d)]);
    this.#options("cause", "All causes", CAUSES, (d) => d.causes);
  }

  // The values that are there, with how many moments each has.
  #options(field, all, words, valuesOf) {
    const counts = new Map();
    for (const value of this.#store.doc.doubts.flatMap(valuesOf)) counts.set(value, (counts.get(value) ?? 0) + 1);
    const found = Object.keys(words).filter((value) => counts.has(value));
    const options = found.map((value) => el("option", { value }, `${words[value]} (${counts.get(value)})`));
    by(`doubt-${field}`).replaceChildren(el("option", { value: "" }, all), ...options);
    if (!counts.has(this.#filter[field])) this.#filter[field] = "";
    by(`doubt-${field}`).value = this.#filter[field];
  }
}
