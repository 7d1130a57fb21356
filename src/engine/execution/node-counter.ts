/**
 * What happened to the items of one node, summed over all executions.
 *
 * `in` is always `out + filtered + deadLettered + failed + cancelled`.
 */
export interface NodeCounts {
  /** The node's id, unique only within its pipeline; the result's `nodes` is keyed by path. */
  readonly nodeId: string;
  /** The pipeline that the node is in. */
  readonly pipelineName: string;
  /** Items that arrived. */
  readonly in: number;
  /** Items that led to output or were consumed. */
  readonly out: number;
  /** Items left out on purpose. */
  readonly filtered: number;
  /** Items that the dead-letter sink has taken. */
  readonly deadLettered: number;
  /** Items that failed: they ended their execution, or were collected or tolerated. */
  readonly failed: number;
  /** Items given up because their execution failed or was cancelled. */
  readonly cancelled: number;
  /** Tries that were repeated. */
  readonly retried: number;
  /** Items that left, once per item, not per edge. */
  readonly emitted: number;
  /** Of those that led to output or were consumed: for how many a fallback of the error policy gave it. */
  readonly recovered: number;
}

/** The counts of one node during a run. Each is counted where it happens, none is computed from the others. */
export class NodeCounter {
  /**
   * Items that arrived, led to one output and left.
   *
   * This usual case is added to `in`, `out` and `emitted` at the end.
   */
  passed = 0;
  in = 0;
  out = 0;
  filtered = 0;
  deadLettered = 0;
  failed = 0;
  cancelled = 0;
  retried = 0;
  emitted = 0;
  recovered = 0;
  /** Items that wait at this node now, for a call, a child, a pause before a retry, or a dead letter. */
  waiting = 0;

  constructor(
    readonly nodeId: string,
    readonly pipelineName: string,
  ) {}

  /** Adds the counts of the same node in an execution that was counted apart. */
  add(other: NodeCounter): void {
    for (const name of counted) this[name] += other[name];
  }

  /** Returns the counts for a run's result; items that still wait count as cancelled. */
  snapshot(): NodeCounts {
    const { nodeId, pipelineName, passed, filtered, deadLettered, failed, retried, recovered } = this;
    return Object.freeze({
      nodeId,
      pipelineName,
      in: this.in + passed,
      out: this.out + passed,
      filtered,
      deadLettered,
      failed,
      cancelled: this.cancelled + this.waiting,
      retried,
      emitted: this.emitted + passed,
      recovered,
    });
  }
}

const counted = [
  'passed',
  'in',
  'out',
  'filtered',
  'deadLettered',
  'failed',
  'cancelled',
  'retried',
  'emitted',
  'recovered',
  'waiting',
] as const satisfies readonly (keyof NodeCounter)[];
