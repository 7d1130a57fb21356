import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  MemoryLineageSink,
  PipelineBuilder,
  runPipeline,
  type PipelineError,
  type RouteOptions,
} from 'heirline';
import { take } from 'heirline/flow';
import {
  codesOf,
  countsAt,
  definePipeline,
  errorOf,
  expectBalanced,
  KeptLetters,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
} from './support/harness.js';

/** Sends 1 to 6 by whether they are even, or can be divided by three; tells what left where. */
async function routed(options: RouteOptions<'fail' | 'drop' | 'deadLetter'>) {
  const left: string[] = [];
  const letters = new KeptLetters();
  const lineage = new MemoryLineageSink();
  const Root = definePipeline('root', (builder) => {
    const route = builder.addRoute(
      { even: (item) => item % 2 === 0, three: (item) => item % 3 === 0 },
      { name: 'route', from: builder.addSource(range(1, 6), 'source'), ...options },
    );
    builder.addSink((item) => left.push(`even ${String(item)}`), { name: 'even', from: route.to.even });
    builder.addSink((item) => left.push(`three ${String(item)}`), { name: 'three', from: route.to.three });
  });
  const run = runPipeline(Root, { deadLetterSink: letters, lineageSink: lineage });
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown as Awaited<ReturnType<typeof rejectionOf>>,
  );
  const result = error === undefined ? await run : resultOf(error);
  expectBalanced(result);
  return {
    left,
    letters: letters.envelopes,
    records: lineage.records,
    error,
    counts: countsAt(result, 'root/route'),
  };
}

describe('a route', () => {
  test('sends each item by the first output whose condition holds', async () => {
    const { left, counts, records } = await routed({ otherwise: 'drop' });

    expect(left).toEqual(['even 2', 'three 3', 'even 4', 'even 6']);
    expect(counts).toMatchObject({ in: 6, out: 4, filtered: 2, emitted: 4 });
    expect(records.map(({ outcome }) => outcome).sort()).toEqual([
      ...['emitted', 'emitted', 'emitted', 'emitted', 'filtered', 'filtered'],
    ]);
  });

  test("sends an item by every output whose condition holds with mode 'all', counted once", async () => {
    const { left, counts, records } = await routed({ otherwise: 'drop', mode: 'all' });

    expect(left).toEqual(['even 2', 'three 3', 'even 4', 'even 6', 'three 6']);
    expect(counts).toMatchObject({ in: 6, out: 4, filtered: 2, emitted: 4 });
    expect(records).toHaveLength(6);
  });

  test('fails at an item that no condition takes, unless more is said', async () => {
    const { error, counts } = await routed({});

    expect(error).toMatchObject({ code: 'ROUTE_UNMATCHED', path: 'root/route' });
    expect(counts).toMatchObject({ in: 1, failed: 1 });
  });

  test('asks its policy about an item that no condition takes', async () => {
    const { left, counts } = await routed({
      errorPolicy: errorPolicy({ on: 'ROUTE_UNMATCHED', then: 'skip' }),
    });

    expect(left).toHaveLength(4);
    expect(counts).toMatchObject({ filtered: 2 });
  });

  test('writes dead letters of items that no condition takes', async () => {
    const { letters, counts } = await routed({ otherwise: 'deadLetter', errorPolicy: 'fail' });

    expect(letters.map(({ item }) => item)).toEqual([1, 5]);
    expect(letters[0]?.error).toMatchObject({ code: 'ROUTE_UNMATCHED' });
    expect(counts).toMatchObject({ deadLettered: 2, out: 4 });
  });

  test("has an output of its own for the others with otherwise: 'emit'", async () => {
    const left: string[] = [];
    await runPipeline(
      definePipeline('root', (builder) => {
        const route = builder.addRoute(
          { text: (item): item is string => typeof item === 'string' },
          { from: builder.addSource<string | number>(['a', 1]), otherwise: 'emit' },
        );
        // Narrowed by its guard.
        builder.addSink((item) => left.push(item.toUpperCase()), { from: route.to.text });
        builder.addSink((item) => left.push(`other ${String(item)}`), { from: route.otherwise });
      }),
    );

    expect(left).toEqual(['A', 'other 1']);
  });

  test('leaves out what goes by an output that nobody reads any more', async () => {
    const small: number[] = [];
    const result = await runPipeline(
      definePipeline('root', (builder) => {
        const route = builder.addRoute(
          { small: (item) => item < 5, large: () => true },
          { name: 'route', from: builder.addSource(range(1, 8), 'source') },
        );
        const two = builder.addStreamTransform(take(2), { from: route.to.small });
        builder.addSink((item) => small.push(item), { from: two });
        builder.addSink(() => undefined, { name: 'large', from: route.to.large });
      }),
    );

    expect(small).toEqual([1, 2]);
    expect(countsAt(result, 'root/route')).toMatchObject({ in: 8, out: 6, filtered: 2 });
    expect(countsAt(result, 'root/large')).toMatchObject({ in: 4 });
    expectBalanced(result);
  });

  test('fails an item for which a condition throws, or answers with a promise', async () => {
    for (const [condition, code] of [
      [() => throwAnything(new RangeError('no')), 'NODE_FAILED'],
      [() => Promise.reject(new Error('late')) as unknown as boolean, 'OPTION_INVALID'],
    ] as const) {
      const error = await rejectionOf(
        runPipeline(
          definePipeline('root', (builder) => {
            const route = builder.addRoute({ one: condition }, { from: builder.addSource([1]) });
            builder.addSink(() => undefined, { from: route.to.one });
          }),
        ),
      );
      expect(error).toMatchObject({ code, path: 'root/route-1' });
    }
  });

  test('is drawn with its outputs', () => {
    const builder = new PipelineBuilder();
    const route = builder.addRoute(
      { large: () => true },
      { name: 'by-size', from: builder.addSource([1], 'orders') },
    );
    builder.addSink(() => undefined, { name: 'store', from: route.to.large });
    const graph = builder.build();

    expect(graph.edges).toContainEqual({ from: 'by-size', to: 'store', output: 'large' });
    expect(graph.describe()).toContain('by-size (route) [conditions=["large"]] → large: store');
    expect(graph.toMermaid()).toContain('n1 -- "large" --> n2');
    expect(graph.toDot()).toContain('label=" large"');
  });
});

