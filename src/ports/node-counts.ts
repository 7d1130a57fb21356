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
  /** Of those that led to output: for how many the error of a tap was ignored. */
  readonly ignored: number;
}
