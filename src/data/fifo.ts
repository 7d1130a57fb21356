/** Entries that leave in the order in which they came; to take one costs the same however many there are. */
export class Fifo<T> {
  #entries: (T | undefined)[] = [];
  #first = 0;

  get size(): number {
    return this.#entries.length - this.#first;
  }

  /** The eldest entry. */
  get eldest(): T | undefined {
    return this.#entries[this.#first];
  }

  add(entry: T): void {
    this.#entries.push(entry);
  }

  /** Takes the eldest entry; undefined where there is none. */
  take(): T | undefined {
    const entry = this.#entries[this.#first];
    // Let go at once: it may be large, and the list is cut only now and then.
    this.#entries[this.#first] = undefined;
    this.#first += 1;
    if (this.#first >= this.#entries.length) {
      this.#entries = [];
      this.#first = 0;
    } else if (this.#first > 1_000 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return entry;
  }

  /** Takes all entries, the eldest first. */
  takeAll(): readonly T[] {
    const entries = this.#entries.slice(this.#first) as T[];
    this.#entries = [];
    this.#first = 0;
    return entries;
  }
}
