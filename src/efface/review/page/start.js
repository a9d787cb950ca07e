// The first view: drop files, or choose them. Files may be dropped anywhere in the page at any time.

import { Chooser } from "./chooser.js";
import { percent } from "./estimates.js";
import { Recent } from "./recent.js";
import { Uploads, dropped, picked } from "./uploads.js";
import { by, el, toast } from "./words.js";

export class Start {
  #uploads = new Uploads();
  chooser = new Chooser();
  #recent = new Recent();
  #depth = 0; // how many elements a drag has entered
  onAdded = () => {}; // files were added

  // Called once, where the server takes files.
  open() {
    by("add-files").hidden = false;
    by("pick-files").addEventListener("click", () => by("input-files").click());
    by("pick-folder").addEventListener("click", () => by("input-folder").click());
    for (const id of ["input-files", "input-folder"]) {
      by(id).addEventListener("change", (event) => {
        this.#add(picked(event.target.files));
        event.target.value = "";
      });
    }
    this.#takeDrops();
    this.chooser.open();
    this.chooser.onAdded = (leftOut) => this.#ended(leftOut);
    this.#recent.onAdded = (leftOut) => this.#ended(leftOut);
    this.#recent.load();
    this.#uploads.onChange = (name) => this.#draw(name);
    this.#uploads.onEnd = (refused) => this.#ended(refused);
    by("sending-cancel").addEventListener("click", () => this.#uploads.cancel());
    // Closing the tab ends the server, and with it what has not arrived.
    addEventListener("beforeunload", (event) => this.#uploads.isGoing && event.preventDefault());
  }

  #takeDrops() {
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    addEventListener("dragenter", (event) => {
      if (!hasFiles(event)) return;
      this.#depth += 1;
      document.body.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => hasFiles(event) && this.#left(this.#depth - 1));
    addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
    addEventListener("drop", async (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.#left(0);
      this.#add(await dropped(event.dataTransfer));
    });
  }

  #left(depth) {
    this.#depth = Math.max(0, depth);
    if (!this.#depth) document.body.classList.remove("dropping");
  }

  #add(files) {
    if (files.length) this.#uploads.add(files);
    else toast("There is no file in it.");
  }

  #draw(name) {
    const { sent, total, count } = this.#uploads;
    by("sending").hidden = false;
    by("sending-bar").value = total ? (100 * sent) / total : 0;
    by("sending-text").textContent = `Copying ${name}, ${percent(total ? sent / total : 0)}${count ? `, ${count} to go` : ""}`;
  }

  #ended(refused) {
    by("sending").hidden = true;
    by("left-out").hidden = !refused.length;
    by("left-out").replaceChildren(...this.#whys(refused));
    this.onAdded();
  }

  #whys(refused) {
    if (!refused.length) return [];
    const close = el("button", { class: "quiet square", "aria-label": "Close", onclick: () => by("left-out").setAttribute("hidden", "") }, "×");
    const lines = refused.slice(0, 20).map(({ name, why }) => el("li", {}, el("b", {}, name), `: ${why}`));
    if (refused.length > 20) lines.push(el("li", {}, `and ${refused.length - 20} more`));
    return [el("div", {}, el("strong", {}, refused.length === 1 ? "One file was left out" : `${refused.length} files were left out`), close), el("ul", {}, ...lines)];
  }
}
