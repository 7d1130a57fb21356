import { isThenable } from '../../data/foreign-value.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { LineageOutcome } from '../../ports/lineage-sink.js';
import { sinkRejected } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { NodeStage } from './stage.js';
import type { Work } from '../execution/work.js';

/** Ends one branch of an item's trace at a node; a lineage sink that fails ends the run. */
export function endTrace(
  execution: Execution,
  stage: NodeStage,
  trace: ItemTrace | undefined,
  outcome: LineageOutcome,
  attempts = 1,
): Work {
  if (trace === undefined) return undefined;
  return settleRecord(execution, stage, () =>
    trace.end({ outcome, place: stage.place(execution), attempts }),
  );
}

/** Does something that may write to the lineage sink. */
export function settleRecord(execution: Execution, stage: NodeStage, write: () => unknown): Work {
  const reject = (thrown: unknown): void => {
    execution.fail(sinkRejected(stage.site.path, 'lineage sink', thrown), stage.site, true);
  };
  try {
    const written = write();
    if (isThenable(written)) return Promise.resolve(written).then(() => undefined, reject);
  } catch (thrown) {
    reject(thrown);
  }
  return undefined;
}

/** Gives up an item: its execution has failed or was cancelled. */
export function dropItem(execution: Execution, stage: NodeStage, trace: ItemTrace | undefined): Work {
  stage.counter(execution).cancelled += 1;
  return endTrace(execution, stage, trace, 'dropped');
}

/** A stream through a node, as far as the end of its items is concerned. */
export interface BreakableStream {
  /** Whether the item that its failure is about has been counted. */
  hasFailedItem: boolean;
}

/** Ends an item whose stream broke: it failed if its own node broke the stream in its hands, else it is given up. */
export function breakItem(
  execution: Execution,
  stage: NodeStage,
  stream: BreakableStream,
  trace: ItemTrace | undefined,
): Work {
  if (execution.failedStage !== stage.site || stream.hasFailedItem) return dropItem(execution, stage, trace);
  stream.hasFailedItem = true;
  stage.counter(execution).failed += 1;
  // In a child the composite around it decides how the item ends.
  return execution.frame.parent === undefined ? endTrace(execution, stage, trace, 'error') : undefined;
}
