// All settings in groups, and presets as cards. The server checks each value; the page shows what it then holds.

import { get, post } from "./api.js";
import { example } from "./example.js";
import { by, el, toast } from "./words.js";

export class Settings {
  #now = null; // groups, presets and values, as the server knows them
  #isOpen = new Map(); // by title of a group
  onChanged = () => {}; // pictures look different now; told whether also something else is found
  onShown = () => {}; // the dialog opens

  // Called once, where the server has settings.
  async open() {
    for (const id of ["start-settings", "queue-settings"]) {
      by(id).hidden = false;
      by(id).addEventListener("click", () => {
        by("settings").showModal();
        this.onShown();
      });
    }
    by("preset-save").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save(by("preset-name").value.trim(), false);
    });
    await this.load();
  }

  async load() {
    this.#take(await get("/api/settings"));
  }

  #take(now) {
    const before = this.#now?.values ?? now.values;
    const keys = Object.keys(now.values).filter((key) => now.values[key] !== before[key]);
    this.#now = now;
    this.#drawPresets();
    this.#drawGroups();
    if (keys.length) this.onChanged(keys.some((key) => /^(detect|cover|track)\./.test(key)));
  }

  async #set(values) {
    try {
      this.#take(await post("/api/settings", { values }));
    } catch (error) {
      toast(error.message, true);
      this.#drawGroups(); // what was typed and refused goes
    }
  }

  // Presets

  #fits(preset) {
    return Object.entries(preset.values).every(([key, value]) => this.#now.values[key] === value);
  }

  #drawPresets() {
    const { presets } = this.#now;
    const had = document.activeElement?.dataset.preset;
    const card = (p) =>
      el(
        "button", { class: "preset", "data-preset": p.name, "aria-pressed": String(this.#fits(p)), onclick: () => this.#set(p.values) },
        example(p.values), el("strong", {}, p.title), el("span", {}, p.text),
      );
    by("presets").replaceChildren(...presets.map(card));
    this.#drawOwn();
    if (had) document.querySelector(`[data-preset="${CSS.escape(had)}"]`)?.focus();
  }

  #drawOwn() {
    const { own, wrong } = this.#now;
    by("own-presets").hidden = !own.length && !wrong;
    by("presets-wrong").textContent = wrong;
    const item = (p) => {
      const use = el("button", { "data-preset": p.name, "aria-pressed": String(this.#fits(p)), onclick: () => this.#set(p.values) }, p.name);
      const remove = el("button", { class: "quiet square", "aria-label": `Delete the preset ${p.name}`, title: "Delete", onclick: () => this.#delete(p.name) }, "×");
      return el("li", {}, use, remove);
    };
    by("own-list").replaceChildren(...own.map(item));
  }

  async #save(name, overwrite) {
    try {
      this.#take(await post("/api/presets/save", { name, overwrite }));
      by("preset-name").value = "";
      toast(`Saved as ${name}. The command line knows it as --use.`);
    } catch (error) {
      const isThere = this.#now.own.some((p) => p.name === name);
      if (isThere && !overwrite && confirm(`There is a preset ${name} already. Replace it?`)) await this.#save(name, true);
      else toast(error.message, true);
    }
  }

  async #delete(name) {
    if (!confirm(`Delete the preset ${name}?`)) return;
    try {
      this.#take(await post("/api/presets/delete", { name }));
    } catch (error) {
      toast(error.message, true);
    }
  }

  // Groups

  #drawGroups() {
    const had = document.activeElement?.id;
    by("settings-groups").replaceChildren(...this.#now.groups.map((group) => this.#group(group)));
    if (had?.startsWith("set-")) by(had)?.focus();
  }

  #group({ title, note, open, settings }) {
    const isOpen = this.#isOpen.get(title) ?? open;
    const toggled = (event) => this.#isOpen.set(title, event.target.open);
    return el(
      "details", { open: isOpen, ontoggle: toggled }, el("summary", {}, title),
      note ? el("p", { class: "count" }, note) : null, ...settings.map((s) => this.#row(s)),
    );
  }

  #row(setting) {
    const value = this.#now.values[setting.key];
    const make = {
      many: () => this.#many(setting, value), range: () => this.#range(setting, value), number: () => this.#number(setting, value),
      list: () => this.#list(setting, value), colour: () => this.#colour(setting, value), choice: () => this.#choice(setting, value),
    };
    return el("div", { class: "set", title: setting.help }, ...make[setting.kind]());
  }

  #buttons({ key, label, words }, isOn, choose) {
    const option = ([of, word]) => el("button", { type: "button", id: `set-${key}-${of}`, "aria-pressed": String(isOn(of)), onclick: () => choose(of) }, word);
    return [el("span", {}, label), el("div", { class: "toggle", role: "group", "aria-label": label }, ...words.map(option))];
  }

  #choice(setting, value) {
    return this.#buttons(setting, (of) => of === value, (of) => this.#set({ [setting.key]: of }));
  }

  // Several of a few; at least one stays where none makes no sense.
  #many(setting, value) {
    const { key, words, optional } = setting;
    const chosen = value?.split(",") ?? [];
    return this.#buttons(setting, (of) => chosen.includes(of), (of) => {
      const next = words.map(([name]) => name).filter((name) => (name === of ? !chosen.includes(of) : chosen.includes(name)));
      if (next.length || optional) this.#set({ [key]: next.join(",") || null });
      else toast("At least one of them is erased.");
    });
  }

  #range({ key, label, range: [min, max, step] }, value) {
    const id = `set-${key}`;
    const said = el("output", { for: id }, `${Math.round(100 * value)} %`);
    const slider = el("input", {
      type: "range", id, min, max, step, value,
      oninput: (event) => said.replaceChildren(`${Math.round(100 * event.target.value)} %`),
      onchange: (event) => this.#set({ [key]: Number(event.target.value) }),
    });
    return [el("label", { for: id }, label), slider, said];
  }

  #number({ key, label, unit, optional }, value) {
    const id = `set-${key}`;
    const change = (event) => {
      const text = event.target.value.trim();
      if (text || optional) this.#set({ [key]: text ? Number(text) : null });
      else this.#drawGroups();
    };
    const input = el("input", { type: "number", id, step: "any", min: 0, value: value ?? "", placeholder: optional ? "auto" : "", onchange: change });
    return [el("label", { for: id }, label), el("span", { class: "group" }, input, el("span", { class: "count" }, unit))];
  }

  #list({ key, label, words }, value) {
    const id = `set-${key}`;
    const option = ([of, word]) => el("option", { value: of, selected: of === value }, word);
    return [el("label", { for: id }, label), el("select", { id, onchange: (event) => this.#set({ [key]: event.target.value }) }, ...words.map(option))];
  }

  #colour({ key, label }, value) {
    const id = `set-${key}`;
    return [el("label", { for: id }, label), el("input", { type: "color", id, value, onchange: (event) => this.#set({ [key]: event.target.value }) })];
  }
}
