import { describe, expect, test } from 'vitest';
import {
  breakerText,
  circuitBreaker,
  haveEqualNumbers,
  type CircuitBreakerOptions,
} from '../../../src/resilience/circuit-breaker.js';
import { errorOf } from '../support/thrown.js';

const good: CircuitBreakerOptions = { threshold: 5, windowMs: 10_000, openMs: 30_000 };

describe('circuitBreaker', () => {
  test('makes a frozen value that later changes of the options do not reach', () => {
    const options = { ...good };
    const breaker = circuitBreaker(options);
    options.threshold = 6;

    expect(breaker.numbers).toEqual({ threshold: 5, windowMs: 10_000, openMs: 30_000 });
    expect(breaker.whenOpen).toBe('refuse');
    expect(Object.isFrozen(breaker) && Object.isFrozen(breaker.numbers)).toBe(true);
  });

  test.each<[Record<string, unknown>, string]>([
    [{}, "'windowMs' is missing; 'openMs' is missing; 'threshold' is missing, or 'ratio' with 'atLeast'"],
    [{ ...good, threshold: 0 }, "'threshold' must be a whole number above 0"],
    [{ ...good, threshold: 2.5, openMs: NaN }, "'threshold' must be"],
    [{ ...good, threshold: 2.5, openMs: NaN }, "'openMs' must be milliseconds above 0"],
    [{ ...good, openMs: Infinity }, "'openMs' must be milliseconds above 0"],
    [{ ...good, ratio: 0.5 }, "'threshold' and 'ratio' cannot both decide"],
    [{ ...good, threshold: undefined, ratio: 0.5 }, "'atLeast' is missing beside 'ratio'"],
    [
      { ...good, threshold: undefined, ratio: 1.5, atLeast: 3 },
      "'ratio' must be a number above 0, at most 1",
    ],
    [{ ...good, atLeast: 3 }, "'atLeast' belongs to 'ratio'"],
    [{ ...good, on: 5 }, "'on' must be an error class, a code or a predicate"],
    [{ ...good, whenOpen: 'queue' }, "'whenOpen' must be 'refuse' or 'wait'"],
    [{ ...good, name: '' }, "'name' must be a text that is not empty"],
    [{ ...good, treshold: 3 }, "there is no option 'treshold'"],
  ])('refuses %j and names the problem', (options, problem) => {
    const error = errorOf(() => circuitBreaker(options as never));

    expect(error).toMatchObject({ code: 'OPTION_INVALID' });
    expect(String(error)).toContain(problem);
  });

  test('is written in words for drawings', () => {
    expect(breakerText(circuitBreaker({ ...good, name: 'rates', whenOpen: 'wait' }))).toBe(
      "'rates': 5 failed in 10000 ms, open for 30000 ms, items wait",
    );
    expect(breakerText(circuitBreaker({ ratio: 0.5, atLeast: 20, windowMs: 1000, openMs: 500 }))).toBe(
      '0.5 of at least 20 calls failed in 1000 ms, open for 500 ms',
    );
  });

  test('has equal numbers where a circuit can be shared', () => {
    const { numbers } = circuitBreaker(good);
    expect(haveEqualNumbers(numbers, circuitBreaker({ ...good, on: Error, name: 'x' }).numbers)).toBe(true);
    expect(haveEqualNumbers(numbers, circuitBreaker({ ...good, openMs: 1 }).numbers)).toBe(false);
  });
});
