import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Execution } from '../execution/execution.js';
import type { Pending } from '../execution/pending.js';
import type { Work } from '../execution/work.js';

/** What an item passes that may have to wait on its way. */
export interface Passable {
  /** Goes on with what the promise of a passage gave; gives the passage again if it must wait again. */
  resume(passage: Passage, value: unknown): Passage | undefined;
  /** Goes on after the promise of a passage was rejected. */
  refuse(passage: Passage, thrown: unknown): Passage | undefined;
}

/** An item that waits for a promise on its way through a segment. */
export class Passage {
  pending: PromiseLike<unknown> | undefined;
  /** The stage it is in; beyond the last one while what follows the segment has it. */
  at = 0;
  /** The item that the stage was called with, while its call is pending. */
  item: unknown = undefined;
  /** What the stage has decided, once that is all that is pending. */
  decided: Pending | undefined;

  constructor(
    readonly segment: Passable,
    readonly execution: Execution,
    readonly trace: ItemTrace | undefined,
  ) {}
}

/** Where nothing follows what is waited for. */
const REST: Passable = { resume: () => undefined, refuse: () => undefined };

/** Waits for some work, which never rejects, as for an item. */
export function passageFor(work: Promise<void>, execution: Execution): Passage {
  const passage = new Passage(REST, execution, undefined);
  passage.pending = work;
  return passage;
}

/**
 * Sees an item to the end of its way, and those that follow it; never rejects.
 *
 * @param next gives the passage of a following item that must wait, undefined when none is left.
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

/** Sees an item to the end of its way where it must wait; undefined where it has no passage, since it is done. */
export function workOf(passage: Passage | undefined): Work {
  return passage === undefined ? undefined : settle(passage);
}
