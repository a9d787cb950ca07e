// Many files: a grid with their states.

import { get, post } from "./api.js";
import { moved } from "./order.js";
import { STATES, by, el, toast } from "./words.js";

const FILTERS = { all: "All", new: "Not looked at", review: "Needs review", accepted: "Accepted", rendered: "Done" };

// What a card says of its file: a class and a word.
function stateOf(file, work, failed) {
  if (!work && failed) return ["failed", "failed"];
  if (file.state === "looking" && work?.state === "waiting") return ["looking", "waiting"];
  const doubts = file.state === "review" && file.doubts ? `, ${file.doubts} doubtful` : "";
  return [file.state, STATES[file.state] + doubts];
}

// What cannot be read has no picture.
function unseen({ target }) {
  target.replaceWith(el("span", { class: "count" }, "no picture"));
}

export class Queue {
  files = [];
  order = []; // ids, as a person put them
  isPaused = false;
  #filter = "all";
  #cards = new Map(); // by id, with what they were made of: one that has not changed is not made again
  #thumbs = new Map(); // the same of their pictures, which outlive a step of progress
  #showsBefore = true;
  #dragged = null; // id
  #focus = 0;
  opens = false; // the server takes more files
  onOpen = () => {};
  onDraw = () => {};
  onWatch = () => {}; // the finished copy of a file
  onCard = () => null; // what stands below a card
  isTimed = () => false; // what stands there changes with time

  constructor() {
    for (const [name, text] of Object.entries(FILTERS)) {
      const button = el("button", { "data-filter": name, onclick: () => this.show(name) }, text);
      by("filters").append(button);
    }
    by("queue-before").addEventListener("click", () => {
      this.#showsBefore = !this.#showsBefore;
      this.draw();
    });
    this.#takeDrags(by("cards"));
    by("cards").addEventListener("focusin", (event) => {
      const id = event.target.dataset.id;
      if (id !== undefined) this.#focus = Number(id);
    });
  }

  // One question at a time. It is asked again if something happened meanwhile: an answer that was
  // given before must not replace what is known since.
  load() {
    this.#isOutdated = true;
    this.#loading ??= this.#read().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }
  #isOutdated = false;
  #loading = null;

  async #read() {
    let answer;
    while (this.#isOutdated) {
      this.#isOutdated = false;
      answer = await get("/api/files");
      Object.assign(this, { files: answer.files, opens: answer.opens, order: answer.order ?? [], isPaused: Boolean(answer.paused) });
      this.draw();
    }
    return answer.bound;
  }

  // An event told something that an answer on its way may not know.
  outdate() {
    this.#isOutdated = true;
  }

  // Pictures look different now: they are asked for again.
  redraw() {
    this.#look += 1;
    this.draw();
  }
  #look = 0;

  show(filter) {
    this.#filter = filter;
    this.draw();
  }