describe('a route that cannot be', () => {
  const built = (conditions: object, connect = true, options: object = {}): PipelineError =>
    errorOf(() => {
      const builder = new PipelineBuilder();
      const route = builder.addRoute(conditions as { a: () => boolean; b: () => boolean }, {
        name: 'route',
        from: builder.addSource([1]),
        ...options,
      });
      builder.addSink(() => undefined, { name: 'a', from: route.to.a });
      if (connect) builder.addSink(() => undefined, { name: 'b', from: route.to.b });
      builder.build();
    });

  test('has an output that is not connected', () => {
    const error = built({ a: () => true, b: () => true }, false);

    expect(codesOf(error)).toEqual(['NODE_UNCONNECTED']);
    expect(error.message).toContain("The output 'b' of the route 'route' goes nowhere");
  });

  test.for<readonly [string, object, object, string]>([
    ['a condition that is no function', { a: () => true, b: 1 }, {}, "the condition 'b' is no function"],
    [
      'an output that looks like a number',
      { a: () => true, b: () => true, 7: () => true },
      {},
      "'7' looks like a number",
    ],
    [
      'an output called otherwise',
      { a: () => true, b: () => true, otherwise: () => true },
      {},
      'choose another name',
    ],
    [
      'an unknown mode',
      { a: () => true, b: () => true },
      { mode: 'some' },
      "'mode' must be 'first' or 'all'",
    ],
    [
      'a fallback',
      { a: () => true, b: () => true },
      { errorPolicy: errorPolicy({ then: { fallback: () => 1 } }) },
      'which a route cannot place',
    ],
  ])('has %s', ([, conditions, options, message]) => {
    const error = built(conditions, true, options);

    expect(codesOf(error)).toContain('OPTION_INVALID');
    expect(error.message).toContain(message);
  });

  test('is left by itself, and not by one of its outputs', () => {
    const error = errorOf(() => {
      const builder = new PipelineBuilder();
      const route = builder.addRoute({ a: () => true }, { from: builder.addSource([1]) });
      builder.addSink(() => undefined, { from: route as never });
    });

    expect(error).toMatchObject({ code: 'CONNECTION_INVALID' });
    expect(error.message).toContain("connect 'a' of its 'to'");
  });
});
