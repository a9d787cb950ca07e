// Times and frames. It needs no browser.

const CLOSE_S = 1e-3; // times that differ by less are the same

// Steps between the ruler's marks, in seconds.
const STEPS_S = [0.04, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
const LONGEST_STEP_S = 7200;
const MARK_PX = 95; // room for one mark and its time

// h:mm:ss.mmm
export function timecode(seconds) {
  const ms = Math.round(seconds * 1000);
  const two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(ms / 3600000)}:${two(Math.floor(ms / 60000) % 60)}:${two(Math.floor(ms / 1000) % 60)}.${String(ms % 1000).padStart(3, "0")}`;
}

// The frame that is shown at that time; all[i] is when frame i begins.
export function frameAt(all, seconds) {
  let low = 0;
  let high = all.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (all[middle] <= seconds + CLOSE_S) low = middle;
    else high = middle - 1;
  }
  return low;
}

// Seconds between the marks of a ruler: the shortest step for which there is room.
export function rulerStep(spanS, widthPx) {
  return STEPS_S.find((step) => (spanS / step) * MARK_PX < widthPx) ?? LONGEST_STEP_S;
}
