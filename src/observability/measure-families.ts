import type { NodeMetrics } from './metrics-observer.js';

/** One measure of nodes, as systems of metrics know it. */
export interface MeasureFamily {
  /** The name without prefix and unit. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  /** The unit of its values; undefined for items. */
  readonly unit: 'seconds' | undefined;
  readonly help: string;
  /** The values of one node. */
  readonly samples: (metrics: NodeMetrics) => readonly MeasureSample[];
}

/** One value of a measure. */
export interface MeasureSample {
  /** A label beside the path, by name and value. */
  readonly label?: readonly [name: string, value: string];
  readonly value: number;
}

const outcomes = ['cancelled', 'deadLettered', 'failed', 'filtered', 'out'] as const;
const quantiles = [
  ['0.5', 'p50'],
  ['0.95', 'p95'],
  ['0.99', 'p99'],
] as const;

/** What is measured of nodes, by name. */
export const measureFamilies: readonly MeasureFamily[] = [
  {
    name: 'blocked',
    type: 'counter',
    unit: 'seconds',
    help: 'Time that finished results have waited until they could leave.',
    samples: ({ blockedMs }) => [{ value: blockedMs / 1000 }],
  },
  {
    name: 'busy',
    type: 'counter',
    unit: 'seconds',
    help: 'Time in calls of the node.',
    samples: ({ busyMs }) => [{ value: busyMs / 1000 }],
  },
  {
    name: 'in_flight',
    type: 'gauge',
    unit: undefined,
    help: 'Items in calls of the node.',
    samples: ({ inFlight }) => [{ value: inFlight }],
  },
  {
    name: 'items',
    type: 'counter',
    unit: undefined,
    help: 'Items by what became of them.',
    samples: ({ counts }) =>
      outcomes.map((outcome) => ({ label: ['outcome', outcome], value: counts[outcome] })),
  },
  {
    name: 'latency',
    type: 'summary',
    unit: 'seconds',
    help: 'Time that calls of the node took, from a sample.',
    samples: ({ latency }) =>
      latency === undefined
        ? []
        : quantiles.map(([quantile, key]) => ({
            label: ['quantile', quantile],
            value: latency[key] / 1000,
          })),
  },
  {
    name: 'queued',
    type: 'gauge',
    unit: undefined,
    help: 'Items that wait for their call.',
    samples: ({ queued }) => [{ value: queued }],
  },
  {
    name: 'waiting',
    type: 'counter',
    unit: 'seconds',
    help: 'Time without a call and without a held result.',
    samples: ({ waitingMs }) => [{ value: waitingMs / 1000 }],
  },
];
