// A frame that the mouse draws over a list; what it touches is chosen.

import { el } from "./words.js";

const FAR_PX = 6; // a click moves less

export class RubberBand {
  #list;
  #onBand;
  #band = el("div", { class: "band", "aria-hidden": "true" });
  #from = null;
  #isDrawn = false;

  // onBand: gets the touched children of the list, once, at the end.
  constructor(list, onBand) {
    [this.#list, this.#onBand] = [list, onBand];
    list.addEventListener("pointerdown", (event) => this.#down(event));
    list.addEventListener("pointermove", (event) => this.#move(event));
    list.addEventListener("pointerup", () => this.#up(true));
    list.addEventListener("pointercancel", () => this.#up(false));
    list.addEventListener("click", (event) => this.#click(event), { capture: true });
  }

  // The place in the list, however far it is scrolled.
  #spot(event) {
    const box = this.#list.getBoundingClientRect();
    return [event.clientX - box.left + this.#list.scrollLeft, event.clientY - box.top + this.#list.scrollTop];
  }

  #down(event) {
    this.#isDrawn = false;
    if (event.button || event.pointerType === "touch") return; // a finger scrolls
    const isBar = event.clientX > this.#list.getBoundingClientRect().left + this.#list.clientWidth;
    if (!isBar) this.#from = this.#spot(event);
  }

  #move(event) {
    if (!this.#from) return;
    const [x, y] = this.#spot(event);
    const [a, b] = this.#from;
    if (!this.#isDrawn && Math.hypot(x - a, y - b) < FAR_PX) return;
    if (!this.#isDrawn) {
      this.#isDrawn = true;
      this.#list.setPointerCapture(event.pointerId);
      document.body.append(this.#band);
    }
    const box = this.#list.getBoundingClientRect();
    const [left, top] = [Math.min(x, a) - this.#list.scrollLeft + box.left, Math.min(y, b) - this.#list.scrollTop + box.top];
    Object.assign(this.#band.style, { left: `${left}px`, top: `${top}px`, width: `${Math.abs(x - a)}px`, height: `${Math.abs(y - b)}px` });
  }

  #up(isWanted) {
    this.#from = null;
    if (!this.#isDrawn) return;
    const band = this.#band.getBoundingClientRect();
    this.#band.remove();
    if (isWanted) this.#onBand([...this.#list.children].filter((child) => meets(child.getBoundingClientRect(), band)));
  }

  // The click that ends a band chooses nothing else.
  #click(event) {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    event.stopPropagation();
  }
}

function meets(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
