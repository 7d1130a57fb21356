import { describe, expect, test } from 'vitest';
import { MemoryLineageSink, PipelineBuilder, runPipeline, type OutputHandle } from 'heirline';
import { filter, sorted, take } from 'heirline/flow';
import {
  codesOf,
  countsAt,
  definePipeline,
  errorOf,
  expectBalanced,
  gate,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
} from './support/harness.js';

type Order = 'arrival' | 'concat' | 'zip' | ReturnType<typeof sorted<number>>;

const byValue = sorted({ by: (item: number) => item });

/** Merges a list with what an asynchronous source gives; tells what left. */
async function merged(order: Order, list: readonly number[], late: readonly number[]) {
  const left: unknown[] = [];
  const lineage = new MemoryLineageSink();
  const result = await runPipeline(
    definePipeline('root', (builder) => {
      const from = [builder.addSource(list, 'list'), builder.addSource(() => oneByOne(late), 'late')];
      const merge = builder.addMerge({ from, order: order as 'concat', name: 'merge' });
      builder.addSink((item) => left.push(item), { name: 'sink', from: merge });
    }),
    { lineageSink: lineage },
  );
  expectBalanced(result);
  return { left, counts: countsAt(result, 'root/merge'), records: lineage.records };
}

async function* oneByOne(items: readonly number[]): AsyncGenerator<number> {
  for (const item of items) {
    await nextTurn();
    yield item;
  }
}

describe('a merge', () => {
  test('gives items as they arrive', async () => {
    expect((await merged('arrival', [1, 2], [3, 4])).left).toEqual([1, 2, 3, 4]);
  });

  test('gives one input after the other, whichever is faster', async () => {
    const late = await merged('concat', [1, 2], [3, 4]);

    expect(late.left).toEqual([1, 2, 3, 4]);
    expect(late.counts).toMatchObject({ in: 4, out: 4, emitted: 4 });
  });

  test('gives tuples of one item each until the shortest input ends', async () => {
    const { left, counts, records } = await merged('zip', [1, 2, 3], [10, 20]);

    expect(left).toEqual([
      [1, 10],
      [2, 20],
    ]);
    expect(counts).toMatchObject({ in: 5, out: 4, filtered: 1, emitted: 2 });
    expect(records.filter(({ outcome }) => outcome === 'joined')).toHaveLength(4);
  });

  test('gives sorted inputs as one sorted stream', async () => {
    expect((await merged(byValue, [1, 4, 6], [2, 3, 9, 10])).left).toEqual([1, 2, 3, 4, 6, 9, 10]);
  });

  test.for(['concat', 'zip', 'sorted'] as const)(
    'does not wait for ever where its inputs come from one node: %s',
    async (order) => {
      const left: unknown[] = [];
      await runPipeline(
        definePipeline('root', (builder) => {
          const all = builder.addSource(range(1, 6));
          const even = builder.addStreamTransform(
            filter((item: number) => item % 2 === 0),
            { from: all },
          );
          const merge = builder.addMerge({
            from: [even, all],
            order: (order === 'sorted' ? byValue : order) as 'concat',
          });
          builder.addSink((item) => left.push(item), { from: merge });
        }),
      );

      expect(left).toEqual(
        {
          concat: [2, 4, 6, 1, 2, 3, 4, 5, 6],
          zip: [
            [2, 1],
            [4, 2],
            [6, 3],
          ],
          sorted: [1, 2, 2, 3, 4, 4, 5, 6, 6],
        }[order],
      );
    },
  );

  test('fails where an input from the same node would have to keep more than its capacity', async () => {
    const error = await rejectionOf(
      runPipeline(
        definePipeline('root', (builder) => {
          const all = builder.addSource(range(1, 6), 'source');
          const ten = builder.addTransform((item) => item * 10, { from: all });
          const merge = builder.addMerge({ from: [ten, all], order: 'concat', capacity: 2, name: 'merge' });
          builder.addSink(() => undefined, { from: merge });
        }),
      ),
    );

    expect(error).toMatchObject({ code: 'FLOW_CAPACITY_EXCEEDED', path: 'root/merge' });
    expectBalanced(resultOf(error));
  });

  test('lets no input run ahead that comes from another source', async () => {
    const taken: number[] = [];
    const first = gate();
    const run = runPipeline(
      definePipeline('root', (builder) => {
        const slow = builder.addSource(async function* () {
          await first.opened;
          yield 0;
        });
        const fast = builder.addSource(function* () {
          for (const item of range(1, 5)) {
            taken.push(item);
            yield item;
          }
        });
        builder.addSink(() => undefined, { from: builder.addMerge({ from: [slow, fast], order: 'concat' }) });
      }),
    );
    await nextTurn();
    const before = [...taken];
    first.open();
    await run;

    expect([before, taken]).toEqual([[1], range(1, 5)]);
  });

  test('lets go of inputs that wait when nobody reads any more', async () => {
    const result = await runPipeline(
      definePipeline('root', (builder) => {
        const one = builder.addSource(range(1, 3));
        const two = builder.addSource(range(4, 6));
        const merge = builder.addMerge({ from: [one, two], order: 'concat', name: 'merge' });
        builder.addSink(() => undefined, { from: builder.addStreamTransform(take(1), { from: merge }) });
      }),
    );

    expect(result.status).toBe('succeeded');
    expectBalanced(result);
  });

  test('fails items by whose key they cannot be sorted', async () => {
    for (const by of [() => NaN, () => ({}) as number, () => Promise.reject(new Error('late')) as never]) {
      const error = await rejectionOf(
        runPipeline(
          definePipeline('root', (builder) => {
            const from = [builder.addSource([1]), builder.addSource([2])];
            builder.addSink(() => undefined, { from: builder.addMerge({ from, order: sorted({ by }) }) });
          }),
        ),
      );
      expect(error.code).toBe('OPTION_INVALID');
    }
  });

  test('takes one input, and one node twice', async () => {
    const left: unknown[] = [];
    await runPipeline(
      definePipeline('root', (builder) => {
        const source = builder.addSource([1, 2]);
        const twice = builder.addMerge({ from: [source, source], order: 'zip' });
        const once = builder.addMerge({ from: [twice], order: 'concat' });
        builder.addSink((item) => left.push(item), { from: once });
      }),
    );

    expect(left).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  test.for([
    ['no inputs', {}],
    ['an unknown order', { order: 'random' }],
    ['a capacity where nothing waits', { capacity: 3 }],
  ] as const)('refuses %s', ([what, options]) => {
    const error = errorOf(() => {
      const builder = new PipelineBuilder();
      const from: OutputHandle<number>[] = what === 'no inputs' ? [] : [builder.addSource([1])];
      const merge = builder.addMerge({ from, ...options } as { readonly from: typeof from });
      builder.addSink(() => undefined, { from: merge });
      builder.build();
    });

    expect(codesOf(error)).toContain('OPTION_INVALID');
  });
});
