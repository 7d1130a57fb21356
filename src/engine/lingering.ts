/** Calls that have outlived their limit, or what else goes on after the item that it was for. */
export class Lingering {
  readonly #under: Set<Promise<void>> = new Set();

  /** How many have not ended. */
  get size(): number {
    return this.#under.size;
  }

  /** Keeps a call in view until it has ended; the promise must not reject. */
  add(call: Promise<void>): void {
    this.#under.add(call);
    void call.then(() => this.#under.delete(call));
  }

  /** Settles when one of them has ended. */
  one(): Promise<void> {
    return Promise.race(this.#under);
  }

  /** Settles when all have ended, those included that are added meanwhile. */
  async all(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under);
  }
}
