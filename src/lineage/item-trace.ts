import { systemClock } from '../ports/clock.js';
import type {
  LineageError,
  LineageHop,
  LineageOutcome,
  LineageRecord,
  LineageSink,
} from '../ports/lineage-sink.js';

/** The place where an item is, as lineage writes it down. */
export interface TracedPlace {
  readonly nodeId: string;
  readonly path: string;
  readonly pipelineId: string;
  readonly pipelineName: string;
  readonly runId: string;
  readonly tenantId?: string | undefined;
}

/** The items that an item was made of. */
export interface Contributors {
  /** The ids of those that are followed. */
  readonly ids: readonly string[];
  /** How many there were, followed or not. */
  readonly count: number;
}

/** How one branch of an item's way ended. */
export interface TraceEnd {
  readonly outcome: LineageOutcome;
  readonly place: TracedPlace;
  readonly attempts: number;
  /** Why it ended so, where an error is the reason. */
  readonly error?: LineageError | undefined;
}

/** The outcomes by weight: where an item was split, the weightiest end of its branches is its terminal one. */
const weights: readonly LineageOutcome[] = [
  'dropped',
  'filtered',
  'aggregated',
  'emitted',
  'deadLettered',
  'error',
];

/**
 * Follows one input through a run.
 *
 * A fan-out splits it into branches; when the last one has ended, one terminal record is written. In a composite
 * the child follows the item with a trace of its own, which writes nothing: the composite takes over how it ended.
 */
export class ItemTrace {
  readonly hops: LineageHop[];
  #branches = 1;
  /** What a child's trace has added to the hops. */
  #added: Set<LineageHop> | undefined;
  #end: TraceEnd | undefined;

  constructor(
    readonly correlationId: string,
    readonly contributors: Contributors | undefined,
    /** Undefined for a child's trace. */
    private readonly sink: LineageSink | undefined,
    hops: LineageHop[] = [],
    private readonly onClosed?: (trace: ItemTrace) => void,
    /** The trace in the parent, for a child's. */
    private readonly outer?: ItemTrace,
    private readonly clock = systemClock,
  ) {
    this.hops = hops;
  }

  /** Whether it follows the item in the child of a composite. */
  get isInner(): boolean {
    return this.sink === undefined;
  }

  /** How the item ended, as far as it has. */
  get ending(): TraceEnd | undefined {
    return this.#end;
  }

  /** A trace for the child of a composite: the same item, its hops in the same list. */
  descend(): ItemTrace {
    return new ItemTrace(this.correlationId, this.contributors, undefined, this.hops, undefined, this);
  }

  /** Notes a node that the item passed. */
  pass(place: TracedPlace, outputs: number, attempts: number): void {
    const hop = hopAt(place, outputs, attempts);
    this.hops.push(hop);
    this.#note(hop);
  }

  /** Notes a composite before the hops of its child. */
  passComposite(place: TracedPlace, before: number, outputs: number, attempts: number): void {
    const hop = hopAt(place, outputs, attempts);
    this.hops.splice(before, 0, hop);
    this.#note(hop);
  }

  /** A child's trace knows what it has added, as do those around it. */
  #note(hop: LineageHop): void {
    for (
      let trace: ItemTrace | undefined = this.isInner ? this : undefined;
      trace?.isInner;
      trace = trace.outer
    )
      (trace.#added ??= new Set()).add(hop);
  }

  /** Forgets the hops of a try that failed: those that the trace of its child has added. */
  rewind(child: ItemTrace): void {
    const kept = this.hops.filter((hop) => child.#added?.has(hop) !== true);
    this.hops.splice(0, this.hops.length, ...kept);
  }

  /** Goes on in so many more branches. */
  split(more: number): void {
    this.#branches += more;
  }

  /** Ends one branch; the last one writes the terminal record. A returned promise is the sink's. */
  end(end: TraceEnd): unknown {
    if (this.#end === undefined || weights.indexOf(end.outcome) > weights.indexOf(this.#end.outcome))
      this.#end = end;
    return this.release();
  }

  /** Ends one branch that others have followed. */
  release(): unknown {
    this.#branches -= 1;
    return this.#branches === 0 ? this.#close() : undefined;
  }

  /** Ends all branches that are left: the run is over. */
  drop(place: TracedPlace): unknown {
    if (this.#branches <= 0) return undefined;
    this.#branches = 1;
    return this.end({ outcome: 'dropped', place, attempts: 1 });
  }

  #close(): unknown {
    this.onClosed?.(this);
    if (this.sink === undefined || this.#end === undefined) return undefined;
    return this.sink.record(this.#record(this.#end));
  }

  #record({ outcome, place, attempts, error }: TraceEnd): LineageRecord {
    return Object.freeze({
      correlationId: this.correlationId,
      path: place.path,
      pipelineId: place.pipelineId,
      pipelineName: place.pipelineName,
      runId: place.runId,
      outcome,
      terminal: true,
      traversal: Object.freeze([...this.hops]),
      ...(this.contributors === undefined
        ? {}
        : { contributors: this.contributors.ids, contributorCount: this.contributors.count }),
      ...(error === undefined ? {} : { error }),
      ...(place.tenantId === undefined ? {} : { tenantId: place.tenantId }),
      attempts,
      at: this.clock.now(),
    });
  }
}

function hopAt(place: TracedPlace, outputs: number, attempts: number): LineageHop {
  const { nodeId, path, pipelineId, pipelineName } = place;
  return Object.freeze({
    nodeId,
    path,
    pipelineId,
    pipelineName,
    qualifiedName: `${pipelineName}::${nodeId}`,
    inputs: 1,
    outputs,
    cardinality: outputs === 0 ? 'zero' : outputs === 1 ? 'one' : 'many',
    attempts,
  });
}
