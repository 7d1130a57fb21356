import { describe, expect, test } from 'vitest';
import { fixed, waitBefore } from '../../../src/resilience/delay.js';
import { errorOf, misuse, throws } from '../support/thrown.js';

describe('a fixed delay', () => {
  test('is the same before every attempt', () => {
    expect([2, 3, 10].map((attempt) => fixed(250).beforeAttemptMs(attempt))).toEqual([250, 250, 250]);
    expect(fixed(0).beforeAttemptMs(2)).toBe(0);
    expect(Object.isFrozen(fixed(0))).toBe(true);
  });

  for (const ms of [-1, NaN, Infinity, '100', undefined]) {
    test(`of ${String(ms)} is POLICY_INVALID`, () => {
      const error = errorOf(() => fixed(misuse(ms)));

      expect(error.code).toBe('POLICY_INVALID');
      expect(error.message).toContain(`A delay of ${String(ms)} is no wait.`);
    });
  }
});

describe('the wait that a delay of the user gives', () => {
  const waiting = (wait: unknown): number =>
    waitBefore({ beforeAttemptMs: misuse<() => number>(() => wait) }, 2, 'shop/price');

  test('is taken where it is a wait', () => {
    expect([0, 7, 0.5].map(waiting)).toEqual([0, 7, 0.5]);
    expect(waitBefore(undefined, 2, undefined)).toBe(0);
  });

  test.each([
    [NaN, 'NaN (number)'],
    [-1, '-1 (number)'],
    [Infinity, 'Infinity (number)'],
    ['5', '5 (string)'],
    [5n, '5 (bigint)'],
    [undefined, 'undefined (undefined)'],
    [{ then: () => undefined }, 'a promise'],
  ])('is POLICY_INVALID where it is %s', (wait, words) => {
    const error = errorOf(() => waiting(wait));

    expect(error).toMatchObject({ code: 'POLICY_INVALID', path: 'shop/price' });
    expect(error.message).toContain(`before attempt 2 gave ${words}`);
  });

  test('is POLICY_INVALID where the delay throws, with that as the cause', () => {
    const cause = new Error('no');

    expect(errorOf(() => waitBefore({ beforeAttemptMs: throws(cause) }, 3, 'p'))).toMatchObject({
      code: 'POLICY_INVALID',
      cause,
    });
  });
});
