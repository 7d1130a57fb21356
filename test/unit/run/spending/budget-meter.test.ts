import { describe, expect, test } from 'vitest';
import { BudgetExceededError } from '../../../../src/errors/budget-exceeded-error.js';
import { Budget } from '../../../../src/run/spending/budget.js';
import { BudgetMeter } from '../../../../src/run/spending/budget-meter.js';

const ignore = (): void => undefined;

describe('what a node sees of its budget', () => {
  test('is that of the nearest scope that limits something, within those around it', () => {
    const run = new Budget({ tokens: 10 }, 'orders', undefined, ignore);
    const child = new Budget({ tokens: 20, money: { amount: 1, currency: 'EUR' } }, 'orders/a', run, ignore);
    const free = new Budget(undefined, 'orders/a/b', child, ignore);
    run.spend('orders/llm', { tokens: 4 });
    free.spend('orders/a/b/llm', { tokens: 1, calls: 1 });
    const meter = new BudgetMeter(free, 'orders/a/b/llm');

    expect(meter.limits).toEqual({ tokens: 20, money: { amount: 1, currency: 'EUR' } });
    expect(meter.spent).toEqual({ tokens: 1, calls: 1, items: 0, money: { amount: 0, currency: 'EUR' } });
    expect([meter.remaining('tokens'), meter.remaining('calls')]).toEqual([5, Infinity]);
    expect([Object.isFrozen(meter.limits), Object.isFrozen(meter.spent)]).toEqual([true, true]);
  });

  test('without any budget has no limits, and what the run has spent', () => {
    const run = new Budget(undefined, 'orders', undefined, ignore);
    const child = new Budget(undefined, 'orders/a', run, ignore);
    run.spend('orders/llm', { tokens: 4, money: { amount: 1, currency: 'EUR' } });
    run.enter('orders/in');
    const meter = new BudgetMeter(child, 'orders/a/llm');

    expect(meter.limits).toStrictEqual({});
    expect(meter.spent).toStrictEqual({ tokens: 4, calls: 0, items: 1 });
    expect(meter.remaining('money')).toBe(Infinity);
  });

  test('books what it reserves under the path of the node', () => {
    const run = new Budget({ tokens: 10 }, 'orders', undefined, ignore);
    const meter = new BudgetMeter(run, 'orders/llm');
    meter.reserve({ tokens: 10 }).settle();

    expect(() => meter.reserve({ tokens: 1 })).toThrow(
      expect.objectContaining({
        path: 'orders/llm',
        budget: expect.objectContaining({ topSpender: 'orders/llm' }) as unknown,
      }),
    );
    expect(() => meter.reserve({ tokens: 1 })).toThrow(BudgetExceededError);
  });

  test.each([
    [{ tokens: -1, calls: NaN }, "'tokens' must be a whole number, 0 or more; 'calls' must be"],
    [{ items: 1 }, "there is no option 'items' (known: tokens, calls, money)"],
    [{ money: { amount: 1 } }, "'currency' must be a text that is not empty"],
    [{ money: { amount: Infinity, currency: 'EUR' } }, "'amount' must be a finite number"],
    [undefined, 'a plain object with options was expected'],
  ])('refuses to reserve %j', (request, problem) => {
    const meter = new BudgetMeter(new Budget({ tokens: 10 }, 'orders', undefined, ignore), 'orders/llm');

    expect(() => meter.reserve(request as object)).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        path: 'orders/llm',
        message: expect.stringContaining(problem) as unknown,
      }),
    );
    expect(meter.remaining('tokens')).toBe(10);
  });

  test('knows the four kinds only', () => {
    const meter = new BudgetMeter(new Budget(undefined, 'orders', undefined, ignore), 'orders/llm');

    for (const kind of ['token', undefined, null]) {
      expect(() => meter.remaining(kind as 'tokens')).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID', path: 'orders/llm' }),
      );
    }
  });
});
