// A picture of the person's own on which settings are tried: the server looks at it and draws it with the real renderer.

import { get, picture } from "./api.js";
import { by, counted, el } from "./words.js";

export class Trial {
  #files = [];
  #file = null; // id
  #asks = 0;
  #address = "";

  constructor() {
    by("trial-file").addEventListener("change", (event) => {
      this.#file = Number(event.target.value);
      this.draw();
    });
    by("settings").addEventListener("close", () => this.#forget());
  }

  // The dialog opens. Nothing is looked at before.
  async show() {
    this.#files = (await get("/api/files")).files;
    if (!this.#files.some((f) => f.id === this.#file)) this.#file = this.#files[0]?.id ?? null;
    const option = (f) => el("option", { value: f.id, selected: f.id === this.#file }, f.name);
    by("trial-file").replaceChildren(...this.#files.slice(0, 500).map(option));
    by("trial-choice").hidden = this.#files.length < 2;
    await this.draw();
  }

  // Settings or file are others now. Of several answers only that to the last question is shown.
  async draw() {
    if (!by("settings").open) return;
    this.#asks += 1;
    const asked = this.#asks;
    by("trial").classList.toggle("empty", this.#file === null);
    if (this.#file === null) return this.#say("Add a photo or a film: then you see here what the settings do to it.");
    this.#say("Looking …");
    try {
      const { blob, headers } = await picture(`/api/files/${this.#file}/preview`);
      if (asked !== this.#asks) return;
      this.#forget();
      this.#address = URL.createObjectURL(blob);
      by("trial-picture").src = this.#address;
      by("trial-picture").hidden = false;
      const areas = Number(headers.get("x-areas"));
      this.#say(areas ? `${counted(areas, "area")} erased in this picture, as efface would erase it now.` : "efface found nothing to erase in this picture.");
    } catch (error) {
      if (asked === this.#asks) this.#say(error.message);
    }
  }

  #say(text) {
    by("trial-said").textContent = text;
  }

  #forget() {
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = "";
    by("trial-picture").removeAttribute("src");
    by("trial-picture").hidden = true;
  }
}
