import { RunCancelledError } from '../errors/run-cancelled-error.js';
import { toErrorRecord } from '../ports/error-record.js';
import type { Outcome } from '../ports/execution-observer.js';
import type { Execution } from './execution.js';
import type { Plan } from './plan.js';
import { ToldEvents } from './told-events.js';

/** How an execution stands at this moment. */
export function outcomeOf(execution: Execution): Outcome {
  if (execution.failure !== undefined) return 'failed';
  return execution.frame.scope.reason === undefined ? 'succeeded' : 'cancelled';
}

/** Tells the observer that an execution has started; after the end of the run nothing is told. */
export function tellStart({ blueprint }: Plan, execution: Execution): void {
  const { run, frame, observer } = execution;
  if (observer === undefined || run.isTold) return;
  const { name: pipelineName, path } = blueprint;
  execution.told = new ToldEvents(pipelineName, path);
  (run.told ??= new Map()).set(frame.pipelineId, () => {
    cutOff(execution);
  });
  execution.notify('pipelineStarted', path, { pipelineName });
}

/** Tells the observer that the nodes of an execution are ready. */
export function tellNodesStarted(plan: Plan, execution: Execution): void {
  for (const stage of plan.nodes) stage.tell(execution, 'nodeStarted', {});
}

/**
 * Tells the observer how an execution has ended; before that, the ends of all that has started in it and goes on.
 *
 * Only the first call counts. At the top of a run, executions that go on by themselves are told as ended, too: no event
 * comes after that of the run's end.
 */
export function tellEnd(execution: Execution): void {
  if (execution.told === undefined || execution.told.isOver) return;
  const { run, frame, around } = execution;
  endChildren(execution);
  if (around === undefined) {
    const { pipelineId } = frame;
    // What has started later lies further in.
    for (const [id, end] of [...(run.told ?? [])].reverse()) if (id !== pipelineId) end();
  }
  tellOwnEnd(execution, outcomeOf(execution));
  if (around === undefined) run.isTold = true;
}

/** Ends an execution that goes on, for the observer: its run, or the execution around it, is over. */
function cutOff(execution: Execution): void {
  if (execution.told === undefined || execution.told.isOver) return;
  endChildren(execution);
  const outcome = outcomeOf(execution);
  tellOwnEnd(execution, outcome === 'succeeded' ? 'cancelled' : outcome);
}

/** Ends the children that composites of an execution have started and not ended. */
function endChildren(execution: Execution): void {
  for (const [childPipelineId, { path, nodeId, attempt }] of execution.told?.openChildren ?? []) {
    execution.run.told?.get(childPipelineId)?.();
    const outcome: Outcome = 'cancelled';
    execution.notify('compositeCompleted', path, { nodeId, childPipelineId, attempt, outcome });
  }
}

function tellOwnEnd(execution: Execution, outcome: Outcome): void {
  const { told } = execution;
  if (told === undefined) return;
  const { path, pipelineName } = told;
  execution.run.told?.delete(execution.frame.pipelineId);
  for (const [nodePath, nodeId] of told.openNodes) {
    const isOther = outcome === 'failed' && execution.failedStage?.path !== nodePath;
    execution.notify('nodeCompleted', nodePath, { nodeId, outcome: isOther ? 'cancelled' : outcome });
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
