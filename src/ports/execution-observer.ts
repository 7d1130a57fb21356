import type { ErrorRecord } from './error-record.js';
import type { NodeCounts } from './node-counts.js';
import type { NodeKind } from './node-kind.js';

/** How an execution, a node or a composite ended. */
export type Outcome = 'succeeded' | 'failed' | 'cancelled';

/** What every event says: which method it belongs to, where, in which run and execution, and when. */
export interface ExecutionEvent<TType extends string = string> {
  /** The name of the observer's method. */
  readonly type: TType;
  /** The address of the pipeline, node or composite. */
  readonly path: string;
  /** The run; a child has one of its own where its composite does not pass the run's identity on. */
  readonly runId: string;
  /** The execution in which it happened; for the events of a composite, the parent's. */
  readonly pipelineId: string;
  /** When it happened, in milliseconds since the epoch, on the clock of the runner. */
  readonly at: number;
  /** The tenant of the run; undefined in a run without one. */
  readonly tenantId?: string | undefined;
  /** The execution around the one of `pipelineId`; undefined at the top of the run. */
  readonly parentPipelineId?: string | undefined;
}

// What several events say is described once.

interface OfPipeline {
  /** The pipeline that is executed; all its executions have the same. */
  readonly pipelineName: string;
}

interface OfNode {
  /** The last part of `path`; unique in its pipeline only. */
  readonly nodeId: string;
}

interface OfError {
  /** What went wrong: the error of the framework, with what the code threw under `cause`. */
  readonly error: ErrorRecord;
}

interface OfChild extends OfNode {
  /** The child's execution: a new one for each item and each try. */
  readonly childPipelineId: string;
  /** The number of the try, from 1. */
  readonly attempt: number;
}

/** A pipeline execution began. */
export interface PipelineStarted extends ExecutionEvent<'pipelineStarted'>, OfPipeline {
  /** The conversation that the run belongs to; at the top of a run only. */
  readonly threadId?: string | undefined;
  /** The trace that the run belongs to, as a W3C `traceparent`; at the top of a run only, and where there is one. */
  readonly traceparent?: string | undefined;
  /** The `tracestate` of that trace. */
  readonly tracestate?: string | undefined;
}
/** A pipeline execution ended well. */
export interface PipelineCompleted extends ExecutionEvent<'pipelineCompleted'>, OfPipeline {
  /** Always the same; there so that both endings of an execution can be read alike. */
  readonly outcome: 'succeeded';
}
/** A pipeline execution failed or was cancelled. */
export interface PipelineFailed extends ExecutionEvent<'pipelineFailed'>, OfPipeline, OfError {
  /** `cancelled` where the work was ended from outside: nothing in this execution had failed. */
  readonly outcome: 'failed' | 'cancelled';
}
/** A node of an execution is ready for its first item. */
export interface NodeStarted extends ExecutionEvent<'nodeStarted'>, OfNode {
  /** What the node does in its pipeline. */
  readonly kind: NodeKind;
  /** What `setNodeMetadata` put on the node. */
  readonly metadata: Readonly<Record<string, unknown>>;
}
/** A node of an execution has ended, in whatever way. */
export interface NodeCompleted extends ExecutionEvent<'nodeCompleted'>, OfNode {
  /** `failed` for the node that ended its execution; the others that had not ended are `cancelled`. */
  readonly outcome: Outcome;
}
/** One try of one item failed at a node. */
export interface ItemFailed extends ExecutionEvent<'itemFailed'>, OfNode, OfError {
  /** The number of the try that failed, from 1. */
  readonly attempt: number;
}
/** A policy will try the item again. */
export interface ItemRetried extends ExecutionEvent<'itemRetried'>, OfNode {
  /** The number of the try that comes, 2 for the first retry. */
  readonly attempt: number;
  /** How long the item waits before that try, in milliseconds; 0 without a `delay`. */
  readonly delayMs: number;
}
/** A policy left the failed item out. */
export interface ItemSkipped extends ExecutionEvent<'itemSkipped'>, OfNode, OfError {}
/** A policy sent the failed item to the dead-letter sink, which has accepted it. */
export interface ItemDeadLettered extends ExecutionEvent<'itemDeadLettered'>, OfNode, OfError {}
/** A fallback of a policy gave what leaves in place of the failed item's output. */
export interface ItemRecovered extends ExecutionEvent<'itemRecovered'>, OfNode {}
/** An item was given up at a node: its execution had failed or was cancelled, and no node works on the item further. */
export interface ItemCancelled extends ExecutionEvent<'itemCancelled'>, OfNode {}
/** A composite starts its sub-pipeline for an item, or for its next attempt. */
export interface CompositeStarted extends ExecutionEvent<'compositeStarted'>, OfChild {}
/** A composite's sub-pipeline has ended, in whatever way. */
export interface CompositeCompleted extends ExecutionEvent<'compositeCompleted'>, OfChild {
  /** How this try ended: a policy may still retry or skip what `failed`. */
  readonly outcome: Outcome;
}

