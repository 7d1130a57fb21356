import { expect, test } from 'vitest';
import { Latencies } from '../../../src/observability/latencies.js';

/** Latencies of 1, 2, 3 ... milliseconds. */
function upTo(last: number): Latencies {
  const latencies = new Latencies();
  for (let ms = 1; ms <= last; ms += 1) latencies.record(ms);
  return latencies;
}

test('no call has no percentiles', () => {
  expect(new Latencies().read()).toBeUndefined();
});

test('few calls have exact percentiles', () => {
  expect(upTo(100).read()).toEqual({ p50: 50, p95: 95, p99: 99, sampled: 100 });
  expect(upTo(1).read()).toEqual({ p50: 1, p95: 1, p99: 1, sampled: 1 });
});

test('of many calls the percentiles are off by 1% at most', () => {
  const latency = upTo(10_000).read();

  expect(latency?.sampled).toBe(10_000);
  expect(Math.abs((latency?.p50 ?? 0) / 5000 - 1)).toBeLessThan(0.01);
  expect(Math.abs((latency?.p99 ?? 0) / 9900 - 1)).toBeLessThan(0.01);
});

test.each([
  [10, 20],
  [10, 1000],
  [1000, 10],
  [1000, 2000],
])('%i and %i calls are added up from what is behind their percentiles', (one, other) => {
  const sum = new Latencies();
  for (const count of [one, other]) {
    const latency = upTo(count).read();
    const behind = latency && Latencies.behind(latency);
    if (behind !== undefined) sum.add(behind);
  }

  expect(sum.read()?.sampled).toBe(one + other);
});
