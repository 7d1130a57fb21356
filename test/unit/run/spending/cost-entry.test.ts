import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkCall, costEntry } from '../../../../src/run/spending/cost-entry.js';
import type { CostCall } from '../../../../src/run/spending/cost-entry.js';

const call: CostCall = { callId: '1', model: 'm', inputTokens: 1_000, outputTokens: 100 };
const price = { currency: 'EUR', inputPerMillion: 3, outputPerMillion: 15 };

/** Why a call is refused. */
function problemOf(given: unknown): string {
  try {
    checkCall(given as CostCall, 'orders/llm');
  } catch (error) {
    expect(error).toMatchObject({ code: 'OPTION_INVALID', path: 'orders/llm' });
    return String(error);
  }
  return '';
}

describe('a call', () => {
  test('is booked with its defaults, frozen', () => {
    const entry = costEntry(call, 'orders/llm', false);

    expect(entry).toStrictEqual({
      ...call,
      path: 'orders/llm',
      cachedTokens: 0,
      calls: 1,
      amount: null,
      currency: null,
      at: expect.any(Date) as unknown,
    });
    expect(Object.isFrozen(entry)).toBe(true);
    expect(costEntry(call, 'orders/llm', true).late).toBe(true);
  });

  test('costs its input and output; cached input as other input unless it has a price', () => {
    const cached = { ...call, cachedTokens: 400 };

    expect(costEntry({ ...call, price }, '', false)).toMatchObject({ amount: 0.0045, currency: 'EUR' });
    expect(costEntry({ ...cached, price }, '', false).amount).toBe(0.0045);
    expect(costEntry({ ...cached, price: { ...price, cachedInputPerMillion: 0.5 } }, '', false).amount).toBe(
      0.0035,
    );
    expect(costEntry({ ...cached, price: { ...price, cachedInputPerMillion: 0 } }, '', false).amount).toBe(
      0.0033,
    );
  });

  test('that is free costs 0, one of unknown price null', () => {
    const free = { currency: 'EUR', inputPerMillion: 0, outputPerMillion: 0 };

    expect([
      costEntry({ ...call, price: free }, '', false).amount,
      costEntry(call, '', false).amount,
    ]).toEqual([0, null]);
  });

  test('may have counts of 0, and all of its input cached', () => {
    const least = { callId: '1', model: 'm', inputTokens: 0, outputTokens: 0, cachedTokens: 0, calls: 0 };

    expect(problemOf(least)).toBe('');
    expect(problemOf({ ...call, cachedTokens: 1_000, price, calls: undefined })).toBe('');
  });

  test.each([
    [{ callId: '' }, "'callId' must be a text that is not empty"],
    [{ callId: undefined }, "'callId' must be a text that is not empty"],
    [{ model: 5 }, "'model' must be a text that is not empty"],
    [{ inputTokens: NaN }, "'inputTokens' must be a whole number, 0 or more"],
    [{ inputTokens: undefined }, "'inputTokens' must be a whole number, 0 or more"],
    [{ outputTokens: -1 }, "'outputTokens' must be a whole number, 0 or more"],
    [{ outputTokens: Infinity }, "'outputTokens' must be a whole number, 0 or more"],
    [{ calls: 0.5 }, "'calls' must be a whole number, 0 or more"],
    [{ cachedTokens: -1 }, "'cachedTokens' must be a whole number, 0 or more"],
    [{ cachedTokens: 1_001 }, "'cachedTokens' must be a part of 'inputTokens'"],
    [{ price: 3 }, "'price' must be a price (a plain object with options was expected)"],
    [{ price: { ...price, currency: '' } }, "'currency' must be a text that is not empty"],
    [
      { price: { currency: 'EUR' } },
      "'inputPerMillion' must be a finite number, 0 or more; 'outputPerMillion'",
    ],
    [{ price: { ...price, outputPerMillion: Infinity } }, "'outputPerMillion' must be a finite number"],
    [{ price: { ...price, cachedInputPerMillion: -1 } }, "'cachedInputPerMillion' must be a finite number"],
    [{ tokens: 5 }, "there is no option 'tokens'"],
  ])('is refused with %j', (wrong, problem) => {
    expect(problemOf({ ...call, ...wrong })).toContain(problem);
  });

  test('is refused with everything that is wrong at once', () => {
    expect(problemOf({ callId: '', inputTokens: 1, cachedTokens: 2, price: {} })).toMatch(
      /'callId'.*'price'.*'model'.*'outputTokens'.*'cachedTokens'/,
    );
    expect([problemOf(undefined), problemOf(null), problemOf('call')]).toEqual(
      Array(3).fill(expect.stringContaining('a plain object with options was expected')),
    );
  });

  test('never costs less than nothing', () => {
    const numbers = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(),
        fc.nat(),
        numbers,
        numbers,
        numbers,
        (a, b, c, input, output, cached) => {
          const tokens = { inputTokens: a + b, cachedTokens: b, outputTokens: c };
          const prices = { inputPerMillion: input, outputPerMillion: output, cachedInputPerMillion: cached };
          const given = { callId: '1', model: 'm', ...tokens, price: { currency: 'EUR', ...prices } };
          checkCall(given, '');

          expect(costEntry(given, '', false).amount).toBeCloseTo(
            (a * input + b * cached + c * output) / 1e6,
            3,
          );
          expect(costEntry(given, '', false).amount).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});
