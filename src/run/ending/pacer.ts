/** Maximum number of steps between two readings of the clock. Small, to notice soon when steps become slow. */
const MOST_STEPS = 64;

/** Tells a long loop when to yield to the event loop: at a steady pace, with few readings of the clock. */
export class Pacer {
  readonly #paceMs: number;
  #steps = 1;
  #left = 1;
  #since = performance.now();

  /** @param paceMs approximate milliseconds between two yields. */
  constructor(paceMs = 10) {
    this.#paceMs = paceMs;
  }

  /** Number of steps until the clock is read next; at least one. */
  get left(): number {
    return Math.max(this.#left, 1);
  }

  /** Call this after each step, or after {@link left} steps at once. Returns true when it is time to yield. */
  isDue(steps = 1): boolean {
    this.#left -= steps;
    if (this.#left > 0) return false;
    const elapsed = performance.now() - this.#since;
    // The number of steps between two readings adapts, to take between a quarter of the pace and the pace.
    if (elapsed < this.#paceMs / 4) this.#steps = Math.min(this.#steps * 2, MOST_STEPS);
    else if (elapsed > this.#paceMs) this.#steps = Math.max(this.#steps >> 1, 1);
    this.#left = this.#steps;
    return elapsed >= this.#paceMs;
  }

  /** Yields to the event loop, so that timers, I/O and other runs proceed. */
  async yield(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#since = performance.now();
  }
}
