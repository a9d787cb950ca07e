// A drawing of what settings do to a head and a plate, for the cards of presets.

import { svg } from "./words.js";

export function example(values) {
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
