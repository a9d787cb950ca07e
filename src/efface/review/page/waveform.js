// Arithmetic of the waveform: from places in the timeline to times and peaks. It needs no browser.

// The time of a place between frames; all[i] is when frame i begins, and the last one lasts as long as the one before it.
export function secondsAt(all, place) {
  const last = all.length - 1;
  const i = Math.min(Math.max(Math.floor(place), 0), last);
  const step = i < last ? all[i + 1] - all[i] : lastFrameS(all);
  return all[i] + (place - i) * step;
}

// The place of a time: a frame's number and how much of it has passed.
export function placeAt(all, seconds, frameAt) {
  const i = frameAt(all, seconds);
  const step = i < all.length - 1 ? all[i + 1] - all[i] : lastFrameS(all);
  return i + (seconds - all[i]) / step;
}

function lastFrameS(all) {
  return all.length > 1 ? (all[all.length - 1] - all[0]) / (all.length - 1) : 1;
}

// When the film ends, in milliseconds.
export const endMs = (all) => Math.ceil(1000 * (all[all.length - 1] + lastFrameS(all)));

// The largest peak of each column. edges: times in ms of the columns' left edges, and one more.
export function columnPeaks(peaks, stepMs, edges) {
  const found = new Uint8Array(Math.max(0, edges.length - 1));
  for (let i = 0; i < found.length; i++) {
    const from = Math.max(0, Math.floor(edges[i] / stepMs));
    const to = Math.min(peaks.length, Math.max(from + 1, Math.ceil(edges[i + 1] / stepMs)));
    for (let j = from; j < to; j++) if (peaks[j] > found[i]) found[i] = peaks[j];
  }
  return found;
}
