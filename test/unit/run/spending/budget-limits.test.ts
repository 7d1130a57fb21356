import { describe, expect, test } from 'vitest';
import { budgetRule, limitsOf } from '../../../../src/run/spending/budget-limits.js';

describe('the limits of a budget', () => {
  test.each([
    {},
    { tokens: 0 },
    { tokens: 1, calls: 2, items: 3, money: { amount: 0.5, currency: 'EUR' } },
    { tokens: undefined, money: { amount: 0, currency: 'EUR' } },
  ])('may be %j', (limits) => {
    expect(budgetRule(limits)).toBeUndefined();
  });

  test.each([
    [{ tokens: -1 }, "'tokens' must be a whole number, 0 or more"],
    [{ calls: NaN }, "'calls' must be a whole number"],
    [{ items: Infinity }, "'items' must be a whole number"],
    [{ tokens: 1.5 }, "'tokens' must be a whole number"],
    [{ tokens: '5' }, "'tokens' must be a whole number"],
    [{ tokens: null }, "'tokens' must be a whole number"],
    [{ token: 5 }, "there is no option 'token' (known: tokens, calls, items, money)"],
    [{ money: 5 }, "'money' must be money (a plain object with options was expected)"],
    [{ money: { amount: 5 } }, "'currency' must be a text that is not empty"],
    [{ money: { amount: 5, currency: '' } }, "'currency' must be a text that is not empty"],
    [{ money: { currency: 'EUR' } }, "'amount' must be a finite number, 0 or more"],
    [{ money: { amount: -0.1, currency: 'EUR' } }, "'amount' must be a finite number"],
    [{ money: { amount: Infinity, currency: 'EUR' } }, "'amount' must be a finite number"],
    [5, 'a plain object with options was expected'],
    [[], 'a plain object with options was expected'],
  ])('may not be %j', (limits, problem) => {
    expect(budgetRule(limits)).toContain(problem);
  });

  test('are refused with all problems at once', () => {
    expect(budgetRule({ tokens: -1, calls: -1 })).toMatch(/^limits \('tokens' .*; 'calls' .*\)$/);
  });

  test('are copied and frozen, without what is not limited', () => {
    const money = { amount: 1, currency: 'EUR' };
    const limits = limitsOf({ tokens: 0, calls: undefined, money });
    money.amount = 2;

    expect(limits).toStrictEqual({ tokens: 0, money: { amount: 1, currency: 'EUR' } });
    expect([Object.isFrozen(limits), Object.isFrozen(limits?.money)]).toEqual([true, true]);
    expect([limitsOf(undefined), limitsOf({}), limitsOf({ tokens: undefined })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
