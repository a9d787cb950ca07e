// Sentences and small makers of elements. Nothing here is ever read as HTML.

export const KINDS = { face: "Face", plate: "Plate", drawn: "Drawn box", text: "Text", code: "Code", person: "Person" };
export const CAUSES = {
  began: "covering starts in mid-picture",
  ended: "covering stops in mid-picture",
  far: "carried far without a sighting",
  weak: "hardly seen",
  short: "seen briefly",
  cut: "beside a shot change",
  lost: "clearly seen, and nothing is erased where it should be",
  covers: "covers much without a sure sighting",
  camera: "the camera's motion is unknown",
  left: "seen too weakly, and left visible",
  text: "text is written into the picture",
};
export const STATES = { new: "not looked at", looking: "looking", review: "needs review", accepted: "accepted", rendered: "done" };
// What a track is called.
export function nameOfTrack({ id, kind, state, is_area: isArea }) {
  if (isArea) return `Erased area ${id}`;
  return state === "left" ? `Possible ${kind} ${id}` : `${KINDS[kind]} ${id}`;
}

// A reason with the name of the file, which most of them begin with.
export const about = (name, why) => (why.startsWith(`${name}: `) ? why : `${name}: ${why}`);

export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((c) => c !== null && c !== undefined));
  return made;
}

export function svg(name, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export const by = (id) => document.getElementById(id);

export function toast(text, isBad = false) {
  const line = el("p", { class: isBad ? "bad" : "" }, text);
  by("toasts").append(line);
  while (by("toasts").children.length > 3) by("toasts").firstChild.remove();
  setTimeout(() => line.remove(), isBad ? 9000 : 4000);
}
