// Shows what would be deleted in one place, with pictures, and asks for all of it at once.

import { counted, by, el } from "./words.js";

const WHY = { surer: "seen more surely than what you chose", brief: "seen for a few frames: perhaps a person who passed", size: "much larger or smaller", "": "" };

export class LikeDialog {
  #answer = () => {};

  constructor() {
    by("like").addEventListener("close", () => this.#done(null));
    by("like-choose").addEventListener("click", () => this.#done("choose"));
    by("like-delete").addEventListener("click", () => this.#done("delete"));
    by("like-cancel").addEventListener("click", () => by("like").close());
    by("like-all").addEventListener("click", () => this.#all());
    by("like").addEventListener("keydown", (event) => event.key === "a" && this.#all());
    by("like-list").addEventListener("change", () => this.#count());
  }

  // cards: { id, name, score, src, why, isChosen } of each. Gives what is to be done with which ids, or null.
  ask(cards) {
    const others = cards.filter((card) => !card.isChosen).length;
    by("like-title").textContent = `${counted(others, "track")} like it in this place`;
    by("like-list").replaceChildren(...cards.map((card) => this.#card(card)));
    this.#count();
    by("like").showModal();
    by("like-list").querySelector("input").focus();
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  #card({ id, name, score, src, why, isChosen }) {
    const box = el("input", { type: "checkbox", value: id, checked: isChosen || !why });
    const words = [el("b", {}, name), el("span", { class: "count" }, isChosen ? "chosen by you" : score), why ? el("span", { class: "warn" }, WHY[why]) : null];
    return el("li", {}, el("label", {}, el("img", { src, alt: "", loading: "lazy" }), el("span", {}, box, ...words)));
  }

  #all() {
    for (const box of by("like-list").querySelectorAll("input")) box.checked = true;
    this.#count();
    by("like-delete").focus();
  }

  get #ids() {
    return [...by("like-list").querySelectorAll("input:checked")].map((box) => Number(box.value));
  }

  #count() {
    const count = this.#ids.length;
    by("like-delete").textContent = `Delete ${counted(count, "track")}`;
    by("like-delete").disabled = by("like-choose").disabled = !count;
  }

  #done(act) {
    const answer = this.#answer;
    this.#answer = () => {};
    const ids = this.#ids;
    if (by("like").open) by("like").close();
    answer(act ? { act, ids } : null);
  }
}
