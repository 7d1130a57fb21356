import type { StoredRunEvent } from './run-event.js';

/** How many events of a run are kept, the latest. */
export const MOST_EVENTS = 10_000;

/** So many more are let stand, so that not every event moves all others. */
const SLACK = 1000;

/** The log of one run in memory, in the order of the numbers. */
export class MemoryRunLog {
  #events: StoredRunEvent[] = [];

  /** Adds events; numbers that are there already, or came before what is there, are ignored. */
  append(events: readonly StoredRunEvent[]): void {
    let last = this.#events.at(-1)?.seq ?? 0;
    for (const event of events) {
      if (event.seq <= last) continue;
      this.#events.push(Object.freeze(event));
      last = event.seq;
    }
    if (this.#events.length > MOST_EVENTS + SLACK) this.#events = this.#events.slice(-MOST_EVENTS);
  }

  /** The events with numbers above `after`. */
  read(after: number, limit: number): readonly StoredRunEvent[] {
    const [first] = this.#events;
    if (first === undefined) return [];
    // Nearly always without a hole: then the place follows from the number.
    let start = Math.max(0, Math.min(after + 1 - first.seq, this.#events.length));
    while (start > 0 && (this.#events[start - 1]?.seq ?? 0) > after) start -= 1;
    return this.#events.slice(start, start + limit);
  }
}
