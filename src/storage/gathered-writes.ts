/** Works on one thing after the other; entries that come meanwhile are written together. */
export class GatheredWrites<TEntry> {
  readonly #write: (entries: readonly TEntry[]) => Promise<void>;
  readonly #most: number;
  readonly #sizeOf: (entry: TEntry) => number;
  /** Entries that nothing has begun to write. */
  #waiting: { readonly entries: TEntry[]; size: number; readonly written: Promise<void> } | undefined;
  #working: Promise<unknown> = Promise.resolve();

  /**
   * @param write writes some entries, in their order; where it rejects, so does `add` for each of them.
   * @param most the size up to which entries are added to those that are written together.
   * @param sizeOf the size of one entry.
   */
  constructor(
    write: (entries: readonly TEntry[]) => Promise<void>,
    most = Infinity,
    sizeOf: (entry: TEntry) => number = () => 1,
  ) {
    this.#write = write;
    this.#most = most;
    this.#sizeOf = sizeOf;
  }

  /** Resolves once the entry is written, after all that was added before. */
  add(entry: TEntry): Promise<void> {
    const waiting = this.#waiting;
    const size = this.#sizeOf(entry);
    if (waiting !== undefined && waiting.size < this.#most) {
      waiting.entries.push(entry);
      waiting.size += size;
      return waiting.written;
    }
    const entries = [entry];
    const written = this.inTurn(() => {
      if (this.#waiting?.entries === entries) this.#waiting = undefined;
      return this.#write(entries);
    });
    this.#waiting = { entries, size, written };
    return written;
  }

  /** Does something after all that was added or begun before. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#working.then(work);
    this.#working = done.catch(() => undefined);
    return done;
  }
}
