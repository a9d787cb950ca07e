// All tracks as pictures, to decide about many at once. The pictures are made by the server when they are shown, and kept nowhere.

import { get } from "./api.js";
import { LikeDialog } from "./like_dialog.js";
import { RubberBand } from "./rubber_band.js";
import { Selection } from "./selection.js";
import { timecode } from "./times.js";
import { ORDERS, STATES_OF_TRACKS, doubtAbout, entries, ordered, shown, withLike } from "./track_filter.js";
import { by, el, nameOfTrack, toast } from "./words.js";

const MOST = 600; // pictures at a time
const KIND_WORDS = { all: "All", face: "Faces", plate: "Plates", drawn: "Drawn", text: "Text", code: "Codes", person: "Persons" };

export class Grid {
  #store;
  #all = [];
  #cards = new Map(); // by id, kept so that no picture is asked for twice
  #selection = new Selection();
  #likes = new LikeDialog();
  #filter = { kind: "all", state: "erased", best: null, seen: null, doubtful: false };
  #order = "unsure";
  #focus = null; // id
  #asks = 0;
  isOpen = false;
  onAct = () => {};

  constructor(store) {
    this.#store = store;
    store.addEventListener("changed", () => this.isOpen && this.load());
    store.addEventListener("opened", () => this.close());
    this.#toggles("grid-kinds", "kind", KIND_WORDS);
    this.#toggles("grid-states", "state", STATES_OF_TRACKS);
    by("grid-order").append(...Object.entries(ORDERS).map(([value, text]) => el("option", { value }, text)));
    by("grid-order").addEventListener("change", () => this.#sort(by("grid-order").value));
    by("grid-best").addEventListener("input", () => this.#limit());
    by("grid-seen").addEventListener("input", () => this.#limit());
    by("grid-doubtful").addEventListener("change", () => this.#limit());
    by("grid-close").addEventListener("click", () => this.close());
    for (const button of document.querySelectorAll("#grid [data-act]")) button.addEventListener("click", () => this.#act(button.dataset.act));
    const list = by("grid-list");
    list.addEventListener("click", (event) => this.#click(event));
    list.addEventListener("dblclick", (event) => this.#visit(this.#idOf(event)));
    list.addEventListener("focusin", (event) => this.#focused(this.#idOf(event)));
    new RubberBand(list, (cards) => {
      this.#selection.add(cards.map((card) => Number(card.dataset.id)));
      this.#mark();
    });
  }

  #toggles(place, field, words) {
    for (const [value, text] of Object.entries(words)) {
      by(place).append(el("button", { "data-value": value, onclick: () => this.#set(field, value) }, text));
    }
  }

  #set(field, value) {
    this.#filter[field] = value;
    this.draw();
  }

  #sort(order) {
    this.#order = order;
    this.draw();
  }

  #limit() {
    const [best, seen] = [Number(by("grid-best").value), Number.parseInt(by("grid-seen").value, 10)];
    this.#filter.best = best >= 1 ? null : best;
    this.#filter.seen = seen > 0 ? seen : null;
    this.#filter.doubtful = by("grid-doubtful").checked;
    by("grid-best-said").textContent = best >= 1 ? "any" : `up to ${best.toFixed(2)}`;
    this.draw();
  }

  async open() {
    this.isOpen = true;
    this.#selection.none();
    by("grid").hidden = false;
    by("editor").classList.add("browsing");
    await this.load();
    this.#focusCard(this.#focus);
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    by("grid").hidden = true;
    by("editor").classList.remove("browsing");
    this.#cards.clear();
    by("grid-list").replaceChildren();
    this.#focus = null;
    by("stage").focus({ preventScroll: true });
  }

  async load() {
    this.#asks += 1;
    const asked = this.#asks;
    const { tracks } = await get(`${this.#store.path}/tracks`);
    if (asked !== this.#asks || !this.isOpen) return; // a later answer is on its way
    this.#all = entries(this.#store.doc, tracks);
    this.draw();
  }

  draw() {
    for (const [place, field] of [["grid-kinds", "kind"], ["grid-states", "state"]]) {
      for (const button of by(place).children) button.setAttribute("aria-pressed", String(button.dataset.value === this.#filter[field]));
    }
    const found = ordered(shown(this.#all, this.#filter), this.#order);
    const seen = found.slice(0, MOST);
    const had = by("grid-list").contains(document.activeElement);
    const at = this.#ids().indexOf(this.#focus);
    this.#selection.list(seen.map((t) => t.id));
    by("grid-list").replaceChildren(...seen.map((t) => this.#card(t)));
    by("grid-none").hidden = seen.length > 0;
    by("grid-more").hidden = found.length <= MOST;
    by("grid-more").textContent = `${found.length - MOST} more: decide about some of these first.`;
    if (!seen.some((t) => t.id === this.#focus)) this.#focus = seen[Math.min(Math.max(at, 0), seen.length - 1)]?.id ?? null;
    if (had || document.activeElement === document.body) this.#focusCard(this.#focus);
    this.#mark();
  }

  #ids() {
    return [...by("grid-list").children].map((card) => Number(card.dataset.id));
  }

  #address(track) {
    return `${this.#store.path}/crop/${track.frame}?box=${track.box.join(",")}`;
  }

  #card(track) {
    const known = this.#cards.get(track.id);
    const address = this.#address(track);
    const [name, score, ...more] = this.#words(track);
    const key = [address, name, score, ...more].join();
    if (known?.dataset.key === key) return known;
    const card = el(
      "div", { class: `shot ${track.kind}`, role: "option", tabindex: "-1", "data-id": track.id, "data-key": key, "data-state": track.state },
      el("img", { src: address, alt: "", loading: "lazy", draggable: "false", fetchpriority: "low" }),
      el("b", {}, name),
      el("span", { class: "heard" }, ", "),
      el("span", { class: "score" }, score),
      el("span", { class: "heard" }, `, ${more.join(", ")}`),
    );
    this.#cards.set(track.id, card);
    return card;
  }

  #words(track) {
    const at = this.#store.isPhoto ? (this.#store.frames > 1 ? `page ${track.first + 1}` : "") : timecode(this.#store.doc.seconds[track.first]);
    const score = track.seen ? `${track.best.toFixed(2)} in ${track.seen} ${track.seen === 1 ? "frame" : "frames"}` : "drawn by hand";
    return [nameOfTrack(track), score, STATES_OF_TRACKS[track.state], at].filter(Boolean);
  }

  // What is chosen, in words and for the buttons.
  #mark() {
    const { ids } = this.#selection;
    let [erased, visible] = [0, 0];
    for (const track of this.#all) {
      if (!ids.has(track.id)) continue;
      if (track.state === "erased") erased += 1;
      else visible += 1;
    }
    for (const card of by("grid-list").children) {
      card.setAttribute("aria-selected", String(ids.has(Number(card.dataset.id))));
      card.tabIndex = Number(card.dataset.id) === this.#focus ? 0 : -1;
    }
    by("grid-count").textContent = `${ids.size} of ${by("grid-list").children.length} chosen`;
    const enough = { some: ids.size > 0, erased: erased > 0, visible: visible > 0, any: by("grid-list").children.length > 0 };
    for (const button of document.querySelectorAll("#grid [data-needs]")) button.disabled = !enough[button.dataset.needs];
  }

  // What a person does

  #idOf(event) {
    const card = event.target.closest(".shot");
    return card ? Number(card.dataset.id) : null;
  }

  #focused(id) {
    if (id === null || id === this.#focus) return;
    this.#focus = id;
    for (const card of by("grid-list").children) card.tabIndex = Number(card.dataset.id) === id ? 0 : -1;
  }

  #focusCard(id) {
    const cards = [...by("grid-list").children];
    (cards.find((c) => Number(c.dataset.id) === id) ?? cards[0] ?? by("grid-close")).focus();
  }

  #click(event) {
    const id = this.#idOf(event);
    if (id === null) return;
    if (event.shiftKey) this.#selection.extend(id);
    else this.#selection.toggle(id);
    this.#focusCard(id);
    this.#mark();
  }

  #visit(id) {
    const track = this.#all.find((t) => t.id === id);
    if (!track) return;
    this.close();
    this.onAct("show", track);
  }

  #act(name) {
    const acts = {
      all: () => this.#selection.all(),
      none: () => this.#selection.none(),
      like: () => this.#like(),
      delete: () => this.#decide("deleteTracks", () => true),
      cover: () => this.#decide("coverTracks", (t) => t.state !== "erased"),
      keep: () => this.#decide("keepTracks", (t) => t.state !== "kept"),
    };
    acts[name]();
    this.#mark();
  }

  // Those like the chosen ones are shown before anything happens to them: a person who passed looks like a lamp to a rule.
  async #like() {
    const among = shown(this.#all, { ...this.#filter, best: null, seen: null, doubtful: false });
    if (!this.#selection.size && this.#focus !== null) this.#selection.add([this.#focus]);
    const chosen = among.filter((t) => this.#selection.ids.has(t.id));
    const ids = withLike(among, this.#selection.ids);
    const others = among.filter((t) => ids.has(t.id) && !this.#selection.ids.has(t.id));
    this.#mark();
    if (!others.length) return toast("No other track of that kind stands still in this place.");
    const answer = await this.#likes.ask([...chosen.map((t) => this.#shot(t, chosen, true)), ...others.map((t) => this.#shot(t, chosen, false))]);
    if (answer?.act === "delete") this.onAct("deleteTracks", answer.ids);
    if (answer?.act === "choose") this.#chooseLikes(answer.ids);
    this.#focusCard(this.#focus);
  }

  #chooseLikes(ids) {
    const listed = new Set(this.#ids());
    this.#selection.none();
    this.#selection.add(ids.filter((id) => listed.has(id)));
    this.#mark();
  }

  #shot(track, chosen, isChosen) {
    const [name, score] = this.#words(track);
    return { id: track.id, name, score, src: this.#address(track), isChosen, why: isChosen ? "" : doubtAbout(track, chosen) };
  }

  #decide(name, concerns) {
    const { chosen } = this.#selection;
    // Without a choice it is about the picture in focus, but not while the focus is elsewhere.
    const inFocus = by("grid-list").contains(document.activeElement) ? [this.#focus] : [];
    const asked = chosen.length ? chosen : inFocus;
    const ids = this.#all.filter((t) => asked.includes(t.id) && concerns(t)).map((t) => t.id);
    if (ids.length) this.onAct(name, ids);
    else toast(asked.length ? "Nothing that is chosen can be changed so." : "Choose some pictures first.");
  }

  // Says whether it used the key.
  key(name) {
    const act = this.#keys[name];
    if (act) {
      act();
      return true;
    }
    const [, shift, arrow] = /^(Shift\+)?(Arrow\w+|Home|End|PageUp|PageDown)$/.exec(name) ?? [];
    if (arrow) this.#step(arrow, Boolean(shift));
    return Boolean(arrow);
  }

  #keys = {
    " ": () => this.#toggle(), "Shift+ ": () => this.#range(), Enter: () => this.#visit(this.#focus), Escape: () => this.#escape(), y: () => this.close(),
    "Ctrl+a": () => this.#act("all"), l: () => this.#act("like"), x: () => this.#act("delete"), Delete: () => this.#act("delete"),
    c: () => this.#act("cover"), v: () => this.#act("keep"), z: () => this.onAct("undo"), "Shift+z": () => this.onAct("redo"),
    "Ctrl+z": () => this.onAct("undo"), "Ctrl+Shift+z": () => this.onAct("redo"), "Ctrl+y": () => this.onAct("redo"),
  };

  #toggle() {
    if (this.#focus !== null) this.#selection.toggle(this.#focus);
    this.#mark();
  }

  #range() {
    if (this.#focus !== null) this.#selection.extend(this.#focus);
    this.#mark();
  }

  #escape() {
    if (!this.#selection.size) return this.close();
    this.#selection.none();
    this.#mark();
  }

  #step(arrow, extends_) {
    const cards = [...by("grid-list").children];
    if (!cards.length) return;
    const ids = this.#ids();
    const now = Math.max(0, ids.indexOf(this.#focus));
    const row = Math.max(1, cards.filter((c) => c.offsetTop === cards[0].offsetTop).length);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, PageUp: -3 * row, PageDown: 3 * row, Home: -cards.length, End: cards.length }[arrow];
    const next = Math.min(Math.max(now + step, 0), cards.length - 1);
    if (extends_) {
      this.#selection.begin(ids[now]);
      this.#selection.extend(ids[next]);
    }
    this.#focusCard(ids[next]);
    this.#mark();
  }
}
