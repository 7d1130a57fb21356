import { systemClock } from '../../ports/clock.js';

/**
 * The time at which a run stops waiting for calls, flushes, disposers and `onEntry`, at all levels.
 *
 * Set once per run: `graceMs` after its failure, its cancel, or the end of its last item.
 */
export class EndDeadline {
  #atMs: number | undefined;
  #onBegin: ((atMs: number) => void) | undefined;

  /** @param graceMs time between `begin` and the deadline. */
  constructor(readonly graceMs: number) {}

  /** Sets the deadline, counted from now; does nothing if it is set. */
  begin(): void {
    if (this.#atMs !== undefined) return;
    this.#atMs = systemClock.now() + this.graceMs;
    this.#onBegin?.(this.#atMs);
  }

  /** Calls the listener with the deadline as soon as it is set, at once if it is set already. */
  whenKnown(listener: (atMs: number) => void): void {
    if (this.#atMs === undefined) this.#onBegin = listener;
    else listener(this.#atMs);
  }

  /** Milliseconds until the deadline; the whole grace period while the deadline is not set. */
  get leftMs(): number {
    return this.#atMs === undefined ? this.graceMs : Math.max(0, this.#atMs - systemClock.now());
  }

  /** Milliseconds that disposers and flushes started at the deadline may still take. */
  get tailMs(): number {
    return Math.min(this.graceMs / 10, LONGEST_TAIL_MS);
  }
}

const LONGEST_TAIL_MS = 1_000;
