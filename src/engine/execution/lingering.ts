/** Calls that have outlived their limit, or what else goes on after the item that it was for. */
export class Lingering {
  readonly #under: Set<Promise<void>> = new Set();
  #waiting: (() => void)[] = [];

  /** How many have not ended. */
  get size(): number {
    return this.#under.size;
  }

  /** Keeps a call in view until it has ended; the promise must not reject. */
  add(call: Promise<void>): void {
    this.#under.add(call);
    void call.then(() => {
      this.#under.delete(call);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    });
  }

  /** Settles when one of them has ended. */
  one(): Promise<void> {
    // No race: calls that never end would keep a reaction of each item that has waited.
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Settles when all have ended, those included that are added meanwhile. */
  async all(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under);
  }
}
