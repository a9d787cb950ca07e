// Dropped and picked files: finds them in folders, and sends one after the other in pieces, so that neither side holds one in memory.

import { Refused, post, put } from "./api.js";

const PIECE_BYTES = 8 << 20; // the server takes up to 16 MB at once
const MOST_FILES = 5000;

// Every file of a drop, with its folders: [{ name, file }]. A drop is readable only until the event is over, so entries are taken first.
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return picked(transfer.files);
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

export function picked(files) {
  return [...files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
}

async function walk(entry, found) {
  if (found.length >= MOST_FILES || entry.name.startsWith(".")) return;
  if (entry.isFile) {
    const file = await new Promise((good, bad) => entry.file(good, bad));
    found.push({ name: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // A reader gives a hundred at a time, and none at the end.
    const some = await new Promise((good, bad) => reader.readEntries(good, bad));
    if (!some.length) return;
    for (const one of some) await walk(one, found);
  }
}

export class Uploads {
  #waiting = [];
  #isSending = false;
  #isCancelled = false;
  total = 0; // bytes of all that were added since nothing was on its way
  sent = 0;
  refused = []; // [{ name, why }]
  onChange = () => {};
  onEnd = () => {};

  get isGoing() {
    return this.#isSending;
  }
  get count() {
    return this.#waiting.length;
  }

  add(files) {
    if (!this.#isSending) Object.assign(this, { total: 0, sent: 0, refused: [] });
    this.#waiting.push(...files);
    this.total += files.reduce((sum, f) => sum + f.file.size, 0);
    if (!this.#isSending && this.#waiting.length) this.#sendAll();
  }

  cancel() {
    this.#waiting = [];
    this.#isCancelled = true;
  }

  async #sendAll() {
    this.#isSending = true;
    this.#isCancelled = false;
    try {
      while (this.#waiting.length) {
        const next = this.#waiting.shift();
        this.onChange(next.name);
        const before = this.sent;
        try {
          await this.#send(next);
        } catch (error) {
          if (!(error instanceof Refused) && error.name !== "NotReadableError" && error.name !== "NotFoundError") throw error;
          this.refused.push({ name: next.name, why: error.message });
        }
        this.sent = before + next.file.size;
      }
    } finally {
      this.#isSending = false;
      this.#waiting = [];
      this.onEnd(this.refused);
    }
  }

  async #send({ name, file }) {
    const { upload } = await post("/api/uploads", { name, size: file.size });
    const path = `/api/uploads/${upload}`;
    try {
      for (let offset = 0; offset < file.size; offset += PIECE_BYTES) {
        if (this.#isCancelled) return await post(`${path}/drop`, {});
        await put(`${path}?offset=${offset}`, file.slice(offset, offset + PIECE_BYTES));
        this.sent += Math.min(PIECE_BYTES, file.size - offset);
        this.onChange(name);
      }
    } catch (error) {
      await post(`${path}/drop`, {}).catch(() => {});
      throw error;
    }
    return post(`${path}/end`, {}); // refused, it is deleted there
  }
}
