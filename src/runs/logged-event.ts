import type { ExecutionEvents } from '../ports/execution-observer.js';
import type { LoggedEventType, LoggedExecutionEvent, NumberedEvent } from './run-event.js';

/** An event as a log has it. */
type Logged<TType extends LoggedEventType> = Omit<ExecutionEvents[TType], 'at'> & NumberedEvent;

/** Writes an event of one kind down. */
type Form<TType extends LoggedEventType> = (
  event: ExecutionEvents[TType],
  at: number,
  seq: number,
) => Logged<TType>;

/**
 * How an event of each kind is written down, with all of its fields at once.
 *
 * A copy of the frozen event that an observer gets, changed afterwards, would take several times as long.
 */
const forms: { readonly [TType in LoggedEventType]: Form<TType> } = {
  pipelineStarted: ({ type, path, runId, pipelineId, pipelineName }, at, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    pipelineName,
    seq,
  }),
  pipelineCompleted: ({ type, path, runId, pipelineId, pipelineName, outcome }, at, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    pipelineName,
    outcome,
    seq,
  }),
  pipelineFailed: ({ type, path, runId, pipelineId, pipelineName, outcome, error }, at, seq) => ({
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
  nodeStarted: ({ type, path, runId, pipelineId, nodeId }, at, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    seq,
  }),
  nodeCompleted: ({ type, path, runId, pipelineId, nodeId, outcome }, at, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    outcome,
    seq,
  }),
  itemFailed: ({ type, path, runId, pipelineId, nodeId, error, attempt }, at, seq) => ({
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
  itemRetried: ({ type, path, runId, pipelineId, nodeId, attempt, delayMs }, at, seq) => ({
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
  itemSkipped: ({ type, path, runId, pipelineId, nodeId, error }, at, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    error,
    seq,
  }),
  itemDeadLettered: ({ type, path, runId, pipelineId, nodeId, error }, at, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    error,
    seq,
  }),
  itemRecovered: ({ type, path, runId, pipelineId, nodeId }, at, seq) => ({
    type,
    path,
    runId,
    pipelineId,
    at,
    nodeId,
    seq,
  }),
  circuitChanged: ({ type, path, runId, pipelineId, nodeId, from, to, name }, at, seq) => ({
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
  const logged: object = Object.freeze(form(event, Number(event.at), seq));
  return logged as LoggedExecutionEvent;
}
