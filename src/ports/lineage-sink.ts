/** How an input's way ended. */
export type LineageOutcome = 'emitted' | 'filtered' | 'deadLettered' | 'error' | 'dropped' | 'aggregated';

/** One node that an item passed. */
export interface LineageHop {
  readonly nodeId: string;
  readonly path: string;
  readonly pipelineId: string;
  readonly pipelineName: string;
  /** The node as tools name it: `ChildPipeline::transform`. */
  readonly qualifiedName: string;
  /** How many items went in. */
  readonly inputs: number;
  /** How many items came out for it. */
  readonly outputs: number;
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
  readonly pipelineId: string;
  readonly pipelineName: string;
  readonly runId: string;
  readonly outcome: LineageOutcome;
  readonly terminal: boolean;
  /** The nodes that the item passed, in order, those of the composites' children included. */
  readonly traversal: readonly LineageHop[];
  /** The correlation ids of the inputs that this item was made of. */
  readonly contributors?: readonly string[] | undefined;
  /** The tries at the node where the item ended. */
  readonly attempts: number;
  readonly at: Date;
}

/** Receives lineage records; a returned promise is awaited before the item leaves. */
export interface LineageSink {
  record(record: LineageRecord): unknown;
}
