// One file as the server knows it, the frame in hand, and what is chosen. Changes go through `change`, which the server may refuse.

import { Refused, get, post } from "./api.js";
import { frameAt } from "./times.js";
import { toast } from "./words.js";

const ADDING = ["draw", "cover", "accept", "approve", "mute"];
const WINDOW = 512; // frames whose boxes are fetched together

export class Store extends EventTarget {
  doc = null;
  frame = 0;
  chosen = []; // ids of tracks or areas, the last one chosen last
  doubt = -1; // place in doc.doubts
  quiet = null; // the silent span that is chosen: [start, end] in milliseconds
  place = null; // what was visited last of doc.left_where: { track, first }
  isFinal = false;
  marks = { first: null, last: null };
  #windows = new Map();
  #before = new Map();
  #known = { stamp: 0 };

  get path() {
    return `/api/files/${this.doc.id}`;
  }
  get frames() {
    return this.doc?.seconds?.length ?? 0;
  }
  get isPhoto() {
    return this.doc?.medium === "photo";
  }
  size(frame = this.frame) {
    return this.doc.sizes[this.doc.sizes.length > 1 ? frame : 0];
  }
  track(id) {
    return this.doc.tracks.find((t) => t.id === id);
  }
  left(id) {
    return this.doc.left.find((t) => t.id === id);
  }
  get selected() {
    return this.chosen.length ? this.chosen[this.chosen.length - 1] : null;
  }

  tell(name) {
    this.dispatchEvent(new Event(name));
  }

  async open(number) {
    const doc = await this.#read(number);
    if (!doc) {
      if (this.doc?.id === number) this.tell("opened"); // it was read anew meanwhile
      return;
    }
    if (this.doc?.id !== doc.id) {
      this.frame = 0;
      this.chosen = [];
      this.doubt = -1;
      this.place = null;
      this.quiet = null;
      this.marks = { first: null, last: null };
    }
    this.#take(doc);
    this.tell("opened");
  }

  async reload() {
    if (!this.doc) return;
    const number = this.doc.id;
    const doc = await this.#read(number);
    if (doc && this.doc.id === number) {
      this.#take(doc);
      this.tell("changed");
    }
  }

  // The file as it is now; null where the answer to a later question came first. What is older must not replace it: the next edit
  // would name a version that has passed, and be refused.
  async #read(number) {
    this.#asks += 1;
    const asked = this.#asks;
    const doc = await get(`/api/files/${number}`);
    if (asked < (this.#answered.get(number) ?? 0)) return null;
    this.#answered.set(number, asked);
    return doc;
  }
  #asks = 0;
  #answered = new Map(); // by file, the newest question that was answered

  #take(doc) {
    // Boxes as they were are shown until the new ones are there, so that nothing flickers.
    this.#before = this.doc?.id === doc.id ? new Map([...this.#before, ...[...this.#windows].filter(([, found]) => found)]) : new Map();
    this.doc = doc;
    this.#known = { stamp: this.#known.stamp + 1 };
    this.#windows.clear();
    const ids = new Set([...(doc.tracks ?? []), ...(doc.left ?? []), ...(doc.areas ?? [])].map((t) => t.id));
    this.chosen = this.chosen.filter((id) => ids.has(id));
    this.frame = Math.min(this.frame, Math.max(0, this.frames - 1));
  }

  // Boxes of a frame: [track, x1, y1, x2, y2, erased]; null while they are on their way.
  boxes(frame = this.frame) {
    const start = Math.floor(frame / WINDOW) * WINDOW;
    const found = this.#windows.get(start);
    if (found === undefined) this.#fetch(start);
    const next = start + WINDOW;
    if (frame > next - 100 && next < this.frames && !this.#windows.has(next)) this.#fetch(next);
    const known = found ?? this.#before.get(start);
    return known ? (known.get(frame) ?? []) : null;
  }

  async #fetch(start) {
    this.#windows.set(start, null);
    const stamp = this.#known.stamp;
    try {
      const { boxes } = await get(`${this.path}/boxes?first=${start}&last=${Math.min(start + WINDOW, this.frames) - 1}`);
      if (stamp !== this.#known.stamp) return;
      const byFrame = new Map();
      for (let i = 0; i < boxes.length; i += 7) {
        if (!byFrame.has(boxes[i])) byFrame.set(boxes[i], []);
        byFrame.get(boxes[i]).push(boxes.slice(i + 1, i + 7));
      }
      this.#windows.set(start, byFrame);
      this.tell("boxes");
    } catch (error) {
      if (stamp === this.#known.stamp) this.#windows.delete(start);
      toast(error.message, true);
    }
  }

  boxOf(id, frame = this.frame) {
    const area = this.doc.areas.find((a) => a.id === id);
    if (area) return frame >= area.first && frame <= area.last ? area.box : null;
    return this.boxes(frame)?.find((b) => b[0] === id)?.slice(1, 5) ?? null;
  }

  go(frame) {
    const next = Math.min(Math.max(Math.round(frame), 0), Math.max(0, this.frames - 1));
    if (next === this.frame) return;
    this.frame = next;
    this.tell("moved");
  }

  at(seconds) {
    // The frame that is shown at that time.
    return frameAt(this.doc.seconds, seconds);
  }

  choose(id, adds = false) {
    if (id === null) this.chosen = [];
    else if (adds) this.chosen = this.chosen.includes(id) ? this.chosen.filter((c) => c !== id) : [...this.chosen, id];
    else this.chosen = [id];
    this.tell("chosen");
  }

  // Adds edits to the log. Where somebody else changed it meanwhile, nothing happens but a look at what it is now.
  // One after the other, so that keys pressed quickly are about what the one before them made.
  change(...edits) {
    const path = this.path;
    const made = this.#last.then(() => {
      if (this.path !== path) return false;
      const isThere = { undo: this.doc.undo, redo: this.doc.redo }[edits[0].edit] !== "";
      return isThere && this.#asked(() => this.#sent(edits));
    });
    this.#last = made.catch(() => {});
    return made;
  }
  #last = Promise.resolve();

  async #sent(edits) {
    try {
      await post(`${this.path}/edits`, { version: this.doc.version, edits });
    } catch (error) {
      // What was only added meanwhile, as by following, does not change what this is about.
      const isHarmless = error.status === 409 && error.data.since?.every((name) => ADDING.includes(name));
      if (!isHarmless || ["undo", "redo"].includes(edits[0].edit)) throw error;
      await post(`${this.path}/edits`, { version: error.data.version, edits });
    }
    await this.reload();
  }

  async work(kind, body = {}) {
    return this.#asked(() => post(`${this.path}/jobs/${kind}`, { version: this.doc.version, ...body }));
  }

  async #asked(ask) {
    try {
      await ask();
      return true;
    } catch (error) {
      if (error instanceof Refused && error.status === 409) {
        await this.reload();
        toast("Another tab changed this plan. It was read again; your last change was not made.", true);
      } else toast(error.message || "The server does not answer.", true);
      return false;
    }
  }
}
