import { isThenable, toPromise } from '../data/foreign-value.js';
import { checkArgument, rule } from '../errors/option-rules.js';
import type { Clock } from '../ports/clock.js';
import { alarmAt } from '../run/ending/alarm.js';
import { ambientSlot } from './ambient-slot.js';
import type { ContextFrame } from './context-frame.js';

/** A timer that somebody waits for. */
interface OpenTimer {
  readonly stop: () => void;
}

/** The clock of a run for the code of one execution: its timers end with the execution, and what they throw fails it. */
export class ExecutionClock implements Clock {
  #timers: Set<OpenTimer> | undefined;

  /** @param path who is named where a timer's callback throws. */
  constructor(
    private readonly frame: ContextFrame,
    private readonly path: string,
  ) {}

  now(): number {
    return this.frame.scope.clock.now();
  }

  setTimeout(callback: () => void, ms: number): unknown {
    checkArgument('setTimeout', callback, rule.callable);
    checkArgument('setTimeout', ms, rule.milliseconds);
    const timers = this.#timersOf();
    const owner = ambientSlot.getStore();
    const threw = (thrown: unknown): void => {
      if (owner?.timerThrew === undefined) throw thrown;
      owner.timerThrew(thrown, this.path);
    };
    const ring = (): void => {
      timers.delete(timer);
      try {
        const call: () => unknown = callback;
        const given = call();
        if (isThenable(given)) toPromise(given).catch(threw);
      } catch (thrown) {
        threw(thrown);
      }
    };
    const { clock } = this.frame.scope;
    const timer: OpenTimer = { stop: alarmAt(clock, clock.now() + ms, ring) };
    timers.add(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    const timer = handle as OpenTimer;
    if (this.#timers?.delete(timer) === true) timer.stop();
  }

  #timersOf(): Set<OpenTimer> {
    if (this.#timers !== undefined) return this.#timers;
    const timers = new Set<OpenTimer>();
    this.#timers = timers;
    this.frame.addDisposer(() => {
      for (const timer of timers) timer.stop();
    }, this.path);
    return timers;
  }
}
