// Where copies go, and what their names get.

import { get, post } from "./api.js";
import { by, toast } from "./words.js";

export class Copies {
  #folder = null; // parts of a path below the home; null: beside each file
  #chooser;
  onChanged = () => {};

  constructor(chooser) {
    this.#chooser = chooser;
    by("copies-mark").addEventListener("change", () => this.#set(this.#folder));
    by("copies-choose").addEventListener("click", () => this.#chooser.chooseFolder((path) => this.#set(path)));
    by("copies-beside").addEventListener("click", () => this.#set(null));
  }

  async load() {
    this.#draw(await get("/api/copies"));
  }

  async #set(folder) {
    try {
      this.#draw(await post("/api/copies", { path: folder, mark: by("copies-mark").value }));
      this.#folder = folder;
      this.onChanged();
    } catch (error) {
      toast(error.message, true);
      await this.load();
    }
  }

  #draw({ mark, folder, results }) {
    by("copies-mark").value = mark;
    by("copies-example").textContent = `photo.jpg becomes photo${mark}.jpg`;
    by("copies-folder").textContent = folder || `Beside each file; those of dropped files in ${results}`;
    by("copies-beside").hidden = !folder;
  }
}
