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

let timer = performance;
let timeOrigin = timer.timeOrigin;

/** The time by the process's timer, which is asked for its origin once: fake timers put another one in its place. */
function timeNow(): number {
  // A getter of the global object.
  const current = performance;
  if (current !== timer) {
    timer = current;
    timeOrigin = current.timeOrigin;
  }
  return timeOrigin + current.now();
}

/** The clock of the process, which does not follow when somebody sets the time of the machine: the default. */
export const systemClock: Clock = Object.freeze({
  now: timeNow,
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
  clearTimeout: (handle: unknown) => {
    clearTimeout(handle as NodeJS.Timeout);
  },
});

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
