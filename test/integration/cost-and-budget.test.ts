import { describe, expect, test } from 'vitest';
import {
  BudgetExceededError,
  errorPolicy,
  runPipeline,
  type BudgetLimits,
  type PipelineContext,
  type PipelineError,
  type RunContextOptions,
} from 'heirline';
import {
  delay,
  errorOf,
  expectBalanced,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  type DefinitionClass,
} from './support/harness.js';
import { childNode, rootAround, rootChild, rootNode, type NumberWork } from './support/small-graphs.js';

let calls = 0;

/** Spends tokens in one call of its own. */
function spend({ run }: PipelineContext, tokens: number, more: object = {}): void {
  run.cost.record({
    callId: `call ${String((calls += 1))}`,
    model: 'm',
    inputTokens: tokens,
    outputTokens: 0,
    ...more,
  });
}

const inEuros = (amount: number): object => ({
  price: { currency: 'EUR', inputPerMillion: amount, outputPerMillion: 0 },
});

const withBudget = (budget: BudgetLimits, more: RunContextOptions = {}) => ({ run: { budget, ...more } });

/** The error with which a run of these items ends that spends the same for each. */
async function endOf(
  work: NumberWork,
  budget: BudgetLimits,
  items = [1],
): Promise<PipelineError & { budget?: unknown }> {
  const error = await rejectionOf(runPipeline(rootChild(work, {}, items), withBudget(budget)));
  expectBalanced(resultOf(error));
  return error;
}

