/** Work that still runs although its item has ended, such as a call after its `timeoutMs`. */
export class Lingering {
  readonly #under: Set<Promise<void>> = new Set();
  #waiting: (() => void)[] = [];

  /** Number of calls that have not ended. */
  get size(): number {
    return this.#under.size;
  }

  /** Adds a call until its promise settles; the promise must not reject. */
  add(call: Promise<void>): void {
    this.#under.add(call);
    void call.then(() => {
      this.#under.delete(call);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    });
  }

  /** Settles when the next of these calls ends. */
  one(): Promise<void> {
    // Not Promise.race: a call that never ends would keep a reaction for every item that has waited.
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Settles when all calls have ended, also those that are added while this waits. */
  async all(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under);
  }
}
