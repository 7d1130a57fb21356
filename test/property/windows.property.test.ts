import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aggregate, session, sliding, tumbling, window, type Window, type WindowKind } from 'heirline/flow';
import { flowOf, outputsOf } from '../integration/support/flow.js';
import { runs } from './support/runs.js';
import {
  inOrder,
  sessionsByLoop,
  windowsByLoop,
  type ModelWindow,
  type Timed,
} from './support/window-model.js';

/** Items out of order by less than their lateness, with or without keys. */
const streams = fc
  .record({
    latenessMs: fc.integer({ min: 0, max: 40 }),
    keys: fc.integer({ min: 0, max: 3 }),
    steps: fc.array(fc.record({ ms: fc.integer({ min: 0, max: 30 }), back: fc.nat(40), key: fc.nat(2) }), {
      maxLength: 60,
    }),
    from: fc.integer({ min: -100, max: 100 }),
  })
  .map(({ latenessMs, keys, steps, from }) => {
    let latest = from;
    const items = steps.map(({ ms, back, key }, id): Timed => {
      latest += ms;
      return {
        id,
        key: keys === 0 ? undefined : `k${String(key % keys)}`,
        atMs: latest - Math.min(back, latenessMs),
      };
    });
    return { latenessMs, keys, items };
  });

const time = (item: Timed) => item.atMs;
const byKey = (item: Timed) => item.key;

function asModel({ items, key, start, end }: Window<Timed, string | undefined>): ModelWindow {
  return { key, start, end, ids: items.map(({ id }) => id) };
}

/** Expects the windows of a kind to be those of a loop, as windows and as sums of an aggregate. */
async function expectSame(
  kind: WindowKind<number>,
  { items, latenessMs, keys }: { items: readonly Timed[]; latenessMs: number; keys: number },
  expected: readonly ModelWindow[],
): Promise<void> {
  const options = { time, latenessMs, key: keys === 0 ? () => undefined : byKey };
  const { outputs, counts, code } = await flowOf(items, window(kind, options));
  const sums = await outputsOf(
    items,
    aggregate({ ...options, window: kind, seed: 0, step: (sum: number, item: Timed) => sum + item.id }),
  );

  expect(code).toBe('none');
  expect(inOrder(outputs.map(asModel))).toEqual(inOrder(expected));
  expect(counts).toMatchObject({
    in: items.length,
    out: items.length,
    filtered: 0,
    emitted: expected.length,
  });
  const wanted = expected.map(({ key, start, ids }) =>
    [key, start, ids.reduce((sum, id) => sum + id, 0)].join(' '),
  );
  expect(sums.map(({ key, start, value }) => [key, start, value].join(' ')).sort()).toEqual(wanted.sort());
}

describe('windows over random times out of order are those of a sort and a loop', () => {
  test('tumbling', async () => {
    await fc.assert(
      fc.asyncProperty(streams, fc.integer({ min: 1, max: 50 }), async (stream, ms) => {
        await expectSame(tumbling({ ms }), stream, windowsByLoop(stream.items, ms, ms));
      }),
      runs(150),
    );
  });

  test('sliding', async () => {
    const widths = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 40 }))
      .map(([everyMs, more]) => ({ everyMs, ms: everyMs + more }));
    await fc.assert(
      fc.asyncProperty(streams, widths, async (stream, { ms, everyMs }) => {
        await expectSame(sliding({ ms, everyMs }), stream, windowsByLoop(stream.items, ms, everyMs));
      }),
      runs(150),
    );
  });

  test('sessions', async () => {
    await fc.assert(
      fc.asyncProperty(streams, fc.integer({ min: 1, max: 40 }), async (stream, gapMs) => {
        await expectSame(session({ gapMs }), stream, sessionsByLoop(stream.items, gapMs));
      }),
      runs(150),
    );
  });

  test('with late items, each of which is counted where it is left out', async () => {
    await fc.assert(
      fc.asyncProperty(streams, fc.integer({ min: 1, max: 50 }), async ({ items }, ms) => {
        const { outputs, counts } = await flowOf(items, window(tumbling({ ms }), { time }));

        let watermark = -Infinity;
        const inTime = items.filter(({ atMs }) => {
          watermark = Math.max(watermark, atMs);
          return (Math.floor(atMs / ms) + 1) * ms > watermark;
        });
        const kept = inTime.map((item) => ({ ...item, key: undefined }));
        expect(inOrder(outputs.map(asModel))).toEqual(inOrder(windowsByLoop(kept, ms, ms)));
        expect(counts).toMatchObject({ out: inTime.length, filtered: items.length - inTime.length });
      }),
      runs(100),
    );
  });
});

describe('windows of a number of items are those of a loop', () => {
  test('tumbling and sliding, keyed and not', async () => {
    await fc.assert(
      fc.asyncProperty(
        streams,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        fc.boolean(),
        async ({ items }, every, more, partial) => {
          const count = every + more;
          const { outputs, counts } = await flowOf(
            items,
            window(sliding({ count, every, partial }), { key: byKey }),
          );

          const expected = [...new Set(items.map(byKey))].flatMap((key) => {
            const own = items.filter((item) => item.key === key).map(({ id }) => id);
            return own
              .map((_, at) => (at % every === 0 ? own.slice(at, at + count) : []))
              .filter((ids) => ids.length > 0 && (partial || ids.length === count));
          });
          const shown = (lists: readonly (readonly number[])[]) => lists.map((ids) => ids.join(' ')).sort();
          expect(shown(outputs.map((each) => each.items.map(({ id }) => id)))).toEqual(shown(expected));
          const left = new Set(expected.flat()).size;
          expect(counts).toMatchObject({ in: items.length, out: left, filtered: items.length - left });
        },
      ),
      runs(150),
    );
  });
});
