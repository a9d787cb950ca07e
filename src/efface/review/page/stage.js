// The picture: the exact frame, or quickly one close to it, with boxes over it; zoom, pan, drawing, moving and resizing.

import { GRIPS, cleanBox, middleBox, movedBox, nudgedBox, resizedBox } from "./boxes.js";
import { by, nameOfTrack, svg } from "./words.js";

const MOST_ZOOM = 24;
const RESTED_MS = 200; // without movement, before an exact picture is worth its decoding

export class Stage {
  #store;
  #stage = by("stage");
  #view = by("view");
  #still = by("still");
  #svg = by("boxes");
  #scale = 1;
  #left = 0;
  #top = 0;
  #isFitted = true;
  #asked = 0; // number of the last picture asked for
  #loading = null; // a quick picture on its way
  #waiting = null; // the frame that is wanted after it
  #rest = 0;
  #drag = null;
  #placed = null; // where a box was put, until the server's answer shows it there
  #pointers = new Map();
  tool = "";
  draft = null; // [x1, y1, x2, y2] being drawn
  onDrawn = () => {};
  onPlaced = () => {};
  onScreen = -1; // the frame whose exact picture is shown

  constructor(store) {
    this.#store = store;
    store.addEventListener("opened", () => this.#opened());
    store.addEventListener("moved", () => this.show(true));
    store.addEventListener("changed", () => this.show(false));
    store.addEventListener("boxes", () => {
      this.#placed = null;
      this.overlay();
    });
    store.addEventListener("chosen", () => this.overlay());
    new ResizeObserver(() => (this.#isFitted ? this.fit() : this.#place())).observe(this.#stage);
    this.#stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#stage.addEventListener("pointerdown", (event) => this.#down(event));
    this.#stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const event of ["pointerup", "pointercancel"]) this.#stage.addEventListener(event, (e) => this.#up(e));
    by("zoom-in").addEventListener("click", () => this.zoom(1.4));
    by("zoom-out").addEventListener("click", () => this.zoom(1 / 1.4));
    by("zoom-fit").addEventListener("click", () => this.fit());
  }

  // Pictures

  #opened() {
    this.setTool("");
    this.onScreen = -1;
    this.#isFitted = true;
    this.#still.removeAttribute("src");
    if (this.#store.frames) {
      this.fit();
      this.show(false);
    }
  }

  #url(frame) {
    const [w, h] = this.#store.size(frame);
    const wanted = Math.min(Math.max(w, h), Math.max(w, h) * this.#scale * devicePixelRatio);
    const side = Math.max(320, Math.ceil(wanted / 320) * 320);
    const look = this.#store.isFinal ? `&final=1&v=${this.#store.doc.version}` : "";
    return `${this.#store.path}/frame/${frame}?side=${side}${look}`;
  }

  // Shows the frame in hand. While somebody drags or holds a key, a frame close to it comes first.
  show(isQuick) {
    if (!this.#store.frames) return;
    if (this.isPlaying) return this.overlay();
    clearTimeout(this.#rest);
    this.#asked += 1;
    const isFar = Math.abs(this.#store.frame - this.onScreen) > 2 || performance.now() - this.lastShow < 120;
    const recent = isQuick && isFar && !this.#store.isFinal && !this.#store.isPhoto;
    this.lastShow = performance.now();
    if (recent) {
      this.#quick(this.#store.frame);
      this.#rest = setTimeout(() => this.#exact(), RESTED_MS);
    } else this.#exact();
    this.overlay();
  }
  lastShow = 0;
  isPlaying = false;

  #quick(frame) {
    if (this.#loading) {
      this.#waiting = frame;
      return;
    }
    const asked = this.#asked;
    const picture = new Image();
    this.#loading = picture;
    const done = () => {
      this.#loading = null;
      if (picture.naturalWidth && this.onScreen !== this.#store.frame) {
        this.#swap(picture.src, "near this frame");
        this.#still.alt = `Close to frame ${frame + 1} of the film`;
      }
      if (this.#waiting !== null && asked !== this.#asked) this.#quick(this.#waiting);
      this.#waiting = null;
    };
    picture.onload = picture.onerror = done;
    picture.src = `${this.#store.path}/near/${frame}`;
  }

  async #exact() {
    const { frame } = this.#store;
    const asked = this.#asked;
    const picture = new Image();
    picture.src = this.#url(frame);
    try {
      await picture.decode();
    } catch {
      if (asked === this.#asked) this.badge("this frame cannot be shown");
      return;
    }
    if (asked !== this.#asked || this.isPlaying) return;
    this.onScreen = frame;
    this.#swap(picture.src, "");
    this.#store.tell("shown");
  }

  // For playing without a video: resolves when that frame is on the screen.
  async picture(frame, isQuick) {
    const picture = new Image();
    picture.src = isQuick ? `${this.#store.path}/near/${frame}` : this.#url(frame);
    try {
      await picture.decode();
    } catch {
      return;
    }
    this.onScreen = -1;
    this.#swap(picture.src, "");
  }

  #swap(src, badge) {
    this.#still.src = src;
    this.#still.hidden = false;
    const name = this.#store.isFinal ? "As it will look" : "Original";
    this.#still.alt = `${name}, ${this.#store.isPhoto ? "page" : "frame"} ${this.#store.frame + 1}`;
    this.badge(badge || (this.#store.isFinal ? "as it will look" : ""));
  }

  badge(text) {
    by("badge").textContent = text;
    by("badge").hidden = !text;
  }

  // Where things lie

  fit() {
    if (!this.#store.frames) return;
    const [w, h] = this.#store.size();
    const { clientWidth, clientHeight } = this.#stage;
    this.#isFitted = true;
    this.#scale = Math.min(clientWidth / w, clientHeight / h) || 1;
    this.#left = (clientWidth - w * this.#scale) / 2;
    this.#top = (clientHeight - h * this.#scale) / 2;
    this.#place();
  }

  zoom(factor, x = this.#stage.clientWidth / 2, y = this.#stage.clientHeight / 2) {
    if (!this.#store.frames) return;
    const [w, h] = this.#store.size();
    const fitted = Math.min(this.#stage.clientWidth / w, this.#stage.clientHeight / h);
    const next = Math.min(Math.max(this.#scale * factor, fitted * 0.5), Math.max(MOST_ZOOM, fitted));
    this.#left = x - ((x - this.#left) * next) / this.#scale;
    this.#top = y - ((y - this.#top) * next) / this.#scale;
    this.#scale = next;
    this.#isFitted = false;
    this.#place();
    if (!this.isPlaying) this.show(false);
  }

  // Moves the picture so that a box can be seen.
  reveal(box) {
    const { clientWidth, clientHeight } = this.#stage;
    const x = ((box[0] + box[2]) / 2) * this.#scale + this.#left;
    const y = ((box[1] + box[3]) / 2) * this.#scale + this.#top;
    if (x < 0 || y < 0 || x > clientWidth || y > clientHeight) {
      this.#left += clientWidth / 2 - x;
      this.#top += clientHeight / 2 - y;
      this.#place();
    }
  }

  #place() {
    if (!this.#store.frames) return;
    const [w, h] = this.#store.size();
    Object.assign(this.#view.style, {
      transform: `translate(${this.#left}px, ${this.#top}px)`,
      width: `${w * this.#scale}px`,
      height: `${h * this.#scale}px`,
    });
    this.#still.style.imageRendering = this.#scale > 3 ? "pixelated" : "auto";
    this.#svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
    this.overlay();
  }

  #point(event) {
    const box = this.#stage.getBoundingClientRect();
    return [(event.clientX - box.left - this.#left) / this.#scale, (event.clientY - box.top - this.#top) / this.#scale];
  }

  async #put(id, box) {
    const placed = { id, box, frame: this.#store.frame };
    this.#placed = placed;
    this.overlay();
    if (await this.onPlaced(id, box)) return;
    if (this.#placed === placed) this.#placed = null; // refused: it is where it was
    this.overlay();
  }

  // Boxes

  overlay() {
    const { doc, frame, chosen } = this.#store;
    if (!this.#store.frames) return;
    const had = document.activeElement?.closest?.("#boxes .box")?.dataset.id;
    const made = [];
    const isBlack = doc.black.some(([first, last]) => frame >= first && frame <= last) || doc.bad.includes(frame);
    if (isBlack) made.push(this.#box("blackout", null, [0, 0, ...this.#store.size(frame)], "this whole frame is black"));
    const doubt = doc.doubts[this.#store.doubt];
    if (doubt && frame >= doubt.first && frame <= doubt.last) made.push(this.#box("doubt", null, doubt.box, "look here"));
    for (const area of doc.areas) {
      if (frame >= area.first && frame <= area.last && !isBlack) made.push(this.#box("area", area.id, area.box, "kept area"));
    }
    for (const [id, x1, y1, x2, y2, erased] of this.#store.boxes() ?? []) {
      const left = this.#store.left(id);
      const track = this.#store.track(id) ?? left;
      if (!track) continue;
      if (left) {
        const what = `Possible ${track.kind} ${id}, left visible`;
        if (!erased) made.push(this.#box(`${track.kind} left`, id, [x1, y1, x2, y2], what, chosen.includes(id)));
        continue;
      }
      const hand = this.#drag?.id === id && this.#drag.box ? this.#drag : this.#placed;
      const moved = hand?.id === id && (hand === this.#drag || hand.frame === frame) ? hand.box : [x1, y1, x2, y2];
      const name = nameOfTrack(track);
      made.push(this.#box(`${track.kind}${erased ? "" : " spared"}`, id, moved, erased ? name : `${name}, kept`, chosen.includes(id)));
    }
    if (this.draft) made.push(this.#box("draft", null, this.draft, ""));
    this.#svg.replaceChildren(...made);
    if (had) this.#svg.querySelector(`[data-id="${had}"]`)?.focus();
  }

  #box(kind, id, box, name, isChosen = false) {
    const group = svg("g", { class: `box ${kind}${isChosen ? " chosen" : ""}` });
    const place = { x: box[0], y: box[1], width: box[2] - box[0], height: box[3] - box[1] };
    group.append(svg("rect", { class: "under", ...place }), svg("rect", { class: "edge", ...place }));
    if (id !== null) {
      group.dataset.id = id;
      group.setAttribute("tabindex", "0");
      group.setAttribute("role", "button");
      group.setAttribute("aria-label", name);
      group.setAttribute("aria-pressed", String(isChosen));
    }
    if (isChosen || kind === "doubt" || kind === "area" || kind === "blackout") {
      const y = { doubt: box[3] + 15 / this.#scale, blackout: box[1] + 18 / this.#scale }[kind] ?? box[1] - 5 / this.#scale;
      const label = svg("text", { class: "label", x: box[0], y, "font-size": 13 / this.#scale });
      label.textContent = name;
      group.append(label);
    }
    if (isChosen && this.#store.track(id)) {
      const side = 9 / this.#scale;
      GRIPS.forEach(([gx, gy], i) => {
        const at = { x: box[0] + gx * place.width - side / 2, y: box[1] + gy * place.height - side / 2, width: side, height: side };
        const grip = svg("rect", { class: "handle", ...at });
        grip.dataset.grip = i;
        group.append(grip);
      });
    }
    return group;
  }

  // Tools

  setTool(name) {
    this.tool = name;
    this.draft = null;
    if (name) this.#stage.dataset.tool = name;
    else delete this.#stage.dataset.tool;
    for (const button of document.querySelectorAll("#tools [aria-pressed]")) button.setAttribute("aria-pressed", String(button.dataset.do === name));
    for (const id of ["area", "spare"]) document.querySelector(`[data-do="${id}"]`).setAttribute("aria-pressed", String(id === name));
    this.hint(name ? "Drag a box. Or press Enter for one, arrows to move it, Shift+arrows to resize, Enter to finish, Escape to leave." : "");
    this.overlay();
  }

  hint(text) {
    by("hint").textContent = text;
    by("hint").hidden = !text;
  }

  // Keys while a tool is in hand. Says whether it used the key.
  key(event) {
    if (!this.tool) return false;
    if (event.key === "Escape") this.setTool("");
    else if (event.key === "Enter" && !this.draft) this.draft = middleBox(this.#store.size());
    else if (event.key === "Enter") this.#finish();
    else if (this.draft && event.key.startsWith("Arrow")) this.draft = this.nudged(this.draft, event.key, event.shiftKey);
    else return false;
    this.overlay();
    return true;
  }

  // A box moved, or made larger or smaller, by a hundredth of the picture.
  nudged(box, key, resizes) {
    return nudgedBox(box, key, resizes, this.#store.size());
  }

  #finish() {
    const { draft, tool } = this;
    this.setTool("");
    if (draft && draft[2] - draft[0] > 1 && draft[3] - draft[1] > 1) this.onDrawn(tool, draft);
  }

  // Pointers

  #wheel(event) {
    event.preventDefault();
    const box = this.#stage.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), event.clientX - box.left, event.clientY - box.top);
  }

  #down(event) {
    if (event.target.closest(".zoomer") || event.button > 1) return;
    this.#stage.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.#pointers.size === 2) {
      this.#drag = { kind: "pinch", distance: this.#distance() };
      this.draft = null;
      return;
    }
    const [x, y] = this.#point(event);
    if (this.tool && event.button === 0) this.#drag = { kind: "draw", x, y };
    else {
      const group = event.target.closest(".box[data-id]");
      const grip = event.target.dataset.grip;
      const id = group ? Number(group.dataset.id) : null;
      const put = this.#placed?.id === id && this.#placed.frame === this.#store.frame ? this.#placed.box : null;
      const box = id === null ? null : (put ?? this.#store.boxOf(id));
      const isTrack = id !== null && this.#store.track(id);
      if (isTrack && this.#store.chosen.includes(id) && event.button === 0 && !event.shiftKey) {
        this.#drag = { kind: grip === undefined ? "move" : "resize", grip: Number(grip), id, from: box, x, y };
      } else this.#drag = { kind: "pan", x: event.clientX, y: event.clientY, id, adds: event.shiftKey };
    }
  }

  #distance() {
    const [[a, b], [c, d]] = [...this.#pointers.values()];
    return Math.hypot(a - c, b - d);
  }

  #move(event) {
    if (!this.#drag || !this.#pointers.has(event.pointerId)) return;
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const [x, y] = this.#point(event);
    const drag = this.#drag;
    if (drag.kind === "pinch" && this.#pointers.size === 2) {
      const now = this.#distance();
      const box = this.#stage.getBoundingClientRect();
      const [[a, b], [c, d]] = [...this.#pointers.values()];
      this.zoom(now / drag.distance, (a + c) / 2 - box.left, (b + d) / 2 - box.top);
      drag.distance = now;
    } else if (drag.kind === "draw") this.draft = cleanBox([drag.x, drag.y, x, y], this.#store.size());
    else if (drag.kind === "pan") {
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (drag.hasMoved || Math.hypot(dx, dy) > 4) {
        drag.hasMoved = true;
        this.#isFitted = false;
        this.#left += dx;
        this.#top += dy;
        [drag.x, drag.y] = [event.clientX, event.clientY];
        this.#place();
      }
    } else if (drag.kind === "move") drag.box = movedBox(drag.from, x - drag.x, y - drag.y, this.#store.size());
    else if (drag.kind === "resize") drag.box = resizedBox(drag.from, drag.grip, x - drag.x, y - drag.y, this.#store.size());
    if (drag.kind !== "pan" && drag.kind !== "pinch") this.overlay();
  }

  #up(event) {
    this.#pointers.delete(event.pointerId);
    const drag = this.#drag;
    this.#drag = null;
    if (!drag) return;
    if (drag.kind === "draw") this.#finish();
    else if (drag.kind === "pan" && !drag.hasMoved) this.#store.choose(drag.id, drag.adds);
    else if (drag.box && drag.box.join() !== drag.from.join()) this.#put(drag.id, drag.box);
    else if (drag.kind === "pan") this.show(false);
  }
}
