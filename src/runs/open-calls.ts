/** A call to a store that has not answered yet. */
export interface OpenCall {
  /** How many looks there had been when the call began. */
  readonly since: number;
  /** Called when the time of the call is over; it is not open any more then. */
  giveUp(limitMs: number): void;
}

/** How often the open calls are looked at within the time that a call may take. */
const LOOKS_PER_LIMIT = 4;

/**
 * The calls to a store that have not answered yet: gives up those that take too long.
 *
 * One timer serves all, since nearly all have answered long before, and no clock is read for a call: its age is known by
 * how often the open calls have been looked at since.
 */
export class OpenCalls {
  readonly #limitMs: number;
  readonly #calls = new Set<OpenCall>();
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;

  /** @param limitMs how long a call may take. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** How often the calls have been looked at. */
  get looks(): number {
    return this.#looks;
  }

  add(call: OpenCall): void {
    this.#calls.add(call);
    if (this.#timer === undefined) this.#watch();
  }

  /** Takes a call out; tells whether it was open. */
  remove(call: OpenCall): boolean {
    return this.#calls.delete(call);
  }

  /** Calls the timer off. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #watch(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#looks += 1;
      for (const call of this.#calls) {
        // A call begins somewhere between two looks, so that one look more must pass than the limit has.
        if (this.#looks - call.since <= LOOKS_PER_LIMIT) continue;
        this.#calls.delete(call);
        call.giveUp(this.#limitMs);
      }
      if (this.#calls.size > 0 && this.#timer === undefined) this.#watch();
    }, this.#limitMs / LOOKS_PER_LIMIT).unref();
  }
}
