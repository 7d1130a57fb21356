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

/** Transforms in a row, and perhaps a sink behind them, as a walk sees them. */
export interface WalkedSegment {
  /** How many transforms there are. */
  readonly transforms: number;
  readonly hasSink: boolean;
  /** Where the states of the first node are; those of the others follow. */
  readonly firstSlot: number;
  /** The context as a node sees it, where it has not been made yet. */
  viewAt(execution: Execution, at: number): PipelineContext;
  /** Ends an item at a node: it was filtered out, or its execution has ended. */
  endAt(execution: Execution, start: number, at: number, how: 'filtered' | 'cancelled'): Passage | undefined;
  /** Waits for what a node's call has given. */
  waitAt(
    execution: Execution,
    start: number,
    at: number,
    item: unknown,
    pending: PromiseLike<unknown>,
    passage: Passage | undefined,
  ): Passage;
  /** Has it decided what comes of a call that threw. */
  failAt(
    execution: Execution,
    start: number,
    at: number,
    item: unknown,
    thrown: unknown,
    passage: Passage | undefined,
  ): Passage | undefined;
  /** Counts items that came to a node, all at the first try, and were filtered out by it. */
  filteredAt(execution: Execution, at: number, items: number): void;
  /** Has it decided what comes of a call that was waited for and was rejected. */
  refuseAt(execution: Execution, at: number, item: unknown, thrown: unknown): Passage | undefined;
  /** The counts of a node in the run of an execution. */
  counterAt(execution: Execution, at: number): NodeCounter;
  /** How far the items came in the run of an execution. */
  tally(execution: Execution): Tally;
  /** Waits for what follows the last node. */
  waitBehind(execution: Execution, pushed: Promise<void>): Passage;
  /** Counts an item that the sink has taken. */
  written(execution: Execution, start: number): Passage | undefined;
  /** Hands an item on to what follows. */
  leave(
    execution: Execution,
    start: number,
    item: unknown,
    passage: Passage | undefined,
  ): Passage | undefined;
}

/**
 * The way of nearly every item: one try of each node, without a limit, and nobody follows it.
 *
 * @param start the node to start with.
 * @param passage the item's passage, if it has waited before.
 * @returns a passage where the item must wait.
 */
export type Walk = (
  segment: WalkedSegment,
  execution: Execution,
  item: unknown,
  start: number,
  passage: Passage | undefined,
) => Passage | undefined;

/** Walks in a loop over the nodes. What `generateWalk` makes does the same, written out. */
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
      // Inside: to look for a 'then' may throw.
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