/** A call of a node or composite has opened or closed its circuit, or tries whether the circuit may close. */
export interface CircuitChanged extends ExecutionEvent<'circuitChanged'>, OfNode {
  /** The state before. */
  readonly from: 'closed' | 'open' | 'halfOpen';
  /** The state from now on. */
  readonly to: 'closed' | 'open' | 'halfOpen';
  /** The name under which the circuit is shared. */
  readonly name?: string;
}

/** A call of a model was booked in the cost ledger, by code of the execution; `path` is that of the node. */
export interface CostRecorded extends ExecutionEvent<'costRecorded'> {
  /** The call within its run; each is told once. */
  readonly callId: string;
  /** The model, as it was named. */
  readonly model: string;
  /** All input tokens, cached ones included. */
  readonly inputTokens: number;
  /** All output tokens. */
  readonly outputTokens: number;
  /** Cached input tokens, which are part of `inputTokens`. */
  readonly cachedTokens: number;
  /** How many calls the entry stands for. */
  readonly calls: number;
  /** What the call has cost, in units of the currency; null without a price. */
  readonly amount: number | null;
  /** The currency of the price; null without a price. */
  readonly currency: string | null;
}

/** How long the calls of a node took, in milliseconds, from a sample of them. */
export interface NodeLatency {
  /** Half of the calls were done within this time. */
  readonly p50: number;
  /** 95 of 100 calls were done within this time. */
  readonly p95: number;
  /** 99 of 100 calls were done within this time. */
  readonly p99: number;
  /** How many calls were timed: the first 256, then so many that reading the clock stays cheap. */
  readonly sampled: number;
}

/** What a node has done so far in a run, summed over all executions that it is in. */
export interface NodeMeasured extends ExecutionEvent<'nodeMeasured'>, OfNode {
  /** Exact; items that are under way are in `in` only. */
  readonly counts: NodeCounts;
  /** Milliseconds in calls of the node, waiting for their promises included; estimated from the sample. */
  readonly busyMs: number;
  /** Milliseconds without a call and without a held result, over all items that the node may work on at once. */
  readonly waitingMs: number;
  /** Milliseconds that finished results of a concurrent node have waited until they could leave. */
  readonly blockedMs: number;
  /** Items that arrived, per second since the node was first ready. */
  readonly perSecond: number;
  /** How long its calls took; undefined where none has ended. */
  readonly latency: NodeLatency | undefined;
  /** Items in calls of the node now; 0 at the end. */
  readonly inFlight: number;
  /** Items that wait for their call now: for a delay, a circuit breaker or a bulkhead; 0 at the end. */
  readonly queued: number;
  /** True for the last measurement of the node in this run. */
  readonly isLast: boolean;
}

/** How far a run is. */
export interface Progress extends ExecutionEvent<'progress'> {
  /** Items of the run's sources that are done. */
  readonly done: number;
  /** Items that there will be; undefined unless every source knows how many it gives. */
  readonly total: number | undefined;
  /** Items that were done per second, since the run began. */
  readonly perSecond: number;
  /** Milliseconds until the end at this rate; undefined without a `total`, and before the first item is done. */
  readonly remainingMs: number | undefined;
  /** True for the last event of the run. */
  readonly isLast: boolean;
}

/**
 * What is read off a running pipeline from time to time, by the name of the method that gets it.
 *
 * Only made where an observer has the method.
 */
export interface ExecutionReadings {
  /**
   * At most every 250 ms per node, and once at the end of the run. Its `pipelineId` is that of the run's root execution,
   * since a node of a child is in many executions.
   */
  nodeMeasured: NodeMeasured;
  /** At most every 250 ms, and once at the end of the run. */
  progress: Progress;
}

