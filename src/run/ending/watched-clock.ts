import { AsyncResource } from 'node:async_hooks';
import { ignoreRejection } from '../../data/foreign-value.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import { printed } from '../../ports/error-record.js';
import { letGo, systemClock } from '../../ports/clock.js';
import type { Clock } from '../../ports/clock.js';

/** Largest accepted distance from the epoch: times beyond, with a limit added, would be invalid dates. */
const FURTHEST_MS = 1e15;

/** A timer on a user's clock. Calls back once, never during `setTimeout` itself, and not after it was stopped. */
class WatchedTimer {
  /** The clock that runs the timer: the user's, or the system's after a failure. Undefined during `setTimeout`. */
  clock: Clock | undefined;
  handle: unknown;
  #isOver = false;

  constructor(private readonly callback: () => void) {}

  readonly ring = (): void => {
    if (this.#isOver) return;
    if (this.clock === undefined) {
      setImmediate(this.ring);
      return;
    }
    this.#isOver = true;
    this.callback();
  };

  callOff(): void {
    this.#isOver = true;
  }

  unref(): void {
    letGo(this.handle);
  }
}

/**
 * A user's clock, wrapped for one run.
 *
 * Timers call back in the async context in which they were set, as those of Node do. If the user's clock fails, this is
 * reported once; the wrapper then continues with the last known time and the timers of the system.
 */
export class WatchedClock implements Clock {
  readonly #clock: Clock;
  #lastMs = systemClock.now();
  #fault: PipelineError | undefined;
  #tell: ((fault: PipelineError) => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Checks that the clock returns a valid time.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` when the clock does not, or has failed before.
   */
  check(): void {
    this.now();
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Sets the function to call when the clock fails, at once if it has; undefined for none. */
  tellFault(tell: ((fault: PipelineError) => void) | undefined): void {
    this.#tell = tell;
    if (this.#fault !== undefined) tell?.(this.#fault);
  }

  now(): number {
    try {
      const now: unknown = this.#clock.now();
      if (typeof now === 'number' && Math.abs(now) <= FURTHEST_MS) return (this.#lastMs = now);
      this.#failed(`now() gave ${typeof now === 'number' ? String(now) : `a value of type ${typeof now}`}`);
    } catch (thrown) {
      this.#failed(`now() threw: ${printed(thrown)}`, thrown);
    }
    return this.#lastMs;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer = new WatchedTimer(AsyncResource.bind(callback));
    try {
      timer.handle = this.#clock.setTimeout(timer.ring, ms);
      timer.clock = this.#clock;
    } catch (thrown) {
      timer.handle = systemClock.setTimeout(timer.ring, ms);
      timer.clock = systemClock;
      this.#failed(`setTimeout() threw: ${printed(thrown)}`, thrown);
    }
    ignoreRejection(timer.handle);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    if (!(timer instanceof WatchedTimer)) return;
    timer.callOff();
    try {
      timer.clock?.clearTimeout(timer.handle);
    } catch (thrown) {
      this.#failed(`clearTimeout() threw: ${printed(thrown)}`, thrown);
    }
  }

  #failed(what: string, cause?: unknown): void {
    if (this.#fault !== undefined) return;
    this.#fault = new PipelineError('OPTION_INVALID', {
      problem: `The runner's clock does not work: ${what}.`,
      remedy:
        'Let now() give milliseconds since the epoch, and setTimeout and clearTimeout behave as those of Node.',
      ...(cause === undefined ? {} : { cause }),
    });
    this.#tell?.(this.#fault);
  }
}
