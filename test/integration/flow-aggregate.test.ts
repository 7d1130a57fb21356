import { describe, expect, test } from 'vitest';
import { aggregate, session, sliding, tumbling } from 'heirline/flow';
import { errorOf } from './support/harness.js';
import { flowOf, FlowRun, manual, outputsOf, timed } from './support/flow.js';

/** A sale of a shop. */
interface Sale {
  readonly shop: string;
  readonly atMs: number;
  readonly amount: number;
}

function sale(atMs: number, amount: number, shop = 'oslo'): Sale {
  return { shop, atMs, amount };
}

const total = { seed: 0, step: (sum: number, item: Sale) => sum + item.amount };
const byTime = { time: (item: Sale) => item.atMs };
const byShop = { key: (item: Sale) => item.shop };

describe('an aggregate', () => {
  test('gives one value per key at the end of the stream, in the order of their first items', async () => {
    const items = [sale(0, 5, 'rome'), sale(1, 2), sale(2, 1, 'rome')];

    const { outputs, counts } = await flowOf(items, aggregate({ ...total, ...byShop }));

    expect(outputs).toEqual([
      { key: 'rome', value: 6 },
      { key: 'oslo', value: 2 },
    ]);
    expect(counts).toMatchObject({ in: 3, out: 3, emitted: 2 });
  });

  test('of nothing gives nothing', async () => {
    expect(await outputsOf([], aggregate(total))).toEqual([]);
  });

  test('gives one value per window of time', async () => {
    const items = [sale(1, 5), sale(12, 2), sale(3, 1), sale(30, 4)];

    const values = await outputsOf(
      items,
      aggregate({ ...total, ...byTime, latenessMs: 10, window: tumbling({ ms: 10 }) }),
    );

    expect(values).toEqual([
      { key: undefined, value: 6, start: 0, end: 10 },
      { key: undefined, value: 2, start: 10, end: 20 },
      { key: undefined, value: 4, start: 30, end: 40 },
    ]);
  });

  test('counts an item once, with the first window that leaves', async () => {
    const { outputs, counts } = await flowOf(
      [sale(1, 5), sale(6, 2)],
      aggregate({ ...total, ...byTime, window: sliding({ ms: 10, everyMs: 5 }) }),
    );

    expect(outputs.map(({ value }) => value)).toEqual([5, 7, 2]);
    expect(counts).toMatchObject({ in: 2, out: 2, emitted: 3 });
  });

  test('of a number of items has no start and no end', async () => {
    const values = await outputsOf(
      [sale(0, 1), sale(0, 2), sale(0, 4)],
      aggregate({ ...total, window: tumbling({ count: 2 }) }),
    );

    expect(values).toEqual([
      { key: undefined, value: 3 },
      { key: undefined, value: 4 },
    ]);
  });

  test('joins sessions by merge, or by their items', async () => {
    const items = [sale(0, 1), sale(16, 2), sale(8, 4)];
    const sessions = { ...total, ...byTime, latenessMs: 100, window: session({ gapMs: 10 }) };

    const merged = await outputsOf(
      items,
      aggregate({ ...sessions, merge: (earlier, later) => earlier + later + 100 }),
    );
    const again = await outputsOf(items, aggregate(sessions));

    expect(merged).toEqual([{ key: undefined, value: 107, start: 0, end: 26 }]);
    expect(again).toEqual([{ key: undefined, value: 7, start: 0, end: 26 }]);
  });

  test('makes what leaves by finish, whose failure ends the run whatever the policy says', async () => {
    const mean = {
      seed: () => ({ sum: 0, count: 0 }),
      step: ({ sum, count }: { sum: number; count: number }, item: Sale) => ({
        sum: sum + item.amount,
        count: count + 1,
      }),
    };
    const means = await outputsOf(
      [sale(0, 1), sale(0, 2)],
      aggregate({ ...mean, finish: ({ sum, count }) => sum / count }),
    );
    const failed = await flowOf(
      [sale(0, 1), sale(50, 2), sale(51, 3)],
      aggregate({
        ...mean,
        ...byTime,
        window: tumbling({ ms: 10 }),
        finish: () => {
          throw new RangeError('no mean');
        },
      }),
      { errorPolicy: 'skip' },
    );

    expect(means).toEqual([{ key: undefined, value: 1.5 }]);
    expect(failed.code).toBe('NODE_FAILED');
    expect(failed.error?.cause).toEqual(new RangeError('no mean'));
  });

  test('keeps all windows as they were when the step fails for one of them', async () => {
    let calls = 0;
    const { outputs, counts } = await flowOf(
      [sale(6, 1), sale(7, 2), sale(8, 4)],
      aggregate({
        ...byTime,
        window: sliding({ ms: 10, everyMs: 5 }),
        seed: 0,
        step(sum: number, item: Sale) {
          calls += 1;
          // The second window of the second item.
          if (calls === 4) throw new RangeError('odd');
          return sum + item.amount;
        },
      }),
      { errorPolicy: 'skip' },
    );

    expect(outputs.map(({ value }) => value)).toEqual([5, 5]);
    expect(counts).toMatchObject({ in: 3, out: 2, filtered: 1 });
  });

  test('leaves by the clock of the run where items have no times', async () => {
    const { clock, options } = manual();
    const run = new FlowRun(
      timed(
        clock,
        [
          [1, sale(0, 1)],
          [2, sale(0, 2)],
        ],
        60,
      ),
      aggregate({ ...total, window: tumbling({ ms: 10 }) }),
      options,
    );

    await clock.advanceTo(10);
    expect(run.outputs).toEqual([{ key: undefined, value: 3, start: 0, end: 10 }]);
    await clock.advanceTo(60);
    expect((await run.ended).outputs).toHaveLength(1);
  });

  test('refuses options that would mean nothing', () => {
    const codes = [
      () => aggregate({ ...total, late: 'drop' }),
      () => aggregate({ ...total, ...byTime }),
      () => aggregate({ ...total, window: tumbling({ ms: 10 }), latenessMs: 5 }),
      () => aggregate({ ...total, ...byTime, window: tumbling({ count: 10 }) }),
      // @ts-expect-error -- a seed is required
      () => aggregate({ step: total.step }),
      // @ts-expect-error -- these are no windows
      () => aggregate({ ...total, window: 'daily' }),
    ].map((make) => errorOf(make).code);

    expect(new Set(codes)).toEqual(new Set(['OPTION_INVALID']));
    expect(codes).toHaveLength(6);
  });
});
