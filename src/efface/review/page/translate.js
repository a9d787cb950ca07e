// Shows the page in the language of its reader.
//
// The other scripts write English. This one watches what they write, and puts the translation in its place before it is shown, so
// no script has to know of it. What has no translation stays English. English has a table, too: errors of the server are worded for
// the command line.

import { Phrases } from "./phrases.js";

// In their own words, with the file of their table and the direction in which they are written.
export const LANGUAGES = {
  en: { name: "English", dir: "ltr", load: async () => (await import("./english.js")).ENGLISH },
  de: { name: "Deutsch", dir: "ltr", load: async () => (await import("./german.js")).GERMAN },
};

const CHOSEN = /efface-language=(\w+)/;
const ATTRIBUTES = ["title", "aria-label", "placeholder", "alt"];
const NAMES = "#name, #cards b, #chooser-list .long, #chooser-path button:not(:first-child), #rendering-body strong, #result-title, [translate='no']";

let phrases = null;
const english = new WeakMap(); // of each text node: what a script wrote
const shown = new WeakMap(); // of each text node: what stands there in its place
const attributes = new WeakMap(); // of each element: { name: [english, shown] }

// A text for what is drawn, and is no text of the page.
export const say = (text) => phrases?.say(text) ?? text;

// The language that was chosen, or else the first one of the browser's that is known.
export function preferred(chosen, languages) {
  if (chosen in LANGUAGES) return chosen;
  return languages.map((l) => l.slice(0, 2)).find((l) => l in LANGUAGES) ?? "en";
}

function translateText(node) {
  if (node.data !== shown.get(node)) english.set(node, node.data);
  const text = english.get(node);
  if (text === undefined || node.parentElement?.closest(`${NAMES}, script, style`)) return;
  const said = say(text);
  shown.set(node, said);
  if (node.data !== said) node.data = said;
}

function translateAttribute(element, name) {
  const now = element.getAttribute(name);
  if (now === null || element.closest(NAMES)) return;
  const known = attributes.get(element) ?? {};
  const text = known[name]?.[1] === now ? known[name][0] : now;
  const said = say(text);
  attributes.set(element, { ...known, [name]: [text, said] });
  if (now !== said) element.setAttribute(name, said);
}

function translateAll(root) {
  if (root.nodeType === Node.TEXT_NODE) translateText(root);
  if (root.nodeType !== Node.ELEMENT_NODE) return;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = root; node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) translateText(node);
    else for (const name of ATTRIBUTES) translateAttribute(node, name);
  }
}

function changed(records) {
  for (const { type, target, attributeName, addedNodes } of records) {
    if (type === "characterData") translateText(target);
    else if (type === "attributes") translateAttribute(target, attributeName);
    else for (const node of addedNodes) translateAll(node);
  }
}

let observer = null;

// Show everything in that language, from now on too.
export async function speak(code) {
  const table = await LANGUAGES[code].load();
  phrases = new Phrases(table);
  document.documentElement.lang = code;
  document.documentElement.dir = LANGUAGES[code].dir;
  translateAll(document.documentElement);
  const what = { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES };
  observer ??= new MutationObserver(changed);
  observer.observe(document.documentElement, what);
  dispatchEvent(new Event("resize")); // what is drawn is drawn again
}

// Fill the list of languages, and begin in the one that is preferred.
export function begin(list) {
  for (const [code, { name }] of Object.entries(LANGUAGES)) {
    const option = document.createElement("option");
    Object.assign(option, { value: code, lang: code, textContent: name });
    list.append(option);
  }
  list.value = preferred(document.cookie.match(CHOSEN)?.[1], navigator.languages);
  list.addEventListener("change", () => {
    // A cookie holds for every port of this machine; what a page stores otherwise holds for one, and each run has another.
    // biome-ignore lint/suspicious/noDocumentCookie: the API in its place is missing in some browsers
    document.cookie = `efface-language=${list.value}; max-age=31536000; path=/; samesite=strict`;
    speak(list.value);
  });
  return speak(list.value);
}
