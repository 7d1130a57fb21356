import { isThenable } from '../../data/foreign-value.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import { toErrorRecord } from '../../ports/error-record.js';
import type { LineageError, LineageOutcome } from '../../ports/lineage-sink.js';
import { sinkRejected } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { NodeStage } from './stage.js';
import type { Work } from '../execution/work.js';

/** Ends one branch of an item's trace at a node; if the lineage sink fails, the execution fails. */
export function endTrace(
  execution: Execution,
  stage: NodeStage,
  trace: ItemTrace | undefined,
  outcome: LineageOutcome,
  attempts = 1,
  error?: PipelineError,
): Work {
  if (trace === undefined) return undefined;
  const { redactor } = execution.frame.services.run;
  const traced = error && redactor.data(tracedError(error));
  return settleRecord(execution, stage, () =>
    trace.end({ outcome, place: stage.place(execution), attempts, error: traced }),
  );
}

/** The code of the framework's error, and the name of the original one; no message, as that may hold payload. */
function tracedError(error: PipelineError): LineageError {
  const original = toErrorRecord(error.cause === undefined ? error : error.cause);
  return Object.freeze({ code: error.code, name: original.name });
}

/** Runs a function that may write to the lineage sink; if that throws or rejects, the execution fails. */
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

/** Counts an item as cancelled and ends its trace: the execution has failed or was cancelled. */
export function dropItem(execution: Execution, stage: NodeStage, trace: ItemTrace | undefined): Work {
  stage.cancelled(execution);
  return endTrace(execution, stage, trace, 'dropped');
}

/** The part of a node's stream that {@link breakItem} needs. */
export interface BreakableStream {
  /** True once one item of the broken stream has been counted as failed: only one may be. */
  hasFailedItem: boolean;
}

/**
 * Ends an item whose stream broke.
 *
 * It counts as failed if this node failed and no other item counts so, else as cancelled.
 */
export function breakItem(
  execution: Execution,
  stage: NodeStage,
  stream: BreakableStream,
  trace: ItemTrace | undefined,
): Work {
  if (execution.failedStage !== stage.site || stream.hasFailedItem) return dropItem(execution, stage, trace);
  stream.hasFailedItem = true;
  stage.counter(execution).failed += 1;
  // In a child, the trace is ended by the composite around the child.
  return execution.frame.parent === undefined
    ? endTrace(execution, stage, trace, 'error', 1, execution.failure)
    : undefined;
}