  // Draws before the next picture of the screen, however many events come until then.
  drawSoon() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.draw();
    });
  }
  #isDue = false;

  get focused() {
    return this.#focus;
  }

  shown() {
    const isWanted = (s) => this.#filter === "all" || s === this.#filter || (this.#filter === "new" && s === "looking");
    return this.ordered().filter((f) => isWanted(f.state));
  }

  ordered() {
    const place = new Map(this.order.map((id, i) => [id, i]));
    const placeOf = (f) => place.get(f.id) ?? this.order.length + f.id;
    return [...this.files].sort((a, b) => placeOf(a) - placeOf(b));
  }

  // Puts a file where another one is shown. What waits is done in that order, too.
  async #place(id, to) {
    const shown = this.shown().map((f) => f.id);
    if (id === to || !shown.includes(to)) return;
    this.order = moved(this.order, id, to);
    this.#focus = id;
    this.draw();
    this.focus(id);
    try {
      await post("/api/queue", { order: this.order });
    } catch (error) {
      toast(error.message, true);
      await this.load();
    }
  }

  // Alt with an arrow moves the file in focus by one place, up and down by a row.
  move(key) {
    const shown = this.shown().map((f) => f.id);
    const at = shown.indexOf(this.#focus);
    const to = at + { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#row(), ArrowDown: this.#row() }[key];
    if (at >= 0 && shown.length) return this.#place(this.#focus, shown[Math.min(Math.max(to, 0), shown.length - 1)]);
  }

  #takeDrags(list) {
    const idOf = (event) => Number(event.target.closest("li")?.dataset.card ?? -1);
    list.addEventListener("dragstart", (event) => {
      this.#dragged = idOf(event);
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", ""); // some browsers drag nothing without it
    });
    list.addEventListener("dragover", (event) => {
      if (this.#dragged !== null) event.preventDefault();
    });
    list.addEventListener("drop", (event) => {
      if (this.#dragged === null) return;
      event.preventDefault();
      const to = idOf(event);
      if (to >= 0) this.#place(this.#dragged, to);
    });
    list.addEventListener("dragend", () => {
      this.#dragged = null;
    });
  }

  draw() {
    for (const button of by("filters").children) {
      const name = button.dataset.filter;
      const count = this.files.filter((f) => name === "all" || f.state === name || (name === "new" && f.state === "looking")).length;
      button.textContent = `${FILTERS[name]} ${count}`;
      button.setAttribute("aria-pressed", String(name === this.#filter));
    }
    by("queue-before").setAttribute("aria-pressed", String(this.#showsBefore));
    const had = by("cards").contains(document.activeElement);
    const shown = this.shown();
    this.#fill(shown.map((f) => this.#kept(f)));
    by("no-cards").hidden = shown.length > 0;
    by("look-all").hidden = this.opens || !this.files.some((f) => f.state === "new");
    this.onDraw();
    if (had) this.focus(this.#focus);
  }

  // Puts these cards into the list. Those that are there in their place are not touched.
  #fill(cards) {
    const list = by("cards");
    const there = [...list.children];
    const isInPlace = there.length === cards.length && cards.every((card, i) => card === there[i] || card.parentNode !== list);
    if (!isInPlace) return list.replaceChildren(...cards);
    cards.forEach((card, i) => {
      if (card !== there[i]) there[i].replaceWith(card);
    });
  }

  #kept(file) {
    const key = JSON.stringify([file, this.#look, this.#showsBefore]);
    const known = this.#cards.get(file.id);
    if (known?.key === key && !this.isTimed(file)) return known.card;
    const card = this.#card(file);
    this.#cards.set(file.id, { key, card });
    return card;
  }

  focus(id) {
    const cards = [...by("cards").querySelectorAll("button[data-id]")];
    (cards.find((c) => Number(c.dataset.id) === id) ?? cards[0])?.focus();
  }

  // Arrows: left and right to the next file, up and down by a row.
  step(key) {
    const cards = [...by("cards").querySelectorAll("button[data-id]")];
    if (!cards.length) return;
    const now = Math.max(0, cards.findIndex((c) => Number(c.dataset.id) === this.#focus));
    const row = this.#row();
    const on = document.documentElement.dir === "rtl" ? -1 : 1;
    const by_ = { ArrowLeft: -on, ArrowRight: on, ArrowUp: -row, ArrowDown: row, Home: -cards.length, End: cards.length }[key];
    cards[Math.min(Math.max(now + by_, 0), cards.length - 1)].focus();
  }

  #row() {
    const cards = [...by("cards").children];
    return Math.max(1, cards.filter((c) => c.offsetTop === cards[0].offsetTop).length);
  }

  // The file as it is and as it will look; only as it is before efface has looked at it.
  #thumb(file, text) {
    const isKnown = !["new", "looking"].includes(file.state);
    const wanted = isKnown ? (this.#showsBefore ? [0, 1] : [1]) : this.#showsBefore ? [0] : [];
    const key = JSON.stringify([wanted, isKnown, this.#look, file.version ?? 0, file.done]);
    const known = this.#thumbs.get(file.id);
    if (known?.key === key) return known.pictures;
    const address = (isFinal) => `/api/files/${file.id}/thumb?final=${isFinal}&look=${this.#look}`;
    const picture = (isFinal) =>
      el(
        "span", {},
        el("img", { src: address(isFinal), loading: "lazy", fetchpriority: "low", alt: "", draggable: "false", onerror: unseen }),
        isKnown && wanted.length > 1 ? el("i", {}, isFinal ? "after" : "before") : null,
      );
    const pictures = wanted.length ? wanted.map(picture) : [el("span", {}, text)];
    this.#thumbs.set(file.id, { key, pictures });
    return pictures;
  }

  #card(file) {
    const work = file.works.find((w) => w.state === "running" || w.state === "waiting");
    const share = work?.total ? ` ${Math.round((100 * work.done) / work.total)} %` : "";
    const failed = file.works.find((w) => w.state === "failed");
    const text = file.state === "looking" ? (work?.state === "waiting" ? "waiting" : `looking${share}`) : "not looked at";
    const [state, word] = stateOf(file, work, failed);
    return el(
      "li", { "data-card": file.id, draggable: "true" },
      el(
        "button", { "data-id": file.id, onclick: () => this.onOpen(file.id) },
        el("span", { class: "thumb" }, ...this.#thumb(file, text)),
        el(
          "span", { class: "words" },
          el("b", { title: file.name }, file.name),
          el("span", { class: "chip", "data-state": state }, word),
          failed ? el("span", { class: "bad-word" }, failed.said) : null,
        ),
      ),
      this.onCard(file),
    );
  }
}
