import { describe, expect, test } from 'vitest';
import { BudgetExceededError, endBudgetOf } from '../../../src/errors/budget-exceeded-error.js';
import { PipelineError } from '../../../src/errors/pipeline-error.js';

const budget = {
  kind: 'tokens',
  limit: 100,
  spent: 120,
  path: 'orders',
  topSpender: 'orders/llm',
} as const;
const nothing = (): void => undefined;

describe('BudgetExceededError', () => {
  test('names the kind, the limit, what was spent, the budget and the top spender', () => {
    const error = new BudgetExceededError(budget, 'orders/check', nothing);

    expect(error).toBeInstanceOf(PipelineError);
    expect({ name: error.name, code: error.code, path: error.path }).toEqual({
      name: 'BudgetExceededError',
      code: 'BUDGET_EXCEEDED',
      path: 'orders/check',
    });
    expect(error.message).toBe(
      "orders/check: The budget for tokens at 'orders' is exceeded: 120 of 100 spent, most by 'orders/llm'." +
        ' Raise the limit, or spend less. (docs/errors.md#budget_exceeded)',
    );
  });

  test('names what was asked for where a reservation was refused, and the currency of money', () => {
    const money = { ...budget, kind: 'money', currency: 'EUR', topSpender: undefined } as const;

    expect(new BudgetExceededError(money, 'orders/check', nothing, 7).message).toContain(
      "The budget for money at 'orders' has no room for 7: 120 of 100 EUR spent or reserved.",
    );
  });

  test('carries the budget and the reason of the cancel as frozen data', () => {
    const error = new BudgetExceededError(budget, 'orders/check', nothing);

    expect(error.budget).toEqual(budget);
    expect(error.reason).toEqual({
      kind: 'budget',
      message: expect.stringMatching(/^The budget for tokens.*'orders\/llm'\.$/) as unknown,
      path: 'orders/check',
    });
    expect([Object.isFrozen(error.budget), Object.isFrozen(error.reason)]).toEqual([true, true]);
  });

  test('ends the scope of its budget when told, and prints nothing of it', () => {
    const ended: unknown[] = [];
    const below = {};
    const error = new BudgetExceededError(budget, 'orders/check', (...given) => ended.push(given));
    endBudgetOf(error, below);

    expect(ended).toEqual([[error, below]]);
    expect(Object.keys(error).sort()).toEqual(['budget', 'code', 'path', 'reason']);
  });
});
