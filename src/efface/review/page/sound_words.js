// Sentences about a film's sound, and times as people type them. It needs no browser.

import { counted } from "./words.js";

// What happens to the sound in the copy. "" for a film without sound.
export function soundWords({ has_sound: hasSound, audio, silent, named }) {
  if (!hasSound) return "";
  if (audio === "drop") return "The copy has no sound.";
  const rest = audio === "disguise" ? "Voices are disguised, for ears only." : "The sound is kept.";
  const spans = silent.length ? `It is silent in ${counted(silent.length, "span")}.` : "No span of it was made silent here.";
  const others = named.length ? [`Also silent, as the command says: ${named.join(", ")}.`] : [];
  return [rest, spans, ...others].join(" ");
}

// Milliseconds of 1:02:03.5, 0:10 or 12.5; null for anything else.
export function typedMs(text) {
  const found = /^(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,6}(?:[.,]\d{1,6})?)$/.exec(text.trim());
  if (!found || (found[2] !== undefined && Number.parseFloat(found[3]) >= 60)) return null;
  const seconds = 3600 * Number(found[1] ?? 0) + 60 * Number(found[2] ?? 0) + Number(found[3].replace(",", "."));
  return Math.round(1000 * seconds);
}

// The span that a moment lies in, or null.
export const spanAt = (silent, ms) => silent.find(([start, end]) => start <= ms && ms < end) ?? null;
