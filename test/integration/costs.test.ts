import { describe, expect, test } from 'vitest';
import {
  CostLedger,
  currentContext,
  errorPolicy,
  runPipeline,
  type CostCall,
  type CostEntry,
  type RunContext,
} from 'heirline';
import { errorOf, nextTurn, rejectionOf, resultOf } from './support/harness.js';
import { childNode, rootAround, rootChild, rootNode } from './support/small-graphs.js';

const euros = { currency: 'EUR', inputPerMillion: 2, outputPerMillion: 10 };
const dollars = { currency: 'USD', inputPerMillion: 1, outputPerMillion: 1 };

/** A call of a million tokens each way, unless told otherwise. */
const call = (callId: string, more: Partial<CostCall> = {}): CostCall => ({
  callId,
  model: 'small',
  inputTokens: 1_000_000,
  outputTokens: 1_000_000,
  ...more,
});

describe('what calls cost', () => {
  test('is booked under the path of the node, with its model, and the parent’s total includes the child’s', async () => {
    const ledger = new CostLedger();
    let seen: unknown;
    const result = await runPipeline(
      rootAround(
        childNode(({ run }) => {
          run.cost.record(call('one', { price: euros }));
          run.cost.record(call('two', { price: euros, model: 'large' }));
        }),
        {},
        [1],
        ({ run: { cost } }) => {
          cost.record(call('three', { price: euros }));
          seen = [cost.under('root/child').entries.length, cost.under('root/chi').entries.length];
        },
      ),
      { run: { cost: ledger } },
    );

    expect(ledger.entries).toMatchObject([
      { callId: 'one', path: 'root/child/node', model: 'small', amount: 12, currency: 'EUR', calls: 1 },
      { callId: 'two', path: 'root/child/node', model: 'large', amount: 12 },
      { callId: 'three', path: 'root/sink', model: 'small', amount: 12 },
    ]);
    expect(result.cost).toEqual([
      {
        ...{ currency: 'EUR', amount: 36, inputTokens: 3_000_000, outputTokens: 3_000_000 },
        ...{ cachedTokens: 0, calls: 3 },
      },
    ]);
    expect(ledger.total('path')).toMatchObject([
      { key: 'root/child/node', amount: 24, calls: 2 },
      { key: 'root/sink', amount: 12, calls: 1 },
    ]);
    expect(ledger.total('model')).toMatchObject([
      { key: 'small', amount: 24 },
      { key: 'large', amount: 12 },
    ]);
    expect(seen).toEqual([2, 0]);
  });

  test('counts once where one call is recorded again, by whichever node; the first entry is given', async () => {
    const entries: CostEntry[] = [];
    const told: string[] = [];
    const record = ({ run }: { run: RunContext }): unknown =>
      entries.push(run.cost.record(call('same', { inputTokens: entries.length })));
    const result = await runPipeline(rootAround(childNode(record), {}, [1, 2], record), {
      run: { cost: new CostLedger({ onEntry: ({ callId }) => told.push(callId) }) },
    });

    expect(new Set(entries).size).toBe(1);
    expect(entries).toHaveLength(4);
    expect(result.cost).toMatchObject([{ calls: 1, inputTokens: 0 }]);
    expect(told).toEqual(['same']);
  });

  test('is unknown without a price: null, never 0, in a row of its own', async () => {
    const result = await runPipeline(
      rootNode(({ run }) => {
        const entry = run.cost.record(call('unpriced'));
        expect([entry.amount, entry.currency]).toEqual([null, null]);
        run.cost.record(call('priced', { price: euros }));
        run.cost.record(call('free', { price: { ...euros, inputPerMillion: 0, outputPerMillion: 0 } }));
      }),
    );

    expect(result.cost).toMatchObject([
      { currency: null, amount: null, calls: 1, inputTokens: 1_000_000 },
      { currency: 'EUR', amount: 12, calls: 2, inputTokens: 2_000_000 },
    ]);
  });

  test('is never summed over currencies', async () => {
    const result = await runPipeline(
      rootNode(({ run }) => {
        run.cost.record(call('a', { price: euros }));
        run.cost.record(call('b', { price: dollars }));
        run.cost.record(call('c', { price: euros }));
        expect(run.cost.total('model')).toMatchObject([
          { key: 'small', currency: 'EUR', amount: 24 },
          { key: 'small', currency: 'USD', amount: 2 },
        ]);
      }),
    );

    expect(result.cost).toMatchObject([
      { currency: 'EUR', amount: 24 },
      { currency: 'USD', amount: 2 },
    ]);
  });

  test('takes cached input at its own price', async () => {
    const price = { ...euros, cachedInputPerMillion: 0.5 };
    const result = await runPipeline(
      rootNode(({ run }) => run.cost.record(call('a', { cachedTokens: 400_000, price, outputTokens: 0 }))),
    );

    expect(result.cost).toMatchObject([{ amount: 0.6 * 2 + 0.4 * 0.5, cachedTokens: 400_000 }]);
  });

  test('may stand for several calls at once', async () => {
    const result = await runPipeline(rootNode(({ run }) => run.cost.record(call('a', { calls: 5 }))));

    expect(result.cost).toMatchObject([{ calls: 5 }]);
  });

  test('is booked at least under the execution where the ambient context is used', async () => {
    const ledger = new CostLedger();
    await runPipeline(
      rootChild(async () => {
        await nextTurn();
        currentContext()?.run.cost.record(call('ambient'));
      }),
      { run: { cost: ledger } },
    );

    expect(ledger.entries[0]?.path).toMatch(/^root\/child(\/node)?$/);
  });

  test('of a run that failed or was cancelled is kept in the error’s result', async () => {
    const failing = rootChild(({ run }) => {
      run.cost.record(call('a', { price: euros }));
      throw new RangeError('no');
    });
    const cancelled = rootChild(({ run }) => {
      run.cost.record(call('a', { price: euros }));
      run.cancel();
    });
    for (const Root of [failing, cancelled])
      expect(resultOf(await rejectionOf(runPipeline(Root))).cost).toMatchObject([{ amount: 12, calls: 1 }]);
  });

  test('of items that a policy tried again, skipped or dead-lettered is kept: it was spent', async () => {
    let tries = 0;
    const result = await runPipeline(
      rootChild(
        ({ run }) => {
          run.cost.record(call(String((tries += 1))));
          throw new RangeError('no');
        },
        { errorPolicy: errorPolicy({ then: { retry: { attempts: 3, exhausted: 'skip' } } }) },
      ),
    );

    expect(result.cost).toMatchObject([{ calls: 3 }]);
  });

  test('is an entry that nobody changes, in a list that nobody changes', async () => {
    const cost = new CostLedger();
    await runPipeline(
      rootNode(({ run }) => run.cost.record(call('a'))),
      { run: { cost } },
    );
    const [entry] = cost.entries;

    expect([Object.isFrozen(entry), Reflect.set(cost.entries, 'length', 0), cost.entries.length]).toEqual([
      true,
      false,
      1,
    ]);
  });

  test.each<[string, Partial<Record<keyof CostCall, unknown>>, string[]]>([
    ['negative tokens and no id', { inputTokens: -1, callId: '' }, ['inputTokens', 'callId']],
    [
      'tokens that are no number',
      { inputTokens: Number.NaN, outputTokens: '1' },
      ['inputTokens', 'outputTokens'],
    ],
    ['more cached than input', { cachedTokens: 1_000_001 }, ['cachedTokens']],
    ['a price without a currency', { price: { inputPerMillion: 1, outputPerMillion: 1 } }, ['price']],
    ['a negative price', { price: { ...euros, outputPerMillion: -1 } }, ['price']],
    ['negative calls', { calls: -1 }, ['calls']],
    ['an unknown name', { tokens: 1 } as object, ['tokens']],
  ])('is refused where it is wrong: %s; nothing is booked', async (_title, wrong, named) => {
    const cost = new CostLedger();
    await runPipeline(
      rootNode(({ run }) => {
        const error = errorOf(() => run.cost.record({ ...call('a'), ...wrong } as CostCall));
        expect(error).toMatchObject({ code: 'OPTION_INVALID', path: 'root/node' });
        for (const name of named) expect(error.message).toContain(name);
      }),
      { run: { cost } },
    );

    expect(cost.entries).toEqual([]);
  });
});