/** Every event by the name of the method that gets it. */
export interface ExecutionEvents {
  /** The first event of an execution; every execution of a child has its own. */
  pipelineStarted: PipelineStarted;
  /** The last event of an execution that succeeded, after its disposers. */
  pipelineCompleted: PipelineCompleted;
  /**
   * The last event of an execution that did not succeed, after its disposers. A run that ends before its nodes start
   * tells its own start and this, and no node.
   */
  pipelineFailed: PipelineFailed;
  /** Once per node of an execution, before its first item. */
  nodeStarted: NodeStarted;
  /**
   * Once per node of an execution that has started, also where the execution failed before the node got an item. A sink
   * that was flushed well has succeeded, whatever fails behind it.
   */
  nodeCompleted: NodeCompleted;
  /** Before the policy decides; a composite's own comes after that of the node in its child. */
  itemFailed: ItemFailed;
  /** After `itemFailed`, before the wait. */
  itemRetried: ItemRetried;
  /** After the `itemFailed` of the last try. */
  itemSkipped: ItemSkipped;
  /** After the `itemFailed` of the last try, once the sink has the item. */
  itemDeadLettered: ItemDeadLettered;
  /** After the `itemFailed` of the last try, once the fallback has answered. */
  itemRecovered: ItemRecovered;
  /**
   * Once per item that the node's counts hold as `cancelled`, in the execution that gave it up. An item whose call never
   * ended has no such event: its node is in `abandoned` of the result.
   */
  itemCancelled: ItemCancelled;
  /** Before the child's own events; not where one child gets the whole stream. */
  compositeStarted: CompositeStarted;
  /** Once per start, after the child's own events, unless the child outlived its limit of time. */
  compositeCompleted: CompositeCompleted;
  /** In the run whose call has changed the circuit, though all runs of the runner share the circuit. */
  circuitChanged: CircuitChanged;
  /** Once per entry of the ledger, when it is booked, in the execution whose code has recorded it. */
  costRecorded: CostRecorded;
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
  'itemRecovered',
  'itemCancelled',
  'compositeStarted',
  'compositeCompleted',
  'circuitChanged',
  'costRecorded',
] as const satisfies readonly (keyof ExecutionEvents)[];

/** The names of the readings, which are those of the observer's methods. */
const readingTypes = ['nodeMeasured', 'progress'] as const satisfies readonly (keyof ExecutionReadings)[];

/** The names of all methods that an observer is called by. */
export const observedTypes = [...executionEventTypes, ...readingTypes] as const;

/** The name of a method that an observer is called by. */
export type ObservedType = (typeof observedTypes)[number];

/** Has something active while code runs: the span of a tracer, or a store of an `AsyncLocalStorage`. */
export interface ActiveScope {
  /**
   * Calls a function at once, with the arguments, and returns what it returns.
   *
   * One that fails before it has called the function is left out from then on: the function is called without it, and
   * the failure is logged as a warning.
   */
  run<TArguments extends unknown[], TResult>(
    fn: (...args: TArguments) => TResult,
    ...args: TArguments
  ): TResult;
}

/** What a scope can be asked for. */
export type ScopedStart = PipelineStarted | NodeStarted | CompositeStarted;

/**
 * Sees what happens in a run.
 *
 * Pipeline and node events come per execution, composite events per item and attempt. Every start has one end, and no
 * event comes after the run's promise has settled: what the run has left behind is told as `cancelled` before that.
 * Every method is optional. Methods are called synchronously and must be quick; one that throws or rejects is
 * logged as a warning and changes nothing in the run. A method with nearly the name of an event is refused, since it
 * would never be called.
 */
export type ExecutionObserver = {
  [TType in keyof ExecutionEvents]?: ((event: ExecutionEvents[TType]) => unknown) | undefined;
} & {
  [TType in keyof ExecutionReadings]?: ((event: ExecutionReadings[TType]) => unknown) | undefined;
} & {
  /**
   * Gives what is active while code of a node, of an execution or of a composite's child runs; undefined for nothing.
   *
   * Asked once per execution and start of a child, right after the event is told, and once per node of an execution that
   * has code, before the node is constructed and its own event is told.
   *
   * - That of a node is active in each call of its code: construction, `init`, the calls for items, `next` and `return` of
   *   what a source or stream transform iterates, `flush` and `dispose`, functions of its error policy, and `with`,
   *   `input` and `combine` of a composite.
   * - That of a composite is active in a child that does not inherit the observer.
   * - That of an execution is active in what belongs to none of its nodes: sinks of dead letters and of lineage, `onEntry` of
   *   the cost ledger, and disposers of its context.
   *
   * What a node gives is handed on after its scope has been left. In a run with such an observer all items take the loops
   * that are not generated for a pipeline.
   */
  scope?: ((started: ScopedStart) => ActiveScope | undefined) | undefined;
};
