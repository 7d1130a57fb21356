import type { MetricsSnapshot, NodeMetrics } from './metrics-observer.js';

/** The content type of {@link formatPrometheus}, for the answer to a scrape. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

const outcomes = ['cancelled', 'deadLettered', 'failed', 'filtered', 'out'] as const;
const quantiles = [
  ['0.5', 'p50'],
  ['0.95', 'p95'],
  ['0.99', 'p99'],
] as const;

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  readonly help: string;
  /** The samples of one node: labels beside the path, and the value. */
  readonly samples: (metrics: NodeMetrics) => readonly Sample[];
}

interface Sample {
  /** A label beside the path, by name and value. */
  readonly label?: readonly [name: string, value: string];
  readonly value: number;
}

const families: readonly Family[] = [
  {
    name: 'heirline_blocked_seconds_total',
    type: 'counter',
    help: 'Time that finished results have waited until they could leave.',
    samples: ({ blockedMs }) => [{ value: blockedMs / 1000 }],
  },
  {
    name: 'heirline_busy_seconds_total',
    type: 'counter',
    help: 'Time in calls of the node.',
    samples: ({ busyMs }) => [{ value: busyMs / 1000 }],
  },
  {
    name: 'heirline_in_flight',
    type: 'gauge',
    help: 'Items in calls of the node.',
    samples: ({ inFlight }) => [{ value: inFlight }],
  },
  {
    name: 'heirline_items_total',
    type: 'counter',
    help: 'Items by what became of them.',
    samples: ({ counts }) =>
      outcomes.map((outcome) => ({ label: ['outcome', outcome], value: counts[outcome] })),
  },
  {
    name: 'heirline_latency_seconds',
    type: 'summary',
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
    name: 'heirline_queued',
    type: 'gauge',
    help: 'Items that wait for their call.',
    samples: ({ queued }) => [{ value: queued }],
  },
  {
    name: 'heirline_waiting_seconds_total',
    type: 'counter',
    help: 'Time without a call and without a held result.',
    samples: ({ waitingMs }) => [{ value: waitingMs / 1000 }],
  },
];

/**
 * The metrics of a {@link MetricsObserver} in the text form that Prometheus scrapes; times are in seconds.
 *
 * Answer with {@link prometheusContentType}. Lines are sorted by metric, then by path; a node without a timed call has
 * no latency.
 *
 * @example
 * {@includeCode ../../examples/api/metrics-observer.ts}
 */
export function formatPrometheus(snapshot: MetricsSnapshot): string {
  const nodes = Object.entries(snapshot).sort(([one], [other]) => (one < other ? -1 : 1));
  const lines = families.flatMap(({ name, type, help, samples }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...nodes.flatMap(([path, metrics]) =>
      samples(metrics).map(({ label, value }) => {
        return `${name}{${labelsOf(path, label)}} ${String(value)}`;
      }),
    ),
  ]);
  return `${lines.join('\n')}\n`;
}

/** The labels of a sample, sorted by name. */
function labelsOf(path: string, label: Sample['label']): string {
  const labels = [['path', path] as const, ...(label === undefined ? [] : [label])];
  return labels
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
