import type { ItemTrace } from '../../lineage/item-trace.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import { toErrorRecord } from '../../ports/error-record.js';
import type { LineageError, LineageOutcome } from '../../ports/lineage-sink.js';
import type { Execution } from '../execution/execution.js';
import type { NodeStage } from './stage.js';
import type { Work } from '../execution/work.js';

/** Ends one branch of an item at a node, as its lineage tells it. */
export function endTrace(
  execution: Execution,
  stage: NodeStage,
  trace: ItemTrace | undefined,
  outcome: LineageOutcome,
  attempts = 1,
  error?: PipelineError,
): Work {
  const traced = error && trace && tracedError(execution, trace, error);
  return trace?.end(outcome, stage.site, execution.frame, attempts, traced);
}

/** The code of the framework's error, and the name of the original one; what it says may hold payload. */
export function tracedError({ frame }: Execution, trace: ItemTrace, error: PipelineError): LineageError {
  const original = error.cause === undefined ? error : error.cause;
  const message = trace.item.keeper.payload.message(original);
  const { name } = toErrorRecord(original);
  return Object.freeze({
    ...frame.services.run.redactor.data({ code: error.code, name }),
    ...(message === undefined ? {} : { message }),
  });
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
  return endTrace(execution, stage, trace, 'error', 1, execution.failure);
}
