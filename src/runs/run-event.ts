import type { Draft } from '../data/draft.js';
import type { ErrorRecord } from '../ports/error-record.js';
import type { ExecutionEvents } from '../ports/execution-observer.js';
import type { RunRecord, RunStopReason } from './run-record.js';
import type { RunStatus } from './run-status.js';

/** What every event of a run's log has but a gap. */
export interface NumberedEvent {
  /** The number of the event in the log of its run, from 1 and without holes. */
  readonly seq: number;
  /** When it happened, in milliseconds since the epoch, on the clock of the runner. */
  readonly at: number;
}

/** The run began to run: the first event of a log. */
export interface RunStarted extends NumberedEvent {
  /** The kind of the event. */
  readonly type: 'runStarted';
}

/** The run has ended: the last event of a log, once, and equal to the record. */
export interface RunEnded extends NumberedEvent {
  /** The kind of the event. */
  readonly type: 'runEnded';
  /** How the run ended. */
  readonly status: RunStatus;
  /** Why the run did not end by itself. */
  readonly stopReason?: RunStopReason | undefined;
  /** What the run failed with. */
  readonly error?: ErrorRecord | undefined;
}

/** The last event of a run that has ended, from its record or from what that is to be: a new object each time. */
export function runEndedOf({
  status,
  stopReason,
  error,
  endedAt = 0,
}: Pick<RunRecord, 'status' | 'stopReason' | 'error' | 'endedAt'>): Omit<RunEnded, 'seq'> {
  const event: Draft<Omit<RunEnded, 'seq'>> = {
    at: endedAt,
    type: 'runEnded',
    status,
  };
  if (stopReason !== undefined) event.stopReason = stopReason;
  if (error !== undefined) event.error = error;
  return event;
}

/** Events that are no longer there, or never came: made by the reader in their place, never stored. */
export interface RunEventGap {
  /** The kind of the event. */
  readonly type: 'gap';
  /** The number of the first event that is missing. */
  readonly from: number;
  /** The number of the last event that is missing. */
  readonly to: number;
}

/** The names of the execution events that a log has: costs are in the record of the run. */
export type LoggedEventType = Exclude<
  keyof ExecutionEvents,
  'compositeStarted' | 'compositeCompleted' | 'costRecorded'
>;

/**
 * An event of the run's root pipeline, with its number in the log: what an observer gets, but for the kind and the
 * metadata of a node, which its graph has, and for the tenant, the thread and the trace of the run.
 */
export type LoggedExecutionEvent = {
  [TType in LoggedEventType]: LoggedEvent<TType>;
}[LoggedEventType];

/** An event of one type, as a log has it. */
export type LoggedEvent<TType extends LoggedEventType> = Omit<
  ExecutionEvents[TType],
  'kind' | 'metadata' | 'tenantId' | 'threadId' | 'traceparent' | 'tracestate' | 'parentPipelineId'
> &
  NumberedEvent;

/** What a store keeps of a log: plain data that JSON carries. */
export type StoredRunEvent = RunStarted | RunEnded | LoggedExecutionEvent;

/**
 * One event of a run's log.
 *
 * A log has what happens in the run's root pipeline and at its nodes; nothing from inside the children that a
 * composite starts per item.
 */
export type RunEvent = StoredRunEvent | RunEventGap;
