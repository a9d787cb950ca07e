// The order of files. It needs no browser.

// The order with one moved to the place of another; what is between them moves up.
export function moved(order, id, to) {
  const [from, target] = [order.indexOf(id), order.indexOf(to)];
  if (from < 0 || target < 0) return order;
  const others = order.filter((one) => one !== id);
  others.splice(target, 0, id);
  return others;
}
