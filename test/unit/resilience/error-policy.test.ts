import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { exponential, fixed, linear } from '../../../src/resilience/delay.js';
import { ErrorPolicy, errorPolicy } from '../../../src/resilience/error-policy.js';
import type { ErrorRule } from '../../../src/resilience/error-rule.js';
import { errorOf, misuse } from '../support/thrown.js';

class Busy extends Error {}

const retryTwice = { retry: { attempts: 2 } };

describe('the decision', () => {
  test('is that of the first rule that chooses the error', () => {
    const policy = errorPolicy(
      { on: Busy, then: 'skip' },
      { on: Error, then: 'deadLetter' },
      { then: 'fail' },
    );

    expect(policy.decide([new Busy()], 1)).toEqual({ action: 'skip' });
    expect(policy.decide([new Error()], 1)).toEqual({ action: 'deadLetter' });
    expect(policy.decide(['text'], 1)).toEqual({ action: 'fail' });
  });

  test('is fail where no rule chooses the error', () => {
    expect(errorPolicy({ on: Busy, then: 'skip' }).decide([new Error()], 1)).toEqual({ action: 'fail' });
  });

  test('is asked of the error as seen from inside and from outside', () => {
    const policy = errorPolicy({ on: 'NODE_FAILED', then: 'skip' }, { on: Busy, then: 'deadLetter' });

    expect(policy.decide([new Busy(), { code: 'NODE_FAILED' }], 1)).toEqual({ action: 'skip' });
    expect(policy.decide([new Busy()], 1)).toEqual({ action: 'deadLetter' });
  });

  test('of a retry counts all tries, the first included', () => {
    const policy = errorPolicy({ then: { retry: { attempts: 3, exhausted: 'skip' } } });

    expect([1, 2, 3, 4].map((attempt) => policy.decide(['e'], attempt).action)).toEqual([
      'retry',
      'retry',
      'skip',
      'skip',
    ]);
  });

  test('of a retry without more words is left to the rules behind after the last try', () => {
    expect(errorPolicy({ then: retryTwice }).decide(['e'], 2)).toEqual({ action: 'fail' });
    expect(errorPolicy({ then: retryTwice }, { then: 'collect' }).decide(['e'], 2)).toEqual({
      action: 'collect',
    });
    expect(errorPolicy({ then: retryTwice }, { on: Busy, then: 'skip' }).decide(['e'], 2)).toEqual({
      action: 'fail',
    });
  });

  test('of a retry is no retry where the try could not begin in time', () => {
    const retry = { attempts: Infinity, withinMs: 100, delay: fixed(60), exhausted: 'skip' } as const;
    const policy = errorPolicy({ then: { retry } });
    const after = (sinceMs: number) =>
      policy.decide(['e'], 7, 'p', { sinceMs, previousMs: undefined, from: 0 }).action;

    expect([after(0), after(40), after(41)]).toEqual(['retry', 'retry', 'skip']);
  });

  test('of a fallback names the rule behind, for when it fails', () => {
    const fallback = () => 0;

    expect(errorPolicy({ then: { fallback } }).decide(['e'], 1)).toEqual({
      action: 'fallback',
      fallback,
      next: 1,
    });
    expect(
      errorPolicy({ then: { retry: { attempts: 1, exhausted: { fallback } } } }).decide(['e'], 1),
    ).toEqual({ action: 'fallback', fallback, next: 1 });
  });

  test('of a retry waits as the delay says, before the attempt that comes', () => {
    const delay = { beforeAttemptMs: (attempt: number) => attempt * 100 };

    expect(errorPolicy({ then: { retry: { attempts: 3, delay } } }).decide(['e'], 1)).toEqual({
      action: 'retry',
      delayMs: 200,
    });
    expect(errorPolicy({ then: retryTwice }).decide(['e'], 1)).toEqual({ action: 'retry', delayMs: 0 });
  });

  test('counts the tries of an item, not those of one rule', () => {
    const policy = errorPolicy({ on: Busy, then: { retry: { attempts: 3 } } }, { then: retryTwice });

    expect(policy.decide([new Error()], 2)).toEqual({ action: 'fail' });
    expect(policy.decide([new Busy()], 2)).toEqual({ action: 'retry', delayMs: 0 });
  });
});

describe('a policy', () => {
  test('has short forms that take every error', () => {
    for (const then of ['fail', 'skip', 'deadLetter', 'collect'] as const) {
      expect(errorPolicy(then).rules).toEqual([{ then }]);
      expect(errorPolicy(then).decide([undefined], 1)).toEqual({ action: then });
    }
  });

  test('knows whether it can let the run go on', () => {
    expect(errorPolicy('fail').canRecover).toBe(false);
    expect(errorPolicy({ on: Busy, then: 'fail' }, { then: 'fail' }).canRecover).toBe(false);
    expect(errorPolicy({ on: Busy, then: 'skip' }, { then: 'fail' }).canRecover).toBe(true);
    expect(errorPolicy({ then: retryTwice }).canRecover).toBe(true);
  });

  test('does not change when the rules that it was made of do', () => {
    const retry: { attempts: number } = { attempts: 2 };
    const given: { on: typeof Busy; then: ErrorRule['then'] } = { on: Busy, then: { retry } };
    const policy = errorPolicy(given);
    given.then = 'skip';
    retry.attempts = 9;

    expect(policy.decide([new Busy()], 1)).toEqual({ action: 'retry', delayMs: 0 });
    expect(policy.decide([new Busy()], 2)).toEqual({ action: 'fail' });
    expect(policy).toBeInstanceOf(ErrorPolicy);
    expect(Object.isFrozen(policy) && Object.isFrozen(policy.rules)).toBe(true);
  });
});

