/** Works on one thing after the other; entries that come meanwhile are written together. */
export class GatheredWrites<TEntry> {
  readonly #write: (entries: readonly TEntry[]) => Promise<void>;
  readonly #most: number;
  /** Entries that nothing has begun to write. */
  #waiting: { readonly entries: TEntry[]; readonly written: Promise<void> } | undefined;
  #working: Promise<unknown> = Promise.resolve();

  /**
   * @param write writes some entries, in their order; where it rejects, so does `add` for each of them.
   * @param most how many entries are written together at most.
   */
  constructor(write: (entries: readonly TEntry[]) => Promise<void>, most = Infinity) {
    this.#write = write;
    this.#most = most;
  }

  /** Resolves once the entry is written, after all that was added before. */
  add(entry: TEntry): Promise<void> {
    const waiting = this.#waiting;
    if (waiting !== undefined && waiting.entries.length < this.#most) {
      waiting.entries.push(entry);
      return waiting.written;
    }
    const entries = [entry];
    const written = this.inTurn(() => {
      if (this.#waiting?.entries === entries) this.#waiting = undefined;
      return this.#write(entries);
    });
    this.#waiting = { entries, written };
    return written;
  }

  /** Does something after all that was added or begun before. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#working.then(work);
    this.#working = done.catch(() => undefined);
    return done;
  }
}
