import { describe, expect, test } from 'vitest';
import { MemoryDeadLetterSink } from 'heirline';
import { session, sliding, tumbling, window, type Window } from 'heirline/flow';
import { FlowRun, flowOf, manual, outputsOf, timed } from './support/flow.js';

/** A reading of a meter. */
interface Reading {
  readonly meter: string;
  readonly atMs: number;
}

function reading(atMs: number, meter = 'a'): Reading {
  return { meter, atMs };
}

const byTime = { time: (item: Reading) => item.atMs };

/** Windows as `start-end: times`. */
function shown(windows: readonly Window<Reading, unknown, number | undefined>[]): string[] {
  return windows.map(
    ({ items, start, end }) => `${String(start)}-${String(end)}: ${items.map(({ atMs }) => atMs).join(' ')}`,
  );
}

describe('windows by the times of items', () => {
  test('are aligned to the epoch, hold their start and not their end', async () => {
    const items = [0, 9, 10, 19, 20].map((atMs) => reading(atMs));

    const windows = await outputsOf(items, window(tumbling({ ms: 10 }), byTime));

    expect(shown(windows)).toEqual(['0-10: 0 9', '10-20: 10 19', '20-30: 20']);
  });

  test('before the epoch are aligned, too', async () => {
    const windows = await outputsOf([reading(-1), reading(0)], window(tumbling({ ms: 10 }), byTime));

    expect(shown(windows)).toEqual(['-10-0: -1', '0-10: 0']);
  });

  test('leave when an item has come that is later than their end by the lateness', async () => {
    const seen: string[] = [];
    const items = (function* () {
      for (const atMs of [1, 12, 3, 14, 15, 16]) {
        seen.push(`in ${String(atMs)}`);
        yield reading(atMs);
      }
    })();

    await outputsOf(items, window(tumbling({ ms: 10 }), { ...byTime, latenessMs: 5 }), {
      sink: (output) => seen.push(...shown([output as Window<Reading>])),
    });

    expect(seen).toEqual([
      'in 1',
      'in 12',
      'in 3',
      'in 14',
      'in 15',
      '0-10: 1 3',
      'in 16',
      '10-20: 12 14 15 16',
    ]);
  });

  test('that overlap hold an item once each, and count it once', async () => {
    const { outputs, counts } = await flowOf(
      [1, 6, 12].map((atMs) => reading(atMs)),
      window(sliding({ ms: 10, everyMs: 5 }), byTime),
    );

    expect(shown(outputs)).toEqual(['-5-5: 1', '0-10: 1 6', '5-15: 6 12', '10-20: 12']);
    expect(counts).toMatchObject({ in: 3, out: 3, emitted: 4, filtered: 0 });
  });

  test('that are due together leave by their start, then by their first item', async () => {
    const items = [reading(12, 'b'), reading(1, 'a'), reading(2, 'c'), reading(40, 'a')];

    const windows = await outputsOf(
      items,
      window(tumbling({ ms: 10 }), { ...byTime, key: (item: Reading) => item.meter, latenessMs: 20 }),
    );

    expect(windows.map(({ key, start }) => `${key} ${String(start)}`)).toEqual([
      'a 0',
      'c 0',
      'b 10',
      'a 40',
    ]);
  });

  test('take a Date, and give its key back as it was', async () => {
    const day = new Date('2026-03-01');
    const [first] = await outputsOf(
      [day],
      window(tumbling({ ms: 1 }), { time: (item: Date) => item, key: (item: Date) => item }),
    );

    expect(first).toEqual({ items: [day], key: day, start: day.getTime(), end: day.getTime() + 1 });
  });

  test('refuse what is no time, as a failed item under the policy', async () => {
    const items = [reading(1), reading(NaN), reading(Infinity), reading(2)];

    const { outputs, counts } = await flowOf(items, window(tumbling({ ms: 10 }), byTime), {
      errorPolicy: 'skip',
    });
    const failed = await flowOf(items, window(tumbling({ ms: 10 }), byTime));

    expect(shown(outputs)).toEqual(['0-10: 1 2']);
    expect(counts).toMatchObject({ in: 4, out: 2, filtered: 2 });
    expect(failed).toMatchObject({ code: 'FLOW_TIME_INVALID', counts: { failed: 1, cancelled: 1 } });
  });
});

