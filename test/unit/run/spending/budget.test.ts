import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BudgetExceededError } from '../../../../src/errors/budget-exceeded-error.js';
import { Budget } from '../../../../src/run/spending/budget.js';
import type { BudgetLimits } from '../../../../src/run/spending/budget-limits.js';
import { costEntry } from '../../../../src/run/spending/cost-entry.js';

/** What was thrown, which must be the error of a budget. */
function exceededBy(spend: () => unknown): BudgetExceededError {
  try {
    spend();
  } catch (error) {
    if (error instanceof BudgetExceededError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Budgets whose ends are noted in the order in which they come. */
function budgets(): {
  ended: BudgetExceededError[];
  make: (path: string, limits?: BudgetLimits, above?: Budget) => Budget;
} {
  const ended: BudgetExceededError[] = [];
  return { ended, make: (path, limits, above) => new Budget(limits, path, above, (e) => ended.push(e)) };
}

const euros = (amount: number): { amount: number; currency: string } => ({ amount, currency: 'EUR' });
const dollars = (amount: number): { amount: number; currency: string } => ({ amount, currency: 'USD' });

describe('spending', () => {
  test('of exactly the limit is fine; more ends the scope and throws the same error', () => {
    const { ended, make } = budgets();
    const budget = make('orders', { tokens: 100 });
    budget.spend('orders/llm', { tokens: 100 });
    expect(ended).toEqual([]);

    const error = exceededBy(() => {
      budget.spend('orders/check', { tokens: 1 });
    });

    expect(ended).toEqual([error]);
    expect(error.path).toBe('orders/check');
    expect(error.budget).toEqual({
      kind: 'tokens',
      limit: 100,
      spent: 101,
      path: 'orders',
      topSpender: 'orders/llm',
    });
  });

  test.each(['tokens', 'calls'] as const)('of %s: a limit of 0 allows nothing', (kind) => {
    const budget = budgets().make('orders', { [kind]: 0 });
    budget.spend('a', { tokens: 0, calls: 0 });

    expect(exceededBy(() => budget.spend('a', { [kind]: 1 })).budget).toMatchObject({ kind, limit: 0 });
  });

  test('charges every scope above, ends those whose limit is passed, the outermost first, and throws that one', () => {
    const { ended, make } = budgets();
    const run = make('orders', { tokens: 10 });
    const middle = make('orders/a', { calls: 1 }, run);
    const child = make('orders/a/b', { tokens: 5 }, middle);

    const error = exceededBy(() => child.spend('orders/a/b/llm', { tokens: 11, calls: 1 }));

    expect(ended.map(({ budget }) => budget.path)).toEqual(['orders', 'orders/a/b']);
    expect(ended[0]).toBe(error);
    expect([run, middle, child].map(({ spent }) => [spent.tokens, spent.calls])).toEqual([
      [11, 1],
      [11, 1],
      [11, 1],
    ]);
  });

  test('past a child’s own limit ends the child only', () => {
    const { ended, make } = budgets();
    const run = make('orders', { tokens: 100 });
    const child = make('orders/a', { tokens: 5 }, run);
    exceededBy(() => child.spend('orders/a/llm', { tokens: 6 }));
    run.spend('orders/llm', { tokens: 94 });

    expect(ended.map(({ budget }) => budget.path)).toEqual(['orders/a']);
    expect(run.remaining('tokens')).toBe(0);
  });

  test('goes on being counted after the end, but the scope ends once, by its first error', () => {
    const { ended, make } = budgets();
    const run = make('orders', { tokens: 100 });
    const child = make('orders/a', { calls: 1, tokens: 5 }, run);
    const first = exceededBy(() => child.spend('llm', { calls: 2 }));
    const again = exceededBy(() => child.spend('llm', { tokens: 6 }));

    expect(again).toBe(first);
    expect(ended).toEqual([first]);
    expect([child.spent.tokens, run.spent.tokens]).toEqual([6, 6]);
  });

  test('of money counts in its own currency only', () => {
    const { ended, make } = budgets();
    const run = make('orders', { money: euros(5) });
    const child = make('orders/a', { money: dollars(1) }, run);
    child.spend('llm', { money: euros(5) });
    child.spend('llm', { money: dollars(1) });
    child.spend('llm', { money: { amount: 99, currency: 'JPY' } });

    expect(ended).toEqual([]);
    expect([run.spent.money, child.spent.money]).toEqual([euros(5), dollars(1)]);
    expect(exceededBy(() => child.spend('llm', { money: euros(0.01) })).budget).toEqual({
      kind: 'money',
      limit: 5,
      spent: 5.01,
      path: 'orders',
      topSpender: 'llm',
      currency: 'EUR',
    });
  });

  test('of money in parts that add up to the limit is fine, whatever binary fractions do', () => {
    const budget = budgets().make('orders', { money: euros(0.3) });
    for (let time = 0; time < 3; time++) budget.spend('llm', { money: euros(0.1) });
    expect(budget.spent.money).toEqual(euros(0.3));
    expect(budget.remaining('money')).toBe(0);

    const reserved = budgets().make('orders', { money: euros(1) });
    for (let time = 0; time < 10; time++) reserved.reserve('llm', { money: euros(0.1) });
    expect(reserved.remaining('money')).toBe(0);
    expect(() => budget.spend('llm', { money: euros(0.001) })).toThrow(BudgetExceededError);
  });

  test('names who spent most of the kind, not of another', () => {
    const budget = budgets().make('orders', { tokens: 100, calls: 3 });
    budget.spend('a', { tokens: 90, calls: 1 });
    budget.spend('b', { tokens: 5, calls: 1 });
    budget.spend('b', { calls: 1 });

    expect(exceededBy(() => budget.spend('c', { calls: 1 })).budget.topSpender).toBe('b');
  });

  test('what a ledger booked charges its tokens, calls and money', () => {
    const budget = budgets().make('orders', { money: euros(10) });
    const call = { callId: '1', model: 'm', inputTokens: 1_000_000, outputTokens: 5, cachedTokens: 7 };
    const price = { currency: 'EUR', inputPerMillion: 2, outputPerMillion: 0 };
    budget.charge(costEntry({ ...call, calls: 2, price }, 'llm', false));
    budget.charge(costEntry(call, 'llm', false));

    expect(budget.spent).toEqual({ tokens: 2_000_010, calls: 3, items: 0, money: euros(2) });
  });
});

describe('items that enter', () => {
  test('are counted in every scope; one too many ends it, and the error is given', () => {
    const { ended, make } = budgets();
    const run = make('orders', { items: 3 });
    const child = make('orders/a', undefined, run);
    expect([child.enter('in'), child.enter('in', 2)]).toEqual([undefined, undefined]);

    const error = child.enter('in');

    expect(error?.budget).toMatchObject({ kind: 'items', limit: 3, spent: 4, path: 'orders' });
    expect(ended).toEqual([error]);
    expect([run.spent.items, child.spent.items]).toEqual([4, 4]);
  });
});

describe('a reservation', () => {
  test('takes all of it, here and above, or nothing', () => {
    const { ended, make } = budgets();
    const run = make('orders', { tokens: 10 });
    const child = make('orders/a', { calls: 2 }, run);
    child.reserve('llm', { tokens: 6, calls: 1 });

    expect(exceededBy(() => child.reserve('llm', { tokens: 5, calls: 1 })).budget).toMatchObject({
      path: 'orders',
      spent: 6,
    });
    expect(exceededBy(() => child.reserve('llm', { tokens: 1, calls: 2 })).budget.path).toBe('orders/a');
    expect([run.remaining('tokens'), child.remaining('calls')]).toEqual([4, 1]);
    expect(ended).toEqual([]);
  });

  test('that is refused ends the scope of the budget that refused only when told', () => {
    const { ended, make } = budgets();
    const run = make('orders', { tokens: 10 });
    const child = make('orders/a', { tokens: 5 }, run);
    const error = exceededBy(() => child.reserve('llm', { tokens: 6 }));
    expect(ended).toEqual([]);

    make('another', { tokens: 1 }).endBy(error);
    run.endBy(error);
    expect(ended).toEqual([]);

    child.endBy(new Error('a library failed', { cause: error }));
    child.endBy(error);

    expect(ended).toEqual([error]);
    expect(error.message).toContain('has no room for 6');
  });

  test('is spent when settled, given back when released, once', () => {
    const budget = budgets().make('orders', { tokens: 10 });
    const settled = budget.reserve('llm', { tokens: 4 });
    const released = budget.reserve('llm', { tokens: 3 });
    budget.reserve('other', { tokens: 2 });
    settled.settle();
    settled.settle();
    settled.release();
    released.release();
    released.settle();
    released.release();

    expect([budget.spent.tokens, budget.remaining('tokens')]).toEqual([4, 4]);
  });

  test('is settled with what was really spent; a kind that is left out counts as reserved', () => {
    const budget = budgets().make('orders', { tokens: 10, calls: 2, money: euros(1) });
    budget.reserve('llm', { tokens: 10, calls: 2, money: euros(1) }).settle({ tokens: 3, calls: 0 });

    expect(budget.spent).toEqual({ tokens: 3, calls: 0, items: 0, money: euros(1) });
    expect(budget.left()).toEqual({ tokens: 7, calls: 2, money: euros(0) });
  });

  test('that is settled with more than fits is spent, then ends the scope and throws', () => {
    const { ended, make } = budgets();
    const budget = make('orders', { tokens: 10 });
    const reservation = budget.reserve('llm', { tokens: 10 });

    const error = exceededBy(() => {
      reservation.settle({ tokens: 11 });
    });

    expect(ended).toEqual([error]);
    expect([budget.spent.tokens, budget.remaining('tokens')]).toEqual([11, 0]);
  });

  test('stays open when it is settled with something wrong', () => {
    const budget = budgets().make('orders', { tokens: 10 });
    const reservation = budget.reserve('llm', { tokens: 10 });
    expect(() => {
      reservation.settle({ tokens: -1 });
    }).toThrow(expect.objectContaining({ code: 'OPTION_INVALID', path: 'llm' }));
    reservation.settle({ tokens: 1 });

    expect(budget.remaining('tokens')).toBe(9);
  });

  test('is released at the end of a block with using, unless it was settled', () => {
    const budget = budgets().make('orders', { tokens: 10 });
    {
      using lost = budget.reserve('llm', { tokens: 6 });
      expect([lost, budget.remaining('tokens')]).toEqual([lost, 4]);
    }
    {
      using settled = budget.reserve('llm', { tokens: 6 });
      settled.settle({ tokens: 5 });
    }

    expect([budget.spent.tokens, budget.remaining('tokens')]).toEqual([5, 5]);
  });

  test('in a currency that is not limited always fits', () => {
    const budget = budgets().make('orders', { money: euros(1) });
    budget.reserve('llm', { money: dollars(100) }).settle();

    expect([budget.spent.money, budget.remaining('money')]).toEqual([euros(0), 1]);
  });

  test('does not stop who spends without one: the limit is passed when both are spent', () => {
    const { ended, make } = budgets();
    const budget = make('orders', { tokens: 10 });
    const reservation = budget.reserve('a', { tokens: 6 });
    budget.spend('b', { tokens: 6 });
    expect([ended.length, budget.remaining('tokens')]).toEqual([0, 0]);

    expect(exceededBy(() => reservation.settle()).budget.spent).toBe(12);
  });
});

describe('what is left', () => {
  test('is the least of all scopes, and Infinity where nothing limits', () => {
    const { make } = budgets();
    const run = make('orders', { tokens: 10, money: euros(3) });
    const child = make('orders/a', { tokens: 50, calls: 1 }, run);

    expect((['tokens', 'calls', 'items', 'money'] as const).map((kind) => child.remaining(kind))).toEqual([
      10,
      1,
      Infinity,
      3,
    ]);
    expect(child.left()).toEqual({ tokens: 10, calls: 1, money: euros(3) });
    expect(make('free').left()).toBeUndefined();
  });

  test('of money is that of the nearest currency that is limited', () => {
    const { make } = budgets();
    const run = make('orders', { money: euros(3) });
    const middle = make('orders/a', { money: dollars(9) }, run);
    const child = make('orders/a/b', { money: euros(5) }, middle);

    expect([child.left(), middle.left()]).toEqual([{ money: euros(3) }, { money: dollars(9) }]);
  });

  test('is never below 0', () => {
    const budget = budgets().make('orders', { tokens: 1 });
    exceededBy(() => budget.spend('llm', { tokens: 5 }));

    expect([budget.remaining('tokens'), budget.left()]).toEqual([0, { tokens: 0 }]);
  });
});

/** Any tree of budgets, as limits with the index of the budget above; the first is the run's. */
const trees = fc.array(
  fc.record({
    above: fc.nat(),
    limits: fc.record(
      {
        tokens: fc.nat(60),
        calls: fc.nat(20),
        items: fc.nat(20),
        // Quarters add up exactly, so that the laws hold to the last digit.
        money: fc.nat(40).map((quarters) => euros(quarters / 4)),
      },
      { requiredKeys: [] },
    ),
  }),
  { minLength: 1, maxLength: 6 },
);
const amounts = fc.record({
  tokens: fc.nat(15),
  calls: fc.nat(4),
  money: fc.nat(12).map((quarters) => euros(quarters / 4)),
});
const steps = fc.array(
  fc.record({
    does: fc.constantFrom('spend', 'reserve', 'reserve', 'settle', 'overshoot', 'release', 'enter'),
    who: fc.nat(),
    which: fc.nat(),
    amounts,
  }),
  { maxLength: 60 },
);
const kinds = ['tokens', 'calls', 'items', 'money'] as const;
type Amounts = Record<(typeof kinds)[number], number>;

describe('in any tree of budgets, however reserving, settling, releasing and spending interleave', () => {
  const none = (): Amounts => ({ tokens: 0, calls: 0, items: 0, money: 0 });
  const plain = (given: { tokens: number; calls: number; money: { amount: number } }): Amounts => ({
    ...{ tokens: given.tokens, calls: given.calls, items: 0, money: given.money.amount },
  });

  test('nothing is reserved past a limit, parents have spent what they and their children did, and the rest is left', () => {
    fc.assert(
      fc.property(trees, steps, (tree, walk) => {
        const ends = tree.map(() => 0);
        const model = tree.map(() => ({ own: none(), reserved: none() }));
        const parents = tree.map(({ above }, at) => (at === 0 ? undefined : above % at));
        const made: Budget[] = [];
        tree.forEach(({ limits }, at) => {
          const parent = parents[at];
          const above = parent === undefined ? undefined : made[parent];
          made.push(new Budget(limits, `b${String(at)}`, above, () => (ends[at] = (ends[at] ?? 0) + 1)));
        });
        const open: {
          at: number;
          amounts: (typeof walk)[number]['amounts'];
          reservation: Disposable & { settle: (actual?: object) => void; release: () => void };
        }[] = [];
        const add = (to: Amounts | undefined, what: Amounts, sign = 1): void => {
          if (to !== undefined) for (const kind of kinds) to[kind] += sign * what[kind];
        };
        const below = (at: number): number[] => [
          at,
          ...parents.flatMap((parent, child) => (parent === at ? below(child) : [])),
        ];
        const sum = (at: number, part: 'own' | 'reserved', kind: (typeof kinds)[number]): number =>
          below(at).reduce((total, each) => total + (model[each]?.[part][kind] ?? 0), 0);
        const limitOf = (at: number, kind: (typeof kinds)[number]): number => {
          const limits: BudgetLimits = tree[at]?.limits ?? {};
          return (kind === 'money' ? limits.money?.amount : limits[kind]) ?? Infinity;
        };
        const ancestors = (at: number | undefined): number[] =>
          at === undefined ? [] : [at, ...ancestors(parents[at])];
        const passed = (at: number): boolean =>
          kinds.some((kind) => sum(at, 'own', kind) > limitOf(at, kind));
        const ignoring = (act: () => void): boolean => {
          try {
            act();
            return false;
          } catch (error) {
            if (!(error instanceof BudgetExceededError)) throw error;
            return true;
          }
        };

        for (const step of walk) {
          const at = step.who % made.length;
          const budget = made[at];
          if (budget === undefined) continue;
          const path = `${budget.path}/node`;
          const chain = ancestors(at);
          if (step.does === 'spend') {
            add(model[at]?.own, plain(step.amounts));
            const threw = ignoring(() => {
              budget.spend(path, step.amounts);
            });
            expect(threw).toBe(chain.some(passed));
          } else if (step.does === 'enter') {
            add(model[at]?.own, { ...none(), items: 1 });
            expect(budget.enter(path) !== undefined).toBe(chain.some(passed));
          } else if (step.does === 'reserve') {
            const wanted = plain(step.amounts);
            const fits = chain.every((scope) =>
              kinds.every(
                (kind) =>
                  wanted[kind] === 0 ||
                  sum(scope, 'own', kind) + sum(scope, 'reserved', kind) + wanted[kind] <=
                    limitOf(scope, kind),
              ),
            );
            const refused = ignoring(() => {
              open.push({ at, amounts: step.amounts, reservation: budget.reserve(path, step.amounts) });
            });
            expect(refused).toBe(!fits);
            if (fits) add(model[at]?.reserved, wanted);
          } else {
            const [taken] = open.splice(step.which % Math.max(1, open.length), 1);
            if (taken === undefined) continue;
            const own = model[taken.at]?.own;
            add(model[taken.at]?.reserved, plain(taken.amounts), -1);
            if (step.does === 'release') {
              taken.reservation.release();
            } else {
              const isActual = step.does === 'overshoot';
              add(own, plain(isActual ? step.amounts : taken.amounts));
              const threw = ignoring(() => {
                taken.reservation.settle(isActual ? step.amounts : undefined);
              });
              expect(threw).toBe(ancestors(taken.at).some(passed));
            }
          }

          made.forEach((each, index) => {
            for (const kind of kinds) {
              const spent = kind === 'money' ? each.spent.money?.amount : each.spent[kind];
              const expected = sum(index, 'own', kind);
              if (spent !== undefined) expect(spent).toBe(expected);
              const left = ancestors(index).map((scope) =>
                Math.max(0, limitOf(scope, kind) - sum(scope, 'own', kind) - sum(scope, 'reserved', kind)),
              );
              expect(each.remaining(kind)).toBe(Math.min(...left));
            }
          });
          expect(ends.every((times) => times <= 1)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('what is left can always be reserved, also of money in fractions', () => {
    const fraction = fc.integer({ min: 1, max: 100_000 }).map((parts) => parts / 1_000);
    fc.assert(
      fc.property(fraction, fc.array(fraction, { maxLength: 30 }), (limit, asked) => {
        const budget = budgets().make('orders', { money: euros(limit) });
        for (const amount of asked) {
          try {
            budget.reserve('llm', { money: euros(amount) }).settle();
          } catch (error) {
            expect(error).toBeInstanceOf(BudgetExceededError);
          }
        }
        budget.reserve('llm', { money: euros(budget.remaining('money')) }).settle();

        expect(budget.remaining('money')).toBe(0);
        expect(budget.spent.money?.amount).toBeCloseTo(limit, 9);
      }),
    );
  });
});
