import { describe, expect, test } from 'vitest';
import { buildPipeline, runPipeline, type RunResult } from 'heirline';
import { batch, buffer, reduce, sortWithin, statefulMap, take } from 'heirline/flow';
import { testPipeline } from 'heirline/testing';
import { countsAt, definePipeline, errorOf, expectBalanced } from './support/harness.js';
import { flowOf } from './support/flow.js';

/** Numbers without end, and whether they were closed. */
function endless(): { readonly items: Iterable<number>; isClosed: boolean } {
  const numbers = {
    isClosed: false,
    items: {
      *[Symbol.iterator]() {
        try {
          for (let number = 1; ; number += 1) yield number;
        } finally {
          numbers.isClosed = true;
        }
      },
    },
  };
  return numbers;
}

describe('take', () => {
  test('ends the run of an endless source, and closes the source', async () => {
    const numbers = endless();

    const { outputs, counts } = await flowOf(numbers.items, take<number>(3));

    expect(outputs).toEqual([1, 2, 3]);
    expect(numbers.isClosed).toBe(true);
    expect(counts).toMatchObject({ in: 3, out: 3 });
  });

  test('of none opens nothing that goes on', async () => {
    expect((await flowOf(endless().items, take<number>(0))).outputs).toEqual([]);
    expect(errorOf(() => take(-1)).code).toBe('OPTION_INVALID');
    expect(errorOf(() => take(Infinity)).code).toBe('OPTION_INVALID');
  });

  test('leaves the other branch of a fan-out everything', async () => {
    const seen = { some: [] as number[], all: [] as number[] };
    const Fan = definePipeline('fan', (builder) => {
      const source = builder.addSource([1, 2, 3, 4, 5]);
      const some = builder.addStreamTransform(take(2), { from: source });
      builder.addSink((item: number) => void seen.some.push(item), { from: some });
      builder.addSink((item: number) => void seen.all.push(item), { from: source });
    });

    expectBalanced(await runPipeline(Fan));

    expect(seen).toEqual({ some: [1, 2], all: [1, 2, 3, 4, 5] });
  });

  test('leaves out what an operator above still holds', async () => {
    const Held = definePipeline('held', (builder) => {
      const source = builder.addSource([5, 4, 3, 2, 1, 0]);
      const sorted = builder.addStreamTransform(sortWithin({ by: (item: number) => item, capacity: 3 }), {
        name: 'sorted',
        from: source,
      });
      builder.addSink(() => undefined, { from: builder.addStreamTransform(take(1), { from: sorted }) });
    });

    const result = await runPipeline(Held);

    expectBalanced(result);
    expect(countsAt(result, 'held/sorted')).toMatchObject({ in: 4, out: 1, filtered: 3 });
  });

  test('inside a stream composite closes the source of the parent', async () => {
    const numbers = endless();
    const seen: number[] = [];
    const Child = definePipeline<number, number>('child', (builder) => {
      const first = builder.addStreamTransform(take(2), { from: builder.addCompositeInput() });
      builder.connect(first, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        granularity: 'stream',
        from: builder.addSource(numbers.items),
      });
      builder.addSink((item: number) => void seen.push(item), { from: child });
    });

    expectBalanced(await runPipeline(Parent));

    expect({ seen, isClosed: numbers.isClosed }).toEqual({ seen: [1, 2], isClosed: true });
  });

  test('after a reduce gets its value all the same', async () => {
    const seen: number[] = [];
    const Sum = definePipeline('sum', (builder) => {
      const few = builder.addStreamTransform(take(3), { from: builder.addSource(endless().items) });
      const sum = builder.addStreamTransform(
        reduce((total: number, item: number) => total + item, 0),
        { from: few },
      );
      builder.addSink((item) => void seen.push(item), {
        from: builder.addStreamTransform(take(1), { from: sum }),
      });
    });

    await runPipeline(Sum);

    expect(seen).toEqual([6]);
  });
});

describe('what operators hold when a run fails', () => {
  test('is cancelled, and nothing more leaves', async () => {
    const failing = statefulMap(
      (count: number, item: number) => {
        if (item === 3) throw new RangeError('three');
        return [count + 1, [item]];
      },
      0,
      { finish: () => [99] },
    );
    const seen: unknown[] = [];
    const Fails = definePipeline('fails', (builder) => {
      const node = builder.addStreamTransform(failing, { from: builder.addSource([1, 2, 3, 4]) });
      const batches = builder.addStreamTransform(batch({ size: 10 }), { name: 'batches', from: node });
      builder.addSink((items) => void seen.push(items), { from: batches });
    });

    const error = await runPipeline(Fails).then(
      () => undefined,
      (thrown: unknown) => thrown as { result?: RunResult },
    );

    expect(seen).toEqual([]);
    expect(error?.result && countsAt(error.result, 'fails/batches')).toMatchObject({
      in: 2,
      out: 0,
      cancelled: 2,
    });
  });
});

describe('an operator as a node', () => {
  const Shown = definePipeline('shown', (builder) => {
    const source = builder.addSource([1, 2, 3], 'source');
    const batches = builder.addStreamTransform(batch({ size: 2, withinMs: 50 }), {
      name: 'pairs',
      from: source,
    });
    const ready = builder.addStreamTransform(buffer({ capacity: 4 }), { from: batches });
    builder.addSink(() => undefined, { name: 'sink', from: ready });
  });

  test('is drawn with its kind, and described with its options', () => {
    const graph = buildPipeline(Shown);

    expect(graph.nodes.find(({ id }) => id === 'pairs')).toMatchObject({ kind: 'stream-transform' });
    expect(graph.describe()).toMatch(/pairs.*batch.*size.*2.*withinMs.*50/);
    expect(graph.toMermaid()).toMatch(/pairs.*batch/);
  });

  test('has its kind for a name where none is given', () => {
    expect(buildPipeline(Shown).nodes.map(({ id }) => id)).toContain('buffer-1');
  });

  test('can be replaced in a test, by another operator or a function', async () => {
    const items = async (stub: unknown) =>
      (await testPipeline(Shown).replaceNode('pairs', stub).run()).outputs;

    expect(await items(batch({ size: 3 }))).toEqual([[1, 2, 3]]);
    expect(
      await items(async function* (numbers: AsyncIterable<number>) {
        for await (const number of numbers) yield [number];
      }),
    ).toEqual([[1], [2], [3]]);
  });
});
