// Many files: a grid with their states.

import { get } from "./api.js";
import { STATES, by, el } from "./words.js";

const FILTERS = { all: "All", new: "Not looked at", review: "Needs review", accepted: "Accepted", rendered: "Rendered" };

export class Queue {
  files = [];
  #filter = "all";
  #focus = 0;
  opens = false; // the server takes more files
  onOpen = () => {};
  onDraw = () => {};
  onCard = () => null; // what stands below a card

  constructor() {
    for (const [name, text] of Object.entries(FILTERS)) {
      const button = el("button", { "data-filter": name, onclick: () => this.show(name) }, text);
      by("filters").append(button);
    }
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
      Object.assign(this, { files: answer.files, opens: answer.opens });
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

  get focused() {
    return this.#focus;
  }

  shown() {
    const isWanted = (s) => this.#filter === "all" || s === this.#filter || (this.#filter === "new" && s === "looking");
    return this.files.filter((f) => isWanted(f.state));
  }

  draw() {
    for (const button of by("filters").children) {
      const name = button.dataset.filter;
      const count = this.files.filter((f) => name === "all" || f.state === name || (name === "new" && f.state === "looking")).length;
      button.textContent = `${FILTERS[name]} ${count}`;
      button.setAttribute("aria-pressed", String(name === this.#filter));
    }
    const had = by("cards").contains(document.activeElement);
    const shown = this.shown();
    by("cards").replaceChildren(...shown.map((f) => this.#card(f)));
    by("no-cards").hidden = shown.length > 0;
    by("look-all").hidden = this.opens || !this.files.some((f) => f.state === "new");
    this.onDraw();
    if (had) this.focus(this.#focus);
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
    const row = Math.max(1, cards.filter((c) => c.offsetTop === cards[0].offsetTop).length);
    const on = document.documentElement.dir === "rtl" ? -1 : 1;
    const by_ = { ArrowLeft: -on, ArrowRight: on, ArrowUp: -row, ArrowDown: row, Home: -cards.length, End: cards.length }[key];
    cards[Math.min(Math.max(now + by_, 0), cards.length - 1)].focus();
  }

  #card(file) {
    const work = file.works.find((w) => w.state === "running" || w.state === "waiting");
    const share = work?.total ? ` ${Math.round((100 * work.done) / work.total)} %` : "";
    const failed = file.works.find((w) => w.state === "failed");
    const hasPicture = !["new", "looking"].includes(file.state);
    const thumb = hasPicture
      ? el("img", { src: `/api/files/${file.id}/frame/0?side=320&final=1&look=${this.#look}`, loading: "lazy", alt: "" })
      : el("span", {}, file.state === "looking" ? (work?.state === "waiting" ? "waiting" : `looking${share}`) : "not looked at");
    const doubts = file.doubts ? `${file.doubts} doubtful` : "";
    return el(
      "li", {},
      el(
        "button", { "data-id": file.id, onclick: () => this.onOpen(file.id) },
        el("span", { class: "thumb" }, thumb),
        el(
          "span", { class: "words" },
          el("b", { title: file.name }, file.name),
          el("span", { class: "chip", "data-state": file.state }, STATES[file.state] + (doubts && file.state === "review" ? `, ${doubts}` : "")),
          failed ? el("span", { class: "bad-word" }, failed.said) : null,
        ),
      ),
      this.onCard(file),
    );
  }
}
