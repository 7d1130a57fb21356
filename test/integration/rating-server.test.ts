import { afterEach, describe, expect, test } from 'vitest';
import { circuitBreaker, errorPolicy, PipelineRunner } from 'heirline';
import { fetchRating, retryAfterMs } from '../../examples/unreliable-enrichment/fetch-rating.js';
import { RatingServer } from '../../examples/unreliable-enrichment/rating-server.js';
import { ManualClock } from 'heirline/testing';
import { countsAt, definePipeline, nextTurn } from './support/harness.js';

let server: RatingServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const titles = ['Alien', 'Brazil', 'Casablanca', 'Diva', 'Elf'];
const ratings = new Map(titles.map((title) => [`${title}, 1980`, { rating: title.length, votes: 1 }]));
const ask = (url: string, title: string, signal = new AbortController().signal): Promise<number> =>
  fetchRating(url, { title, released: '1980' }, signal).then(({ rating }) => rating);

describe('the server of the example', () => {
  test('answers, fails, drops calls, and knows what it does not know', async () => {
    server = await RatingServer.start({ ratings });
    const { url } = server;
    expect(await ask(url, 'Alien')).toBe(5);
    await expect(ask(url, 'Zorro')).rejects.toMatchObject({ name: 'UnknownFilmError' });
    server.mood = () => 'fails';
    await expect(ask(url, 'Diva')).rejects.toThrow('the service answered 503');
    server.mood = (film, isAgain) => (film === 3 && isAgain ? 'is down' : 'fails');
    await expect(ask(url, 'Diva')).rejects.toThrow('the service gives no answer');

    expect(server.requests).toMatchObject({ all: 4, answered: 2, failed: 1, dropped: 1 });
  });

  test('stalls until the caller gives up', async () => {
    server = await RatingServer.start({ ratings, mood: () => 'stalls' });
    const controller = new AbortController();
    const stalled = ask(server.url, 'Alien', controller.signal);
    while (server.requests.stalled === 0) await nextTurn();
    controller.abort();

    await expect(stalled).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('rests after so many answers, and says when to come again', async () => {
    server = await RatingServer.start({ ratings, restAfter: 2 });
    const { url, requests } = server;
    await ask(url, 'Alien');
    await ask(url, 'Brazil');
    await expect(ask(url, 'Elf')).rejects.toMatchObject({ name: 'BusyError', retryAfterMs: 1000 });

    expect(requests).toMatchObject({ answered: 2, limited: 1 });
  });

  test('that is closed is one that gives no answer', async () => {
    const closed = await RatingServer.start({ ratings });
    const { url } = closed;
    await closed.close();

    await expect(ask(url, 'Alien')).rejects.toMatchObject({ name: 'ServiceDownError' });
  });

  test('is left alone by a breaker when it fails, and called again when it has recovered', async () => {
    server = await RatingServer.start({ ratings, mood: () => 'fails' });
    const { url } = server;
    const clock = new ManualClock();
    const runner = new PipelineRunner({ clock });
    const pipeline = definePipeline('films', (builder) => {
      const rated = builder.addTransform((title: string, { signal }) => ask(url, title, signal), {
        name: 'ask',
        from: builder.addSource(titles),
        circuitBreaker: circuitBreaker({ threshold: 2, windowMs: 10_000, openMs: 50 }),
        errorPolicy: errorPolicy('skip'),
      });
      builder.addSink(() => undefined, { name: 'save', from: rated });
    });
    await runner.run(pipeline);
    expect(server.requests.all).toBe(2);
    expect(runner.circuits()[0]?.state).toBe('open');
    server.mood = () => 'works';
    await clock.advance(50);
    const result = await runner.run(pipeline);

    expect(countsAt(result, 'films/save').out).toBe(5);
    expect(runner.circuits()[0]?.state).toBe('closed');
  });

  test('never sees more calls at once than a bulkhead lets through, over all runs', async () => {
    server = await RatingServer.start({ ratings, answerMs: 2 });
    const { url } = server;
    const runner = new PipelineRunner();
    const pipeline = definePipeline('films', (builder) => {
      builder.addSink((title: string, { signal }) => ask(url, title, signal), {
        name: 'ask',
        from: builder.addSource(() => titles),
        concurrency: 5,
        bulkhead: { concurrent: 2, queue: Infinity },
      });
    });
    await Promise.all([runner.run(pipeline), runner.run(pipeline)]);

    expect(server.requests).toMatchObject({ all: 10, answered: 10, mostAtOnce: 2 });
  });
});

test.for([
  ['120', 120_000],
  ['0', 0],
  ['Tue, 01 Dec 2026 10:00:30 GMT', 30_000],
  ['Tue, 01 Dec 2026 09:00:00 GMT', 0],
  ['soon', 1000],
  ['Infinity', 1000],
  [null, 1000],
] as const)('Retry-After: %s is a wait of %i ms', ([header, ms]) => {
  expect(retryAfterMs(header, Date.UTC(2026, 11, 1, 10))).toBe(ms);
});
