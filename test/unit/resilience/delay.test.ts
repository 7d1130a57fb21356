import { afterEach, describe, expect, test, vi } from 'vitest';
import { exponential, fixed, linear, waitBefore } from '../../../src/resilience/delay.js';
import type { Delay } from '../../../src/resilience/delay.js';
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

afterEach(() => {
  vi.restoreAllMocks();
});

/** The waits before the first retries, each told the one before. */
function waits(delay: Delay, retries: number): number[] {
  const all: number[] = [];
  for (let retry = 1; retry <= retries; retry += 1) all.push(delay.beforeAttemptMs(retry + 1, all.at(-1)));
  return all;
}

describe('growing delays', () => {
  test('grow by the same time, or by a factor, from the first retry on', () => {
    expect(waits(linear(100), 4)).toEqual([100, 200, 300, 400]);
    expect(waits(exponential(100), 4)).toEqual([100, 200, 400, 800]);
    expect(waits(exponential(100, { factor: 3 }), 3)).toEqual([100, 300, 900]);
    expect(waits(exponential(100, { factor: 1 }), 3)).toEqual([100, 100, 100]);
    expect(waits(exponential(0), 2)).toEqual([0, 0]);
  });

  test('stop at maxMs, by default a day', () => {
    expect(waits(linear(100, { maxMs: 250 }), 4)).toEqual([100, 200, 250, 250]);
    expect(waits(exponential(100, { maxMs: 250 }), 3)).toEqual([100, 200, 250]);
    expect(exponential(100).beforeAttemptMs(5_000)).toBe(86_400_000);
    expect(exponential(0).beforeAttemptMs(5_000)).toBe(0);
  });

  test.each([
    ['full', 0, 0],
    ['full', 0.5, 200],
    ['equal', 0, 200],
    ['equal', 0.5, 300],
    ['none', 0.5, 400],
  ] as const)('with jitter %s, where chance gives %s, wait %s of 400 ms', (jitter, chance, expected) => {
    vi.spyOn(Math, 'random').mockReturnValue(chance);

    expect(exponential(100, { jitter }).beforeAttemptMs(4)).toBe(expected);
    expect(linear(200, { jitter }).beforeAttemptMs(3)).toBe(expected);
  });

  test('are capped before the jitter, so that a capped wait is spread too', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);

    expect(exponential(100, { maxMs: 200, jitter: 'full' }).beforeAttemptMs(9)).toBe(100);
  });

  test('that are decorrelated lie between the first wait and three times the last', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);

    expect(waits(exponential(100, { jitter: 'decorrelated' }), 3)).toEqual([200, 350, 575]);
    expect(waits(exponential(100, { maxMs: 300, jitter: 'decorrelated' }), 3)).toEqual([200, 300, 300]);
  });

  test('that are endless are no wait when they come', () => {
    const endless = exponential(100, { maxMs: Infinity });

    expect(errorOf(() => waitBefore(endless, 5_000, 'shop/price')).code).toBe('POLICY_INVALID');
  });

  test.each([
    [() => linear(-1), 'A delay of -1 is no wait.'],
    [() => exponential(NaN), 'A delay of NaN is no wait.'],
    [() => linear(1, { maxMs: -1 }), "'maxMs' must be"],
    [() => exponential(1, { factor: 0.5 }), "'factor' must be a number, 1 or more"],
    [() => linear(1, misuse({ factor: 2 })), "there is no option 'factor'"],
    [() => linear(1, { jitter: misuse('some') }), "'jitter' must be"],
    [() => exponential(-1, { factor: 0, maxMs: NaN }), 'no wait; wrong options: '],
  ])('that are wrong are POLICY_INVALID: %s', (make, words) => {
    const error = errorOf(make);

    expect(error.code).toBe('POLICY_INVALID');
    expect(error.message).toContain(words);
  });
});

test.each([
  [() => linear(-1, { maxMs: -1 }), 'Give milliseconds, 0 or more.'],
  [() => linear(1, { maxMs: -1 }), 'Correct the options named.'],
])('what is proposed for a wrong delay is about what is wrong: %s', (make, remedy) => {
  expect(errorOf(make).message).toContain(remedy);
});

test('a function is asked with the number of the try that failed, and its error', () => {
  const asked: unknown[] = [];
  const after = (attempt: number, error: unknown) => asked.push(attempt, error);

  expect(waitBefore(after, 2, 'p', 'busy')).toBe(2);
  expect(asked).toEqual([1, 'busy']);
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
    [undefined, 'undefined, which'],
    [fixed(5), 'a delay in place of milliseconds'],
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
