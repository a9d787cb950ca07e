// What an entry of the log was, in words: for undo and redo. It needs no browser.

import { counted, nameOfTrack } from "./words.js";

function nameOf(id, doc) {
  if (doc.areas.some((a) => a.id === id)) return `Kept area ${id}`;
  const left = doc.left.find((t) => t.id === id);
  const track = left ? { ...left, state: "left" } : [...doc.tracks, ...doc.deleted].find((t) => t.id === id);
  return track ? nameOfTrack(track) : `track ${id}`;
}

const SAYINGS = {
  draw: () => "drawing a box",
  cover: (_, name) => `covering more of ${name}`,
  place: (_, name) => `moving the box of ${name}`,
  stretch: (_, name) => `changing when ${name} begins and ends`,
  join: ({ other }, name) => `joining ${name} with track ${other}`,
  split: (_, name) => `splitting ${name}`,
  delete: (_, name) => `deleting ${name}`,
  delete_tracks: (_, name) => `deleting ${name}`,
  keep: ({ keep }, name) => (keep ? `keeping ${name} visible` : `covering ${name}`),
  keep_tracks: ({ keep }, name) => (keep ? `keeping ${name} visible` : `covering ${name}`),
  only: () => "erasing all others",
  area: ({ keep }) => (keep ? "an area that is kept" : "an area that is erased"),
  black: ({ first, last, black }) => `${black ? "blackout" : "the end of blackout"} of ${counted(last - first + 1, "frame")}`,
  mute: ({ off, on }) => (off.length && on.length ? "changing a silent span" : on.length ? counted(on.length / 2, "silent span") : "a silent span that is heard again"),
  justify: ({ reason }, name) => (reason ? `the reason for ${name}` : `no reason for ${name}`),
  accept: ({ accepted }) => (accepted ? "accepting a moment" : "a moment that was to be looked at again"),
  approve: ({ approved }) => (approved ? "accepting the file" : "the file that was no longer accepted"),
};

// The last entry in force, or the last one undone, of the file; "" if there is none.
export function editWords(edit, doc) {
  if (!edit) return "";
  const ids = edit.tracks ?? [edit.track];
  const name = ids.length > 1 ? counted(ids.length, "track") : nameOf(ids[0], doc);
  return SAYINGS[edit.edit]?.(edit, name) ?? edit.edit;
}
