import type { Clock } from '../../../src/ports/clock.js';

/** A clock whose timers ring within `advance`: nothing has to be awaited. */
export class TimerClock implements Clock {
  #nowMs: number;
  #next = 0;
  readonly #timers = new Map<number, { readonly dueMs: number; readonly ring: () => void }>();

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimeout(ring: () => void, ms: number): number {
    this.#next += 1;
    this.#timers.set(this.#next, { dueMs: this.#nowMs + Math.max(ms, 1), ring });
    return this.#next;
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as number);
  }

  /** Moves on without a timer ringing: as where the timers of a busy process are late. */
  skip(ms: number): void {
    this.#nowMs += ms;
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { dueMs }]) => dueMs <= endMs);
      const [first] = due.sort(([, one], [, other]) => one.dueMs - other.dueMs);
      if (first === undefined) break;
      const [handle, { dueMs, ring }] = first;
      this.#timers.delete(handle);
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      ring();
    }
    this.#nowMs = endMs;
  }
}
