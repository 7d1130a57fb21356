import { createHistogram } from 'node:perf_hooks';
import type { RecordableHistogram } from 'node:perf_hooks';
import type { NodeLatency } from '../ports/execution-observer.js';

/** So many durations are kept as they are: most runs are short, and a histogram takes 40 kB outside of the heap. */
const MOST_KEPT = 256;
/** Bounds of the histogram, in nanoseconds: from one to an hour, with an error of 1% at most. */
const BOUNDS = { lowest: 1, highest: 3.6e12, figures: 2 };

/** What is behind the percentiles of a measurement, so that those of several runs can be added up. */
const behind = new WeakMap<NodeLatency, Latencies>();

/** Durations of calls, in bounded memory for any number of them. */
export class Latencies {
  readonly #kept: number[] = [];
  #histogram: RecordableHistogram | undefined;

  /** The durations behind percentiles; undefined for percentiles that no run has measured. */
  static behind(latency: NodeLatency): Latencies | undefined {
    return behind.get(latency);
  }

  /** How many durations were recorded. */
  get count(): number {
    return this.#histogram?.count ?? this.#kept.length;
  }

  record(ms: number): void {
    const ns = Math.max(Math.round(ms * 1e6), 1);
    if (this.#histogram !== undefined) this.#histogram.record(ns);
    else if (this.#kept.push(ns) > MOST_KEPT) this.#toHistogram();
  }

  /** Adds the durations of others. */
  add(others: Latencies): void {
    if (others.#histogram === undefined) for (const ns of others.#kept) this.record(ns / 1e6);
    else this.#toHistogram().add(others.#histogram);
  }

  /** The percentiles; undefined before the first duration. */
  read(): NodeLatency | undefined {
    if (this.count === 0) return undefined;
    const kept = this.#histogram === undefined ? [...this.#kept].sort((one, other) => one - other) : [];
    const ms = (percentile: number): number =>
      (this.#histogram?.percentile(percentile) ??
        kept[Math.ceil((percentile / 100) * kept.length) - 1] ??
        0) / 1e6;
    const latency = Object.freeze({ p50: ms(50), p95: ms(95), p99: ms(99), sampled: this.count });
    behind.set(latency, this);
    return latency;
  }

  #toHistogram(): RecordableHistogram {
    if (this.#histogram !== undefined) return this.#histogram;
    const histogram = createHistogram(BOUNDS);
    for (const ns of this.#kept.splice(0)) histogram.record(ns);
    return (this.#histogram = histogram);
  }
}
