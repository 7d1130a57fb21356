import { describe, expect, test } from 'vitest';
import { formatMetrics, formatPrometheus, type MetricsSnapshot, type NodeMetrics } from 'heirline';

const metrics = (more: Partial<NodeMetrics>, count = 0): NodeMetrics => ({
  counts: {
    nodeId: 'node',
    pipelineName: 'orders',
    in: count,
    out: count,
    filtered: 0,
    deadLettered: 0,
    failed: 0,
    cancelled: 0,
    retried: 0,
    emitted: count,
    recovered: 0,
    ignored: 0,
  },
  busyMs: 0,
  waitingMs: 0,
  blockedMs: 0,
  perSecond: 0,
  latency: undefined,
  inFlight: 0,
  queued: 0,
  ...more,
});

const check = metrics(
  {
    busyMs: 1500,
    waitingMs: 250,
    blockedMs: 30,
    perSecond: 1999.6,
    latency: { p50: 0.0005, p95: 1.5, p99: 12.34, sampled: 300 },
    inFlight: 2,
    queued: 1,
  },
  3000,
);

describe('metrics as a table', () => {
  test('have one line per node', () => {
    const table = formatMetrics({ 'orders/read': metrics({}), 'orders/check': check });

    expect(table.split('\n')).toEqual([
      'node            in   out  lost    /s   busy    p50     p99',
      'orders/read      0     0     0     0      0               ',
      'orders/check  3000  3000     0  2000  1.50s  500ns  12.3ms',
    ]);
  });

  test('are at most 80 columns wide: a long path loses its beginning, large numbers their digits', () => {
    const large = metrics(
      { busyMs: 5e8, perSecond: 123_456_789, latency: { p50: 0.123, p95: 1, p99: 999.9, sampled: 1 } },
      12_345_678_901,
    );
    const path = `${'outer/'.repeat(20)}last`;
    const lines = formatMetrics({ [path]: large }).split('\n');

    expect(lines.every(({ length }) => length === 80)).toBe(true);
    expect(lines[1]).toMatch(/^….*outer\/last {2}/);
    expect(lines[1]).toContain('12G');
    expect(lines[1]).toContain('8333min');
  });

  test('are the head only, where nothing was measured', () => {
    expect(formatMetrics({})).toBe('node  in  out  lost  /s  busy  p50  p99');
  });
});

describe('metrics in the form of Prometheus', () => {
  const snapshot: MetricsSnapshot = { 'orders/save': metrics({}), 'orders/check': check };

  test('are in seconds, sorted, with all outcomes', () => {
    const lines = formatPrometheus(snapshot).split('\n');

    expect(lines.slice(0, 4)).toEqual([
      '# HELP heirline_blocked_seconds_total Time that finished results have waited until they could leave.',
      '# TYPE heirline_blocked_seconds_total counter',
      'heirline_blocked_seconds_total{path="orders/check"} 0.03',
      'heirline_blocked_seconds_total{path="orders/save"} 0',
    ]);
    expect(lines.filter((line) => line.includes('orders/check')).slice(1)).toEqual([
      'heirline_busy_seconds_total{path="orders/check"} 1.5',
      'heirline_in_flight{path="orders/check"} 2',
      'heirline_items_total{outcome="cancelled",path="orders/check"} 0',
      'heirline_items_total{outcome="deadLettered",path="orders/check"} 0',
      'heirline_items_total{outcome="failed",path="orders/check"} 0',
      'heirline_items_total{outcome="filtered",path="orders/check"} 0',
      'heirline_items_total{outcome="out",path="orders/check"} 3000',
      'heirline_latency_seconds{path="orders/check",quantile="0.5"} 5e-7',
      'heirline_latency_seconds{path="orders/check",quantile="0.95"} 0.0015',
      'heirline_latency_seconds{path="orders/check",quantile="0.99"} 0.01234',
      'heirline_queued{path="orders/check"} 1',
      'heirline_waiting_seconds_total{path="orders/check"} 0.25',
    ]);
    expect(lines.at(-1)).toBe('');
  });

  test('quote what a label may not hold', () => {
    expect(formatPrometheus({ 'a"b\\c': metrics({}) })).toContain('{path="a\\"b\\\\c"} 0');
  });
});
