// Several chosen out of a list: one by one, as a range, or within a rubber band. It needs no browser.

export class Selection {
  ids = new Set();
  #order = []; // ids in the order of the list
  #anchor = null; // where a range begins

  // The list is another one now. What is no longer in it is no longer chosen.
  list(order) {
    this.#order = order;
    const known = new Set(order);
    this.ids = new Set([...this.ids].filter((id) => known.has(id)));
    if (!known.has(this.#anchor)) this.#anchor = null;
  }

  get size() {
    return this.ids.size;
  }

  // In the order of the list.
  get chosen() {
    return this.#order.filter((id) => this.ids.has(id));
  }

  toggle(id) {
    this.#anchor = id;
    if (!this.ids.delete(id)) this.ids.add(id);
  }

  // Everything from the last one that was toggled.
  extend(id) {
    const from = this.#order.indexOf(this.#anchor ?? id);
    const to = this.#order.indexOf(id);
    for (const one of this.#order.slice(Math.min(from, to), Math.max(from, to) + 1)) this.ids.add(one);
    this.#anchor ??= id;
  }

  // Where a range begins, if it begins with the next key.
  begin(id) {
    this.#anchor ??= id;
  }

  add(ids) {
    for (const id of ids) this.ids.add(id);
  }

  all() {
    this.add(this.#order);
  }

  none() {
    this.ids.clear();
    this.#anchor = null;
  }
}
