import { isThenable } from '../../data/foreign-value.js';
import type { Execution } from '../execution/execution.js';
import { refuseNoResult } from '../streams/open-items.js';
import type { Passage } from './passage.js';
import type { WrittenOut } from './written-out.js';

/** Why a loop over a source's items was left. */
export type Stop =
  /** None of these: an item must wait, or as many have been taken as were asked for. */
  | 'none'
  /** There is no further item, or nobody wants one. */
  | 'ended'
  /** The next item is still a promise. */
  | 'lateItem';

/** The pulling from one source in one execution, as a loop over its items sees it. */
export interface Pulling {
  stop: Stop;
  /** How many items have been taken out of the source. */
  taken: number;
  /** The items, where they are an array that iterates as arrays do. */
  readonly list: readonly unknown[] | undefined;
  readonly iterator: Iterator<unknown>;
  /** Whether anybody behind the source can still use items, as far as that can change. */
  readonly isClosed: boolean;
  /** Takes an item on its way; gives a passage where it must wait. */
  enter(item: unknown): Passage | undefined;
  /** Notes that the source has no more. */
  finish(): void;
  /** Keeps an item that is a promise. */
  keepLate(item: PromiseLike<unknown>): void;
  /**
   * Fails the execution: the source threw.
   *
   * @param isAsked whether its iterator was asked and did not answer: throwing is then its end.
   */
  failed(thrown: unknown, isAsked: boolean): void;
}

/**
 * Takes a number of items out of a source that answers at once, and each as far on its way as it goes; never throws.
 *
 * @returns a passage where an item must wait.
 */
export type PullLoop = (pulling: Pulling, execution: Execution, steps: number) => Passage | undefined;

/** Does the same, but waits where an item must wait. */
export type WaitingLoop = (pulling: Pulling, execution: Execution, steps: number) => Promise<void>;

/** The loops over a source's items: shared ones at first, later written out. */
export interface SourceLoops {
  /** Goes on as long as no item must wait. */
  readonly atOnce: WrittenOut<PullLoop>;
  /** Waits where an item must wait; undefined where that is not written out. */
  readonly waiting: WrittenOut<WaitingLoop | undefined>;
}

/** The loop that all sources share. What `generatePull` makes does the same, written out. */
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
        // As in any loop over an iterable, whatever counts as true is the end.
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
    // Stages never throw: it was the source.
    pulling.failed(thrown, isAsked);
  }
  return undefined;
};
