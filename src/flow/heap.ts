/** Entries of which the first by an order can be seen and taken; adding and taking cost the logarithm of their number. */
export class Heap<T> {
  readonly #entries: T[] = [];

  /** @param isBefore whether one entry leaves before another. */
  constructor(private readonly isBefore: (one: T, other: T) => boolean) {}

  get size(): number {
    return this.#entries.length;
  }

  /** The entry that leaves next. */
  get first(): T | undefined {
    return this.#entries[0];
  }

  add(entry: T): void {
    const entries = this.#entries;
    let at = entries.length;
    entries.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = entries[above] as T;
      if (!this.isBefore(entry, parent)) break;
      entries[at] = parent;
      at = above;
    }
    entries[at] = entry;
  }

  /** Takes the entry that leaves next. */
  take(): T | undefined {
    const entries = this.#entries;
    const [first] = entries;
    const last = entries.pop();
    if (last !== undefined && entries.length > 0) this.#sink(last);
    return first;
  }

  /** Puts an entry at the top, and lets it sink to its place. */
  #sink(entry: T): void {
    const entries = this.#entries;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= entries.length) break;
      if (below + 1 < entries.length && this.isBefore(entries[below + 1] as T, entries[below] as T))
        below += 1;
      const child = entries[below] as T;
      if (!this.isBefore(child, entry)) break;
      entries[at] = child;
      at = below;
    }
    entries[at] = entry;
  }
}
