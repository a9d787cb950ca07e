// The timeline: a ruler with doubtful moments, and a lane for every track. Drawn on a canvas; the lists say the same in words.

import { rulerStep, timecode } from "./times.js";
import { say } from "./translate.js";
import { by, nameOfTrack } from "./words.js";

const RULER = 30;
const LANE = 18; // at the usual size of letters, as are the next two
const NAMES = 96; // room for the lanes' names at the left
const LETTERS = 11;
const USUAL_PX = 15;
const NEAR = 7; // pixels within which an end of a lane is taken hold of

export class Timeline {
  #store;
  #canvas = by("lanes");
  #first = 0; // leftmost frame shown, may be between two
  #span = 100; // frames shown
  #scroll = 0;
  #drag = null;
  #colours = {};
  #isDue = false;
  onStretched = () => {};
  onDrawn = () => {}; // with what lanes beside this one need

  constructor(store, player) {
    this.#store = store;
    this.player = player;
    store.addEventListener("opened", () => this.fit());
    store.addEventListener("chosen", () => this.#showLane());
    store.addEventListener("moved", () => {
      this.#follow();
      this.due();
    });
    for (const event of ["changed", "chosen", "boxes", "marks"]) store.addEventListener(event, () => this.due());
    new ResizeObserver(() => this.due()).observe(this.#canvas.parentElement);
    addEventListener("resize", () => this.due()); // also after another language was chosen
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.#paint());
    this.#canvas.addEventListener("pointerdown", (event) => this.#down(event));
    this.#canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const event of ["pointerup", "pointercancel"]) this.#canvas.addEventListener(event, () => this.#up());
    this.#canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    by("line-in").addEventListener("click", () => this.zoom(0.5));
    by("line-out").addEventListener("click", () => this.zoom(2));
    this.#paint();
  }

  #paint() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ground", "panel", "raised", "line", "ink", "soft", "accent", "face", "plate", "drawn", "text", "code", "person", "kept", "risk", "quiet"]) {
      this.#colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
    this.due();
  }

  fit() {
    this.#first = 0;
    this.#span = Math.max(2, this.#store.frames);
    this.#scroll = 0;
    this.due();
  }

  zoom(factor, around = this.#store.frame) {
    const span = Math.min(Math.max(this.#span * factor, 10), Math.max(10, this.#store.frames));
    this.#first = around - ((around - this.#first) * span) / this.#span;
    this.#span = span;
    this.#bound();
    this.due();
  }

  #bound() {
    this.#first = Math.min(Math.max(this.#first, 0), Math.max(0, this.#store.frames - this.#span));
    const lanes = this.#lanes().length * this.#lane + RULER;
    this.#scroll = Math.min(Math.max(this.#scroll, 0), Math.max(0, lanes + 6 - this.#canvas.clientHeight));
  }

  #follow() {
    const { frame } = this.#store;
    if (frame < this.#first || frame > this.#first + this.#span - 1) {
      this.#first = frame - this.#span / 2;
      this.#bound();
    }
  }

  due() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  // Sizes follow the page's letters, which are larger on large screens.
  get #unit() {
    return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / USUAL_PX || 1;
  }
  get #lane() {
    return Math.round(LANE * this.#unit);
  }
  get #names() {
    return Math.round(Math.min(NAMES * this.#unit, this.#canvas.clientWidth / 4));
  }

  #showLane() {
    const i = this.#lanes().findIndex((lane) => lane.id === this.#store.selected);
    const room = this.#canvas.clientHeight - RULER - this.#lane;
    if (i >= 0) this.#scroll = Math.min(Math.max(this.#scroll, i * this.#lane - room), i * this.#lane);
    this.#bound();
  }

