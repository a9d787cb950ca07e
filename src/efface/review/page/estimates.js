// How far work is, and how long it will take. It needs no browser.

const LOOKED = 0.5; // share of the work on a file that looking takes
const RENDERED = 0.85; // the same with rendering; the rest is the check
const LEAST_BYTES = 500_000; // a small file takes time as well
const LEAST_S = 3; // an estimate from less time than this is a guess
const LEAST_SHARE = 0.01;

export const isGoing = (work) => work.state === "running" || work.state === "waiting";
export const workOf = (file, kind) => file.works.find((w) => w.kind === kind);
const shareOf = (work) => (work.total ? Math.min(1, work.done / work.total) : 0);

// Which share of finding, rendering and checking is done, 0 to 1.
export function progressOf(file) {
  const look = workOf(file, "look");
  if (look && isGoing(look)) return LOOKED * shareOf(look);
  const render = workOf(file, "render");
  if (!render) return look ? LOOKED : 0;
  if (!isGoing(render)) return 1;
  if (render.stage === "check") return RENDERED + (1 - RENDERED) * shareOf(render);
  return LOOKED + (RENDERED - LOOKED) * shareOf(render);
}

// The same of several files, by their sizes.
export function progressOfAll(files) {
  const weights = files.map((f) => f.bytes + LEAST_BYTES);
  const whole = weights.reduce((a, b) => a + b, 0);
  return whole ? files.reduce((sum, f, i) => sum + weights[i] * progressOf(f), 0) / whole : 1;
}

// Seconds until the end, or null while that is a guess.
export function secondsLeft(from, now) {
  const passed = now.at - from.at;
  const done = now.share - from.share;
  if (passed < LEAST_S || done < LEAST_SHARE) return null;
  return ((1 - now.share) * passed) / done;
}

export function inWords(seconds) {
  if (seconds === null) return "";
  if (seconds < 50) return `about ${Math.max(5, Math.ceil(seconds / 5) * 5)} s left`;
  if (seconds < 5400) return `about ${Math.max(1, Math.round(seconds / 60))} min left`;
  return `about ${Math.round(seconds / 3600)} h left`;
}

export function percent(share) {
  const value = 100 * share;
  if (value > 0 && value < 0.1) return "less than 0.1 %";
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} %`;
}
