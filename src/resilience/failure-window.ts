/** What the calls of the latest time have come to, as far as a circuit must know. */
export interface FailureWindow {
  /** Counts a call that has ended; tells whether so many have failed by now that the circuit opens. */
  add(hasFailed: boolean, nowMs: number): boolean;
  /** Forgets all calls. */
  clear(): void;
}

/** Counts failures one by one: each for as long as the window is. */
export class FailureCount implements FailureWindow {
  /** When calls failed, the eldest first; those before the first that counts are over. */
  #failedMs: number[] = [];
  #first = 0;

  constructor(
    private readonly threshold: number,
    private readonly windowMs: number,
  ) {}

  add(hasFailed: boolean, nowMs: number): boolean {
    if (!hasFailed) return false;
    this.#failedMs.push(nowMs);
    while ((this.#failedMs[this.#first] ?? nowMs) <= nowMs - this.windowMs) this.#first += 1;
    if (this.#first > this.threshold) {
      this.#failedMs = this.#failedMs.slice(this.#first);
      this.#first = 0;
    }
    return this.#failedMs.length - this.#first >= this.threshold;
  }

  clear(): void {
    this.#failedMs = [];
    this.#first = 0;
  }
}

/** Into so many parts a window is divided where a ratio is counted: the eldest part is forgotten as a whole. */
const PARTS = 10;

/** Counts calls and failures in tenths of the window. */
export class FailureRatio implements FailureWindow {
  readonly #calls = new Float64Array(PARTS);
  readonly #failures = new Float64Array(PARTS);
  /** The number of the part that is counted in, from the epoch. */
  #latest = -Infinity;
  #allCalls = 0;
  #allFailures = 0;

  constructor(
    private readonly ratio: number,
    private readonly atLeast: number,
    private readonly windowMs: number,
  ) {}

  add(hasFailed: boolean, nowMs: number): boolean {
    this.#moveTo(Math.floor((nowMs * PARTS) / this.windowMs));
    const part = placeOf(this.#latest);
    this.#calls[part] = (this.#calls[part] ?? 0) + 1;
    this.#allCalls += 1;
    if (hasFailed) {
      this.#failures[part] = (this.#failures[part] ?? 0) + 1;
      this.#allFailures += 1;
    }
    return this.#allCalls >= this.atLeast && this.#allFailures / this.#allCalls >= this.ratio;
  }

  clear(): void {
    this.#calls.fill(0);
    this.#failures.fill(0);
    this.#allCalls = 0;
    this.#allFailures = 0;
  }

  /** Forgets the parts that have left the window; a clock that goes back stays in the latest part. */
  #moveTo(current: number): void {
    const passed = current - this.#latest;
    if (passed <= 0) return;
    if (passed >= PARTS) this.clear();
    else for (let step = 1; step <= passed; step += 1) this.#forget(placeOf(this.#latest + step));
    this.#latest = current;
  }

  #forget(part: number): void {
    this.#allCalls -= this.#calls[part] ?? 0;
    this.#allFailures -= this.#failures[part] ?? 0;
    this.#calls[part] = 0;
    this.#failures[part] = 0;
  }
}

/** Where the part of a number is counted; moments before the epoch have negative numbers. */
function placeOf(part: number): number {
  return ((part % PARTS) + PARTS) % PARTS;
}
