// Presets as cards, and all settings in groups. The server checks each value; the page shows what it then holds.

import { get, post } from "./api.js";
import { by, el, svg, toast } from "./words.js";

export class Settings {
  #now = null; // groups, presets and values, as the server knows them
  onChanged = () => {}; // pictures look different now; told whether also something else is found

  // Called once, where the server has settings.
  async open() {
    for (const id of ["start-settings", "queue-settings"]) {
      by(id).hidden = false;
      by(id).addEventListener("click", () => by("settings").showModal());
    }
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
    if (keys.length) this.onChanged(keys.some((key) => /^(detect|cover)\./.test(key)));
  }

  async #set(values) {
    try {
      this.#take(await post("/api/settings", { values }));
    } catch (error) {
      toast(error.message, true);
      this.#drawGroups(); // what was typed and refused goes
    }
  }

  #drawPresets() {
    const { presets, values } = this.#now;
    const had = document.activeElement?.dataset.preset;
    const fits = (p) => Object.entries(p.values).every(([key, value]) => values[key] === value);
    const card = (p) =>
      el(
        "button", { class: "preset", "data-preset": p.name, "aria-pressed": String(fits(p)), onclick: () => this.#set(p.values) },
        example(p.values), el("strong", {}, p.title), el("span", {}, p.text),
      );
    by("presets").replaceChildren(...presets.map(card));
    if (had) by("presets").querySelector(`[data-preset="${had}"]`)?.focus();
  }

  #drawGroups() {
    const had = document.activeElement?.id;
    const section = ({ title, note, settings }) =>
      el("section", {}, el("h3", {}, title), note ? el("p", { class: "count" }, note) : null, ...settings.map((s) => this.#row(s)));
    by("settings-groups").replaceChildren(...this.#now.groups.map(section));
    if (had?.startsWith("set-")) by(had)?.focus();
  }

  #row(setting) {
    const { key, label, help, kind } = setting;
    const value = this.#now.values[key];
    const make = { many: () => this.#many(setting, value), range: () => this.#range(setting, value), colour: () => this.#colour(setting, value) }[kind];
    if (make) return make();
    const id = (of) => `set-${key}-${of}`;
    const option = ([of, word]) => el("button", { type: "button", id: id(of), "aria-pressed": String(of === value), onclick: () => this.#set({ [key]: of }) }, word);
    return el("div", { class: "set", title: help }, el("span", {}, label), el("div", { class: "toggle", role: "group", "aria-label": label }, ...setting.words.map(option)));
  }

  // Several of a few; at least one stays.
  #many({ key, label, help, words }, value) {
    const chosen = value.split(",");
    const change = (of) => {
      const next = words.map(([name]) => name).filter((name) => (name === of ? !chosen.includes(of) : chosen.includes(name)));
      if (next.length) this.#set({ [key]: next.join(",") });
      else toast("At least one of them is erased.");
    };
    const option = ([of, word]) => el("button", { type: "button", id: `set-${key}-${of}`, "aria-pressed": String(chosen.includes(of)), onclick: () => change(of) }, word);
    return el("div", { class: "set", title: help }, el("span", {}, label), el("div", { class: "toggle", role: "group", "aria-label": label }, ...words.map(option)));
  }

  #range({ key, label, help, range: [min, max, step] }, value) {
    const id = `set-${key}`;
    const said = el("output", { for: id }, `${Math.round(100 * value)} %`);
    const slider = el("input", {
      type: "range", id, min, max, step, value,
      oninput: (event) => said.replaceChildren(`${Math.round(100 * event.target.value)} %`),
      onchange: (event) => this.#set({ [key]: Number(event.target.value) }),
    });
    return el("div", { class: "set", title: help }, el("label", { for: id }, label), slider, said);
  }

  #colour({ key, label, help }, value) {
    const id = `set-${key}`;
    const input = el("input", { type: "color", id, value, onchange: (event) => this.#set({ [key]: event.target.value }) });
    return el("div", { class: "set", title: help }, el("label", { for: id }, label), input);
  }
}

// A drawing of what the settings do to a head and a plate.
function example(values) {
  const isHead = values["cover.part"] === "head";
  const grows = 1 + 0.6 * values["cover.margin"];
  const made = svg("svg", { viewBox: "0 0 120 68", "aria-hidden": "true" });
  const add = (name, attributes) => made.append(svg(name, attributes));
  add("rect", { width: 120, height: 68, class: "sky" });
  add("rect", { y: 46, width: 120, height: 22, class: "street" });
  add("path", { d: "M16 68c0-17 8-21 20-21s20 4 20 21z", class: "coat" });
  add("ellipse", { cx: 36, cy: 27, rx: 12.5, ry: 16, class: "hair" });
  add("ellipse", { cx: 36, cy: 30, rx: 10, ry: 13, class: "skin" });
  add("path", { d: "M66 56v-12l7-12h26l7 12h6v12z", class: "car" });
  const style = values["paint.style"];
  const [w, h] = [(isHead ? 15 : 10.5) * grows, (isHead ? 18 : 13) * grows];
  add("rect", { x: 36 - w, y: (isHead ? 28 : 30) - h, width: 2 * w, height: 2 * h, rx: style === "solid" ? 3 : w * 0.8, class: `gone ${style}` });
  const p = 1 + values["cover.plate_margin"];
  add("rect", { x: 89 - 10 * p, y: 51 - 4 * p, width: 20 * p, height: 8 * p, rx: 2, class: `gone ${style}` });
  return made;
}
