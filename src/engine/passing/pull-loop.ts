import { isThenable } from '../../data/foreign-value.js';
import type { Execution } from '../execution/execution.js';
import { refuseNoResult } from '../streams/open-items.js';
import type { Passage } from './passage.js';
import type { WrittenOut } from './written-out.js';

/** The reason why a loop over a source's items has returned. */
export type Stop =
  /** The loop may go on: an item must wait, or the requested number of items has been taken. */
  | 'none'
  /** The source has ended, or its items are no longer wanted. */
  | 'ended'
  /** The next item is still a promise. */
  | 'lateItem';

/** The state of pulling from one source in one execution, as used by the loops. */
export interface Pulling {
  stop: Stop;
  /** Number of items taken from the source. */
  taken: number;
  /** The items, if they are an array with the standard iterator. */
  readonly list: readonly unknown[] | undefined;
  readonly iterator: Iterator<unknown>;
  /** True once the stages behind the source accept no more items; always false where that cannot happen. */
  readonly isClosed: boolean;
  /** Sends an item through the stages; returns a passage if the item must wait. */
  enter(item: unknown): Passage | undefined;
  /** How many items come before the next one that is followed. */
  readonly untilFollowed: number;
  /** Sends an item through the stages, of which it is known how many have come since the last one that was sent so. */
  enterAfter(item: unknown, others: number): Passage | undefined;
  /** Marks the source as ended. */
  finish(): void;
  /** Stops the loop at an item that is a promise, to await it outside of the loop. */
  keepLate(item: PromiseLike<unknown>): void;
  /**
   * Fails the execution with an error that the source has thrown.
   *
   * @param isAsked true if the iterator's `next` threw: such an iterator has ended, and is not closed.
   */
  failed(thrown: unknown, isAsked: boolean): void;
}

/**
 * Takes up to `steps` items from a synchronous source through the stages; never throws.
 *
 * @returns the passage of an item that must wait; undefined if none does.
 */
export type PullLoop = (pulling: Pulling, execution: Execution, steps: number) => Passage | undefined;

/** Takes up to `steps` items from a synchronous source through the stages, awaiting each if necessary. */
export type WaitingLoop = (pulling: Pulling, execution: Execution, steps: number) => Promise<void>;

/** The loops over a source's items: at first shared by all pipelines, later generated for this source. */
export interface SourceLoops {
  /** Returns at the first item that must wait. */
  readonly atOnce: WrittenOut<PullLoop>;
  /** Awaits each item that must wait; undefined until it is generated. */
  readonly waiting: WrittenOut<WaitingLoop | undefined>;
}

/** The loop shared by all sources; `generatePull` generates code that does the same. */
export const pullInLoop: PullLoop = (pulling, execution, steps) => {
  const { scope } = execution;
  const { list, iterator } = pulling;
  let isAsked = false;
  try {
    for (let left = steps; left > 0; left -= 1) {
      if (execution.failure !== undefined || scope.reason !== undefined || pulling.isClosed) {
        pulling.stop = 'ended';
        return undefined;
      }
      let item: unknown;
      if (list !== undefined) {
        if (pulling.taken >= list.length) {
          pulling.finish();
          return undefined;
        }
        item = list[pulling.taken];
      } else {
        isAsked = true;
        const step = iterator.next();
        refuseNoResult(step);
        // As in a `for` loop, `done` may be any truthy value.
        const isDone = Boolean(step.done);
        isAsked = false;
        if (isDone) {
          pulling.finish();
          return undefined;
        }
        item = step.value;
      }
      pulling.taken += 1;
      if (isThenable(item)) {
        pulling.keepLate(item);
        return undefined;
      }
      const passage = pulling.enter(item);
      if (passage !== undefined) return passage;
    }
  } catch (thrown) {
    // Stages never throw, so the error comes from the source.
    pulling.failed(thrown, isAsked);
  }
  return undefined;
};
