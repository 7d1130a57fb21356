const PACE_MS = 10;
/** Few enough that steps which suddenly are slow are noticed soon. */
const MOST_STEPS = 64;

/** Tells a long loop when to let the event loop turn: about every 10 ms, with few looks at the clock. */
export class Pacer {
  #steps = 1;
  #left = 1;
  #since = performance.now();

  /** Call it once per step; true when it is time to yield. */
  isDue(): boolean {
    this.#left -= 1;
    if (this.#left > 0) return false;
    const elapsed = performance.now() - this.#since;
    // As many steps between two looks as take a good part of the pace.
    if (elapsed < PACE_MS / 4) this.#steps = Math.min(this.#steps * 2, MOST_STEPS);
    else if (elapsed > PACE_MS) this.#steps = Math.max(this.#steps >> 1, 1);
    this.#left = this.#steps;
    return elapsed >= PACE_MS;
  }

  /** Lets timers, I/O and other runs proceed. */
  async yield(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#since = performance.now();
  }
}
