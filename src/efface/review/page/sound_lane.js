// The lane of the sound above the others: how loud it is, and where it is silent. Spans are drawn with the mouse; the list "Sound"
// says the same in words, and does the same by keyboard.

import { picture } from "./api.js";
import { spanAt } from "./sound_words.js";
import { say } from "./translate.js";
import { columnPeaks, endMs, placeAt, secondsAt } from "./waveform.js";
import { frameAt } from "./times.js";
import { by } from "./words.js";

const NEAR = 7; // pixels within which an end of a span is taken hold of
const LEAST_PX = 3; // a shorter drag is a click

export class SoundLane {
  #store;
  #timeline;
  #canvas = by("wave");
  #peaks = new Uint8Array(0);
  #stepMs = 10;
  #file = null; // whose peaks these are
  #drag = null; // { from, to, was, x }: a span in the making; `was` is the one that is changed
  onChosen = () => {}; // a span was clicked

  constructor(store, timeline) {
    [this.#store, this.#timeline] = [store, timeline];
    timeline.onDrawn = (view) => this.#draw(view);
    store.addEventListener("opened", () => this.#opened());
    store.addEventListener("changed", () => this.#show());
    this.#canvas.addEventListener("pointerdown", (event) => this.#down(event));
    this.#canvas.addEventListener("pointermove", (event) => this.#move(event));
    this.#canvas.addEventListener("pointerup", () => this.#up());
    this.#canvas.addEventListener("pointercancel", () => this.#leave());
  }

  // Asks for the peaks, which the server may have to make first.
  async #opened() {
    this.#show();
    if (!this.#store.doc.has_sound || this.#file === this.#store.doc.id) return;
    this.#peaks = new Uint8Array(0);
    if (!(await this.load())) await this.#store.work("wave");
  }

  #show() {
    const { doc } = this.#store;
    by("sound-lane").hidden = !doc.has_sound;
    by("wave-note").hidden = doc.audio !== "drop";
    this.#timeline.due();
  }

  // Whether the server had them.
  async load() {
    const { id } = this.#store.doc;
    const { blob, headers } = await picture(`${this.#store.path}/wave`);
    if (!blob.size) return false;
    const peaks = new Uint8Array(await blob.arrayBuffer());
    if (this.#store.doc.id === id) [this.#file, this.#peaks, this.#stepMs] = [id, peaks, Number(headers.get("x-step-ms"))];
    this.#timeline.due();
    return true;
  }

  #ms(x) {
    const { doc } = this.#store;
    const ms = Math.round(1000 * secondsAt(doc.seconds, this.#timeline.placeOf(x)));
    return Math.min(Math.max(ms, 0), endMs(doc.seconds));
  }
  #x(ms) {
    return this.#timeline.xOf(placeAt(this.#store.doc.seconds, ms / 1000, frameAt));
  }

  // Drawing

  #draw({ names, colours }) {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (by("sound-lane").hidden || !width) return;
    const ratio = devicePixelRatio;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const c = canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.fillStyle = colours.ground;
    c.fillRect(0, 0, width, height);
    this.#drawPeaks(c, names, width, height, colours);
    for (const span of this.#shown()) this.#drawSpan(c, span, height, colours);
    this.#drawName(c, names, height, colours);
    c.fillStyle = colours.ink;
    const head = this.#timeline.xOf(this.#store.frame + 0.5);
    if (head >= names) c.fillRect(head - 0.75, 0, 1.5, height);
  }

  #drawPeaks(c, names, width, height, colours) {
    const edges = [];
    for (let x = names; x <= width; x++) edges.push(1000 * secondsAt(this.#store.doc.seconds, this.#timeline.placeOf(x)));
    c.fillStyle = this.#store.doc.audio === "drop" ? colours.line : colours.soft;
    columnPeaks(this.#peaks, this.#stepMs, edges).forEach((peak, i) => {
      const tall = Math.max(1, (peak / 255) * (height - 6));
      c.fillRect(names + i, (height - tall) / 2, 1, tall);
    });
  }

  // A silent span hides the waveform: nothing of it is in the copy.
  #drawSpan(c, [start, end], height, colours) {
    const [a, b] = [this.#x(start), this.#x(end)];
    const wide = Math.max(2, b - a);
    c.fillStyle = colours.raised;
    c.fillRect(a, 2, wide, height - 4);
    c.strokeStyle = colours.quiet;
    const isChosen = this.#store.quiet?.[0] === start;
    c.lineWidth = isChosen ? 2.5 : 1.5;
    c.strokeRect(a + 1, 3, Math.max(1, wide - 2), height - 6);
    c.fillStyle = colours.quiet;
    c.fillRect(a, height / 2 - 1, wide, 2);
  }

  #drawName(c, names, height, colours) {
    c.fillStyle = colours.panel;
    c.fillRect(0, 0, names, height);
    c.fillStyle = colours.line;
    c.fillRect(names - 1, 0, 1, height);
    c.fillRect(0, height - 1, c.canvas.width, 1);
    c.fillStyle = colours.soft;
    c.font = this.#timeline.font;
    c.textBaseline = "middle";
    c.fillText(say("Sound"), 6, height / 2, names - 10);
  }

  // Silent spans, with the one that is being drawn.
  #shown() {
    const { silent } = this.#store.doc;
    const drag = this.#drag;
    if (!drag?.isMoved) return silent;
    return [...silent.filter((span) => span !== drag.was), this.#drawn()];
  }
  #drawn() {
    const { from, to } = this.#drag;
    return [Math.min(from, to), Math.max(from, to)];
  }

  // Pointers

  #down(event) {
    if (event.button) return;
    const x = event.clientX - this.#canvas.getBoundingClientRect().left;
    if (x < this.#timeline.namesPx) return;
    this.#canvas.setPointerCapture(event.pointerId);
    const { silent } = this.#store.doc;
    const ms = this.#ms(x);
    this.#drag = { from: ms, to: ms, was: null, x, isMoved: false };
    for (const span of silent) {
      const [start, end] = span;
      if (Math.abs(this.#x(start) - x) < NEAR) this.#drag = { ...this.#drag, from: end, was: span };
      else if (Math.abs(this.#x(end) - x) < NEAR) this.#drag = { ...this.#drag, from: start, was: span };
    }
  }

  #move(event) {
    const x = event.clientX - this.#canvas.getBoundingClientRect().left;
    const drag = this.#drag;
    if (!drag) {
      const isEnd = this.#store.doc?.silent?.some((span) => span.some((ms) => Math.abs(this.#x(ms) - x) < NEAR));
      this.#canvas.style.cursor = isEnd ? "ew-resize" : "text";
      return;
    }
    drag.to = this.#ms(x);
    drag.isMoved ||= Math.abs(x - drag.x) >= LEAST_PX;
    this.#timeline.due();
  }

  #up() {
    const drag = this.#drag;
    if (!drag) return;
    const span = this.#drawn();
    this.#leave();
    if (!drag.isMoved) {
      this.#store.go(frameAt(this.#store.doc.seconds, drag.to / 1000));
      this.onChosen(drag.was ?? spanAt(this.#store.doc.silent, drag.to));
    } else if (span[0] < span[1]) this.#store.change({ edit: "mute", off: drag.was ?? [], on: span });
  }

  #leave() {
    this.#drag = null;
    this.#timeline.due();
  }
}
