import type { ErrorRecord } from './error-record.js';

/** How an execution, a node or a composite ended. */
export type Outcome = 'succeeded' | 'failed' | 'cancelled';

/** What every event says: which method it belongs to, where, in which run and execution, and when. */
export interface ExecutionEvent<TType extends string = string> {
  /** The name of the observer's method. */
  readonly type: TType;
  /** The address of the pipeline, node or composite. */
  readonly path: string;
  readonly runId: string;
  readonly pipelineId: string;
  readonly at: Date;
}

/** A pipeline execution began. */
export interface PipelineStarted extends ExecutionEvent<'pipelineStarted'> {
  readonly pipelineName: string;
}
/** A pipeline execution ended well. */
export interface PipelineCompleted extends ExecutionEvent<'pipelineCompleted'> {
  readonly pipelineName: string;
  readonly outcome: 'succeeded';
}
/** A pipeline execution failed or was cancelled. */
export interface PipelineFailed extends ExecutionEvent<'pipelineFailed'> {
  readonly pipelineName: string;
  readonly outcome: 'failed' | 'cancelled';
  readonly error: ErrorRecord;
}
/** A node of an execution is ready for its first item. */
export interface NodeStarted extends ExecutionEvent<'nodeStarted'> {
  readonly nodeId: string;
}
/** A node of an execution has ended, in whatever way. */
export interface NodeCompleted extends ExecutionEvent<'nodeCompleted'> {
  readonly nodeId: string;
  readonly outcome: Outcome;
}
/** One try of one item failed at a node. */
export interface ItemFailed extends ExecutionEvent<'itemFailed'> {
  readonly nodeId: string;
  readonly attempt: number;
  readonly error: ErrorRecord;
}
/** A policy will try the item again. */
export interface ItemRetried extends ExecutionEvent<'itemRetried'> {
  readonly nodeId: string;
  /** The number of the try that comes, 2 for the first retry. */
  readonly attempt: number;
  readonly delayMs: number;
}
/** A policy left the failed item out. */
export interface ItemSkipped extends ExecutionEvent<'itemSkipped'> {
  readonly nodeId: string;
  readonly error: ErrorRecord;
}
/** A policy sent the failed item to the dead-letter sink, which has accepted it. */
export interface ItemDeadLettered extends ExecutionEvent<'itemDeadLettered'> {
  readonly nodeId: string;
  readonly error: ErrorRecord;
}
/** A composite starts its sub-pipeline for an item, or for its next attempt. */
export interface CompositeStarted extends ExecutionEvent<'compositeStarted'> {
  readonly nodeId: string;
  readonly childPipelineId: string;
  readonly attempt: number;
}
/** A composite's sub-pipeline has ended, in whatever way. */
export interface CompositeCompleted extends ExecutionEvent<'compositeCompleted'> {
  readonly nodeId: string;
  readonly childPipelineId: string;
  readonly attempt: number;
  readonly outcome: Outcome;
}

/** Every event by the name of the method that gets it. */
export interface ExecutionEvents {
  pipelineStarted: PipelineStarted;
  pipelineCompleted: PipelineCompleted;
  pipelineFailed: PipelineFailed;
  nodeStarted: NodeStarted;
  nodeCompleted: NodeCompleted;
  itemFailed: ItemFailed;
  itemRetried: ItemRetried;
  itemSkipped: ItemSkipped;
  itemDeadLettered: ItemDeadLettered;
  compositeStarted: CompositeStarted;
  compositeCompleted: CompositeCompleted;
}

/** The names of the events, which are those of the observer's methods. */
export const executionEventTypes = [
  'pipelineStarted',
  'pipelineCompleted',
  'pipelineFailed',
  'nodeStarted',
  'nodeCompleted',
  'itemFailed',
  'itemRetried',
  'itemSkipped',
  'itemDeadLettered',
  'compositeStarted',
  'compositeCompleted',
] as const satisfies readonly (keyof ExecutionEvents)[];

/**
 * Sees what happens in a run: pipeline and node events per execution, composite events per item and attempt.
 *
 * Every method is optional. Methods are called synchronously and must be quick; one that throws or rejects is
 * logged as a warning and changes nothing in the run.
 */
export type ExecutionObserver = {
  [TType in keyof ExecutionEvents]?: ((event: ExecutionEvents[TType]) => unknown) | undefined;
};