describe('the budget of a run', () => {
  test.each<[string, BudgetLimits, NumberWork, number[]]>([
    ['tokens', { tokens: 50_000 }, (context) => spend(context, 10_000), range(1, 5)],
    ['calls', { calls: 5 }, (context) => spend(context, 1), range(1, 5)],
    ['items', { items: 5 }, () => undefined, range(1, 5)],
    [
      'money',
      { money: { amount: 1, currency: 'EUR' } },
      (context) => spend(context, 100_000, inEuros(2)),
      range(1, 5),
    ],
    ['all of them', { tokens: 5, calls: 5, items: 5 }, (context) => spend(context, 1), range(1, 5)],
    [
      'money in tenths',
      { money: { amount: 0.3, currency: 'EUR' } },
      (c) => spend(c, 1e6, inEuros(0.1)),
      [1, 2, 3],
    ],
  ])('may be spent to exactly the limit: %s', async (_kind, budget, work, items) => {
    const result = await runPipeline(rootChild(work, {}, items), withBudget(budget));

    expect(result.status).toBe('succeeded');
  });

  test.each<[string, BudgetLimits, NumberWork, object]>([
    [
      'tokens',
      { tokens: 50_000 },
      (context) => spend(context, 10_001),
      { kind: 'tokens', limit: 50_000, spent: 50_005, topSpender: 'root/child/node' },
    ],
    ['calls', { calls: 4 }, (context) => spend(context, 1), { kind: 'calls', limit: 4, spent: 5 }],
    [
      'money',
      { money: { amount: 1, currency: 'EUR' } },
      (context) => spend(context, 100_000, inEuros(2.5)),
      { kind: 'money', limit: 1, spent: 1.25, topSpender: 'root/child/node' },
    ],
    ['items', { items: 4 }, () => undefined, { kind: 'items', limit: 4, spent: 5 }],
  ])('ends the run where more is spent: %s', async (_kind, budget, work, exceeded) => {
    const error = await endOf(work, budget, range(1, 5));

    expect(error).toBeInstanceOf(BudgetExceededError);
    expect(error).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      budget: { ...exceeded, path: 'root' },
      reason: { kind: 'budget' },
    });
    expect(resultOf(error).status).toBe('cancelled');
    for (const word of [String((exceeded as { limit: number }).limit), "'root'"])
      expect(error.message).toContain(word);
  });

  test('of nothing allows nothing, and free items still pass', async () => {
    expect(await endOf((context) => spend(context, 1), { tokens: 0 })).toMatchObject({
      budget: { kind: 'tokens', limit: 0, spent: 1 },
    });
    expect((await endOf(() => undefined, { items: 0 })).code).toBe('BUDGET_EXCEEDED');
    expect(
      (
        await runPipeline(
          rootNode(() => undefined),
          withBudget({ tokens: 0, calls: 0 }),
        )
      ).status,
    ).toBe('succeeded');
  });

  test('aborts every signal with its reason, and no further item starts', async () => {
    const started: number[] = [];
    const reasons: unknown[] = [];
    const error = await endOf(
      async (context, item) => {
        started.push(item);
        context.signal.addEventListener('abort', () => reasons.push(context.signal.reason));
        await nextTurn();
        spend(context, 4);
      },
      { tokens: 10 },
      range(1, 100),
    );

    expect(started).toEqual([1, 2, 3]);
    expect(reasons).toMatchObject(range(1, reasons.length).map(() => ({ kind: 'budget' })));
    expect(reasons.length).toBeGreaterThan(0);
    expect(error).toMatchObject({ budget: { spent: 12 } });
  });

  test('names who has spent most', async () => {
    const Root = rootAround(
      childNode((context) => spend(context, 3)),
      {},
      range(1, 5),
      (context) => spend(context, 1),
    );
    const error = await rejectionOf(runPipeline(Root, withBudget({ tokens: 10 })));

    expect(error).toMatchObject({ budget: { spent: 11, topSpender: 'root/child/node' } });
  });

  test('keeps in the error’s result what was spent', async () => {
    const error = await endOf((context) => spend(context, 6, inEuros(1_000_000)), { tokens: 10 }, [1, 2, 3]);

    expect(resultOf(error).cost).toMatchObject([{ currency: 'EUR', amount: 12, inputTokens: 12, calls: 2 }]);
  });

  test('in one currency does not limit money of another, nor calls without a price', async () => {
    const result = await runPipeline(
      rootNode((context) => {
        spend(context, 1e6, { price: { currency: 'USD', inputPerMillion: 99, outputPerMillion: 0 } });
        spend(context, 1e6);
        expect(context.run.budget.remaining('money')).toBe(1);
      }),
      withBudget({ money: { amount: 1, currency: 'EUR' } }),
    );

    expect(result.status).toBe('succeeded');
  });

  test.each(['skip', 'deadLetter', 'retry'] as const)(
    'is handled by no policy: neither the node’s nor the composite’s (%s)',
    async (decision) => {
      const policy =
        decision === 'retry'
          ? errorPolicy({ then: { retry: { attempts: 5, exhausted: 'skip' } } })
          : errorPolicy(decision);
      let tries = 0;
      const over: NumberWork = (context) => {
        tries += 1;
        spend(context, 11);
      };
      const reserving: NumberWork = ({ run }) => {
        tries += 1;
        run.budget.reserve({ tokens: 11 });
      };
      const roots: DefinitionClass<never, never>[] = [over, reserving].flatMap((work) => [
        rootNode(work, [1, 2], { errorPolicy: policy }) as never,
        rootAround(childNode(work, { errorPolicy: policy }), { errorPolicy: policy }, [1, 2]) as never,
      ]);
      for (const Root of roots) {
        tries = 0;
        const letters: unknown[] = [];
        const error = await rejectionOf(
          runPipeline(Root as never, {
            ...withBudget({ tokens: 10 }),
            deadLetterSink: { write: (letter) => letters.push(letter) },
          }),
        );
        expect([error.code, resultOf(error).status, tries, letters]).toEqual([
          ...['BUDGET_EXCEEDED', 'cancelled', 1],
          [],
        ]);
      }
    },
  );

  test('is passed already where a node catches the error of what it recorded', async () => {
    const error = await endOf(
      (context) => {
        expect(errorOf(() => spend(context, 11)).code).toBe('BUDGET_EXCEEDED');
        expect(context.signal.aborted).toBe(true);
      },
      { tokens: 10 },
    );

    expect(error).toMatchObject({ code: 'BUDGET_EXCEEDED', budget: { spent: 11 } });
  });
});