describe('late items', () => {
  const items = [1, 25, 2, 26].map((atMs) => reading(atMs));

  test('are those all of whose windows have left, and are left out', async () => {
    const { outputs, counts } = await flowOf(items, window(tumbling({ ms: 10 }), byTime));

    expect(shown(outputs)).toEqual(['0-10: 1', '20-30: 25 26']);
    expect(counts).toMatchObject({ in: 4, out: 3, filtered: 1 });
  });

  test('become dead letters', async () => {
    const letters = new MemoryDeadLetterSink();
    const { counts, code } = await flowOf(
      items,
      window(tumbling({ ms: 10 }), { ...byTime, late: 'deadLetter' }),
      {
        deadLetterSink: letters,
      },
    );

    expect(code).toBe('none');
    expect(counts).toMatchObject({ in: 4, out: 3, deadLettered: 1 });
    expect(letters.envelopes.map(({ item, error }) => [item, error.code])).toEqual([
      [reading(2), 'FLOW_ITEM_LATE'],
    ]);
  });

  test('fail, whatever the policy of the node says', async () => {
    const { counts, code } = await flowOf(items, window(tumbling({ ms: 10 }), { ...byTime, late: 'fail' }), {
      errorPolicy: 'skip',
    });

    expect(code).toBe('FLOW_ITEM_LATE');
    expect(counts).toMatchObject({ in: 3, out: 1, failed: 1, cancelled: 1 });
  });

  test('are not late for a sliding window that is still open', async () => {
    const windows = await outputsOf(
      [1, 11, 9].map((atMs) => reading(atMs)),
      window(sliding({ ms: 10, everyMs: 5 }), byTime),
    );

    expect(shown(windows)).toEqual(['-5-5: 1', '0-10: 1', '5-15: 11 9', '10-20: 11']);
  });
});

describe('sessions', () => {
  test('end when no item has come for the gap; two items exactly a gap apart are in two', async () => {
    const windows = await outputsOf(
      [0, 9, 19, 28].map((atMs) => reading(atMs)),
      window(session({ gapMs: 10 }), byTime),
    );

    expect(shown(windows)).toEqual(['0-19: 0 9', '19-38: 19 28']);
  });

  test('become one by an item between them', async () => {
    const windows = await outputsOf(
      [0, 16, 8].map((atMs) => reading(atMs)),
      window(session({ gapMs: 10 }), { ...byTime, latenessMs: 100 }),
    );

    expect(shown(windows)).toEqual(['0-26: 0 16 8']);
  });

  test('of a key end by the times of that key, however far others are', async () => {
    const items = [reading(0, 'slow'), reading(1_000, 'fast'), reading(5, 'slow'), reading(15, 'slow')];

    const windows = await outputsOf(
      items,
      window(session({ gapMs: 10, idleMs: 5_000 }), { ...byTime, key: (item: Reading) => item.meter }),
    );

    expect(shown(windows)).toEqual(['0-15: 0 5', '15-25: 15', '1000-1010: 1000']);
  });

  test('of a key that is idle end once the stream has moved on, and the key begins anew', async () => {
    const items = [reading(0, 'slow'), reading(500, 'fast'), reading(511, 'fast'), reading(3, 'slow')];

    const { outputs, counts } = await flowOf(
      items,
      window(session({ gapMs: 10 }), { ...byTime, key: (item: Reading) => item.meter }),
    );

    expect(shown(outputs)).toEqual(['0-10: 0', '500-510: 500', '3-13: 3', '511-521: 511']);
    expect(counts).toMatchObject({ in: 4, out: 4, filtered: 0 });
  });

  test('take no item that is a gap behind their key, where no open one touches it', async () => {
    const { outputs, counts } = await flowOf(
      [0, 100, 50].map((atMs) => reading(atMs)),
      window(session({ gapMs: 10 }), byTime),
    );

    expect(shown(outputs)).toEqual(['0-10: 0', '100-110: 100']);
    expect(counts).toMatchObject({ filtered: 1 });
  });
});

