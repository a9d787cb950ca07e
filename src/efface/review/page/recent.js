// Recent work, where a person wants it to be remembered: the list names files, so it is off at first.

import { get, post } from "./api.js";
import { by, el, toast } from "./words.js";

export class Recent {
  onAdded = () => {}; // told what was left out

  constructor() {
    by("recent-on").addEventListener("change", (event) => this.#set({ on: event.target.checked }));
    by("recent-clear").addEventListener("click", () => this.#set({ clear: true }));
  }

  async load() {
    by("recent").hidden = false;
    this.#draw(await get("/api/recent"));
  }

  async #set(body) {
    try {
      this.#draw(await post("/api/recent", body));
    } catch (error) {
      toast(error.message, true);
      await this.load();
    }
  }

  #draw({ on, file, items }) {
    by("recent-on").checked = on;
    by("recent-clear").hidden = !items.length;
    by("recent-note").textContent = on
      ? `The list is kept in ${file}. It names your files: switch it off and it is deleted.`
      : "Off: efface remembers nothing. A list would name your files, also when they are gone.";
    by("recent-list").replaceChildren(...items.map((item) => this.#item(item)));
    by("recent-list").hidden = !items.length;
  }

  #item({ id, name, folder, is_folder: isFolder, day }) {
    const icon = isFolder ? el("span", { class: "folder", "aria-hidden": "true" }) : null;
    const words = el("span", { class: "long" }, name, el("span", { class: "count" }, ` ${folder} · ${day}`));
    return el("li", {}, el("button", { class: "quiet", onclick: () => this.#open(id) }, icon, words));
  }

  async #open(id) {
    try {
      const { files, known, left_out } = await post("/api/recent/open", { id });
      if (!files.length && !left_out.length) toast(known ? "They are in the list already." : "There is no photo or film in it.");
      this.onAdded(left_out);
    } catch (error) {
      toast(error.message, true);
    }
  }
}
