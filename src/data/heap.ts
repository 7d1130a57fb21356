/** A binary heap: gives the least of what was added, and of equals any (Williams, 1964). */
export class Heap<T> {
  readonly #items: T[] = [];

  /** @param isLess whether the first of two comes before the second. */
  constructor(private readonly isLess: (one: T, other: T) => boolean) {}

  get size(): number {
    return this.#items.length;
  }

  /** The least one. */
  get least(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = items[above] as T;
      if (!this.isLess(item, parent)) break;
      items[at] = parent;
      at = above;
    }
    items[at] = item;
  }

  /** Takes the least one. */
  take(): T | undefined {
    const items = this.#items;
    const [least] = items;
    const last = items.pop();
    if (items.length > 0 && last !== undefined) this.#sink(last);
    return least;
  }

  /** Puts an item in at the top, and lets it sink to its place. */
  #sink(item: T): void {
    const items = this.#items;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && this.isLess(items[below + 1] as T, items[below] as T)) below += 1;
      if (!this.isLess(items[below] as T, item)) break;
      items[at] = items[below] as T;
      at = below;
    }
    items[at] = item;
  }
}
