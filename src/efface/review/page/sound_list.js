// The list of silent spans: what becomes of the sound in the copy, spans as typed times, and where somebody seems to speak.

import { post } from "./api.js";
import { soundWords, typedMs } from "./sound_words.js";
import { timecode } from "./times.js";
import { by, el, toast } from "./words.js";
import { endMs } from "./waveform.js";

const MOST = 1000; // lines
const CHOICES = [
  ["drop", "The copy has no sound"],
  ["keep", "Keep the sound, but not the silent spans"],
  ["disguise", "Disguise voices, for ears only; silent spans stay silent"],
];

export class SoundList {
  #store;
  #panel = by("quiet");
  #begun = ["", ""]; // times typed for a new span: a redrawn list keeps them

  constructor(store) {
    this.#store = store;
    for (const event of ["opened", "changed"]) store.addEventListener(event, () => this.draw());
    by("wave-keep").addEventListener("click", () => this.chooseAudio("keep"));
  }

  draw() {
    const { doc } = this.#store;
    by("tab-quiet").hidden = !doc.has_sound;
    if (!doc.has_sound) return;
    if (!doc.silent.some(([start]) => start === this.#store.quiet?.[0])) this.#store.quiet = null;
    const had = document.activeElement?.dataset?.key;
    by("quiet-count").textContent = String(doc.silent.length);
    const items = doc.silent.slice(0, MOST).map((span, i) => this.#item(span, i));
    if (doc.silent.length > MOST) items.push(el("p", { class: "empty" }, `${doc.silent.length - MOST} more, further on in the film.`));
    if (!items.length) items.push(el("p", { class: "empty" }, "No span is silent. Draw one in the lane of the sound, or mark it with I and O and press Q."));
    const { scrollTop } = this.#panel;
    this.#panel.replaceChildren(this.#choice(), el("p", { class: "note" }, soundWords(doc)), this.#buttons(), this.#adding(), ...items);
    this.#panel.scrollTop = scrollTop;
    if (had) this.#panel.querySelector(`[data-key="${CSS.escape(had)}"]`)?.focus();
  }

  #choice() {
    const options = CHOICES.map(([value, words]) => {
      const option = el("option", { value }, words);
      option.selected = value === this.#store.doc.audio;
      return option;
    });
    const select = el("select", { id: "quiet-audio", "data-key": "quiet-audio", "aria-label": "Sound of the copy", onchange: () => this.chooseAudio(select.value) }, ...options);
    return el("div", { class: "acts" }, select);
  }

  #buttons() {
    const mark = el("button", { "data-key": "quiet-mark", title: "Silent from I to O (Q)", "aria-keyshortcuts": "Q", onclick: () => this.quiet() }, el("kbd", {}, "Q"), "Silent from I to O");
    const find = el("button", { id: "quiet-speech", "data-key": "quiet-speech", title: "Make silent wherever somebody seems to speak", onclick: () => this.#store.work("speech") }, "Find speech");
    return el("div", { class: "acts" }, mark, find);
  }

  #adding() {
    const [start, end] = ["Start", "End"].map((name, i) => el("input", { type: "text", size: 10, placeholder: i ? "0:14" : "0:10", value: this.#begun[i], "aria-label": `${name} of a new silent span`, "data-key": `quiet-new-${i}`, oninput: (event) => { this.#begun[i] = event.target.value; } }));
    const add = el("button", { "data-key": "quiet-add" }, "Add");
    const form = el("form", { class: "acts", onsubmit: (event) => { event.preventDefault(); this.#typed([], start.value, end.value); } }, start, end, add);
    return form;
  }

  #item([from, to], i) {
    const span = [from, to];
    const field = (name, ms, j) => el("input", {
      type: "text", size: 12, value: timecode(ms / 1000), "aria-label": `${name} of silent span ${i + 1}`, "data-key": `quiet-${i}-${j}`,
      onchange: () => this.#typed(span, start.value, end.value),
    });
    const [start, end] = [field("Start", from, 0), field("End", to, 1)];
    const isHere = this.#store.quiet?.[0] === from;
    return el(
      "div", { class: "acts quiet-item", "aria-current": String(isHere), "data-span": from }, start, end,
      el("button", { "data-key": `quiet-show-${i}`, "aria-label": `Go to silent span ${i + 1}`, onclick: () => this.choose(span, true) }, "Show"),
      el("button", { class: "danger", "data-key": `quiet-off-${i}`, "aria-label": `Let silent span ${i + 1} be heard`, onclick: () => this.remove(span) }, "Remove"),
    );
  }

  choose(span, goes = false) {
    this.#store.quiet = span;
    if (span && goes) this.#store.go(this.#store.at(span[0] / 1000));
    this.draw();
    if (span) this.#panel.querySelector(`[data-span="${span[0]}"]`)?.scrollIntoView({ block: "nearest" });
    this.#store.tell("chosen");
  }

  async #typed(was, startText, endText) {
    const last = endMs(this.#store.doc.seconds);
    const [start, end] = [typedMs(startText), typedMs(endText)];
    if (start === null || end === null) toast("A time is written as 0:10, 12.5 or 1:02:03.5.", true);
    else if (start >= Math.min(end, last)) toast("A span begins before it ends, and before the film ends.", true);
    else {
      if (!was.length) this.#begun = ["", ""];
      return this.#change(was, [start, Math.min(end, last)]);
    }
    this.draw();
  }

  // From I to O, both frames included.
  async quiet() {
    const { doc, marks } = this.#store;
    if (!doc.has_sound) return toast("This file has no sound.");
    if (marks.first === null || marks.last === null) return toast("Mark a range with I and O first.");
    const [first, last] = [Math.min(marks.first, marks.last), Math.max(marks.first, marks.last)];
    const end = last + 1 < doc.seconds.length ? Math.ceil(1000 * doc.seconds[last + 1]) : endMs(doc.seconds);
    await this.#change([], [Math.floor(1000 * doc.seconds[first]), end]);
  }

  async remove(span) {
    if (await this.#change(span, [])) toast("It will be heard. Undo with Z.");
  }

  #change(off, on) {
    return this.#store.change({ edit: "mute", off, on });
  }

  async chooseAudio(audio) {
    await post(`${this.#store.path}/audio`, { audio });
    await this.#store.reload();
  }
}