test('rules may follow one that takes every error and may fail to decide', () => {
  const fallback = () => 0;
  const before = () => undefined;

  expect(errorPolicy({ then: retryTwice }, { then: 'skip' }).rules).toHaveLength(2);
  expect(errorPolicy({ then: { fallback } }, { then: 'skip' }).rules).toHaveLength(2);
  expect(
    errorPolicy({ then: { retry: { attempts: 2, before, exhausted: 'skip' } } }, { then: 'collect' }).rules,
  ).toHaveLength(2);
});

describe('a wrong policy is POLICY_INVALID', () => {
  const finals = "'fail', 'skip', 'deadLetter', 'collect'";
  const words = `${finals}, { retry: { attempts, ... } } or { fallback }`;
  const rule = "a rule such as { on: SomeError, then: 'skip' } was expected, each as an argument of its own";
  const delay = "'delay' must be a delay such as fixed(100), or a function that gives milliseconds";
  const wrong: readonly (readonly [readonly unknown[], string])[] = [
    [[], `rule 1: ${rule}`],
    [[null], `rule 1: ${rule}`],
    [[[{ then: 'skip' }]], `rule 1: ${rule}`],
    [['ignore'], `rule 1: 'then' must be ${words}`],
    [[{}], "rule 1: 'then' is missing"],
    [[{ on: Busy }], "rule 1: 'then' is missing"],
    [[{ then: undefined }], "rule 1: 'then' is missing"],
    [[{ then: 'ignore' }], `rule 1: 'then' must be ${words}`],
    [[{ then: {} }], `rule 1: 'then' must be ${words}`],
    [[{ then: { retry: { attempts: 2 }, delay: fixed(1) } }], `rule 1: 'then' must be ${words}`],
    [[{ when: Busy, then: 'skip' }], "rule 1: there is no option 'when' (known: on, then)"],
    [[{ on: '', then: 'skip' }], "rule 1: 'on' must be an error class, a code or a predicate"],
    [[{ on: /busy/, then: 'skip' }], "rule 1: 'on' must be an error class, a code or a predicate"],
    [[{ then: { retry: undefined } }], "rule 1: 'retry' must be { attempts, ... }"],
    [[{ then: { retry: null } }], "rule 1: 'retry' must be { attempts, ... }"],
    [[{ then: { retry: 3 } }], "rule 1: 'retry' must be { attempts, ... }"],
    [[{ then: { retry: {} } }], "rule 1: 'retry.attempts' is missing"],
    [[{ then: { retry: { attempts: undefined } } }], "rule 1: 'retry.attempts' is missing"],
    [[{ then: { retry: { attempts: 0 } } }], "rule 1: 'attempts' must be a whole number above 0"],
    ...[100, fixed, linear, exponential].map(
      (each) => [[{ then: { retry: { attempts: 2, delay: each } } }], `rule 1: ${delay}`] as const,
    ),
    [
      [{ then: { retry: { attempts: 2, exhausted: 'retry' } } }],
      `rule 1: 'exhausted' must be ${finals} or { fallback }`,
    ],
    [
      [{ then: { retry: { attempts: 2, wait: 1 } } }],
      "rule 1: there is no option 'wait' (known: attempts, withinMs, delay, before, exhausted)",
    ],
    ...[-1, NaN, 0, Infinity].map(
      (withinMs) =>
        [
          [{ then: { retry: { attempts: 2, withinMs } } }],
          "rule 1: 'withinMs' must be milliseconds above 0",
        ] as const,
    ),
    [[{ then: { retry: { attempts: 2, before: 'token' } } }], "rule 1: 'before' must be a function"],
    [[{ then: { fallback: 0 } }], "rule 1: 'fallback' must be a function or a pipeline definition"],
    [[{ then: { fallback: undefined } }], "rule 1: 'fallback' is missing"],
    [
      [{ then: { retry: { attempts: 2, exhausted: { fallback: 0 } } } }],
      "rule 1: 'fallback' must be a function or a pipeline definition",
    ],
    [
      [{ then: { retry: { attempts: 2, exhausted: 'skip' } } }, { then: 'fail' }],
      'rule 1: it takes every error, so the rules after it never decide',
    ],
    [
      [{ then: 'skip' }, { on: Busy, then: 'fail' }],
      'rule 1: it takes every error, so the rules after it never decide',
    ],
    [
      ['skip', { on: Busy, then: 'fail' }],
      'rule 1: it takes every error, so the rules after it never decide',
    ],
    [
      [
        { on: Busy, then: 'skip' },
        { on: 7, then: 'skip' },
      ],
      "rule 2: 'on' must be an error class, a code or a predicate",
    ],
    [
      [{ on: 7, then: 'skip' }, { then: 'ignore' }],
      `rule 1: 'on' must be an error class, a code or a predicate; rule 2: 'then' must be ${words}`,
    ],
  ];
  for (const [rules, problem] of wrong) {
    test(`${inspect(rules, { depth: 4, breakLength: Infinity })}: ${problem}`, () => {
      const error = errorOf(() => errorPolicy(...misuse<[ErrorRule]>(rules)));

      expect(error.code).toBe('POLICY_INVALID');
      expect(error.message).toBe(
        `The error policy is wrong: ${problem}. Correct the rules named. (docs/errors.md#policy_invalid)`,
      );
    });
  }
});
