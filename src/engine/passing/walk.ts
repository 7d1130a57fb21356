import { isThenable } from '../../data/foreign-value.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import { SKIP } from '../../nodes/skip.js';
import type { Execution } from '../execution/execution.js';
import type { NodeCounter } from '../execution/node-counter.js';
import type { Passage } from './passage.js';
import type { SinkTarget } from '../stages/sink-stage.js';
import { SLOTS_PER_NODE } from '../execution/stage-site.js';
import type { Tally } from '../execution/tally.js';
import type { TransformTarget } from '../stages/transform-stage.js';

/** How an item leaves the calls of a segment before the last node has answered. */
export type Departure = 'cancelled' | 'filtered' | 'waiting' | 'thrown';

/**
 * The members of a segment that a walk uses.
 *
 * `at` and `start` are indexes of nodes, `start` the first node of this walk.
 */
export interface WalkedSegment {
  /** Number of transforms. */
  readonly transforms: number;
  readonly hasSink: boolean;
  /** Slot of the first node in `Execution.states`; the slots of the other nodes follow. */
  readonly firstSlot: number;
  /** The id of a node, which its view of the context tells. */
  nodeIdAt(at: number): string;
  /** Makes a node's view of the context. */
  viewAt(execution: Execution, at: number): PipelineContext;
  /** Counts an item that ends at a node: filtered out, or cancelled with its execution. */
  endAt(execution: Execution, start: number, at: number, how: 'filtered' | 'cancelled'): Passage | undefined;
  /** Makes the passage of an item whose call at a node returned a promise. */
  waitAt(
    execution: Execution,
    start: number,
    at: number,
    item: unknown,
    pending: PromiseLike<unknown>,
    passage: Passage | undefined,
  ): Passage;
  /** Asks the node's error policy about a call that threw, and continues by its decision. */
  failAt(
    execution: Execution,
    start: number,
    at: number,
    item: unknown,
    thrown: unknown,
    passage: Passage | undefined,
  ): Passage | undefined;
  /**
   * Continues with an item that has left generated calls at a node.
   *
   * @param result what the node gave or threw.
   */
  leftAt(
    execution: Execution,
    at: number,
    item: unknown,
    result: unknown,
    how: Departure,
  ): Passage | undefined;
  /** Counts items that a node filtered out at the first try. */
  filteredAt(execution: Execution, at: number, items: number): void;
  /** Asks the node's error policy about a call whose promise was rejected, and continues by its decision. */
  refuseAt(execution: Execution, at: number, item: unknown, thrown: unknown): Passage | undefined;
  /** The counts of a node in the run of an execution. */
  counterAt(execution: Execution, at: number): NodeCounter;
  /** The segment's tally in the run of an execution. */
  tally(execution: Execution): Tally;
  /** Makes the passage of an item that waits for a stage behind the segment. */
  waitBehind(execution: Execution, pushed: Promise<void>): Passage;
  /** Counts an item that the sink has taken. */
  written(execution: Execution, start: number): Passage | undefined;
  /** Counts an item that has passed all transforms, and pushes it into the next stage. */
  leave(
    execution: Execution,
    start: number,
    item: unknown,
    passage: Passage | undefined,
  ): Passage | undefined;
}

/**
 * Calls the nodes of a segment with one item. Used for items without a trace, and nodes without `timeoutMs`.
 *
 * @param start index of the node to start with.
 * @param passage the item's passage, used again, if the item has waited before.
 * @returns the item's passage if the item must wait.
 */
export type Walk = (
  segment: WalkedSegment,
  execution: Execution,
  item: unknown,
  start: number,
  passage: Passage | undefined,
) => Passage | undefined;

/** The walk shared by all segments, a loop over the nodes. `generateWalk` generates code that does the same. */
export const walkInLoop: Walk = (segment, execution, first, start, passage) => {
  const { states, scope } = execution;
  const { transforms, hasSink } = segment;
  let item = first;
  let at = start;
  let slot = segment.firstSlot + start * SLOTS_PER_NODE;
  try {
    for (; at < transforms; at += 1, slot += SLOTS_PER_NODE) {
      if (execution.failure !== undefined || scope.reason !== undefined)
        return segment.endAt(execution, start, at, 'cancelled');
      const view = (states[slot] as PipelineContext | undefined) ?? segment.viewAt(execution, at);
      const target = states[slot + 1] as TransformTarget;
      const result = target.transform(item, view);
      // Inside the try block: reading `then` of a user's value may throw.
      if (isThenable(result)) return segment.waitAt(execution, start, at, item, result, passage);
      if (result === SKIP) return segment.endAt(execution, start, at, 'filtered');
      item = result;
    }
    if (hasSink) {
      if (execution.failure !== undefined || scope.reason !== undefined)
        return segment.endAt(execution, start, at, 'cancelled');
      const view = (states[slot] as PipelineContext | undefined) ?? segment.viewAt(execution, at);
      const target = states[slot + 1] as SinkTarget;
      const result: unknown = target.write(item, view);
      if (isThenable(result)) return segment.waitAt(execution, start, at, item, result, passage);
    }
  } catch (thrown) {
    return segment.failAt(execution, start, at, item, thrown, passage);
  }
  return hasSink ? segment.written(execution, start) : segment.leave(execution, start, item, passage);
};
