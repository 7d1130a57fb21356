import { describe, expect, test } from 'vitest';
import { fixed } from '../../../src/resilience/delay.js';
import { errorOf, misuse } from '../support/thrown.js';

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