describe('windows by the clock of the run', () => {
  test('leave at their end, though no other item comes', async () => {
    const { clock, options } = manual();
    const run = new FlowRun(
      timed(
        clock,
        [
          [2, 'a'],
          [7, 'b'],
          [31, 'c'],
        ],
        60,
      ),
      window<string>(tumbling({ ms: 10 })),
      options,
    );

    await clock.advanceTo(9);
    expect(run.outputs).toEqual([]);
    await clock.advanceTo(10);
    expect(run.outputs).toEqual([{ items: ['a', 'b'], key: undefined, start: 0, end: 10 }]);
    await clock.advanceTo(60);
    await run.ended;

    expect(run.outputs.slice(1)).toEqual([{ items: ['c'], key: undefined, start: 30, end: 40 }]);
    expect(clock.pending).toBe(0);
  });

  test('of sessions leave a gap after the last item of their key', async () => {
    const { clock, options } = manual();
    const run = new FlowRun(
      timed(
        clock,
        [
          [0, 'a1'],
          [3, 'b1'],
          [8, 'a2'],
          [40, 'a3'],
        ],
        60,
      ),
      window(session({ gapMs: 10 }), { key: (item: string) => item.slice(0, 1) }),
      options,
    );

    await clock.advanceTo(13);
    expect(run.outputs).toEqual([{ items: ['b1'], key: 'b', start: 3, end: 13 }]);
    await clock.advanceTo(18);
    expect(run.outputs.slice(1)).toEqual([{ items: ['a1', 'a2'], key: 'a', start: 0, end: 18 }]);
    await clock.advanceTo(60);
    await run.ended;

    expect(run.outputs.slice(2)).toEqual([{ items: ['a3'], key: 'a', start: 40, end: 50 }]);
  });

  test('leave no timer after a cancel, and what they hold is cancelled', async () => {
    const { clock, options } = manual();
    const stop = new AbortController();
    const run = new FlowRun(
      timed(
        clock,
        [
          [0, 'a'],
          [1, 'b'],
        ],
        500,
      ),
      window<string>(tumbling({ ms: 1_000 })),
      {
        ...options,
        signal: stop.signal,
        graceMs: 10,
      },
    );

    await clock.advanceTo(5);
    stop.abort();
    const { code, counts, outputs } = await run.ended;

    expect({ code, outputs }).toEqual({ code: 'RUN_CANCELLED', outputs: [] });
    expect(counts).toMatchObject({ in: 2, out: 0, cancelled: 2 });
    // The source still waits for a timer of its own.
    expect(clock.pending).toBe(1);
  });
});

describe('windows of a number of items', () => {
  test('follow one another, and the last one may have fewer', async () => {
    const windows = await outputsOf(
      [1, 2, 3, 4, 5],
      window<number, undefined, undefined>(tumbling({ count: 2 })),
    );

    expect(windows.map(({ items }) => items)).toEqual([[1, 2], [3, 4], [5]]);
    expect(windows[0]).toEqual({ items: [1, 2], key: undefined, start: undefined, end: undefined });
  });

  test('begin with every so manieth item, of each key apart', async () => {
    const windows = await outputsOf(
      [1, 2, 3, 5, 4, 7],
      window(sliding({ count: 2, every: 1 }), { key: (item: number) => item % 2 }),
    );

    expect(windows.map(({ items }) => items)).toEqual([[1, 3], [3, 5], [2, 4], [5, 7], [4], [7]]);
  });

  test('that are not full at the end are left out without partial', async () => {
    const { outputs, counts } = await flowOf(
      [1, 2, 3, 4, 5, 6],
      window<number, undefined, undefined>(sliding({ count: 4, every: 4, partial: false })),
    );

    expect(outputs.map(({ items }) => items)).toEqual([[1, 2, 3, 4]]);
    expect(counts).toMatchObject({ in: 6, out: 4, filtered: 2 });
  });
});

describe('the keys of windows', () => {
  test('are limited; the error says what to raise', async () => {
    const { code, error } = await flowOf(
      [1, 2, 3],
      window(tumbling({ ms: 10 }), { time: () => 0, key: (item: number) => item, maxKeys: 2 }),
    );

    expect(code).toBe('FLOW_CAPACITY_EXCEEDED');
    expect(error?.message).toContain("Raise 'maxKeys'");
  });

  test('are forgotten with their last window', async () => {
    const { code } = await flowOf(
      [1, 2, 3, 4],
      window(tumbling({ ms: 10 }), {
        time: (item: number) => item * 100,
        key: (item: number) => item,
        maxKeys: 1,
      }),
    );

    expect(code).toBe('none');
  });
});
