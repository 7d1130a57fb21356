/**
 * What became of an item at the place that a record names.
 *
 * `passed` is the only one that ends nothing: such records are written with `capture: 'all'`, one for each node.
 */
export type LineageOutcome =
  'emitted' | 'filtered' | 'deadLettered' | 'error' | 'dropped' | 'joined' | 'aggregated' | 'passed';

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
  /** In a repeat, the number of the round in which the item passed the node, from 1. */
  readonly round?: number | undefined;
}

/** Which error ended an item. */
export interface LineageError {
  /** The code of the framework's error, such as `NODE_FAILED`. */
  readonly code: string;
  /** The name of the original error, such as `TypeError`. */
  readonly name: string;
  /** What the error says: only where a `redact` function lets it through. */
  readonly message?: string | undefined;
}

/** What became of one input, exactly one terminal record per input of a source; with `capture: 'all'` also its way there. */
export interface LineageRecord {
  /** The id of the item, the same through all levels; it is not the correlation id of a request. */
  readonly correlationId: string;
  /** Where the item ended, or which node it passed. */
  readonly path: string;
  /** The execution in which it did. */
  readonly pipelineId: string;
  /** The pipeline in which it did. */
  readonly pipelineName: string;
  /** The run in which it did; a child can have one of its own. */
  readonly runId: string;
  /** What became of it; of an item that was split, the weightiest end of its parts. */
  readonly outcome: LineageOutcome;
  /** Whether it says how the item ended: true for all outcomes but `passed`. */
  readonly terminal: boolean;
  /**
   * The nodes that the item passed, in order, those of the composites' children included; of an item made of others,
   * from the node that made it. At most 1,000: of more, the first and the latest 500.
   */
  readonly traversal: readonly LineageHop[];
  /** How many hops are left out in the middle of `traversal`. */
  readonly hopsLost?: number | undefined;
  /** The correlation ids of the inputs that this item was made of: those that were sampled, the latest 10,000. */
  readonly contributors?: readonly string[] | undefined;
  /** How many inputs this item was made of, those included that `contributors` does not name. */
  readonly contributorCount?: number | undefined;
  /** Why it ended, for `error`, for `deadLettered`, and where a policy filtered it. */
  readonly error?: LineageError | undefined;
  /** What the option `key` says of the item, as it ended. */
  readonly key?: string | undefined;
  /** The tenant whom the run acts for. */
  readonly tenantId?: string | undefined;
  /** The version of the pipeline, where its definition has one. */
  readonly pipelineVersion?: string | undefined;
  /** The tries at the node where the item ended. */
  readonly attempts: number;
  /** When the last part of the item had ended, in milliseconds since the epoch, on the clock of the runner. */
  readonly at: number;
  /** The item as it entered; where the outcome is `passed`, what went into the node. Redacted as the option `redact` says. */
  readonly input?: unknown;
  /** The item as it ended; where the outcome is `passed`, the one that came out. Redacted as the option `redact` says. */
  readonly output?: unknown;
}

/** Receives lineage records; a returned promise is awaited. */
export interface LineageSink {
  /** Takes one record. A sink that throws or rejects ends the run with `SINK_REJECTED`, unless it is only to be reported. */
  record(record: LineageRecord): unknown;
  /** Settles what the sink has taken and not yet written; awaited at the end of a run, within its one deadline. */
  flush?(): unknown;
}
