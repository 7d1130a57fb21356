import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Execution } from '../execution/execution.js';
import type { Pending } from '../execution/pending.js';
import type { Work } from '../execution/work.js';

/** Continues a waiting item when its promise has settled; implemented by segments. */
export interface Passable {
  /** Continues after the promise has resolved; returns the passage if the item must wait again. */
  resume(passage: Passage, value: unknown): Passage | undefined;
  /** Continues after the promise was rejected; returns the passage if the item must wait again. */
  refuse(passage: Passage, thrown: unknown): Passage | undefined;
}

/** An item that waits for a promise on its way through a segment. */
export class Passage {
  pending: PromiseLike<unknown> | undefined;
  /**
   * Index of the stage that the item waits in.
   *
   * Equal to the number of stages while a stage behind the segment has the item.
   */
  at = 0;
  /** Argument of the pending call. */
  item: unknown = undefined;
  /** The stage's pending result, set after the call has ended, while for example a retry is awaited. */
  decided: Pending | undefined;

  constructor(
    readonly segment: Passable,
    readonly execution: Execution,
    readonly trace: ItemTrace | undefined,
  ) {}
}

/** Ends a passage when its promise has settled. */
const REST: Passable = { resume: () => undefined, refuse: () => undefined };

/** Makes a passage that only waits for some work, which never rejects. */
export function passageFor(work: Promise<void>, execution: Execution): Passage {
  const passage = new Passage(REST, execution, undefined);
  passage.pending = work;
  return passage;
}

/**
 * Awaits an item until it has passed all stages, then the following items; never rejects.
 *
 * @param next starts following items; returns the passage of the first that must wait, undefined if none does.
 */
export async function settle(first: Passage, next?: () => Passage | undefined): Promise<void> {
  let passage: Passage | undefined = first;
  while (passage !== undefined) {
    const { segment }: Passage = passage;
    let value: unknown;
    try {
      value = await passage.pending;
    } catch (thrown) {
      passage = segment.refuse(passage, thrown) ?? next?.();
      continue;
    }
    passage = segment.resume(passage, value) ?? next?.();
  }
}

/** Returns the work of an item that may have a passage; undefined for an item that is done. */
export function workOf(passage: Passage | undefined): Work {
  return passage === undefined ? undefined : settle(passage);
}
