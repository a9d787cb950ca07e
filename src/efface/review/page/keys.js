// Every shortcut, once: what the keyboard does, and what `?` shows.

import { by, el } from "./words.js";

export const SHORTCUTS = [
  ["Playing", [
    ["Space", "play or pause"], ["J  K  L", "back, pause, on; again for faster"], ["← →", "one frame"], ["Shift+← →", "one second"],
    ["Home  End", "first, last frame"], ["T", "original, or as it will look"],
    ["<  >", "slower, faster"], ["U", "sound on or off"], ["Shift+F", "full screen and back"],
  ]],
  ["Doubtful moments", [
    ["N  P", "next, previous"], ["A", "accept; a photo as a whole"], ["E", "extend: cover all of it, or more"], ["X", "delete its track"],
    ["Shift+A", "accept the whole file"],
  ]],
  ["Left visible, as it was seen too weakly", [
    ["W", "the list of all of it; N P go through it"], ["C", "cover it: it is erased"], ["V", "keep it visible"], ["X", "nothing is there"],
  ]],
  ["Tracks", [
    ["Tab", "to the boxes in the picture; Enter chooses"], ["V", "keep visible, or erase again"], ["Shift+V", "erase everyone except what is chosen"],
    ["F", "follow the box of this frame both ways"], ["S", "split here"], ["M", "join what is chosen (Shift+click adds)"],
    ["[  ]", "begins here, ends here"], ["Alt+arrows", "move the box of this frame"], ["Alt+Shift+arrows", "resize it"], ["X  Delete", "delete"],
    ["Esc", "choose nothing, leave a tool"],
  ]],
  ["Tracks by picture", [
    ["Y", "all tracks as pictures, and back"], ["Arrows", "to another one; with Shift choose on the way"], ["Space", "choose it, or not"],
    ["Ctrl+A", "choose all that are shown"], ["L", "choose also those like it in this place"],
    ["X  C  V", "delete, cover, keep visible what is chosen"], ["Enter", "show it in the film"], ["Esc", "choose nothing; back to the film"],
  ]],
  ["Tools", [
    ["D", "draw a box, which is followed"], ["R", "erase an area"], ["Shift+R", "keep an area"], ["B", "black frames; again undoes them"],
    ["I  O", "start, end of the range for areas, blackout and silence"], ["Q", "no sound from I to O"], ["Z  Shift+Z", "undo, redo"],
  ]],
  ["The list of files", [
    ["Arrows", "to another one; Enter opens it"], ["Alt+arrows", "move it; what waits is done in this order"], ["A", "accept it"],
  ]],
  ["Elsewhere", [
    ["+  −  0", "zoom of the timeline, all of it"], ["Wheel", "zoom of the picture; drag moves it"], ["PgUp  PgDn", "previous, next file"],
    ["G", "all files"], ["Enter", "render, when nothing else is in focus"], ["?", "this"],
  ]],
];

export function showHelp() {
  by("help-list").replaceChildren(
    ...SHORTCUTS.map(([title, keys]) =>
      el("section", {}, el("h3", {}, title), ...keys.map(([key, what]) => el("div", {}, el("span", {}, what), el("kbd", {}, key))))),
  );
  by("help").showModal();
}

// The name of a key with its modifiers, as `actions` are called.
export function nameOf(event) {
  const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isSign = event.key.length === 1 && event.key.toLowerCase() === event.key.toUpperCase();
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey && !isSign ? "Shift+" : ""}${letter}`;
}

// Where a key belongs to what is in focus, and not to us.
export function isTaken(event) {
  const { target, key } = event;
  if (document.querySelector("dialog[open]")) return true;
  if (target.matches("input, textarea, select")) return true;
  return (key === "Enter" || key === " ") && target.matches("button, [role='tab'], a");
}
