import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { PipelineRunner, runPipeline, type Items } from 'heirline';
import { countsAt, definePipeline, expectBalanced, rejectionOf, resultOf } from './support/harness.js';
import { rootAround } from './support/small-graphs.js';

const Same = definePipeline<unknown, unknown>('same', (builder) => {
  builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
});

/** What gives its items once. */
const once: readonly (readonly [string, () => Items<unknown>])[] = [
  ['a Node stream', () => Readable.from(['1', '2'])],
  ['a web stream', () => Readable.toWeb(Readable.from(['1', '2'])) as AsyncIterable<unknown>],
  ['a readline interface', () => createInterface({ input: Readable.from(['1\n', '2\n']) })],
  ['the outputs of another run', () => new PipelineRunner().stream(Same, [1, 2])],
  ['a file', () => createReadStream(new URL(import.meta.url), { highWaterMark: 1024 })],
  ['a generator', () => [1, 2].values()],
  [
    'an iterable that gives one iterator twice',
    () => {
      const iterator = {
        values: [1, 2],
        next() {
          const value = this.values.shift();
          return { done: value === undefined, value };
        },
      };
      return { [Symbol.iterator]: () => iterator };
    },
  ],
];

/** A root pipeline over one source. */
const over = (items: Items<unknown>, got: unknown[] = []) =>
  definePipeline('root', (builder) => {
    builder.connect(
      builder.addSource(items, 'source'),
      builder.addSink((item: unknown) => got.push(item), 'sink'),
    );
  });

describe.each(once)('%s as a source', (_name, make) => {
  test('gives its items to the first run, and is SOURCE_EXHAUSTED for the second', async () => {
    const got: unknown[] = [];
    const Root = over(make(), got);
    await runPipeline(Root);
    const { length } = got;
    expect(length).toBeGreaterThan(1);

    const error = await rejectionOf(runPipeline(Root));
    expect(error).toMatchObject({ code: 'SOURCE_EXHAUSTED', path: 'root/source' });
    expect(got).toHaveLength(length);
    expectBalanced(resultOf(error));
  });

  test('is given to one of two runs at once, whole', async () => {
    const got: unknown[] = [];
    const Root = over(make(), got);
    const ends = await Promise.allSettled([runPipeline(Root), runPipeline(Root)]);

    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(ends[1]).toMatchObject({ reason: { code: 'SOURCE_EXHAUSTED' } });
    const alone: unknown[] = [];
    await runPipeline(over(make(), alone));
    expect(got).toEqual(alone);
  });

  test.each([1, 4])('in a child is for its first item only, with %i lanes', async (concurrency) => {
    const items = make();
    const Child = definePipeline<number, number>('child', (builder) => {
      builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      builder.connect(
        builder.addSource(items, 'source'),
        builder.addSink(() => undefined),
      );
    });
    const Middle = definePipeline<number, number>('middle', (builder) => {
      const inner = builder.addComposite(Child, { name: 'inner', from: builder.addCompositeInput() });
      builder.connect(inner, builder.addCompositeOutput());
    });
    const error = await rejectionOf(runPipeline(rootAround(Middle, { concurrency }, [1, 2, 3])));

    expect(error).toMatchObject({ code: 'SOURCE_EXHAUSTED', path: 'root/child/inner/source' });
  });

  test('is used up where a run was given it as the items of a stream', async () => {
    const runner = new PipelineRunner();
    const items = make();
    const outputs: unknown[] = [];
    for await (const output of runner.stream(Same, items)) outputs.push(output);
    expect(outputs.length).toBeGreaterThan(1);

    await expect(runner.stream(Same, items)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'SOURCE_EXHAUSTED',
    });
  });
});

describe('an iterator that ends with a truthy done', () => {
  const ends = (given: unknown[]) => ({
    next: () => (given.length > 0 ? { done: 0, value: given.shift() } : { done: 1, value: undefined }),
  });

  test('is at its end: of a source, asynchronous or not, and of a stream transform', async () => {
    const sync = { [Symbol.iterator]: () => ends([1, 2]) } as unknown as Iterable<unknown>;
    const later = {
      [Symbol.asyncIterator]: () => {
        const { next } = ends([1, 2]);
        return { next: () => Promise.resolve(next()) };
      },
    } as unknown as AsyncIterable<unknown>;
    for (const items of [sync, later]) {
      const got: unknown[] = [];
      await runPipeline(over(items, got));
      expect(got).toEqual([1, 2]);
      const Root = definePipeline('root', (builder) => {
        const given = builder.addStreamTransform(() => items, {
          name: 'stream',
          from: builder.addSource([1]),
        });
        builder.connect(
          given,
          builder.addSink(() => undefined),
        );
      });
      const result = await runPipeline(Root);
      expect(countsAt(result, 'root/stream')).toMatchObject({ emitted: 2 });
    }
  });
});
