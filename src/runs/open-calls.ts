/** A call to a store that has not answered yet. */
export interface OpenCall {
  /** How many looks there had been when the call began. */
  readonly since: number;
  /** Where the call stands among the open ones; their own. */
  place: number;
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
  /** In no order: one that is taken out leaves its place to the last one. */
  readonly #calls: OpenCall[] = [];
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
    call.place = this.#calls.length;
    this.#calls.push(call);
    this.#watch();
  }

  /** Takes a call out; tells whether it was open. */
  remove(call: OpenCall): boolean {
    const { place } = call;
    if (this.#calls[place] !== call) return false;
    const last = this.#calls.pop();
    if (last === undefined || last === call) return true;
    this.#calls[place] = last;
    last.place = place;
    return true;
  }

  /** Calls the timer off. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #watch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#looks += 1;
      // A call begins somewhere between two looks, so that one look more must pass than the limit has.
      const late = this.#calls.filter(({ since }) => this.#looks - since > LOOKS_PER_LIMIT);
      for (const call of late) {
        this.remove(call);
        call.giveUp(this.#limitMs);
      }
      if (this.#calls.length > 0) this.#watch();
    }, this.#limitMs / LOOKS_PER_LIMIT).unref();
  }
}
