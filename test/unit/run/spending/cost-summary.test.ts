import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CostEntry } from '../../../../src/run/spending/cost-entry.js';
import { summarise } from '../../../../src/run/spending/cost-summary.js';

function entry(change: Partial<CostEntry>): CostEntry {
  const tokens = { inputTokens: 10, outputTokens: 1, cachedTokens: 2, calls: 1 };
  return {
    callId: '1',
    path: 'a',
    model: 'm',
    ...tokens,
    amount: null,
    currency: null,
    at: new Date(),
    ...change,
  };
}

const euros = (amount: number, more: Partial<CostEntry> = {}): CostEntry =>
  entry({ amount, currency: 'EUR', ...more });
const dollars = (amount: number, more: Partial<CostEntry> = {}): CostEntry =>
  entry({ amount, currency: 'USD', ...more });
const sums = { inputTokens: 10, outputTokens: 1, cachedTokens: 2, calls: 1 };

describe('a summary of costs', () => {
  test('has a row per currency, in order of first appearance, and one of calls without a price', () => {
    expect(summarise([dollars(1), entry({}), euros(2), dollars(3)])).toStrictEqual([
      { currency: 'USD', amount: 4, inputTokens: 20, outputTokens: 2, cachedTokens: 4, calls: 2 },
      { currency: null, amount: null, ...sums },
      { currency: 'EUR', amount: 2, ...sums },
    ]);
  });

  test('has a row per key and currency where a key is asked', () => {
    const entries = [euros(1, { path: 'b' }), euros(2, { model: 'n' }), dollars(4), euros(8, { model: 'n' })];

    expect(summarise(entries, 'path').map((row) => [row.key, row.currency, row.amount])).toEqual([
      ['b', 'EUR', 1],
      ['a', 'EUR', 10],
      ['a', 'USD', 4],
    ]);
    expect(summarise(entries, 'model').map((row) => [row.key, row.currency, row.amount])).toEqual([
      ['m', 'EUR', 1],
      ['n', 'EUR', 10],
      ['m', 'USD', 4],
    ]);
  });

  test('keeps a currency and a key apart, whatever they are called', () => {
    const odd = [euros(1, { path: 'a' }), entry({ path: 'aE', amount: 1, currency: 'UR' })];

    expect(summarise(odd, 'path')).toHaveLength(2);
  });

  test('has no noise of binary fractions', () => {
    expect(summarise([euros(0.1), euros(0.2)])[0]?.amount).toBe(0.3);
    expect(summarise(Array.from({ length: 10 }, () => euros(0.1)))[0]?.amount).toBe(1);
  });

  test('of nothing is empty', () => {
    expect(summarise([])).toEqual([]);
  });

  test('does not depend on the order of the entries', () => {
    const amount = fc.integer({ min: 0, max: 1_000_000 }).map((parts) => parts / 1_000);
    const entries = fc.array(
      fc
        .record({ amount, currency: fc.constantFrom('EUR', 'USD'), path: fc.constantFrom('a', 'b') })
        .map(entry),
      { maxLength: 40 },
    );
    const both = entries.chain((given) =>
      fc.tuple(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length })),
    );
    const sorted = (given: readonly CostEntry[]): unknown =>
      [...summarise(given, 'path')].sort((one, other) =>
        `${String(one.key)}${String(one.currency)}` < `${String(other.key)}${String(other.currency)}`
          ? -1
          : 1,
      );
    fc.assert(
      fc.property(both, ([given, shuffled]) => {
        expect(sorted(shuffled)).toEqual(sorted(given));
      }),
    );
  });
});