  #lanes() {
    const { doc } = this.#store;
    const left = (doc.left ?? []).map((t) => ({ ...t, isLeft: true }));
    return [...(doc.areas ?? []).map((a) => ({ ...a, isArea: true })), ...(doc.tracks ?? []), ...left];
  }

  #x(frame) {
    return this.#names + ((frame - this.#first) / this.#span) * (this.#canvas.clientWidth - this.#names);
  }
  #frame(x) {
    return this.#first + ((x - this.#names) / (this.#canvas.clientWidth - this.#names)) * this.#span;
  }

  #draw() {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!this.#store.frames || this.#store.isPhoto || !width) return;
    const ratio = devicePixelRatio;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.#bound();
    const c = canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.fillStyle = this.#colours.ground;
    c.fillRect(0, 0, width, height);
    this.#drawLanes(c, width, height);
    this.#drawBlack(c, height);
    this.#drawRuler(c, width, height);
    this.#drawNames(c, height);
    this.#drawHead(c, height);
    this.onDrawn({ names: this.#names, colours: this.#colours });
  }

  // For lanes beside this one: where a place between frames is, which place is there, and where places begin.
  xOf(place) {
    return this.#x(place);
  }
  placeOf(x) {
    return this.#frame(x);
  }
  get namesPx() {
    return this.#names;
  }
  get font() {
    return `${LETTERS * this.#unit}px system-ui, sans-serif`;
  }

  #bar(c, [first, last], y, h) {
    const x = this.#x(first);
    c.fillRect(x, y, Math.max(1.5, this.#x(last + 1) - x), h);
  }

  #drawLanes(c, width, height) {
    const { chosen } = this.#store;
    const tall = this.#lane;
    this.#lanes().forEach((lane, i) => {
      const y = RULER + i * tall - this.#scroll;
      if (y < RULER - tall || y > height) return;
      if (chosen.includes(lane.id)) {
        c.fillStyle = this.#colours.raised;
        c.fillRect(0, y, width, tall);
      }
      this.#drawLane(c, lane, y, tall);
      if (chosen.includes(lane.id)) {
        c.strokeStyle = this.#colours.accent;
        c.lineWidth = 2;
        const x = this.#x(lane.first);
        c.strokeRect(x, y + 2, Math.max(3, this.#x(lane.last + 1) - x), tall - 4);
      }
    });
  }

  #drawLane(c, lane, y, tall) {
    const colour = lane.isArea || lane.keep ? this.#colours.kept : this.#colours[lane.kind];
    c.fillStyle = c.strokeStyle = colour;
    const spans = lane.isArea ? [[lane.first, lane.last]] : lane.runs;
    if (lane.isArea || lane.keep || lane.isLeft) {
      // Not erased: an outline only; dashed where nobody decided that.
      c.lineWidth = 1.5;
      c.setLineDash(lane.isLeft ? [4, 3] : []);
      for (const [a, b] of spans) {
        const x = this.#x(a);
        c.strokeRect(x + 1, y + 4, Math.max(2, this.#x(b + 1) - x - 2), tall - 8);
      }
      c.setLineDash([]);
      return;
    }
    c.globalAlpha = 0.42; // bridged, extended: covered without a sighting
    for (const run of spans) this.#bar(c, run, y + 4, tall - 8);
    c.globalAlpha = 1;
    for (const run of [...lane.seen, ...lane.drawn]) this.#bar(c, run, y + 4, tall - 8);
    c.fillStyle = this.#colours.ink;
    for (const key of lane.keys) c.fillRect(this.#x(key + 0.5) - 1, y + 2, 2, tall - 4);
  }

  // A black frame is black through every lane, whatever is kept there.
  #drawBlack(c, height) {
    const { black, bad } = this.#store.doc;
    for (const run of [...black, ...bad.map((frame) => [frame, frame])]) {
      c.fillStyle = "#000";
      this.#bar(c, run, RULER, height - RULER);
      c.fillStyle = this.#colours.soft;
      for (const frame of [run[0], run[1] + 1]) c.fillRect(this.#x(frame) - 0.5, RULER, 1, height - RULER);
    }
  }

  #drawNames(c, height) {
    const [wide, tall] = [this.#names, this.#lane];
    c.fillStyle = this.#colours.panel;
    c.fillRect(0, 0, wide, height);
    c.fillStyle = this.#colours.line;
    c.fillRect(wide - 1, 0, 1, height);
    c.fillRect(0, RULER - 1, wide, 1);
    c.save();
    c.beginPath();
    c.rect(0, RULER, wide - 1, height - RULER);
    c.clip();
    c.textBaseline = "middle";
    this.#lanes().forEach((lane, i) => {
      const y = RULER + i * tall - this.#scroll;
      if (y < RULER - tall || y > height) return;
      const isChosen = this.#store.chosen.includes(lane.id);
      if (isChosen) {
        c.fillStyle = this.#colours.raised;
        c.fillRect(0, y, wide - 1, tall);
      }
      c.font = `${isChosen ? "600 " : ""}${LETTERS * this.#unit}px system-ui, sans-serif`;
      c.fillStyle = isChosen ? this.#colours.ink : this.#colours.soft;
      c.fillText(say(lane.isArea ? `Kept area ${lane.id}` : nameOfTrack({ ...lane, state: lane.isLeft ? "left" : "" })), 6, y + tall / 2, wide - 10);
    });
    c.restore();
  }

  #drawRuler(c, width, height) {
    const { doc, marks } = this.#store;
    c.fillStyle = this.#colours.panel;
    c.fillRect(0, 0, width, RULER);
    c.fillStyle = this.#colours.line;
    c.fillRect(0, RULER - 1, width, 1);
    c.fillStyle = "#000";
    for (const run of doc.black) this.#bar(c, run, 0, RULER - 1);
    for (const bad of doc.bad) this.#bar(c, [bad, bad], 0, RULER - 1);
    if (marks.first !== null || marks.last !== null) {
      c.fillStyle = this.#colours.accent;
      c.globalAlpha = 0.25;
      this.#bar(c, [marks.first ?? 0, marks.last ?? this.#store.frames - 1], 0, height);
      c.globalAlpha = 1;
    }
    c.fillStyle = this.#colours.soft;
    for (const cut of doc.cuts) c.fillRect(this.#x(cut), RULER - 8, 1, height);
    this.#drawTimes(c, width);
    for (const [i, doubt] of doc.doubts.entries()) {
      if (doubt.settled) continue;
      const [a, b] = [this.#x(doubt.first), this.#x(doubt.last + 1)];
      c.fillStyle = this.#colours.risk;
      c.globalAlpha = i === this.#store.doubt ? 1 : 0.35 + 0.65 * doubt.risk;
      const tall = 3 + 7 * doubt.risk;
      c.fillRect(a, RULER - 1 - tall, Math.max(3, b - a), tall);
      c.globalAlpha = 1;
    }
  }

  #drawTimes(c, width) {
    const { seconds } = this.#store.doc;
    const from = seconds[Math.max(0, Math.floor(this.#first))];
    const to = seconds[Math.min(seconds.length - 1, Math.ceil(this.#first + this.#span))];
    const step = rulerStep(to - from, width);
    c.font = `${LETTERS * this.#unit}px system-ui, sans-serif`;
    c.textBaseline = "top";
    for (let t = Math.ceil(from / step) * step; t <= to; t += step) {
      const x = this.#x(this.#store.at(t));
      c.fillStyle = this.#colours.line;
      c.fillRect(x, 0, 1, RULER - 12);
      c.fillStyle = this.#colours.soft;
      c.fillText(step < 1 ? timecode(t).slice(2) : timecode(t).slice(0, -4), x + 4, 3);
    }
  }

  #drawHead(c, height) {
    const x = this.#x(this.#store.frame + 0.5);
    if (x < this.#names) return;
    c.fillStyle = this.#colours.ink;
    c.fillRect(x - 0.75, 0, 1.5, height);
    c.beginPath();
    c.moveTo(x - 6, 0);
    c.lineTo(x + 6, 0);
    c.lineTo(x, 8);
    c.fill();
  }

  // Pointers

  #spot(event) {
    const box = this.#canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const lane = y < RULER ? null : (this.#lanes()[Math.floor((y - RULER + this.#scroll) / this.#lane)] ?? null);
    const chosen = lane && !lane.isArea && !lane.isLeft && this.#store.chosen.includes(lane.id);
    const end = !chosen ? "" : Math.abs(x - this.#x(lane.first)) < NEAR ? "first" : Math.abs(x - this.#x(lane.last + 1)) < NEAR ? "last" : "";
    return { x, y, lane, end };
  }

  #down(event) {
    if (event.button) return;
    this.#canvas.setPointerCapture(event.pointerId);
    const { x, lane, end } = this.#spot(event);
    if (x < this.#names) this.#name(lane, event.shiftKey);
    else if (end) this.#drag = { lane, end };
    else {
      if (lane && !this.#isWithin(x, lane) && this.#store.chosen.length) this.#store.choose(null);
      else if (lane) this.#store.choose(lane.id, event.shiftKey);
      this.#drag = { isScrub: true };
      this.player.pause();
      this.#store.go(Math.floor(this.#frame(x)));
    }
  }

  // The name of a lane chooses it.
  #name(lane, adds) {
    if (!lane) return;
    this.#store.choose(lane.id, adds);
    if (this.#store.frame < lane.first || this.#store.frame > lane.last) this.#store.go(lane.first);
  }

  #isWithin(x, lane) {
    return x >= this.#x(lane.first) - NEAR && x <= this.#x(lane.last + 1) + NEAR;
  }

  #move(event) {
    const { x, end } = this.#spot(event);
    if (!this.#drag) {
      this.#canvas.style.cursor = end ? "ew-resize" : "default";
      return;
    }
    const frame = Math.min(Math.max(Math.floor(this.#frame(x)), 0), this.#store.frames - 1);
    this.#store.go(frame);
    if (this.#drag.isScrub) return;
    const { lane } = this.#drag;
    if (this.#drag.end === "first") lane.first = Math.min(frame, lane.last);
    else lane.last = Math.max(frame, lane.first);
    this.#drag.hasMoved = true;
    this.due();
  }

  #up() {
    const drag = this.#drag;
    this.#drag = null;
    if (drag?.hasMoved) this.onStretched(drag.lane.id, drag.lane.first, drag.lane.last);
  }

  #wheel(event) {
    event.preventDefault();
    const box = this.#canvas.getBoundingClientRect();
    if (event.ctrlKey || event.altKey) this.zoom(Math.exp(event.deltaY * 0.004), this.#frame(event.clientX - box.left));
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.#first += ((event.deltaX || event.deltaY) / (this.#canvas.clientWidth - this.#names)) * this.#span;
    } else this.#scroll += event.deltaY;
    this.#bound();
    this.due();
  }
}