describe('a reservation', () => {
  const meter: NumberWork = ({ run: { budget } }) => {
    const left = (): number[] => [budget.remaining('tokens'), budget.spent.tokens];
    const first = budget.reserve({ tokens: 60 });
    expect(left()).toEqual([40, 0]);
    expect(errorOf(() => budget.reserve({ tokens: 41 })).code).toBe('BUDGET_EXCEEDED');
    expect(left()).toEqual([40, 0]);
    const second = budget.reserve({ tokens: 40 });
    expect(left()).toEqual([0, 0]);
    second.release();
    second.release();
    second.settle({ tokens: 99 });
    expect(left()).toEqual([40, 0]);
    first.settle({ tokens: 25 });
    first.settle({ tokens: 25 });
    first.release();
    expect(left()).toEqual([75, 25]);
    budget.reserve({ tokens: 75 }).settle();
    expect(left()).toEqual([0, 100]);
  };

  test('keeps a part free until it is settled or released, once; a refusal that is caught is no failure', async () => {
    expect((await runPipeline(rootNode(meter), withBudget({ tokens: 100 }))).status).toBe('succeeded');
    expect((await runPipeline(rootChild(meter), withBudget({ tokens: 100 }))).status).toBe('succeeded');
  });

  test('in a child must fit there and in all around', async () => {
    const result = await runPipeline(
      rootChild(
        ({ run: { budget } }) => {
          const refused = (tokens: number): unknown =>
            (errorOf(() => budget.reserve({ tokens })) as PipelineError & { budget: { path: string } }).budget
              .path;
          expect([budget.limits, budget.remaining('tokens')]).toEqual([{ tokens: 80 }, 50]);
          expect([refused(51), refused(81)]).toEqual(['root', 'root']);
          budget.reserve({ tokens: 50 }).release();
        },
        { budget: { tokens: 80 } },
      ),
      withBudget({ tokens: 50 }),
    );

    expect(result.status).toBe('succeeded');
  });

  test('that is refused and not caught ends the run, as a budget does', async () => {
    const error = await endOf(({ run }) => run.budget.reserve({ tokens: 11 }), { tokens: 10 });

    expect(error).toMatchObject({ code: 'BUDGET_EXCEEDED', budget: { kind: 'tokens', limit: 10, spent: 0 } });
    expect(resultOf(error).status).toBe('cancelled');
  });

  test.each([
    ['a node', 1],
    ['items through one lane', 1],
    ['16 lanes', 16],
  ])('of %s never lets more be spent than there is', async (_who, concurrency) => {
    let [running, most, done] = [0, 0, 0];
    const result = await runPipeline(
      rootChild(
        async (context, item) => {
          let reservation;
          try {
            reservation = context.run.budget.reserve({ tokens: 1_000 });
          } catch (error) {
            if (error instanceof BudgetExceededError) return;
            throw error;
          }
          running += 1_000;
          most = Math.max(most, running);
          await delay(item % 3);
          reservation.release();
          spend(context, 1_000);
          done += 1;
        },
        { concurrency },
        range(1, 100),
      ),
      withBudget({ tokens: 50_000 }),
    );

    expect([result.status, done, most <= 50_000]).toEqual(['succeeded', 50, true]);
    expect(result.cost).toMatchObject([{ inputTokens: 50_000 }]);
  });

  test('that is missing lets lanes overshoot by one call each at most', async () => {
    const error = await rejectionOf(
      runPipeline(
        rootChild(
          async (context) => {
            await nextTurn();
            spend(context, 1_000);
          },
          { concurrency: 16 },
          range(1, 500),
        ),
        withBudget({ tokens: 50_000 }),
      ),
    );

    expect(error.code).toBe('BUDGET_EXCEEDED');
    expect(resultOf(error).cost[0]?.inputTokens).toBeGreaterThan(50_000);
    expect(resultOf(error).cost[0]?.inputTokens).toBeLessThanOrEqual(50_000 + 16 * 1_000);
  });

  test.each([{ tokens: -1 }, { calls: Number.NaN }, { money: { amount: 1 } }, { items: 1 }, 7, null])(
    'is refused where it asks for %j',
    async (request) => {
      const result = await runPipeline(
        rootNode(({ run }) => {
          expect(errorOf(() => run.budget.reserve(request as never)).code).toBe('OPTION_INVALID');
        }),
        withBudget({ tokens: 10 }),
      );
      expect(result.status).toBe('succeeded');
    },
  );
});
