import { describe, expect, test } from 'vitest';
import { buffer, throttle } from 'heirline/flow';
import { errorOf, nextTurn } from './support/harness.js';
import { flowOf, FlowRun, manual, outputsOf, timed } from './support/flow.js';

/** Notes when each output came. */
function arrivals(): { readonly seen: string[]; sinkAt(now: () => number): (output: unknown) => void } {
  const seen: string[] = [];
  return { seen, sinkAt: (now) => (output) => void seen.push(`${String(output)} at ${String(now())}`) };
}

describe('throttle', () => {
  test('lets a burst pass, then one item after the other at its pace', async () => {
    const { clock, options } = manual();
    const { seen, sinkAt } = arrivals();
    const run = new FlowRun([1, 2, 3, 4], throttle<number>({ items: 2, perMs: 100 }), {
      ...options,
      sink: sinkAt(() => clock.now()),
    });

    await clock.advance(1_000);
    const { counts } = await run.ended;

    expect(seen).toEqual(['1 at 0', '2 at 0', '3 at 50', '4 at 100']);
    expect(counts).toMatchObject({ in: 4, out: 4, filtered: 0 });
  });

  test('saves up no more than a burst', async () => {
    const { clock, options } = manual();
    const { seen, sinkAt } = arrivals();
    const items = timed(clock, [
      [0, 'a'],
      [500, 'b'],
      [500, 'c'],
      [500, 'd'],
    ]);
    const run = new FlowRun(items, throttle<string>({ items: 1, perMs: 10, burst: 2 }), {
      ...options,
      sink: sinkAt(() => clock.now()),
    });

    await clock.advance(1_000);
    await run.ended;

    expect(seen).toEqual(['a at 0', 'b at 500', 'c at 500', 'd at 510']);
  });

  test('lets an item that is heavier than a burst take a full bucket, and leaves a debt', async () => {
    const { clock, options } = manual();
    const { seen, sinkAt } = arrivals();
    const run = new FlowRun([1, 50, 1], throttle({ items: 10, perMs: 100, weight: (item: number) => item }), {
      ...options,
      sink: sinkAt(() => clock.now()),
    });

    await clock.advance(1_000);
    await run.ended;

    // The full bucket is there at 10, and the 41 tokens that are missing then come by 420.
    expect(seen).toEqual(['1 at 0', '50 at 10', '1 at 420']);
  });

  test('counts the items of each key apart', async () => {
    const { clock, options } = manual();
    const { seen, sinkAt } = arrivals();
    const run = new FlowRun(['a', 'b', 'a'], throttle({ items: 1, perMs: 10, key: (item: string) => item }), {
      ...options,
      sink: sinkAt(() => clock.now()),
    });

    await clock.advance(1_000);
    await run.ended;

    expect(seen).toEqual(['a at 0', 'b at 0', 'a at 10']);
  });

  test('ends its wait at once on a cancel, and leaves no timer', async () => {
    const { clock, options } = manual();
    const stop = new AbortController();
    const run = new FlowRun([1, 2], throttle<number>({ items: 1, perMs: 60_000 }), {
      ...options,
      signal: stop.signal,
    });

    await clock.advance(10);
    stop.abort();
    const { code, outputs, counts } = await run.ended;

    expect({ code, outputs }).toEqual({ code: 'RUN_CANCELLED', outputs: [1] });
    expect(counts).toMatchObject({ in: 2, out: 1, cancelled: 1 });
    expect(clock.pending).toBe(0);
  });

  test('forgets keys whose bucket is full, and refuses one too many', async () => {
    const { clock, options } = manual();
    const byItem = { items: 1, perMs: 10, key: (item: string) => item, maxKeys: 1 };
    const forgotten = new FlowRun(
      timed(clock, [
        [0, 'a'],
        [10, 'b'],
      ]),
      throttle(byItem),
      options,
    );
    await clock.advance(100);
    const full = await flowOf(['a', 'b', 'a'], throttle(byItem), { errorPolicy: 'skip' });

    expect((await forgotten.ended).outputs).toEqual(['a', 'b']);
    expect(full).toMatchObject({ outputs: ['a', 'a'], counts: { filtered: 1 } });
  });

  test('fails an item whose weight is no number of 0 or more', async () => {
    const { code, error } = await flowOf([1], throttle({ items: 1, perMs: 1, weight: () => -1 }));

    expect(code).toBe('OPTION_INVALID');
    expect(error?.message).toContain("'weight' of throttle");
  });

  test('is refused without a pace, and with an endless one', () => {
    // @ts-expect-error -- both are required
    expect(errorOf(() => throttle({ items: 1 })).message).toContain("'perMs' must be");
    expect(errorOf(() => throttle({ items: Infinity, perMs: 1 })).code).toBe('OPTION_INVALID');
  });
});

describe('buffer', () => {
  test('lets the stages before it run ahead by its capacity', async () => {
    let read = 0;
    const aheadOf: number[] = [];
    const items = (function* () {
      for (read = 1; read <= 10; read += 1) yield read;
    })();

    const outputs = await outputsOf(items, buffer<number>({ capacity: 3 }), {
      async sink(output) {
        await nextTurn();
        aheadOf.push(read - Number(output));
      },
    });

    expect(outputs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    // Three wait in it, and one in the hands of the stage before.
    expect(Math.max(...aheadOf)).toBe(4);
  });

  test('keeps the order, and what waits in it is cancelled with the run', async () => {
    const stop = new AbortController();
    const { code, outputs, counts } = await flowOf([1, 2, 3, 4, 5], buffer<number>({ capacity: Infinity }), {
      signal: stop.signal,
      async sink(output) {
        await nextTurn();
        if (output === 2) stop.abort();
      },
    });

    expect({ code, outputs }).toEqual({ code: 'RUN_CANCELLED', outputs: [1, 2] });
    expect(counts).toMatchObject({ in: 5, out: 2, cancelled: 3 });
  });

  test('is refused without a capacity', () => {
    // @ts-expect-error -- it is required
    expect(errorOf(() => buffer({})).code).toBe('OPTION_INVALID');
    expect(errorOf(() => buffer({ capacity: 0 })).code).toBe('OPTION_INVALID');
  });
});
