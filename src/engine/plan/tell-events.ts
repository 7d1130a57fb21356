import { RunCancelledError } from '../../errors/run-cancelled-error.js';
import { toErrorRecord } from '../../ports/error-record.js';
import type { Outcome } from '../../ports/execution-observer.js';
import type { Execution } from '../execution/execution.js';
import type { Plan } from './plan.js';
import { ToldEvents } from '../execution/told-events.js';

/** How an execution stands at this moment. */
export function outcomeOf(execution: Execution): Outcome {
  if (execution.failure !== undefined) return 'failed';
  return execution.frame.scope.reason === undefined ? 'succeeded' : 'cancelled';
}

/** Tells the observer that an execution has started; after the end of the run nothing is told. */
export function tellStart({ blueprint }: Plan, execution: Execution): void {
  const { run, frame, observer, parent } = execution;
  if (observer === undefined || run.isTold) return;
  const { pipelineId, identity } = frame;
  if (parent !== undefined && parent.told?.adopt(pipelineId, execution) !== true) return;
  const { name: pipelineName, path } = blueprint;
  execution.told = new ToldEvents({ pipelineName, path, runId: identity.get('runId'), pipelineId });
  execution.notify('pipelineStarted', path, { pipelineName });
}

/** Tells the observer that the nodes of an execution are ready. */
export function tellNodesStarted(plan: Plan, execution: Execution): void {
  for (const stage of plan.nodes) stage.tell(execution, 'nodeStarted', {});
}

/**
 * Tells the observer how an execution has ended; before that, the ends of all that has started in it and goes on.
 *
 * Only the first call counts. No event comes after that of the run's end.
 */
export function tellEnd(execution: Execution): void {
  const { told } = execution;
  if (told === undefined || told.isOver) return;
  endChildren(told, execution);
  tellOwnEnd(told, execution, outcomeOf(execution));
  if (execution.parent === undefined) execution.run.isTold = true;
}

/** Ends an execution that goes on, for the observer: the execution around it is over. */
function cutOff(execution: Execution): void {
  const { told } = execution;
  if (told === undefined || told.isOver) return;
  endChildren(told, execution);
  const outcome = outcomeOf(execution);
  tellOwnEnd(told, execution, outcome === 'succeeded' ? 'cancelled' : outcome);
}

/** Ends the children that composites of an execution have started and not ended. */
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
