import type { Work } from './work.js';

/** What processing an item gives when nothing is left to emit: the item has ended here. */
export const NOTHING: unique symbol = Symbol('nothing');

/** What processing an item gives when the lane that it has taken goes on with it. */
export const TAKEN_OVER: unique symbol = Symbol('taken over');

/**
 * Stands for an item that a stage still works on.
 *
 * The engine's own promises resolve with nothing: the language would look for a `then` in a user's value, which may
 * throw. The value is kept beside the promise. A private mark tells this class from users' values, whatever traps a
 * proxy has.
 */
export class Pending {
  readonly #isPending = true;
  /** What has come of the item once the work is done: what to emit, or {@link NOTHING}. */
  outcome: unknown = NOTHING;
  /** Settles when the outcome is there; never rejects. */
  work: Promise<void> = SETTLED;

  /** Whether what a stage gave is an item that it still works on. */
  static is(value: unknown): value is Pending {
    return typeof value === 'object' && value !== null && #isPending in value;
  }

  /** Takes an outcome, also one that is pending itself. */
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

/** The item has ended here, once what is still to be written is written. */
export function nothingAfter(work: Work): typeof NOTHING | Pending {
  if (work === undefined) return NOTHING;
  const pending = new Pending();
  pending.work = work;
  return pending;
}
