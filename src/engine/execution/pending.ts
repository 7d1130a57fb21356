import { after } from './work.js';
import type { Work } from './work.js';

/** Returned by `process` when the item has ended at this node and nothing is to be emitted. */
export const NOTHING: unique symbol = Symbol('nothing');

/** Returned by `process` when the item's lane continues with the item once its call has settled. */
export const TAKEN_OVER: unique symbol = Symbol('taken over');

/**
 * The result of a stage that has not finished with an item: a promise, with the result beside it.
 *
 * A promise resolved with a user's value reads the value's `then`, which may throw; so the engine's promises carry no
 * value. A private field marks this class, because a proxy made by a user could imitate any public property.
 */
export class Pending {
  readonly #isPending = true;
  /** The value to emit once the work is done, or {@link NOTHING}. */
  outcome: unknown = NOTHING;
  /** Settles when the outcome is set; never rejects. */
  work: Promise<void> = SETTLED;

  /** True if a stage returned a Pending, not a final result. */
  static is(value: unknown): value is Pending {
    return typeof value === 'object' && value !== null && #isPending in value;
  }

  /** Sets the outcome; for an outcome that is itself Pending, once that one has settled. */
  settle(outcome: unknown): Work {
    if (!Pending.is(outcome)) {
      this.outcome = outcome;
      return undefined;
    }
    return outcome.work.then(() => {
      this.outcome = outcome.outcome;
    });
  }
}

const SETTLED = Promise.resolve();

/** Result of an item that ends at this node after the given work, such as writing a lineage record. */
export function nothingAfter(work: Work): typeof NOTHING | Pending {
  if (work === undefined) return NOTHING;
  const pending = new Pending();
  pending.work = work;
  return pending;
}

/** Result of an item that goes on with an output after the given work. */
export function outputAfter(work: Work, output: unknown): unknown {
  if (work === undefined) return output;
  const pending = new Pending();
  pending.outcome = output;
  pending.work = work;
  return pending;
}

/** What was decided, once something else is done too. */
export function decidedAfter(left: Promise<void>, decided: unknown): Pending {
  const pending = new Pending();
  pending.work = after(pending.settle(decided), () => left) ?? left;
  return pending;
}
