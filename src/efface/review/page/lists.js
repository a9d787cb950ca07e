// The lists at the side: doubtful moments, riskiest first; all that is left visible; and all tracks. They say in words what the
// timeline draws.

import { DoubtFilters } from "./doubt_filters.js";
import { timecode } from "./times.js";
import { CAUSES, KINDS, by, el, nameOfTrack } from "./words.js";

const NONE_IN_FILM = "Nothing that was seen is left visible. What was never seen is in no list.";
const NONE_ON_PHOTO = "Nothing likely is left visible. What was never seen, is very low or is almost never real is in no list.";
const NAMES = ["doubts", "left", "tracks", "quiet"];
const MOST = 2000; // lines of one list
const MOST_DOUBTS = 500; // each with a picture

export class Lists {
  #store;
  #bound = 0.5;
  #pictures = new Map(); // by address, so that no picture is asked for twice
  shown = "doubts";
  onAct = () => {};

  constructor(store) {
    this.#store = store;
    this.filters = new DoubtFilters(store, () => this.draw());
    store.addEventListener("opened", () => this.#pictures.clear());
    store.addEventListener("chosen", () => this.#follow());
    for (const event of ["opened", "changed", "doubt"]) store.addEventListener(event, () => this.draw());
    const tabs = NAMES.map((name) => by(`tab-${name}`));
    for (const tab of tabs) {
      tab.addEventListener("click", () => this.open(tab.getAttribute("aria-controls")));
      tab.addEventListener("keydown", (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        event.stopPropagation();
        const shown = tabs.filter((t) => !t.hidden);
        const step = event.key === "ArrowRight" ? 1 : shown.length - 1;
        const other = shown[(shown.indexOf(tab) + step) % shown.length];
        this.open(other.getAttribute("aria-controls"));
        other.focus();
      });
    }
  }

  open(name) {
    this.shown = name;
    for (const tab of NAMES.map((n) => by(`tab-${n}`))) {
      const isOpen = tab.getAttribute("aria-controls") === name;
      tab.setAttribute("aria-selected", String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      by(tab.getAttribute("aria-controls")).hidden = !isOpen;
    }
  }

  // Opens a list that has what was chosen, and shows it there.
  #follow() {
    const { selected } = this.#store;
    const isIn = selected !== null && this.#has(selected);
    if (selected !== null && !isIn) this.open(this.#store.left(selected) ? "left" : "tracks");
    this.draw();
    if (selected !== null) by(this.shown).querySelector(`[data-track="${selected}"]`)?.scrollIntoView({ block: "nearest" });
  }

  #has(id) {
    const { doc, doubt } = this.#store;
    const among = {
      doubts: () => doc.doubts.some((d, i) => d.track === id && (i === doubt || this.filters.isWanted(d))),
      left: () => Boolean(this.#store.left(id)),
      tracks: () => Boolean(this.#store.track(id)) || doc.areas.some((a) => a.id === id),
      quiet: () => false,
    };
    return among[this.shown]();
  }

  #when(frame) {
    if (this.#store.isPhoto) return this.#store.frames > 1 ? `page ${frame + 1}` : "";
    return timecode(this.#store.doc.seconds[Math.min(frame, this.#store.frames - 1)]);
  }

  draw() {
    if (!this.#store.frames) return;
    const had = document.activeElement?.dataset?.key;
    by("cost").textContent = this.#store.doc.cost.join(" ");
    this.#drawDoubts();
    this.#drawLeft();
    this.#drawTracks();
    if (had) document.querySelector(`#side [data-key="${CSS.escape(had)}"]`)?.focus();
  }

  #drawDoubts() {
    const { doc } = this.#store;
    const left = doc.doubts.filter((d) => !d.settled).length;
    by("doubt-count").textContent = doc.doubts.length ? `${left} of ${doc.doubts.length}` : "0";
    this.filters.draw();
    const wanted = [...doc.doubts.entries()].filter(([, doubt]) => this.filters.isWanted(doubt));
    const items = wanted.slice(0, MOST_DOUBTS).map(([i, doubt]) => this.#doubt(doubt, i));
    if (!items.length && doc.doubts.length) items.push(el("p", { class: "empty" }, "No doubtful moment is like that."));
    else if (!items.length) {
      items.push(el("p", { class: "empty" }, "Nothing is doubtful by itself. What was never found is not listed: watch all of it."));
    } else if (!left) items.unshift(el("p", { class: "empty" }, "Every doubtful moment was looked at."));
    if (wanted.length > MOST_DOUBTS) items.push(el("p", { class: "empty" }, `${wanted.length - MOST_DOUBTS} more: decide about some of these first.`));
    const list = by("doubts");
    const { scrollTop } = list;
    by("doubt-list").replaceChildren(...items);
    list.scrollTop = scrollTop;
    if (this.#store.doubt >= 0) list.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
  }

  #doubt(doubt, i) {
    const isWhole = doubt.track === 0;
    const left = this.#store.left(doubt.track);
    const kind = this.filters.kindOf(doubt);
    const isHere = i === this.#store.doubt;
    const names = doubt.causes.map((c) => CAUSES[c]).join(", ");
    const isThere = this.#store.track(doubt.track);
    const done = doubt.accepted ? " · looked at" : doubt.settled ? (isThere ? " · decided" : " · deleted") : "";
    const button = el(
      "button",
      { class: `item pictured${this.#store.chosen.includes(doubt.track) ? " about" : ""}${doubt.settled ? " settled" : ""}`, "aria-current": String(isHere), "data-key": `d${i}`, "data-track": doubt.track, onclick: () => this.onAct("jump", i) },
      this.#picture(doubt),
      el(
        "span", { class: "top" },
        el("i", { class: `dot ${kind}`, "aria-hidden": "true" }),
        el("b", {}, this.#nameOf(doubt, kind)),
        el("span", {}, this.#when(doubt.first)),
        el("span", { class: `meter${doubt.risk > this.#bound && !doubt.settled ? " high" : ""}`, title: "risk, 0 to 1" }, doubt.risk.toFixed(2)),
      ),
      el("span", { class: "why" }, names + done),
    );
    if (!isHere) return button;
    return el(
      "div", {}, button,
      el(
        "div", { class: "acts" },
        el("button", { "data-key": `a${i}`, onclick: () => this.onAct("accept") }, el("kbd", {}, "A"), doubt.accepted ? "Look again" : "Accept"),
        left ? el("button", { "data-key": `c${i}`, onclick: () => this.onAct("cover") }, el("kbd", {}, "C"), "Cover") : null,
        isWhole || left ? null : el("button", { "data-key": `e${i}`, onclick: () => this.onAct("extend") }, el("kbd", {}, "E"), "Extend"),
        isWhole ? null : el("button", { "data-key": `x${i}`, class: "danger", onclick: () => this.onAct("delete") }, el("kbd", {}, "X"), "Delete track"),
      ),
    );
  }

  #nameOf(doubt, kind) {
    if (doubt.track === 0) return "Whole picture";
    const track = this.#store.track(doubt.track);
    return track ? nameOfTrack(track) : `${KINDS[kind]} ${doubt.track}`;
  }

  // What the moment shows where it begins. The server makes it for this answer, and nothing keeps it.
  #picture({ first, box }) {
    const src = `${this.#store.path}/crop/${first}?box=${box.join(",")}`;
    const known = this.#pictures.get(src);
    if (known) return known;
    const made = el("img", { class: "picture", src, alt: "", loading: "lazy", draggable: "false", fetchpriority: "low" });
    this.#pictures.set(src, made);
    return made;
  }

  #drawLeft() {
    const { doc, chosen, place } = this.#store;
    by("left-count").textContent = String(doc.left_where.length);
    const items = doc.left_where.slice(0, MOST).map((found) => {
      const { kind } = this.#store.left(found.track);
      const isHere = place !== null && place.track === found.track && place.first === found.first;
      const isChosen = chosen.includes(found.track) && (isHere || place?.track !== found.track);
      const until = found.last === found.first ? "" : ` to ${this.#when(found.last)}`;
      const button = el(
        "button",
        {
          class: "item", "aria-current": String(isChosen), "data-key": `l${found.track}-${found.first}`, "data-track": found.track,
          onclick: () => this.onAct("visit", found),
        },
        el(
          "span", { class: "top" },
          el("i", { class: `dot left ${kind}`, "aria-hidden": "true" }),
          el("b", {}, `Possible ${kind} ${found.track}`),
          found.chance === null
            ? el("span", { class: "meter", title: "best score, 0 to 1" }, found.best.toFixed(2))
            : el("span", { class: "meter", title: "chance that it is one" }, `${Math.round(100 * found.chance)} %`),
        ),
        el("span", { class: "why" }, [`${this.#when(found.first)}${until}`, found.listed ? "also a doubtful moment" : ""].filter(Boolean).join(" · ")),
      );
      return isHere && chosen.includes(found.track) ? el("div", {}, button, this.#decisions()) : button;
    });
    if (items.length) items.unshift(el("p", { class: "note" }, doc.left_said), this.#coverAll());
    else items.push(el("p", { class: "empty" }, doc.left_said || (this.#store.isPhoto ? NONE_ON_PHOTO : NONE_IN_FILM)));
    if (doc.left_where.length > MOST) items.push(el("p", { class: "empty" }, `${doc.left_where.length - MOST} more: decide about some of these first.`));
    const list = by("left");
    const { scrollTop } = list;
    list.replaceChildren(...items);
    list.scrollTop = scrollTop;
    if (!list.hidden) list.querySelector('div:has(> [aria-current="true"])')?.scrollIntoView({ block: "nearest" });
  }

  // A crowd leaves more than anybody goes through one by one.
  #coverAll() {
    const text = `Cover all ${this.#store.doc.left.length}`;
    return el("div", { class: "acts" }, el("button", { "data-key": "left-all", onclick: () => this.onAct("coverLeft") }, text));
  }

  #decisions() {
    const button = (name, key, text) => el("button", { "data-key": `left-${name}`, onclick: () => this.onAct(name) }, el("kbd", {}, key), text);
    return el("div", { class: "acts" }, button("cover", "C", "Cover"), button("keep", "V", "Keep visible"), button("delete", "X", "Nothing there"));
  }

  // Why a track is erased, from the list that an office gave: for all chosen ones at once.
  #reasons(track) {
    const options = ["", ...this.#store.doc.reasons].map((reason) => {
      const option = el("option", { value: reason }, reason || "no reason given");
      option.selected = reason === track.reason;
      return option;
    });
    const select = el("select", { "aria-label": "Reason", "data-key": `r${track.id}`, onchange: () => this.onAct("justify", select.value) }, ...options);
    return el("div", { class: "acts" }, select);
  }

  #drawTracks() {
    const { doc, chosen } = this.#store;
    const all = [...doc.areas.map((a) => ({ ...a, isArea: true })), ...doc.tracks];
    by("track-count").textContent = String(all.length);
    const items = all.slice(0, MOST).map((track) => {
      const isKept = track.isArea || track.keep;
      const name = track.isArea ? `Kept area ${track.id}` : nameOfTrack(track);
      const from = this.#when(track.first);
      const until = track.last === track.first ? "" : ` to ${this.#when(track.last)}`;
      const button = el(
        "button",
        {
          class: "item", "aria-current": String(chosen.includes(track.id)), "data-key": `t${track.id}`, "data-track": track.id,
          onclick: (event) => {
            this.#store.choose(track.id, event.shiftKey);
            if (this.#store.frame < track.first || this.#store.frame > track.last) this.#store.go(track.first);
          },
        },
        el(
          "span", { class: "top" },
          el("i", { class: `dot ${isKept ? "kept" : track.kind}`, "aria-hidden": "true" }),
          el("b", {}, name),
          el("span", { class: "meter" }, isKept ? "kept visible" : "erased"),
        ),
        el("span", { class: "why" }, track.reason ? `${from}${until} · ${track.reason}` : from + until),
      );
      const asks = doc.reasons.length > 0 && !isKept && track.id === chosen.at(-1);
      return asks ? el("div", {}, button, this.#reasons(track)) : button;
    });
    if (doc.deleted.length) items.push(el("p", { class: "empty" }, `${doc.deleted.length} deleted. Undo (Z) brings them back.`));
    if (!items.length) items.push(el("p", { class: "empty" }, "No track. Press D to draw a box around somebody."));
    const list = by("tracks");
    const { scrollTop } = list;
    list.replaceChildren(...items);
    list.scrollTop = scrollTop;
  }

  set bound(value) {
    this.#bound = value;
  }
}
