/** Few enough that steps which suddenly are slow are noticed soon. */
const MOST_STEPS = 64;

/** Tells a long loop when to let the event loop turn: at a steady pace, with few looks at the clock. */
export class Pacer {
  readonly #paceMs: number;
  #steps = 1;
  #left = 1;
  #since = performance.now();

  /** @param paceMs how long a stretch without a yield may be, about. */
  constructor(paceMs = 10) {
    this.#paceMs = paceMs;
  }

  /** How many steps may be made before the clock is looked at: at least one. */
  get left(): number {
    return Math.max(this.#left, 1);
  }

  /** Call it after a step, or after as many as are {@link left}; true when it is time to yield. */
  isDue(steps = 1): boolean {
    this.#left -= steps;
    if (this.#left > 0) return false;
    const elapsed = performance.now() - this.#since;
    // As many steps between two looks as take a good part of the pace.
    if (elapsed < this.#paceMs / 4) this.#steps = Math.min(this.#steps * 2, MOST_STEPS);
    else if (elapsed > this.#paceMs) this.#steps = Math.max(this.#steps >> 1, 1);
    this.#left = this.#steps;
    return elapsed >= this.#paceMs;
  }

  /** Lets timers, I/O and other runs proceed. */
  async yield(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#since = performance.now();
  }
}
