import type { LineageCounts } from '../../lineage/record-writer.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import type { Outcome } from '../../ports/execution-observer.js';
import type { CostSummary } from '../../run/spending/cost-summary.js';
import type { RunFailures } from './failures.js';
import type { NodeCounts } from '../../ports/node-counts.js';

/**
 * How a run ended.
 *
 * `JSON.stringify` writes the counts as an object by path, and leaves the context out: a result can be logged.
 */
export interface RunResult {
  /** Identifies the run, in its events and dead letters too. */
  readonly runId: string;
  /** The root's execution; each child had one of its own. */
  readonly pipelineId: string;
  /** The pipeline that was run. */
  readonly pipelineName: string;
  /** `succeeded` where the run resolves; a run that rejects has its result on the error. */
  readonly status: Outcome;
  /** From the first node to the last disposer, in milliseconds; to build the pipeline does not count. */
  readonly durationMs: number;
  /** The counts of every node at every level, by path. */
  readonly nodes: ReadonlyMap<string, NodeCounts>;
  /** The paths of nodes and sources that ignored the aborted signal for longer than `graceMs`. */
  readonly abandoned: readonly string[];
  /** What the run has cost, one row per currency; what has no price is a row of its own. */
  readonly cost: CostSummary[];
  /**
   * What no policy has handled: what ended the run, what was collected or tolerated, and what failed after that.
   *
   * The errors are data, with secrets redacted; a cancel is no failure.
   */
  readonly failures: RunFailures;
  /** How many lineage records the sink has taken, and how many were lost; undefined if nobody kept lineage. */
  readonly lineage?: LineageCounts | undefined;
  /**
   * The id of the trace that the run belongs to: of its `traceparent`, else of the trace that an observer has begun;
   * undefined if there is none.
   */
  readonly traceId?: string | undefined;
  /** The run's own root context, with what the run wrote. */
  readonly context: PipelineContext;
}

/**
 * Makes the frozen result of a run of fields that nobody else has: they become the result.
 *
 * Its `toJSON` is not enumerable: results compare and print as their fields alone.
 */
export function runResult(result: RunResult): RunResult {
  Object.defineProperty(result, 'toJSON', { value: toJSON });
  return Object.freeze(result);
}

function toJSON(this: RunResult): Record<string, unknown> {
  return writtenResult(this);
}

/**
 * What JSON gets of a result.
 *
 * It names every field that is written: a field that is added later stays inside until its data have been looked at.
 */
export function writtenResult({
  runId,
  pipelineId,
  pipelineName,
  status,
  durationMs,
  nodes,
  abandoned,
  cost,
  failures,
  lineage,
  traceId,
}: Omit<RunResult, 'pipelineId' | 'nodes' | 'context'> & Partial<RunResult>): Record<string, unknown> {
  const counts = nodes && Object.fromEntries(nodes);
  return {
    runId,
    pipelineId,
    pipelineName,
    status,
    durationMs,
    nodes: counts,
    abandoned,
    cost,
    failures,
    lineage,
    traceId,
  };
}

declare module '../../errors/pipeline-error.js' {
  interface PipelineError {
    /** How the run ended that this error has ended; not enumerable. */
    readonly result?: RunResult;
    /** The `abandoned` of {@link RunResult}; not enumerable. */
    readonly abandoned?: readonly string[];
  }
}
