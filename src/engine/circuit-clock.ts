import { runOutside } from '../context/ambient-context.js';
import { clockUnder, systemClock } from '../ports/clock.js';
import type { Clock } from '../ports/clock.js';
import { WatchedClock } from '../run/ending/watched-clock.js';

/**
 * The clock of a runner's circuits, which outlive its runs: their timers belong to none of the runs that wait.
 *
 * Where the runner was given a clock that fails, this one goes on by itself; the runs tell of the fault.
 */
export class CircuitClock implements Clock {
  readonly #clock: Clock;

  /** @param given the clock of the runner, if it was given one. */
  constructor(given: Clock | undefined) {
    this.#clock = given === undefined ? systemClock : new WatchedClock(given);
  }

  /** The time of day, for those who ask about a circuit: what the system's clock shows may be hours behind by now. */
  get dayMs(): number {
    return clockUnder(this.#clock).now();
  }

  now(): number {
    return this.#clock.now();
  }

  setTimeout(callback: () => void, ms: number): unknown {
    return runOutside(() => this.#clock.setTimeout(callback, ms));
  }

  clearTimeout(handle: unknown): void {
    this.#clock.clearTimeout(handle);
  }
}
