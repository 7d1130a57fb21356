import { systemClock } from '../../ports/clock.js';

/**
 * When all that still goes on at a run's end is given up: one moment for its calls, flushes, disposers and bills, at
 * all levels. It is set once, by the run's failure or cancel, or by the end of its last item.
 */
export class EndDeadline {
  #atMs: number | undefined;
  #onBegin: ((atMs: number) => void) | undefined;

  /** @param graceMs how long after the beginning of the end it is. */
  constructor(readonly graceMs: number) {}

  /** The end begins now, unless it has. */
  begin(): void {
    if (this.#atMs !== undefined) return;
    this.#atMs = systemClock.now() + this.graceMs;
    this.#onBegin?.(this.#atMs);
  }

  /** Calls back once the deadline is known, at once where it is. */
  whenKnown(listener: (atMs: number) => void): void {
    if (this.#atMs === undefined) this.#onBegin = listener;
    else listener(this.#atMs);
  }

  /** How long something that ends now may still take, in milliseconds. */
  get leftMs(): number {
    return this.#atMs === undefined ? this.graceMs : Math.max(0, this.#atMs - systemClock.now());
  }

  /** How long closing what is left may take after the deadline, in milliseconds. */
  get tailMs(): number {
    return Math.min(this.graceMs / 10, LONGEST_TAIL_MS);
  }
}

const LONGEST_TAIL_MS = 1_000;
