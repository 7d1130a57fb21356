/** How an input's way ended. */
export type LineageOutcome = 'emitted' | 'filtered' | 'deadLettered' | 'error' | 'dropped' | 'aggregated';

/** One node that an item passed. */
export interface LineageHop {
  /** Unique in its pipeline only; `path` tells nodes of one id apart. */
  readonly nodeId: string;
  /** The slash-separated address of the node, from the root down. */
  readonly path: string;
  /** The execution that the node belonged to; a child of a composite is one of its own. */
  readonly pipelineId: string;
  /** The pipeline that the node is in. */
  readonly pipelineName: string;
  /** The node as tools name it: `ChildPipeline::transform`. */
  readonly qualifiedName: string;
  /** How many items went in. */
  readonly inputs: number;
  /** How many items came out for it. */
  readonly outputs: number;
  /** `outputs` in a word: `many` from two on. */
  readonly cardinality: 'zero' | 'one' | 'many';
  /** How often the node tried. */
  readonly attempts: number;
}

/** What became of one input: exactly one terminal record per input of a source. */
export interface LineageRecord {
  /** The id of the item, the same through all levels; it is not the correlation id of a request. */
  readonly correlationId: string;
  /** Where the item ended. */
  readonly path: string;
  /** The execution in which the item ended. */
  readonly pipelineId: string;
  /** The pipeline in which the item ended. */
  readonly pipelineName: string;
  /** The run in which the item ended; a child can have one of its own. */
  readonly runId: string;
  /** What became of it; of an item that was split, the weightiest end of its parts. */
  readonly outcome: LineageOutcome;
  /** Whether it says how the item ended, as every record of the framework does. */
  readonly terminal: boolean;
  /** The nodes that the item passed, in order, those of the composites' children included. */
  readonly traversal: readonly LineageHop[];
  /** The correlation ids of the inputs that this item was made of. */
  readonly contributors?: readonly string[] | undefined;
  /** The tries at the node where the item ended. */
  readonly attempts: number;
  /** When the last part of the item had ended, in milliseconds since the epoch, on the clock of the runner. */
  readonly at: number;
}

/** Receives lineage records; a returned promise is awaited before the item leaves. */
export interface LineageSink {
  /** Takes one record. A sink that throws or rejects ends the run with `SINK_REJECTED`. */
  record(record: LineageRecord): unknown;
}
