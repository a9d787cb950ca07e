// Arithmetic of boxes [x1, y1, x2, y2] in pixels of the frame, half-open. It needs no browser.

// Where the handles of a box lie, as shares of its width and height.
export const GRIPS = [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [0.5, 1], [0, 1], [0, 0.5]];

const between = (low, value, high) => Math.min(Math.max(value, low), high);

// The smallest box of whole pixels around two corners, inside the frame and never empty.
export function cleanBox([a, b, c, d], [w, h]) {
  const x1 = between(0, Math.floor(Math.min(a, c)), w - 1);
  const y1 = between(0, Math.floor(Math.min(b, d)), h - 1);
  const x2 = Math.max(Math.min(Math.ceil(Math.max(a, c)), w), x1 + 1);
  const y2 = Math.max(Math.min(Math.ceil(Math.max(b, d)), h), y1 + 1);
  return [x1, y1, x2, y2];
}

// The box that Enter draws: in the middle of the frame, a third of its shorter side.
export function middleBox([w, h]) {
  const side = Math.round(Math.min(w, h) / 6);
  return cleanBox([w / 2 - side, h / 2 - side, w / 2 + side, h / 2 + side], [w, h]);
}

// The box moved by the mouse. It keeps its size and stays inside the frame.
export function movedBox([x1, y1, x2, y2], dx, dy, [w, h]) {
  const x = between(-x1, Math.round(dx), w - x2);
  const y = between(-y1, Math.round(dy), h - y2);
  return [x1 + x, y1 + y, x2 + x, y2 + y];
}

// The box with the side or corner of that handle moved.
export function resizedBox(box, grip, dx, dy, sizeWh) {
  const [gx, gy] = GRIPS[grip];
  const made = [...box];
  if (gx !== 0.5) made[gx ? 2 : 0] += dx;
  if (gy !== 0.5) made[gy ? 3 : 1] += dy;
  return cleanBox(made, sizeWh);
}

// The box moved, or made larger or smaller, by a hundredth of the frame with an arrow key.
export function nudgedBox(box, key, resizes, [w, h]) {
  const step = Math.max(1, Math.round(Math.min(w, h) / 100));
  const dx = { ArrowRight: step, ArrowLeft: -step }[key] ?? 0;
  const dy = { ArrowDown: step, ArrowUp: -step }[key] ?? 0;
  const [x1, y1, x2, y2] = box;
  if (resizes) return cleanBox([x1, y1, Math.max(x1 + 2, x2 + dx), Math.max(y1 + 2, y2 + dy)], [w, h]);
  return cleanBox([x1 + dx, y1 + dy, x2 + dx, y2 + dy], [w, h]);
}
