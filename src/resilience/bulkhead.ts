import { recordRule, rule } from '../errors/option-rules.js';

/** How many calls of a node may be under way in all runs of a runner together. */
export interface BulkheadOptions {
  /** The most calls under way; of a composite the most children. */
  readonly concurrent: number;
  /** The most items that wait for a place, first come, first served; one more fails with `BULKHEAD_FULL`. Default 0. */
  readonly queue?: number | undefined;
}

const queueRule = (value: unknown): string | undefined =>
  value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 0)
    ? undefined
    : 'a whole number, 0 or more, or Infinity';

/** The rule of an option that is {@link BulkheadOptions}. */
export const bulkheadRule = recordRule(
  '{ concurrent, queue? }',
  { concurrent: rule.positiveInteger, queue: queueRule },
  ['concurrent'],
);

/** The numbers of a bulkhead, with the default. */
export interface BulkheadNumbers {
  readonly concurrent: number;
  readonly queue: number;
}

/** A frozen copy with the default; undefined where nothing, or something wrong, was given. */
export function bulkheadNumbers(given: BulkheadOptions | undefined): BulkheadNumbers | undefined {
  if (given === undefined || bulkheadRule(given) !== undefined) return undefined;
  return Object.freeze({ concurrent: given.concurrent, queue: given.queue ?? 0 });
}

/** Has so many places for calls, and a line of those who wait for one. */
export class Bulkhead {
  #taken = 0;
  /** In the order of coming. */
  readonly #waiting = new Set<() => void>();

  constructor(readonly numbers: BulkheadNumbers) {}

  /** How many places are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** How many wait for a place. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a place; gives whether there was one. */
  enter(): boolean {
    if (this.#taken >= this.numbers.concurrent) return false;
    this.#taken += 1;
    return true;
  }

  /** Waits in line for a place, which is taken when `granted` is called; undefined where the line is full. */
  wait(granted: () => void): (() => void) | undefined {
    if (this.#waiting.size >= this.numbers.queue) return undefined;
    const waiter = (): void => {
      granted();
    };
    this.#waiting.add(waiter);
    return () => {
      this.#waiting.delete(waiter);
    };
  }

  /** Gives a place back: to the first who waits, if there is one. */
  leave(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#waiting.delete(first);
    first();
  }
}
