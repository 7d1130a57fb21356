import { afterEach, describe, expect, test } from 'vitest';
import { circuitBreaker, errorPolicy, PipelineRunner } from 'heirline';
import {
  fetchRate,
  startRateServer,
  type RateServer,
} from '../../examples/unreliable-enrichment/rate-server.js';
import { ManualClock } from 'heirline/testing';
import { countsAt, definePipeline, nextTurn } from './support/harness.js';

let server: RateServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const currencies = ['EUR', 'USD', 'CHF', 'JPY', 'SEK'];

describe('the server of the example', () => {
  test('answers, fails, and knows what it does not know', async () => {
    server = await startRateServer();
    const { url } = server;
    const { signal } = new AbortController();
    expect(await fetchRate(url, 'USD', signal)).toBe(1.08);
    await expect(fetchRate(url, 'XXX', signal)).rejects.toMatchObject({ status: 404 });
    server.mood = 'fails';
    await expect(fetchRate(url, 'USD', signal)).rejects.toMatchObject({ status: 503 });

    expect(server.requests.all).toBe(3);
  });

  test('stalls until the caller gives up, and says when to come again while too many requests are under way', async () => {
    server = await startRateServer({ mostAtOnce: 1 });
    server.mood = 'stalls';
    const { url, requests } = server;
    const controller = new AbortController();
    const stalled = fetchRate(url, 'USD', controller.signal);
    while (requests.all === 0) await nextTurn();
    const limited = fetchRate(url, 'CHF', new AbortController().signal);
    await expect(limited).rejects.toMatchObject({ status: 429, retryAfterMs: 1000 });
    controller.abort();

    await expect(stalled).rejects.toThrow(/abort/i);
    expect(requests).toMatchObject({ all: 2, limited: 1 });
  });

  test('is left alone by a breaker when it fails, and called again when it has recovered', async () => {
    server = await startRateServer();
    const { url } = server;
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });
    const pipeline = definePipeline('rates', (builder) => {
      const rates = builder.addTransform((currency: string, { signal }) => fetchRate(url, currency, signal), {
        name: 'fetch',
        from: builder.addSource(currencies),
        circuitBreaker: circuitBreaker({ threshold: 2, windowMs: 10_000, openMs: 50 }),
        errorPolicy: errorPolicy('skip'),
      });
      builder.addSink(() => undefined, { name: 'save', from: rates });
    });
    server.mood = 'fails';
    await runner.run(pipeline);
    expect(server.requests.all).toBe(2);
    expect(runner.circuits()[0]?.state).toBe('open');
    server.mood = 'works';
    await clock.advance(50);
    const result = await runner.run(pipeline);

    expect(countsAt(result, 'rates/save').out).toBe(5);
    expect(runner.circuits()[0]?.state).toBe('closed');
  });

  test('never limits calls that a bulkhead holds back', async () => {
    server = await startRateServer({ mostAtOnce: 2, answerMs: 2 });
    const { url } = server;
    const runner = new PipelineRunner();
    const pipeline = definePipeline('rates', (builder) => {
      builder.addSink((currency: string, { signal }) => fetchRate(url, currency, signal), {
        name: 'fetch',
        from: builder.addSource(() => currencies),
        concurrency: 5,
        bulkhead: { concurrent: 2, queue: Infinity },
      });
    });
    await Promise.all([runner.run(pipeline), runner.run(pipeline)]);

    expect(server.requests).toEqual({ all: 10, limited: 0, mostAtOnce: 2 });
  });
});
