import { RunCancelledError } from '../../errors/run-cancelled-error.js';
import { toErrorRecord } from '../../ports/error-record.js';
import type { Outcome } from '../../ports/execution-observer.js';
import type { Execution } from '../execution/execution.js';
import { ActiveScopes } from '../execution/active-scopes.js';
import { askScope, tellChildCompleted, tellNodeCompleted } from '../execution/tell.js';
import { ToldEvents } from '../execution/told-events.js';
import type { ToldNode } from '../execution/told-events.js';
import type { Plan } from './plan.js';

/** The outcome of an execution if it ended now. */
export function outcomeOf(execution: Execution): Outcome {
  if (execution.failure !== undefined) return 'failed';
  return execution.frame.scope.reason === undefined ? 'succeeded' : 'cancelled';
}

/** Tells that an execution has started; does nothing after the end of the run has been told. */
export function tellStart({ blueprint }: Plan, execution: Execution): void {
  const { run, frame, audience, parent } = execution;
  if (audience === undefined || run.isTold) return;
  const { pipelineId, identity } = frame;
  const startedAt =
    parent === undefined ? frame.scope.clock.now() : parent.told?.adopt(pipelineId, execution);
  if (startedAt === undefined || !audience.follows) return;
  const { name: pipelineName, path } = blueprint;
  const runId = identity.get('runId');
  const tenantId = identity.get('tenantId');
  const parentPipelineId = frame.parent?.pipelineId;
  execution.told = new ToldEvents(pipelineName, path, runId, pipelineId, tenantId, parentPipelineId);
  const isHeard = audience.hears('pipelineStarted');
  if (!isHeard && !run.hasScopes) return;
  const ofRun = parent === undefined ? identity : undefined;
  const event = Object.freeze({
    type: 'pipelineStarted',
    path,
    runId,
    pipelineId,
    at: startedAt,
    tenantId,
    parentPipelineId,
    pipelineName,
    threadId: ofRun?.get('threadId'),
    traceparent: ofRun?.get('traceparent'),
    tracestate: ofRun?.get('tracestate'),
  });
  if (isHeard) audience.tell(event, frame);
  if (!run.hasScopes) return;
  const around = execution.scopes?.own;
  execution.scopes = new ActiveScopes(askScope(execution, event) ?? around);
}

/**
 * Tells the end of an execution, before it those of its children and nodes that have not ended.
 *
 * Only the first call counts. Nothing is told after the end of the run.
 */
export function tellEnd(execution: Execution): void {
  const { told, run } = execution;
  if (execution.parent === undefined && !run.isTold) run.readings?.end();
  if (told !== undefined && !told.isOver) {
    endChildren(told, execution);
    tellOwnEnd(told, execution, outcomeOf(execution));
  }
  if (execution.parent === undefined) run.isTold = true;
}

type Told = ToldEvents<ToldNode, Execution>;

/** Tells the end of a child that still runs when the execution around it ends. */
function cutOff(execution: Execution): void {
  const { told } = execution;
  if (told === undefined || told.isOver) return;
  endChildren(told, execution);
  const outcome = outcomeOf(execution);
  tellOwnEnd(told, execution, outcome === 'succeeded' ? 'cancelled' : outcome);
}

/** Tells the ends of all children that have not ended, as cancelled. */
function endChildren(told: Told, execution: Execution): void {
  for (const { node, childPipelineId, attempt, execution: child } of told.openChildren) {
    if (child !== undefined) cutOff(child);
    tellChildCompleted(execution, node, childPipelineId, attempt, 'cancelled');
  }
}

function tellOwnEnd(told: Told, execution: Execution, outcome: Outcome): void {
  for (const node of told.openNodes) {
    const isOther = outcome === 'failed' && execution.failedStage?.path !== node.site.path;
    tellNodeCompleted(execution, node, isOther ? 'cancelled' : outcome);
  }
  told.end();
  const { pipelineName, path, runId, pipelineId, tenantId, parentPipelineId } = told;
  if (outcome !== 'succeeded') {
    const error =
      execution.failure ??
      execution.frame.scope.reason ??
      new RunCancelledError({ kind: 'finished', message: 'what it was part of has ended' }, path);
    execution.notify('pipelineFailed', path, { pipelineName, outcome, error: toErrorRecord(error) });
    return;
  }
  const { audience, frame, run } = execution;
  if (run.isTold || audience?.hears('pipelineCompleted') !== true) return;
  const at = frame.scope.clock.now();
  audience.tell(
    Object.freeze({
      type: 'pipelineCompleted',
      path,
      runId,
      pipelineId,
      at,
      tenantId,
      parentPipelineId,
      pipelineName,
      outcome,
    }),
    frame,
  );
}
