import { describe, expect, test } from 'vitest';
import { sortWithin } from 'heirline/flow';
import { errorOf } from './support/harness.js';
import { flowOf, outputsOf } from './support/flow.js';

const identity = (item: number) => item;

describe('sortWithin', () => {
  test('holds so many items, and lets the smallest leave', async () => {
    expect(await outputsOf([3, 1, 2, 6, 5, 4], sortWithin({ by: identity, capacity: 2 }))).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });

  test('lets an item leave once one has come that is later by the lateness', async () => {
    const seen: string[] = [];
    const items = (function* () {
      for (const atMs of [0, 20, 10, 30, 45]) {
        seen.push(`in ${String(atMs)}`);
        yield atMs;
      }
    })();

    await outputsOf(items, sortWithin({ by: identity, latenessMs: 20 }), {
      sink: (output) => seen.push(String(output)),
    });

    expect(seen).toEqual(['in 0', 'in 20', '0', 'in 10', 'in 30', '10', 'in 45', '20', '30', '45']);
  });

  test('lets an item that is behind what has left go on at once', async () => {
    expect(await outputsOf([5, 6, 7, 1, 8], sortWithin({ by: identity, capacity: 1 }))).toEqual([
      5, 6, 1, 7, 8,
    ]);
  });

  test('keeps the order of equal items', async () => {
    const items = ['b1', 'a1', 'b2', 'a2'];

    expect(
      await outputsOf(items, sortWithin({ by: (item: string) => item.slice(0, 1), capacity: 10 })),
    ).toEqual(['a1', 'a2', 'b1', 'b2']);
  });

  test('sorts texts by code units, and dates by time', async () => {
    const texts = await outputsOf(['é', 'z', 'A'], sortWithin({ by: (item: string) => item, capacity: 10 }));
    const dates = [new Date(3), new Date(1), new Date(2)];

    expect(texts).toEqual(['A', 'z', 'é']);
    expect(await outputsOf(dates, sortWithin({ by: (item: Date) => item, latenessMs: 10 }))).toEqual([
      new Date(1),
      new Date(2),
      new Date(3),
    ]);
  });

  test('fails what cannot be compared with the others', async () => {
    const { outputs, counts } = await flowOf(
      [2, 'b', NaN, 1, undefined],
      sortWithin({ by: (item: unknown) => item as number, capacity: 10 }),
      { errorPolicy: 'skip' },
    );

    expect(outputs).toEqual([1, 2]);
    expect(counts).toMatchObject({ in: 5, out: 2, filtered: 3 });
  });

  test('is refused where nothing says how much is held', () => {
    expect(errorOf(() => sortWithin({ by: identity })).message).toContain("give 'capacity' or 'latenessMs'");
  });
});
