import type { MetricsSnapshot, NodeMetrics } from './metrics-observer.js';

/** Most characters of a line. */
const WIDTH = 80;

interface Column {
  readonly head: string;
  readonly cell: (metrics: NodeMetrics) => string;
}

const columns: readonly Column[] = [
  { head: 'in', cell: ({ counts }) => short(counts.in) },
  { head: 'out', cell: ({ counts }) => short(counts.out) },
  { head: 'lost', cell: ({ counts }) => short(counts.deadLettered + counts.failed + counts.cancelled) },
  { head: '/s', cell: ({ perSecond }) => short(perSecond) },
  { head: 'busy', cell: ({ busyMs }) => duration(busyMs) },
  { head: 'p50', cell: ({ latency }) => (latency === undefined ? '' : duration(latency.p50)) },
  { head: 'p99', cell: ({ latency }) => (latency === undefined ? '' : duration(latency.p99)) },
];

/**
 * The metrics of a {@link MetricsObserver} as a table of at most 80 columns, one line per node.
 *
 * `lost` are items that were dead-lettered, failed or were cancelled. A path that is too long loses its beginning.
 *
 * @example
 * {@includeCode ../../examples/api/metrics-observer.ts}
 */
export function formatMetrics(snapshot: MetricsSnapshot): string {
  const rows = Object.entries(snapshot).map(([path, metrics]) => ({
    path,
    cells: columns.map(({ cell }) => cell(metrics)),
  }));
  const widths = columns.map(({ head }, at) =>
    Math.max(head.length, ...rows.map(({ cells }) => cells[at]?.length ?? 0)),
  );
  const numbers = (cells: readonly string[]): string =>
    cells.map((cell, at) => `  ${cell.padStart(widths[at] ?? 0)}`).join('');
  const room = WIDTH - widths.reduce((sum, width) => sum + width + 2, 0);
  const pathWidth = Math.min(Math.max(4, ...rows.map(({ path }) => path.length)), room);
  const line = (path: string, cells: readonly string[]): string =>
    `${fitted(path, pathWidth).padEnd(pathWidth)}${numbers(cells)}`;
  const head = line(
    'node',
    columns.map((column) => column.head),
  );
  return [head, ...rows.map(({ path, cells }) => line(path, cells))].join('\n');
}

function fitted(path: string, width: number): string {
  return path.length <= width ? path : `…${path.slice(path.length - width + 1)}`;
}

/** A number in at most six characters. */
function short(value: number): string {
  if (value < 100_000) return String(Math.round(value));
  if (value < 1e7) return `${(value / 1e3).toFixed(0)}k`;
  return value < 1e10 ? `${(value / 1e6).toFixed(0)}M` : `${(value / 1e9).toFixed(0)}G`;
}

/** A duration in at most seven characters. */
function duration(ms: number): string {
  if (ms === 0) return '0';
  if (ms < 0.001) return `${(ms * 1e6).toFixed(0)}ns`;
  if (ms < 1) return `${(ms * 1e3).toPrecision(3)}µs`;
  if (ms < 1000) return `${ms.toPrecision(3)}ms`;
  return ms < 1e6 ? `${(ms / 1e3).toPrecision(3)}s` : `${(ms / 6e4).toFixed(0)}min`;
}
