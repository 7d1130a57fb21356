import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  errorPolicy,
  runPipeline,
  type BudgetLimits,
  type ErrorPolicy,
  type ItemCompositeOptions,
  type NoItem,
  type PipelineContext,
} from 'heirline';
import {
  codesOf,
  countsAt,
  definePipeline,
  errorOf,
  expectBalanced,
  KeptLetters,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  type DefinitionClass,
} from './support/harness.js';
import { childAround, childNode, rootAround, rootChild, rootNode } from './support/small-graphs.js';

let calls = 0;

function spend({ run }: PipelineContext, tokens: number): void {
  run.cost.record({
    callId: `call ${String((calls += 1))}`,
    model: 'm',
    inputTokens: tokens,
    outputTokens: 0,
  });
}

/** A root whose child may spend 10 tokens per item and spends as many as the item says; and what its sink got. */
function spending(
  options: ItemCompositeOptions<number> = {},
  items: readonly number[] = [5, 11, 10],
): { Root: DefinitionClass<NoItem, NoItem>; received: number[] } {
  const received: number[] = [];
  const Root = rootAround(
    childNode((context, item) => spend(context, item)),
    { budget: { tokens: 10 }, ...options },
    items,
    (_context, item) => received.push(item),
  );
  return { Root, received };
}

