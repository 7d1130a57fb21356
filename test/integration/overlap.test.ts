import { describe, expect, test } from 'vitest';
import { runPipeline, TransformNode, type PipelineContext } from 'heirline';
import { definePipeline, delay, nextTurn, range } from './support/harness.js';

interface Sighting {
  readonly expected: string;
  readonly seen: string | undefined;
}

describe('nodes of one execution that overlap in time', () => {
  test('each read their own current node id, 1,000 of 1,000', async () => {
    const sightings: Sighting[] = [];
    let busy = 0;
    let overlapped = 0;
    const watch = (expected: string) => async (item: number, context: PipelineContext) => {
      busy += 1;
      const before = context.currentNodeId;
      await (item % 3 === 0 ? nextTurn() : Promise.resolve());
      if (busy > 1) overlapped += 1;
      const after = context.currentNodeId;
      busy -= 1;
      sightings.push({
        expected,
        seen: before === after ? after : `${String(before)} then ${String(after)}`,
      });
      return item;
    };
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(range(1, 500), 'source');
      for (const name of ['left', 'right']) {
        const node = builder.addTransform(watch(name), { name, from: source, concurrency: 16 });
        builder.connect(
          node,
          builder.addSink(() => undefined, `${name}-sink`),
        );
      }
    });

    await runPipeline(Parent);

    expect(sightings).toHaveLength(1_000);
    expect(sightings.filter(({ expected, seen }) => expected !== seen)).toEqual([]);
    expect(overlapped).toBeGreaterThan(0);
  });

  test('keep it when one calls synchronously into the next', async () => {
    const seen: string[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource((context) => {
        seen.push(`source is ${String(context.currentNodeId)}`);
        return (function* () {
          yield 1;
          seen.push(`source is ${String(context.currentNodeId)}`);
        })();
      }, 'source');
      const first = builder.addTransform(
        (item: number, context) => {
          seen.push(`first is ${String(context.currentNodeId)}`);
          return { item, late: () => context.currentNodeId };
        },
        { name: 'first', from: source },
      );
      builder.connect(
        first,
        builder.addSink((handed: { late: () => string | undefined }, context) => {
          seen.push(`sink is ${String(context.currentNodeId)}`, `first is ${String(handed.late())}`);
        }, 'sink'),
      );
    });

    await runPipeline(Parent);

    expect(seen).toEqual([
      'source is source',
      'first is first',
      'sink is sink',
      'first is first',
      'source is source',
    ]);
  });

  test('inside children that run side by side', async () => {
    const sightings: Sighting[] = [];
    const note = (expected: string, context: PipelineContext) => {
      sightings.push({ expected, seen: context.currentNodeId });
    };
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const wait = builder.addTransform(
        async (item: number, context) => {
          note('wait', context);
          await delay(item % 4);
          note('wait', context);
          return item;
        },
        { name: 'wait', from: builder.addCompositeInput() },
      );
      const pass = builder.addTransform(
        (item: number, context) => {
          note('pass', context);
          return item;
        },
        { name: 'pass', from: wait },
      );
      builder.connect(pass, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource(range(1, 60), 'source'),
        concurrency: 16,
      });
      builder.connect(
        child,
        builder.addSink((_item: number, context) => {
          note('sink', context);
        }, 'sink'),
      );
    });

    await runPipeline(Parent);

    expect(sightings).toHaveLength(60 * 4);
    expect(sightings.filter(({ expected, seen }) => expected !== seen)).toEqual([]);
  });

  test('is right in every method of a node class', async () => {
    const seen: string[] = [];
    class Watchful extends TransformNode<number, number> {
      override init(context: PipelineContext): void {
        seen.push(`init in ${String(context.currentNodeId)}`);
      }
      override transform(item: number, context: PipelineContext): number {
        seen.push(`transform in ${String(context.currentNodeId)}`);
        return item;
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      const one = builder.addTransform(Watchful, { name: 'one', from: builder.addSource([1], 'source') });
      const two = builder.addTransform(Watchful, { name: 'two', from: one });
      builder.connect(
        two,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    await runPipeline(Parent);

    expect([...seen].sort()).toEqual(['init in one', 'init in two', 'transform in one', 'transform in two']);
  });

  test('a context that belongs to no node has no current node id', async () => {
    const Parent = definePipeline('parent', (builder) => {
      builder.connect(
        builder.addSource([1], 'source'),
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const result = await runPipeline(Parent);

    expect(result.context.currentNodeId).toBeUndefined();
  });
});
