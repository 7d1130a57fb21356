import { describe, expect, test } from 'vitest';
import { runPipeline, StreamSinkNode, type NoItem, type PipelineContext } from 'heirline';
import {
  aborted,
  countsAt,
  definePipeline,
  expectBalanced,
  KeptLineage,
  range,
  rejectionOf,
  resultOf,
  unhandledDuring,
  type DefinitionClass,
} from './support/harness.js';
import { rootAround } from './support/small-graphs.js';

type Transform = (items: AsyncIterable<number>, context: PipelineContext) => AsyncIterable<number>;

/** A pipeline `root/source → root/transform → root/sink`. */
function streaming(
  transform: Transform,
  source: Iterable<number> | ((context: PipelineContext) => AsyncIterable<number>) = range(1, 7),
  sink: (item: number) => unknown = () => undefined,
): DefinitionClass<NoItem, NoItem> {
  return definePipeline('root', (builder) => {
    const from = builder.addSource(source, 'source');
    const node = builder.addStreamTransform(transform, { name: 'transform', from });
    builder.connect(node, builder.addSink(sink, 'sink'));
  });
}

/** Gives the sums of so many items each. */
const sumsOf = (size: number): Transform =>
  async function* (items) {
    let [count, sum] = [0, 0];
    for await (const item of items) {
      sum += item;
      count += 1;
      if (count === size) {
        yield sum;
        [count, sum] = [0, 0];
      }
    }
    if (count > 0) yield sum;
  };

/** A sink that has enough after the first item above 4. */
class HasEnough extends StreamSinkNode<number> {
  override async consume(items: AsyncIterable<number>): Promise<void> {
    for await (const item of items) if (item > 4) return;
  }
}

describe('the items that a stream transform holds when the run ends', () => {
  /** Gives seven items, then waits for the cancel that comes with the last of them. */
  const sevenThen = (controller: AbortController) =>
    async function* ({ signal }: PipelineContext): AsyncGenerator<number> {
      yield* range(1, 7);
      controller.abort();
      await aborted(signal);
    };

  test('count as cancelled: holding 3 of 7, in 7, out 4, cancelled 3; their lineage ends dropped', async () => {
    const controller = new AbortController();
    const lineage = new KeptLineage();
    const error = await rejectionOf(
      runPipeline(streaming(sumsOf(4), sevenThen(controller)), {
        signal: controller.signal,
        lineageSink: lineage,
      }),
    );

    expect(countsAt(resultOf(error), 'root/transform')).toMatchObject({
      in: 7,
      out: 4,
      failed: 0,
      cancelled: 3,
      emitted: 1,
    });
    expectBalanced(resultOf(error));
    const ends = [...lineage.terminals().values()].map((records) => records.map(({ outcome }) => outcome));
    expect(ends.filter(([outcome]) => outcome === 'dropped')).toHaveLength(3);
    expect(ends.every((outcomes) => outcomes.length === 1)).toBe(true);
  });

  test('count as one failed and the rest cancelled where its own code has failed', async () => {
    const failing: Transform = async function* (items) {
      let count = 0;
      for await (const item of items) {
        count += 1;
        if (count === 2) yield item;
        if (count === 5) throw new Error('no');
      }
    };
    const error = await rejectionOf(runPipeline(streaming(failing)));

    expect(countsAt(resultOf(error), 'root/transform')).toMatchObject({
      in: 5,
      out: 2,
      failed: 1,
      cancelled: 2,
      emitted: 1,
    });
  });

  test('count as filtered where the reader behind it has enough', async () => {
    const result = await runPipeline(
      definePipeline('root', (builder) => {
        const ahead = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            const iterator = items[Symbol.asyncIterator]();
            for (;;) {
              const first = await iterator.next();
              await iterator.next();
              if (first.done === true) return;
              yield first.value;
            }
          },
          { name: 'ahead', from: builder.addSource(range(1, 100), 'source') },
        );
        builder.connect(ahead, builder.addSink(HasEnough, 'sink'));
      }),
    );

    expectBalanced(result);
    expect(countsAt(result, 'root/ahead')).toMatchObject({ failed: 0, cancelled: 0 });
    expect(countsAt(result, 'root/sink').in).toBeLessThan(6);
  });
});

describe('promises that a stream transform gives', () => {
  const promising: Transform = async function* (items) {
    for await (const item of items) {
      const later = { then: (resolve: (value: number) => void) => resolve(item * 10) };
      yield later as unknown as number;
    }
  };

  test('are awaited, as those of a source are, also any thenable', async () => {
    const got: number[] = [];
    const asList = (items: AsyncIterable<number>) => ({
      async *[Symbol.asyncIterator]() {
        for await (const item of items) yield item;
      },
    });
    await runPipeline(streaming(promising, [1, 2], (item) => got.push(item)));
    await runPipeline(
      streaming(asList, [Promise.resolve(3), 4] as unknown as number[], (item) => got.push(item)),
    );

    expect(got).toEqual([10, 20, 3, 4]);
  });

  test('that are rejected fail the run, at the top and in a child, and nothing is left unhandled', async () => {
    const rejecting = (items: AsyncIterable<number>) => ({
      [Symbol.asyncIterator]: () => {
        const iterator = items[Symbol.asyncIterator]();
        return {
          next: async () => {
            const step = await iterator.next();
            // An iterator written by hand may give a promise as a value.
            return { done: step.done === true, value: Promise.reject(new Error('rejected')) };
          },
        };
      },
    });
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addStreamTransform(rejecting as unknown as Transform, {
        name: 'transform',
        from: builder.addCompositeInput(),
      });
      builder.connect(node, builder.addCompositeOutput());
    });

    const unhandled = await unhandledDuring(async () => {
      const top = await rejectionOf(runPipeline(streaming(rejecting as unknown as Transform)));
      expect(top).toMatchObject({ code: 'NODE_FAILED', path: 'root/transform' });
      const inner = await rejectionOf(runPipeline(rootAround(Child)));
      expect(inner).toMatchObject({ code: 'NODE_FAILED', path: 'root/child/transform' });
      expectBalanced(resultOf(inner));
    });

    expect(unhandled).toEqual([]);
  });

  test('may be what the transform itself is: a promise of a list', async () => {
    const got: number[] = [];
    const listed = (items: AsyncIterable<number>) =>
      (async () => {
        const all: number[] = [];
        for await (const item of items) all.push(item);
        return all.reverse();
      })();
    await runPipeline(streaming(listed as unknown as Transform, [1, 2, 3], (item) => got.push(item)));

    expect(got).toEqual([3, 2, 1]);
  });

  test('what is no stream at all is a failure of the node, in words', async () => {
    const error = await rejectionOf(runPipeline(streaming((() => 7) as unknown as Transform)));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/transform' });
    expect(error.message).toContain('must give an iterable, not number');
  });
});