describe('a composite’s own budget', () => {
  test('fails only the item whose child passes it: with a policy that skips, the run goes on', async () => {
    const { Root, received } = spending({ errorPolicy: errorPolicy('skip') });
    const result = await runPipeline(Root);

    expect(received).toEqual([5, 10]);
    expect(countsAt(result, 'root/child')).toMatchObject({ in: 3, out: 2, filtered: 1 });
    expect(result.cost).toMatchObject([{ inputTokens: 26 }]);
    expectBalanced(result);
  });

  test('is an error like others without a policy: the run fails, and names the composite’s budget', async () => {
    const { Root, received } = spending();
    const error = await rejectionOf(runPipeline(Root));

    expect(error).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      budget: { kind: 'tokens', limit: 10, spent: 11, path: 'root/child', topSpender: 'root/child/node' },
    });
    expect(resultOf(error).status).toBe('failed');
    expect(countsAt(resultOf(error), 'root/child')).toMatchObject({ in: 2, out: 1, failed: 1 });
    expect(received).toEqual([5]);
  });

  test('may send the item to the dead letters, with the budget’s error', async () => {
    const letters = new KeptLetters();
    const { Root, received } = spending({ errorPolicy: errorPolicy('deadLetter') });
    await runPipeline(Root, { deadLetterSink: letters });

    expect(received).toEqual([5, 10]);
    expect(letters.envelopes).toMatchObject([
      { item: 11, decidedAt: 'root/child', error: { code: 'BUDGET_EXCEEDED' } },
    ]);
  });

  test('is chosen by policies by its code', async () => {
    const policy = (code: string): ErrorPolicy => errorPolicy({ on: code, then: 'skip' });
    const chosen = spending({ errorPolicy: policy('BUDGET_EXCEEDED') });
    const passed = spending({ errorPolicy: policy('NODE_TIMEOUT') });
    await runPipeline(chosen.Root);

    expect(chosen.received).toEqual([5, 10]);
    expect((await rejectionOf(runPipeline(passed.Root))).code).toBe('BUDGET_EXCEEDED');
  });

  test('is a fresh one for each item and each try, while the run pays for all', async () => {
    let tries = 0;
    const left: number[] = [];
    const Root = rootChild(
      (context) => {
        tries += 1;
        left.push(context.run.budget.remaining('tokens'));
        spend(context, tries < 3 ? 11 : 10);
      },
      { budget: { tokens: 10 }, errorPolicy: errorPolicy({ then: { retry: { attempts: 3 } } }) },
    );
    const result = await runPipeline(Root, { run: { budget: { tokens: 100 } } });

    expect([tries, left]).toEqual([3, [10, 10, 10]]);
    expect(result.cost).toMatchObject([{ inputTokens: 32, calls: 3 }]);
    expect(countsAt(result, 'root/child')).toMatchObject({ in: 1, out: 1, retried: 2 });
  });

  test('is no wider than what is left around: then the run ends, whatever the composite’s policy says', async () => {
    const { Root } = spending({ errorPolicy: errorPolicy('skip') }, [9, 9, 9]);
    const error = await rejectionOf(runPipeline(Root, { run: { budget: { tokens: 20 } } }));

    expect(error).toMatchObject({ code: 'BUDGET_EXCEEDED', budget: { path: 'root', limit: 20, spent: 27 } });
    expect(resultOf(error).status).toBe('cancelled');
  });

  test('loses to that of the run where one call passes both', async () => {
    const { Root } = spending({ errorPolicy: errorPolicy('skip') }, [30]);
    const error = await rejectionOf(runPipeline(Root, { run: { budget: { tokens: 20 } } }));

    expect(error).toMatchObject({ budget: { path: 'root' } });
    expect(resultOf(error).status).toBe('cancelled');
  });

  test('is a cancel inside, which no policy in the child handles, and leaves neighbours in other lanes alone', async () => {
    const reasons: unknown[] = [];
    let tries = 0;
    const Root = rootAround(
      childNode(
        async (context, item) => {
          tries += 1;
          await nextTurn();
          try {
            spend(context, item);
          } finally {
            reasons.push([item, (context.signal.reason as { kind?: string } | undefined)?.kind]);
          }
        },
        { errorPolicy: errorPolicy({ then: { retry: { attempts: 9, exhausted: 'skip' } } }) },
      ),
      { budget: { tokens: 10 }, concurrency: 4, errorPolicy: errorPolicy('skip') },
      [11, 1, 2, 3],
    );
    const result = await runPipeline(Root);

    expect(tries).toBe(4);
    expect(reasons).toContainEqual([11, 'budget']);
    expect(reasons.filter((each) => (each as unknown[])[1] === undefined)).toHaveLength(3);
    expect(countsAt(result, 'root/child')).toMatchObject({ in: 4, out: 3, filtered: 1 });
    expect(countsAt(result, 'root/child/node')).toMatchObject({ in: 4, out: 3, filtered: 0, cancelled: 1 });
  });

  test('counts at every level: the innermost that is passed fails its own item first', async () => {
    const inner = childNode((context, item) => spend(context, item));
    const middle = childAround(inner, { budget: { tokens: 10 }, errorPolicy: errorPolicy('skip') });
    const Root = rootAround(middle, { budget: { tokens: 50 }, output: 'optional' }, [9, 11, 10]);
    const result = await runPipeline(Root);

    expect(countsAt(result, 'root/child/inner')).toMatchObject({ in: 3, out: 2, filtered: 1 });
    expect(countsAt(result, 'root/child')).toMatchObject({ in: 3, failed: 0 });
  });

  test('makes the child a scope of its own, whose view shows its limits', async () => {
    const seen: unknown[] = [];
    const result = await runPipeline(
      rootChild(
        (context, item) => {
          seen.push(context.run.budget.limits, context.run.budget.remaining('calls'));
          if (item === 1) context.cancel();
        },
        { budget: { calls: 3 }, errorPolicy: errorPolicy('skip') },
        [1, 2],
      ),
      { run: { budget: { calls: 2 } } },
    );

    expect(seen).toEqual([{ calls: 3 }, 2, { calls: 3 }, 2]);
    expect(countsAt(result, 'root/child')).toMatchObject({ filtered: 1, out: 1 });
  });

  test('that a reservation passes and nobody catches fails the item', async () => {
    const result = await runPipeline(
      rootChild(
        ({ run }, item) => {
          run.budget.reserve({ tokens: item }).release();
        },
        { budget: { tokens: 10 }, errorPolicy: errorPolicy('skip') },
        [10, 11, 5],
      ),
    );

    expect(countsAt(result, 'root/child')).toMatchObject({ in: 3, out: 2, filtered: 1 });
  });
});

