import { readProperty } from '../data/foreign-value.js';
import { rule } from '../errors/option-rules.js';

/** Tells the time and calls back later: by a clock a run measures its limits, its delays and the moments it notes. */
export interface Clock {
  /** The time, in milliseconds since the epoch; it must not go back. */
  now(): number;
  /** Calls back once, so many milliseconds later; gives what `clearTimeout` takes. */
  setTimeout(callback: () => void, ms: number): unknown;
  /** Calls off what `setTimeout` has given; one that has called back already is ignored. */
  clearTimeout(handle: unknown): void;
}

/**
 * The time of day when it was made, and the process's timer from then on: it does not follow when somebody sets the
 * time of the machine.
 *
 * That timer stands still while a machine is suspended, and drifts: what lives as long as the process is hours wrong
 * some day. So each run has one of its own.
 */
class SystemClock implements Clock {
  /** Fake timers put another one in its place. */
  #timer = performance;
  #originMs = originOf(this.#timer);

  now(): number {
    // A getter of the global object.
    const current = performance;
    if (current !== this.#timer) {
      this.#timer = current;
      this.#originMs = originOf(current);
    }
    return this.#originMs + current.now();
  }

  setTimeout(callback: () => void, ms: number): unknown {
    return setTimeout(callback, ms);
  }

  clearTimeout(handle: unknown): void {
    clearTimeout(handle as NodeJS.Timeout);
  }
}

/** When a timer was at zero: what it says itself, which has fractions, unless that is another time of day by now. */
function originOf(timer: typeof performance): number {
  const elapsed = timer.now();
  const wallMs = Date.now();
  return Math.floor(timer.timeOrigin + elapsed) === wallMs ? timer.timeOrigin : wallMs - elapsed;
}

/** For spans of time only: it was set when the process began. */
export const systemClock: Clock = Object.freeze(new SystemClock());

/** The clock of a run that was given none: what a user gave to the run above, else the time of day from now on. */
export function clockUnder(above: Clock | undefined): Clock {
  return above === undefined || above instanceof SystemClock ? new SystemClock() : above;
}

/** Tells the time of a clock as finely as possible: the difference of two readings is a duration in milliseconds. */
export function fineTimer(clock: Clock): () => number {
  // The time of day has a fraction of a quarter of a microsecond only.
  return clock instanceof SystemClock ? () => performance.now() : () => clock.now();
}

/** The rule of an option that is a {@link Clock}. */
export const clockRule = rule.having('now', 'setTimeout', 'clearTimeout');

/** Lets the process end before a timer rings, if what the clock gave can do that; never throws. */
export function letGo(handle: unknown): void {
  const unref = readProperty(handle, 'unref');
  if (typeof unref !== 'function') return;
  try {
    Reflect.apply(unref, handle, []);
  } catch {
    // The process waits for it, then.
  }
}
