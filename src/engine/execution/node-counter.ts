import type { NodeCounts } from '../../ports/node-counts.js';

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
  ignored = 0;
  /** Items that wait for their call now; they are among those that wait. */
  queued = 0;
  /** Items that wait at this node now, for a call, a child, a pause before a retry, or a dead letter. */
  waiting = 0;

  constructor(
    readonly nodeId: string,
    readonly pipelineName: string,
  ) {}

  /** Tries that have ended, in one way or another. */
  get endedCalls(): number {
    return this.passed + this.out + this.filtered + this.deadLettered + this.failed + this.retried;
  }

  /** Adds the counts of the same node in an execution that was counted apart. */
  add(other: NodeCounter): void {
    for (const name of counted) this[name] += other[name];
  }

  /**
   * Returns the counts as a run's result has them.
   *
   * @param isOver true at the end of the run: items that still wait count as cancelled.
   */
  snapshot(isOver = true): NodeCounts {
    const { nodeId, pipelineName, passed, filtered, deadLettered, failed, retried } = this;
    const { recovered, ignored } = this;
    return Object.freeze({
      nodeId,
      pipelineName,
      in: this.in + passed,
      out: this.out + passed,
      filtered,
      deadLettered,
      failed,
      cancelled: isOver ? this.cancelled + this.waiting : this.cancelled,
      retried,
      emitted: this.emitted + passed,
      recovered,
      ignored,
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
  'ignored',
  'waiting',
  'queued',
] as const satisfies readonly (keyof NodeCounter)[];