describe('a budget of items counts those that enter its scope', () => {
  /** A root around one composite over the whole stream. */
  const overStream = (budget: BudgetLimits, items: readonly number[]) =>
    definePipeline('root', (builder) => {
      const child = builder.addComposite(
        childNode(() => undefined),
        { name: 'child', from: builder.addSource(items, 'source'), granularity: 'stream', budget },
      );
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });

  test('of a run: those of all its sources, once, however deep they go', async () => {
    const twoSources = definePipeline('root', (builder) => {
      const child = builder.addComposite(
        childNode(() => undefined),
        { name: 'child' },
      );
      builder.connect(builder.addSource([1, 2, 3], 'one'), child);
      builder.connect(builder.addSource([4, 5, 6], 'two'), child);
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });
    expect((await runPipeline(twoSources, { run: { budget: { items: 6 } } })).status).toBe('succeeded');
    const error = await rejectionOf(runPipeline(twoSources, { run: { budget: { items: 5 } } }));

    expect(error).toMatchObject({ code: 'BUDGET_EXCEEDED', budget: { kind: 'items', limit: 5, spent: 6 } });
    expectBalanced(resultOf(error));
  });

  test('of a composite per item: the item itself, and those of sources in the child', async () => {
    const withSource = definePipeline<number, number>('child-pipeline', (builder) => {
      builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      builder.connect(
        builder.addSource([1, 2], 'more'),
        builder.addSink(() => undefined, 'sink'),
      );
    });
    const skip = errorPolicy('skip');
    const ended = async (child: DefinitionClass<number, number>, items: number) =>
      countsAt(
        await runPipeline(rootAround(child, { budget: { items }, errorPolicy: skip }, range(1, 4))),
        'root/child',
      ).out;

    expect(
      await ended(
        childNode(() => undefined),
        1,
      ),
    ).toBe(4);
    expect(
      await ended(
        childNode(() => undefined),
        0,
      ),
    ).toBe(0);
    expect(await ended(withSource, 3)).toBe(4);
    expect(await ended(withSource, 2)).toBe(0);
  });

  test('of a composite over the stream: all items, and one too many fails the parent', async () => {
    expect((await runPipeline(overStream({ items: 3 }, [1, 2, 3]))).status).toBe('succeeded');
    const error = await rejectionOf(runPipeline(overStream({ items: 3 }, [1, 2, 3, 4, 5])));

    expect(error).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      budget: { path: 'root/child', limit: 3, spent: 4 },
    });
    expect(resultOf(error).status).toBe('failed');
    expectBalanced(resultOf(error));
  });

  test('and their error leaves a composite over the stream with its costs', async () => {
    const Root = definePipeline('root', (builder) => {
      const Child = childNode((context) => spend(context, 4));
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource(range(1, 9), 'source'),
        granularity: 'stream',
        budget: { tokens: 10 },
      });
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });
    const error = await rejectionOf(runPipeline(Root));

    expect(error).toMatchObject({ budget: { kind: 'tokens', spent: 12, path: 'root/child' } });
    expect(resultOf(error).cost).toMatchObject([{ inputTokens: 12 }]);
  });
});

describe('a budget that is wrong', () => {
  const wrong: [string, unknown][] = [
    ['negative tokens', { tokens: -1 }],
    ['tokens that are no number', { tokens: Number.NaN }],
    ['tokens as a text', { tokens: '10' }],
    ['an unknown kind', { dollars: 5 }],
    ['negative money', { money: { amount: -1, currency: 'EUR' } }],
    ['money without a currency', { money: { amount: 1 } }],
    ['money as a number', { money: 5 }],
    ['no object', 10],
    ['a list', [10]],
  ];

  test.each(wrong)('is refused before the run starts: %s', async (_title, budget) => {
    const started: unknown[] = [];
    const error = await rejectionOf(
      runPipeline(
        rootNode(() => started.push(1)),
        { run: { budget: budget as BudgetLimits } },
      ),
    );

    expect([error.code, started]).toEqual(['OPTION_INVALID', []]);
  });

  test.each(wrong)('is refused where the pipeline is built: %s', (_title, budget) => {
    const Root = rootChild(() => undefined, { budget: budget as BudgetLimits });

    expect(codesOf(errorOf(() => buildPipeline(Root)))).toEqual(['OPTION_INVALID']);
  });

  test('is told all at once', async () => {
    const budget = {
      tokens: -1,
      calls: Number.NaN,
      dollars: 1,
      money: { amount: -1, currency: 'EUR' },
    } as BudgetLimits;
    const { message } = await rejectionOf(
      runPipeline(
        rootNode(() => undefined),
        { run: { budget } },
      ),
    );

    for (const name of ['tokens', 'calls', 'dollars', 'money']) expect(message).toContain(name);
  });
});
