import type { ExecutionEvents } from '../ports/execution-observer.js';
import type { LoggedEvent, LoggedEventType, LoggedExecutionEvent } from './run-event.js';

/** Writes an event of one kind down. */
type Form<TType extends LoggedEventType> = (event: ExecutionEvents[TType], seq: number) => LoggedEvent<TType>;

/**
 * How an event of each kind is written down, with all of its fields at once.
 *
 * A copy of the frozen event that an observer gets, changed afterwards, would take several times as long.
 */
const forms: { readonly [TType in LoggedEventType]: Form<TType> } = {
  pipelineStarted: ({ type, path, runId, pipelineId, at, pipelineName }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    pipelineName,
    seq,
  }),
  pipelineCompleted: ({ type, path, runId, pipelineId, at, pipelineName, outcome }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    pipelineName,
    outcome,
    seq,
  }),
  pipelineFailed: ({ type, path, runId, pipelineId, at, pipelineName, outcome, error }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    pipelineName,
    outcome,
    error,
    seq,
  }),
  nodeStarted: ({ type, path, runId, pipelineId, at, nodeId }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    seq,
  }),
  nodeCompleted: ({ type, path, runId, pipelineId, at, nodeId, outcome }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    outcome,
    seq,
  }),
  itemFailed: ({ type, path, runId, pipelineId, at, nodeId, error, attempt }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    error,
    attempt,
    seq,
  }),
  itemRetried: ({ type, path, runId, pipelineId, at, nodeId, attempt, delayMs }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    attempt,
    delayMs,
    seq,
  }),
  itemSkipped: ({ type, path, runId, pipelineId, at, nodeId, error }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    error,
    seq,
  }),
  itemDeadLettered: ({ type, path, runId, pipelineId, at, nodeId, error }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    error,
    seq,
  }),
  itemRecovered: ({ type, path, runId, pipelineId, at, nodeId }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    seq,
  }),
  itemCancelled: ({ type, path, runId, pipelineId, at, nodeId }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    seq,
  }),
  circuitChanged: ({ type, path, runId, pipelineId, at, nodeId, from, to, name }, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    from,
    to,
    ...(name === undefined ? {} : { name }),
    seq,
  }),
};

/** The kinds of events that a log has. */
export const loggedEventTypes = Object.keys(forms) as readonly LoggedEventType[];

/** An event as a log has it: plain data, numbered and frozen. */
export function loggedEvent<TType extends LoggedEventType>(
  type: TType,
  event: ExecutionEvents[TType],
  seq: number,
): LoggedExecutionEvent {
  const form: Form<TType> = forms[type];
  const logged: object = Object.freeze(form(event, seq));
  return logged as LoggedExecutionEvent;
}
