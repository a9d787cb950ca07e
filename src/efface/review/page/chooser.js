// Chooses files and folders of this computer in place, without a copy, or a folder for copies. The server lists them; the page
// knows no other paths.

import { post } from "./api.js";
import { by, el, toast } from "./words.js";

const MOST_CHOSEN = 1000; // as many as the server takes at once

export class Chooser {
  #path = [];
  #chosen = new Set(); // names of files in this folder
  #onFolder = null; // a folder is wanted, and no file
  onAdded = () => {};

  // Called once, where the server offers folders.
  open() {
    by("pick-here").hidden = false;
    by("pick-here").addEventListener("click", () => this.#begin(null));
    by("chooser-add").addEventListener("click", () => this.#add([...this.#chosen].map((name) => [...this.#path, name])));
    by("chooser-folder").addEventListener("click", () => this.#take());
    by("chooser").addEventListener("keydown", (event) => this.#key(event));
  }

  // Calls that with the parts of the path of the folder that a person chooses.
  chooseFolder(onFolder) {
    return this.#begin(onFolder);
  }

  #begin(onFolder) {
    this.#onFolder = onFolder;
    by("chooser-title").textContent = onFolder ? "Folder for copies" : "Use files where they lie";
    by("chooser-note").textContent = onFolder ? "" : "Nothing is copied. Copies go beside their files, or to the folder of your settings.";
    by("chooser-folder").textContent = onFolder ? "Use this folder" : "Add this folder";
    by("chooser-add").hidden = Boolean(onFolder);
    return this.#show([]);
  }

  #take() {
    if (!this.#onFolder) return this.#add([this.#path]);
    by("chooser").close();
    this.#onFolder(this.#path);
  }

  async #show(path, focused = "") {
    let found;
    try {
      found = await post("/api/folder", { path });
    } catch (error) {
      return toast(error.message, true);
    }
    this.#path = path;
    this.#chosen.clear();
    if (!by("chooser").open) by("chooser").showModal();
    this.#draw(found);
    const rows = this.#rows();
    (rows.find((r) => r.dataset.name === focused) ?? rows[0] ?? by("chooser-path").lastElementChild)?.focus();
  }

  #rows() {
    return [...by("chooser-list").querySelectorAll("button, input")];
  }

  #draw({ folders, media, left_out }) {
    const crumb = (name, depth) => el("button", { class: "quiet", onclick: () => this.#show(this.#path.slice(0, depth)) }, name);
    by("chooser-path").replaceChildren(crumb("Home", 0), ...this.#path.flatMap((name, i) => [el("span", { "aria-hidden": "true" }, "/"), crumb(name, i + 1)]));
    by("chooser-path").lastElementChild.setAttribute("aria-current", "true");
    const lines = [...folders.map((name) => this.#folder(name)), ...(this.#onFolder ? [] : media).map((file) => this.#file(file))];
    if (left_out) lines.push(el("li", { class: "note" }, `${left_out} more are not shown. Add the whole folder, or drop files into the page.`));
    if (!lines.length) lines.push(el("li", { class: "empty" }, this.#onFolder ? "There is no folder here." : "There is no folder, photo or film here."));
    by("chooser-list").replaceChildren(...lines);
    this.#count();
  }

  #folder(name) {
    const icon = el("span", { class: "folder", "aria-hidden": "true" });
    return el("li", {}, el("button", { class: "quiet", "data-name": name, onclick: () => this.#show([...this.#path, name]) }, icon, el("span", { class: "long" }, name)));
  }

  #file({ name, bytes }) {
    const change = (event) => {
      if (event.target.checked && this.#chosen.size < MOST_CHOSEN) this.#chosen.add(name);
      else this.#chosen.delete(name);
      event.target.checked = this.#chosen.has(name);
      this.#count();
    };
    const box = el("input", { type: "checkbox", "data-name": name, onchange: change });
    return el("li", {}, el("label", {}, box, el("span", { class: "long" }, name), el("span", { class: "count" }, sizeOf(bytes))));
  }

  #count() {
    const count = this.#chosen.size;
    by("chooser-add").disabled = !count;
    by("chooser-add").textContent = count ? `Add ${count} ${count === 1 ? "file" : "files"}` : "Add files";
    by("chooser-folder").disabled = !this.#path.length;
  }

  #key(event) {
    const rows = this.#rows();
    const at = rows.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined && rows.length) {
      event.preventDefault();
      rows[Math.min(Math.max(to, 0), rows.length - 1)].focus();
    } else if (event.key === "Backspace" && this.#path.length) {
      event.preventDefault();
      this.#show(this.#path.slice(0, -1), this.#path.at(-1));
    }
  }

  async #add(paths) {
    by("chooser-add").disabled = by("chooser-folder").disabled = true;
    try {
      const { files, known, left_out } = await post("/api/choose", { paths });
      by("chooser").close();
      if (!files.length && !left_out.length) toast(known ? "They are in the list already." : "There is no photo or film in it.");
      this.onAdded(left_out);
    } catch (error) {
      toast(error.message, true);
      this.#count();
    }
  }
}

function sizeOf(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
