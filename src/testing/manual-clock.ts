import { rule, wrongUse } from '../engine/node-replacement.js';
import type { Clock } from '../ports/clock.js';

/** A timer that waits for its moment. */
interface ManualTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

const DEFAULT_START_MS = Date.UTC(2000, 0, 1);

/** So long must nobody have used the clock before its next timer rings. */
const IDLE_TURNS = 10;

/** A run that never rests does not keep its clock waiting for ever. */
const MOST_TURNS = 10_000;

// Taken here: a test may put fake timers in the place of the global ones.
const nextTurn = setImmediate;

/**
 * A clock that stands still until a test moves it: retries, timeouts and deadlines take no time.
 *
 * Give it to a runner as `clock`, or to `testPipeline(...).withClock`. One clock may serve several runs.
 *
 * @example
 * {@includeCode ../../examples/api/manual-clock.ts}
 */
export class ManualClock implements Clock {
  readonly #timers = new Set<ManualTimer>();
  #nowMs: number;
  #uses = 0;
  #moved: Promise<void> = Promise.resolve();

  /**
   * @param startsAt the time it shows first: a Date, or milliseconds since the epoch. Default: the year 2000 in UTC.
   * @throws `OPTION_INVALID`, a `PipelineError`, for what is no moment.
   */
  constructor(startsAt: Date | number = DEFAULT_START_MS) {
    this.#nowMs = momentOf(startsAt, 'new ManualClock');
  }

  /** How many timers are set: what waits for this clock. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    this.#uses += 1;
    return this.#nowMs;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    this.#uses += 1;
    // As with Node's timers, none rings before a millisecond is over: a row of them comes to an end.
    const timer = { dueMs: this.#nowMs + (ms >= 1 ? ms : 1), callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    this.#uses += 1;
    this.#timers.delete(handle as ManualTimer);
  }

  /**
   * Moves the time on by so many milliseconds, and calls each timer back at its moment, the earliest first.
   *
   * Before the first timer, and after each one, the event loop turns until the runs that use this clock wait: a retry
   * that fails again sets its next timer in time. Work that does not use this clock, such as reading a file, is not
   * waited for.
   *
   * @throws `OPTION_INVALID`, a `PipelineError`, for what is no duration; else what a timer throws.
   */
  async advance(ms: number): Promise<void> {
    const expected = rule.milliseconds(ms);
    if (expected !== undefined) throw wrongUse('advance', expected);
    await this.#move(() => this.#nowMs + ms);
  }

  /**
   * Moves the time on to a moment, as {@link advance} does.
   *
   * @throws `OPTION_INVALID`, a `PipelineError`, for what is no moment, or one that is over; else what a timer throws.
   */
  async advanceTo(moment: Date | number): Promise<void> {
    const ms = momentOf(moment, 'advanceTo');
    await this.#move(() => {
      if (ms < this.#nowMs) throw wrongUse('advanceTo', `a moment not before ${this.#shown}`);
      return ms;
    });
  }

  /** One move after the other: a second one that begins meanwhile starts from where the first one ends. */
  async #move(target: () => number): Promise<void> {
    const moved = this.#moved.then(() => this.#moveTo(target()));
    this.#moved = moved.catch(() => undefined);
    await moved;
  }

  async #moveTo(targetMs: number): Promise<void> {
    await this.#rest();
    for (let timer = this.#next(targetMs); timer !== undefined; timer = this.#next(targetMs)) {
      this.#timers.delete(timer);
      this.#nowMs = timer.dueMs;
      timer.callback();
      await this.#rest();
    }
    this.#nowMs = targetMs;
  }

  /** The earliest timer up to a moment; of two at the same moment the one that was set first. */
  #next(untilMs: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }

  /** Lets promises settle and the event loop turn until nobody uses the clock any more. */
  async #rest(): Promise<void> {
    for (let turns = 0, idle = 0; idle < IDLE_TURNS && turns < MOST_TURNS; turns += 1) {
      const before = this.#uses;
      await new Promise<void>((resolve) => nextTurn(resolve));
      idle = this.#uses === before ? idle + 1 : 0;
    }
  }

  get #shown(): string {
    return new Date(this.#nowMs).toISOString();
  }
}

function momentOf(moment: unknown, subject: string): number {
  if (rule.date(moment) === undefined) return (moment as Date).getTime();
  if (typeof moment === 'number' && rule.date(new Date(moment)) === undefined) return moment;
  throw wrongUse(subject, 'a valid Date, or milliseconds since the epoch');
}
