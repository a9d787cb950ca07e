// Which tracks the grid shows, in which order, and which are like a chosen one. It needs no browser.

const LIKE_SHARE = 0.5; // of the smaller box, that two boxes at the same place have in common

const LIKE_SIZE = 3; // how many times as large as another one a box may be that shows the same thing
const SURER = 0.1; // a score higher than this above the chosen ones is of another kind of certainty
const FEW = 12; // frames: who is seen no longer than this may only seem to stand still

export const STATES_OF_TRACKS = { erased: "Erased", left: "Left visible", kept: "Kept", all: "All" };
export const ORDERS = { unsure: "Least sure first", time: "In time order", place: "By place" };

// One entry for each track of the file: what the server says of it there, and in its summary.
export function entries(doc, summaries) {
  const known = new Map(summaries.map((s) => [s.id, s]));
  const risks = new Map();
  for (const d of doc.doubts) if (!d.settled) risks.set(d.track, Math.max(d.risk, risks.get(d.track) ?? 0));
  const entry = (track, state) => ({ ...track, ...known.get(track.id), state, risk: risks.get(track.id) ?? 0 });
  const all = [...doc.tracks.map((t) => entry(t, t.keep ? "kept" : "erased")), ...doc.left.map((t) => entry(t, "left"))];
  return all.filter((t) => known.has(t.id));
}

// filter: { kind, state, best, seen, doubtful }; a limit that is null lets all through.
export function shown(all, { kind, state, best, seen, doubtful }) {
  return all.filter(
    (t) =>
      (kind === "all" || t.kind === kind) &&
      (state === "all" || t.state === state) &&
      (best === null || t.best <= best) &&
      (seen === null || t.seen <= seen) &&
      (!doubtful || t.risk > 0),
  );
}

const TIERS = {
  unsure: (a, b) => a.best - b.best || a.seen - b.seen || a.id - b.id,
  time: (a, b) => a.first - b.first || a.id - b.id,
  place: (a, b) => a.place[1] - b.place[1] || a.place[0] - b.place[0] || a.id - b.id,
};

export function ordered(all, order) {
  return [...all].sort(TIERS[order]);
}

const size = ([x1, y1, x2, y2]) => Math.max(0, x2 - x1) * Math.max(0, y2 - y1);

export function isLike(one, other) {
  if (one.kind !== other.kind || one.state !== other.state || !one.still || !other.still) return false;
  const [a, b] = [one.place, other.place];
  const common = size([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return common >= LIKE_SHARE * Math.max(1, Math.min(size(a), size(b)));
}

// Why one that is like a chosen one is deleted only if a person says so: "surer", "brief", "size", or "" for no reason.
export function doubtAbout(track, chosen) {
  if (track.best > Math.max(...chosen.map((t) => t.best)) + SURER) return "surer";
  if (track.seen <= FEW) return "brief";
  const isOfSize = (t) => size(track.place) <= LIKE_SIZE * size(t.place) && size(t.place) <= LIKE_SIZE * size(track.place);
  return chosen.some((t) => isLike(t, track) && isOfSize(t)) ? "" : "size";
}

// Ids of the chosen tracks, and of those of `all` that stand still at the place of one of them.
export function withLike(all, ids) {
  const chosen = all.filter((t) => ids.has(t.id));
  return new Set([...ids, ...all.filter((t) => chosen.some((c) => isLike(c, t))).map((t) => t.id)]);
}
