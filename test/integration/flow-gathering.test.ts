import { describe, expect, test } from 'vitest';
import { errorPolicy, runPipeline } from 'heirline';
import { batch, flatMap, flatten, tumbling, window } from 'heirline/flow';
import { definePipeline, errorOf, nextTurn, range } from './support/harness.js';
import { flowOf, FlowRun, manual, outputsOf, sleep, timed } from './support/flow.js';

describe('batch', () => {
  test('of 100 makes of 1,050 items ten of 100 and one of 50', async () => {
    const { outputs, counts } = await flowOf(range(1, 1_050), batch<number>({ size: 100 }));

    expect(outputs.map((items) => items.length)).toEqual([...Array<number>(10).fill(100), 50]);
    expect(outputs.flat()).toEqual([...range(1, 1_050)]);
    expect(counts).toMatchObject({ in: 1_050, out: 1_050, emitted: 11 });
  });

  test('leaves so long after its first item, though no other comes', async () => {
    const { clock, options } = manual();
    const run = new FlowRun(
      timed(
        clock,
        [
          [10, 'a'],
          [40, 'b'],
          [300, 'c'],
        ],
        400,
      ),
      batch<string>({ withinMs: 50 }),
      options,
    );

    await clock.advanceTo(59);
    expect(run.outputs).toEqual([]);
    await clock.advanceTo(60);
    expect(run.outputs).toEqual([['a', 'b']]);
    await clock.advanceTo(400);

    expect((await run.ended).outputs).toEqual([['a', 'b'], ['c']]);
    expect(clock.pending).toBe(0);
  });

  test('that the clock closes while another is under way waits; at most one waits, and the next one grows', async () => {
    const { clock, options } = manual();
    const items = timed(clock, [
      [0, 1],
      [20, 2],
      [40, 3],
      [60, 4],
      [80, 5],
    ]);
    const run = new FlowRun(items, batch<number>({ withinMs: 10 }), {
      ...options,
      sink: () => sleep(clock, 75),
    });

    await clock.advance(1_000);

    expect((await run.ended).outputs).toEqual([[1], [2], [3, 4, 5]]);
  });

  test('leaves no timer after a cancel', async () => {
    const { clock, options } = manual();
    const stop = new AbortController();
    const run = new FlowRun(timed(clock, [[0, 1]], 5_000), batch<number>({ withinMs: 1_000 }), {
      ...options,
      signal: stop.signal,
      graceMs: 10,
    });

    await clock.advance(5);
    stop.abort();

    expect((await run.ended).counts).toMatchObject({ in: 1, out: 0, cancelled: 1 });
    // The timer of the source.
    expect(clock.pending).toBe(1);
  });

  test('ends before an item that would make it too heavy, at exactly its weight, and lets a heavy one go alone', async () => {
    const weighed = batch({ maxWeight: 10, weight: (item: number) => item });

    expect(await outputsOf([6, 6, 4, 3, 50, 1], weighed)).toEqual([[6], [6, 4], [3], [50], [1]]);
  });

  test('ends before an item of another key', async () => {
    expect(
      await outputsOf(['a1', 'a2', 'b1', 'a3'], batch({ by: (item: string) => item.slice(0, 1) })),
    ).toEqual([['a1', 'a2'], ['b1'], ['a3']]);
    expect(await outputsOf([NaN, NaN], batch({ by: (item: number) => item }))).toEqual([[NaN, NaN]]);
  });

  test('is as it was before an item that fails', async () => {
    const weighed = batch({ maxWeight: 10, weight: (item: number) => (item === 2 ? NaN : item) });

    const { outputs, counts } = await flowOf([1, 2, 3], weighed, { errorPolicy: 'skip' });

    expect(outputs).toEqual([[1, 3]]);
    expect(counts).toMatchObject({ in: 3, out: 2, filtered: 1 });
  });

  test('is refused where nothing says when it is full, and where limits mean nothing', () => {
    const wrong = [
      {},
      { size: 0 },
      { size: Infinity },
      { withinMs: 0 },
      { maxWeight: 5 },
      { maxWeight: 0, weight: () => 1 },
    ];

    expect(wrong.map((options) => errorOf(() => batch(options)).code)).toEqual(
      wrong.map(() => 'OPTION_INVALID'),
    );
  });
});

describe('flatMap and flatten', () => {
  test('give all elements in order, whatever holds them', async () => {
    const spread = flatMap((item: number): Iterable<number> | AsyncIterable<number> | Promise<number[]> => {
      if (item === 1) return new Set([1, 2]);
      if (item === 2) return Promise.resolve([3]);
      return (async function* () {
        await nextTurn();
        yield 4;
      })();
    });

    const { outputs, counts } = await flowOf([1, 2, 3], spread);

    expect(outputs).toEqual([1, 2, 3, 4]);
    expect(counts).toMatchObject({ in: 3, out: 3, emitted: 4 });
  });

  test('filter an item without elements, and let a text go on whole', async () => {
    const { outputs, counts } = await flowOf(
      ['', 'ab'],
      flatMap((item: string) => (item === '' ? [] : item)),
    );

    expect(outputs).toEqual(['ab']);
    expect(counts).toMatchObject({ in: 2, out: 1, filtered: 1 });
  });

  test('hold all elements until they are there where a policy decides, so that no item is half out', async () => {
    const failing = flatMap(function* (item: number) {
      yield item;
      if (item === 2) throw new RangeError('half way');
    });

    const skipped = await flowOf([1, 2, 3], failing, { errorPolicy: 'skip' });
    const failed = await flowOf([1, 2, 3], failing);

    expect(skipped).toMatchObject({ outputs: [1, 3], counts: { out: 2, filtered: 1 } });
    expect(failed.outputs).toEqual([1, 2]);
  });

  test('let a fallback value go on as one output', async () => {
    const failing = flatMap((): number[] => {
      throw new RangeError('none');
    });

    const { outputs } = await flowOf([1], failing, {
      errorPolicy: errorPolicy({ then: { fallback: () => [7, 8] } }),
    });

    expect(outputs).toEqual([[7, 8]]);
  });

  test('undo what batch and window have done', async () => {
    const seen: number[] = [];
    const There = definePipeline('there', (builder) => {
      const batches = builder.addStreamTransform(batch({ size: 2 }), { from: builder.addSource([1, 2, 3]) });
      const items = builder.addStreamTransform(flatten(), { from: batches });
      const windows = builder.addStreamTransform(window(tumbling({ count: 2 })), { from: items });
      const back = builder.addStreamTransform(flatten(), { from: windows });
      builder.addSink((item: number) => void seen.push(item), { from: back });
    });

    await runPipeline(There);

    expect(seen).toEqual([1, 2, 3]);
  });

  test('fail an item that is no iterable', async () => {
    expect((await flowOf([[1], 2 as unknown as number[]], flatten<number>())).code).toBe('OPTION_INVALID');
    expect(
      (
        await flowOf(
          [1],
          flatMap(() => undefined as unknown as number[]),
        )
      ).code,
    ).toBe('OPTION_INVALID');
  });
});
