// Each operator beside a loop, and chains of operators under failures and cancels: every item ends once, and counts add up.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MemoryDeadLetterSink,
  MemoryLineageSink,
  PipelineError,
  PipelineRunner,
  type OutputHandle,
  type RunResult,
  type StreamOperator,
} from 'heirline';
import { batch, distinct, sortWithin } from 'heirline/flow';
import { flowOf, outputsOf } from '../integration/support/flow.js';
import {
  countsAt,
  definePipeline,
  expectBalanced,
  nextTurn,
  resultOf,
} from '../integration/support/harness.js';
import { operatorKinds, operatorsOf, policyOf, type DrawnOperator } from './support/operator-chain.js';
import { runs } from './support/runs.js';

const numbers = fc.array(fc.nat(60), { maxLength: 80 });

describe('an operator does what a loop does', () => {
  test('batch', async () => {
    const limits = fc.record({
      size: fc.integer({ min: 1, max: 9 }),
      maxWeight: fc.integer({ min: 1, max: 150 }),
    });
    await fc.assert(
      fc.asyncProperty(numbers, limits, async (items, { size, maxWeight }) => {
        const expected: number[][] = [];
        let open: number[] = [];
        const close = () => {
          if (open.length > 0) expected.push(open);
          open = [];
        };
        const weight = (list: readonly number[]) => list.reduce((sum, item) => sum + item, 0);
        for (const item of items) {
          const isOther = open[0] !== undefined && open[0] % 2 !== item % 2;
          if (isOther || weight([...open, item]) > maxWeight) close();
          open.push(item);
          if (open.length === size || weight(open) >= maxWeight) close();
        }
        close();

        const options = { size, maxWeight, weight: (item: number) => item, by: (item: number) => item % 2 };
        expect(await outputsOf(items, batch(options))).toEqual(expected);
      }),
      runs(150),
    );
  });

  test('distinct', async () => {
    await fc.assert(
      fc.asyncProperty(numbers, fc.integer({ min: 1, max: 12 }), async (items, capacity) => {
        const expected: number[] = [];
        let seen: number[] = [];
        for (const item of items) {
          if (!seen.includes(item)) expected.push(item);
          seen = [...seen.filter((each) => each !== item), item].slice(-capacity);
        }

        const { outputs, counts } = await flowOf(items, distinct<number>({ capacity }));

        expect(outputs).toEqual(expected);
        expect(counts).toMatchObject({
          in: items.length,
          out: outputs.length,
          filtered: items.length - outputs.length,
        });
      }),
      runs(150),
    );
  });

  test('sortWithin', async () => {
    await fc.assert(
      fc.asyncProperty(numbers, fc.integer({ min: 1, max: 12 }), async (ranks, capacity) => {
        const items = ranks.map((rank, place) => ({ rank, place }));
        type Item = (typeof items)[number];
        const before = (one: Item, other: Item) => one.rank - other.rank || one.place - other.place;
        const expected: Item[] = [];
        let held: Item[] = [];
        let left = -1;
        for (const item of items) {
          if (item.rank < left) {
            expected.push(item);
            continue;
          }
          held = [...held, item].sort(before);
          const [first] = held;
          if (held.length <= capacity || first === undefined) continue;
          held = held.slice(1);
          left = first.rank;
          expected.push(first);
        }

        const sorted = await outputsOf(items, sortWithin({ by: (item: Item) => item.rank, capacity }));

        expect(sorted).toEqual([...expected, ...held]);
      }),
      runs(150),
    );
  });
});

interface Chain {
  readonly operators: readonly DrawnOperator[];
  readonly items: readonly number[];
  /** The run is cancelled at this output; 0 for never. */
  readonly cancelAt: number;
  readonly isSlow: boolean;
  readonly isTraced: boolean;
  readonly isGenerated: boolean;
}

const chains: fc.Arbitrary<Chain> = fc.record({
  operators: fc.array(
    fc.record({
      kind: fc.constantFrom(...operatorKinds),
      size: fc.integer({ min: 1, max: 12 }),
      failsEach: fc.oneof(fc.constant(0), fc.integer({ min: 2, max: 40 })),
      policy: fc.constantFrom('none', 'skip', 'deadLetter', 'retry'),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  items: numbers,
  cancelAt: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 })),
  isSlow: fc.boolean(),
  isTraced: fc.boolean(),
  isGenerated: fc.boolean(),
});

/** Runs a chain, and says which of its nodes follow each other. */
async function runChain(
  chain: Chain,
  lineage: MemoryLineageSink,
): Promise<{ result: RunResult; names: string[] }> {
  const stop = new AbortController();
  const nodes = chain.operators.flatMap((drawn, index) =>
    operatorsOf(drawn).map((operator, part) => ({
      drawn,
      operator,
      name: `n${String(index)}-${String(part)}-${drawn.kind}`,
    })),
  );
  const names = ['source', ...nodes.map(({ name }) => name), 'sink'];
  let outputs = 0;
  const Chained = definePipeline('chain', (builder) => {
    let from: OutputHandle<number> = builder.addSource(chain.items, 'source');
    for (const { drawn, operator, name } of nodes) {
      const policy = policyOf(drawn);
      from = builder.addStreamTransform(operator as StreamOperator<number, number>, {
        name,
        from,
        ...(policy === undefined ? {} : { errorPolicy: policy }),
      });
    }
    builder.addSink(
      (output) => {
        outputs += 1;
        if (outputs === chain.cancelAt) stop.abort();
        return chain.isSlow && output % 3 === 0 ? nextTurn() : undefined;
      },
      { name: 'sink', from },
    );
  });
  const runner = new PipelineRunner({ codeGeneration: chain.isGenerated && { after: 0 }, graceMs: 1_000 });
  const run = runner.run(Chained, {
    signal: stop.signal,
    deadLetterSink: new MemoryDeadLetterSink(),
    ...(chain.isTraced ? { lineageSink: lineage } : {}),
  });
  try {
    return { result: await run, names };
  } catch (thrown) {
    if (!(thrown instanceof PipelineError)) throw thrown;
    return { result: resultOf(thrown), names };
  }
}

describe('chains of operators under failures, policies and cancels', () => {
  test('count every item once, and end every item once', async () => {
    await fc.assert(
      fc.asyncProperty(chains, async (chain) => {
        const lineage = new MemoryLineageSink();
        const { result, names } = await runChain(chain, lineage);

        expectBalanced(result);
        expect(result.abandoned).toEqual([]);
        names.slice(1).forEach((name, at) => {
          const before = countsAt(result, `chain/${names[at] ?? ''}`);
          const { in: taken } = countsAt(result, `chain/${name}`);
          expect({ name, taken }).toEqual({ name, taken: before.emitted });
        });
        const ids = lineage.records.map(({ correlationId }) => correlationId);
        expect(new Set(ids).size).toBe(ids.length);
        if (!chain.isTraced) return;
        // Each item of the source, and each that was made, has one record.
        const made = lineage.records.filter((record) => record.contributors !== undefined).length;
        expect(ids.length - made).toBe(countsAt(result, 'chain/source').out);
      }),
      runs(400),
    );
  });
});
