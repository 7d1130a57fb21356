import { RunCancelledError } from '../../errors/run-cancelled-error.js';
import { toErrorRecord } from '../../ports/error-record.js';
import type { Outcome } from '../../ports/execution-observer.js';
import type { Execution } from '../execution/execution.js';
import type { Plan } from './plan.js';
import { ToldEvents } from '../execution/told-events.js';

/** The outcome of an execution if it ended now. */
export function outcomeOf(execution: Execution): Outcome {
  if (execution.failure !== undefined) return 'failed';
  return execution.frame.scope.reason === undefined ? 'succeeded' : 'cancelled';
}

/** Sends an execution's start event to the observer; does nothing after the end event of the run. */
export function tellStart({ blueprint }: Plan, execution: Execution): void {
  const { run, frame, observer, parent } = execution;
  if (observer === undefined || run.isTold) return;
  const { pipelineId, identity } = frame;
  if (parent !== undefined && parent.told?.adopt(pipelineId, execution) !== true) return;
  const { name: pipelineName, path } = blueprint;
  execution.told = new ToldEvents({ pipelineName, path, runId: identity.get('runId'), pipelineId });
  execution.notify('pipelineStarted', path, { pipelineName });
}

/** Sends the start events of all nodes of an execution. */
export function tellNodesStarted(plan: Plan, execution: Execution): void {
  for (const stage of plan.nodes) stage.tell(execution, 'nodeStarted', {});
}

/**
 * Sends an execution's end event. Children and nodes that have not ended get their end events before it.
 *
 * Only the first call counts. No event follows the end event of a run.
 */
export function tellEnd(execution: Execution): void {
  const { told } = execution;
  if (told === undefined || told.isOver) return;
  endChildren(told, execution);
  tellOwnEnd(told, execution, outcomeOf(execution));
  if (execution.parent === undefined) execution.run.isTold = true;
}

/** Sends the end events of a child that still runs when the execution around it ends. */
function cutOff(execution: Execution): void {
  const { told } = execution;
  if (told === undefined || told.isOver) return;
  endChildren(told, execution);
  const outcome = outcomeOf(execution);
  tellOwnEnd(told, execution, outcome === 'succeeded' ? 'cancelled' : outcome);
}

/** Sends the end events of all children that have not ended, as cancelled. */
function endChildren(told: ToldEvents<Execution>, execution: Execution): void {
  for (const { path, nodeId, childPipelineId, attempt, execution: child } of told.openChildren) {
    if (child !== undefined) cutOff(child);
    const fields = { childPipelineId, attempt, outcome: 'cancelled' } as const;
    execution.notify('compositeCompleted', path, fields, nodeId);
  }
}

function tellOwnEnd(told: ToldEvents<Execution>, execution: Execution, outcome: Outcome): void {
  const { path, pipelineName } = told.origin;
  for (const node of told.openNodes) {
    const isOther = outcome === 'failed' && execution.failedStage?.path !== node.path;
    const fields = { outcome: isOther ? 'cancelled' : outcome };
    execution.notify('nodeCompleted', node.path, fields, node.nodeId);
  }
  if (outcome === 'succeeded') execution.notify('pipelineCompleted', path, { pipelineName, outcome });
  else {
    const error =
      execution.failure ??
      execution.frame.scope.reason ??
      new RunCancelledError({ kind: 'finished', message: 'what it was part of has ended' }, path);
    execution.notify('pipelineFailed', path, { pipelineName, outcome, error: toErrorRecord(error) });
  }
}
