import type { NodeCounts } from '../ports/node-counts.js';
import type { ExecutionObserver, NodeLatency, NodeMeasured } from '../ports/execution-observer.js';
import { Latencies } from './latencies.js';

/** What a node has done in all runs since the last reset. */
export interface NodeMetrics {
  /** Exact, summed over all runs. */
  readonly counts: NodeCounts;
  /** Milliseconds in calls of the node, estimated from a sample. */
  readonly busyMs: number;
  /** Milliseconds without a call and without a held result. */
  readonly waitingMs: number;
  /** Milliseconds that finished results have waited until they could leave. */
  readonly blockedMs: number;
  /** Items that arrived per second, in the run that was measured last. */
  readonly perSecond: number;
  /** How long calls took, in milliseconds, over all runs; undefined where none has ended. */
  readonly latency: NodeLatency | undefined;
  /** Items in calls of the node now, in all runs. */
  readonly inFlight: number;
  /** Items that wait for their call now, in all runs. */
  readonly queued: number;
}

/** The metrics of all nodes by path: plain data. */
export type MetricsSnapshot = Readonly<Record<string, NodeMetrics>>;

/**
 * Adds up what the nodes of all its runs do, in memory that neither items, nor executions, nor runs make grow.
 *
 * Give one to a runner or a context. A sub-pipeline is measured where its composite inherits the execution observer.
 *
 * @example
 * {@includeCode ../../examples/api/metrics-observer.ts}
 */
export class MetricsObserver implements ExecutionObserver {
  #nodes = new Map<string, MeasuredNode>();

  /** Takes a measurement; called by the runs that it observes. */
  nodeMeasured(event: NodeMeasured): void {
    let node = this.#nodes.get(event.path);
    if (node === undefined) this.#nodes.set(event.path, (node = new MeasuredNode()));
    node.take(event);
  }

  /** The metrics by path, of runs that go on as of their last measurement; a copy that stays as it is. */
  snapshot(): MetricsSnapshot {
    return Object.fromEntries([...this.#nodes].map(([path, node]) => [path, node.metrics()]));
  }

  /** Forgets everything; what a run that goes on has done before counts again with its next measurement. */
  reset(): void {
    this.#nodes = new Map();
  }
}

/** One node in all runs. */
class MeasuredNode {
  /** Sums of the runs that have ended. */
  #ended: Sums | undefined;
  readonly #latencies = new Latencies();
  /** The last measurement of each run that goes on. */
  readonly #going = new Map<string, NodeMeasured>();
  #perSecond = 0;

  take(event: NodeMeasured): void {
    this.#perSecond = event.perSecond;
    if (!event.isLast) {
      this.#going.set(event.runId, event);
      return;
    }
    this.#going.delete(event.runId);
    this.#ended = this.#ended === undefined ? event : sumOf(this.#ended, event);
    addSamples(this.#latencies, event);
  }

  metrics(): NodeMetrics {
    const going = [...this.#going.values()];
    const latencies = new Latencies();
    latencies.add(this.#latencies);
    for (const event of going) addSamples(latencies, event);
    const [first, ...others] = this.#ended === undefined ? going : [this.#ended, ...going];
    const { counts, busyMs, waitingMs, blockedMs } = others.reduce<Sums>(sumOf, first);
    return {
      counts,
      busyMs,
      waitingMs,
      blockedMs,
      perSecond: this.#perSecond,
      latency: latencies.read(),
      inFlight: going.reduce((sum, { inFlight }) => sum + inFlight, 0),
      queued: going.reduce((sum, { queued }) => sum + queued, 0),
    };
  }
}

type Sums = Pick<NodeMetrics, 'counts' | 'busyMs' | 'waitingMs' | 'blockedMs'>;

function sumOf(one: Sums, other: Sums): Sums {
  return {
    counts: countsOf(one.counts, other.counts),
    busyMs: one.busyMs + other.busyMs,
    waitingMs: one.waitingMs + other.waitingMs,
    blockedMs: one.blockedMs + other.blockedMs,
  };
}

function countsOf(one: NodeCounts, other: NodeCounts): NodeCounts {
  return {
    nodeId: other.nodeId,
    pipelineName: other.pipelineName,
    in: one.in + other.in,
    out: one.out + other.out,
    filtered: one.filtered + other.filtered,
    deadLettered: one.deadLettered + other.deadLettered,
    failed: one.failed + other.failed,
    cancelled: one.cancelled + other.cancelled,
    retried: one.retried + other.retried,
    emitted: one.emitted + other.emitted,
    recovered: one.recovered + other.recovered,
    ignored: one.ignored + other.ignored,
  };
}

function addSamples(latencies: Latencies, { latency }: NodeMeasured): void {
  const samples = latency && Latencies.behind(latency);
  if (samples !== undefined) latencies.add(samples);
}
