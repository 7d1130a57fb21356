import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  PipelineRunner,
  runPipeline,
  SKIP,
  type OutputHandle,
  type PipelineBuilder,
  type PipelineDefinition,
  type Skip,
} from 'heirline';
import { countsAt, definePipeline, defineStep, expectBalanced, range } from './support/harness.js';

const Step = defineStep<number, number>('step', 'add', (item) => item + 1);

/** Runs two items through a long pipeline, and gives what comes out. */
async function throughLong(
  grow: (builder: PipelineBuilder, from: OutputHandle<number>, at: number) => OutputHandle<number>,
  length: number,
): Promise<number[]> {
  const outputs: number[] = [];
  const result = await runPipeline(
    definePipeline('long', (builder) => {
      let last: OutputHandle<number> = builder.addSource([1, 2], 'source');
      for (let at = 0; at < length; at += 1) last = grow(builder, last, at);
      builder.connect(
        last,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    }),
  );
  expectBalanced(result);
  return outputs;
}

describe('a pipeline of thousands of nodes does not run out of stack', () => {
  test('with 5,000 nodes that work on several items at once', async () => {
    const outputs = await throughLong(
      (builder, from) => builder.addTransform((item: number) => item + 1, { from, concurrency: 4 }),
      5_000,
    );

    expect(outputs).toEqual([5_001, 5_002]);
  });

  test('with 5,000 composites in a row', async () => {
    const outputs = await throughLong(
      (builder, from, at) => builder.addComposite(Step, { from, name: `step-${String(at)}` }),
      5_000,
    );

    expect(outputs).toEqual([5_001, 5_002]);
  });

  test('with 600 diamonds, in children as well', async () => {
    const diamond = <TIn, TOut>(
      builder: PipelineBuilder<TIn, TOut>,
      from: OutputHandle<number>,
      at: number,
    ): OutputHandle<number> => {
      const left = builder.addTransform((item: number) => item, { from, name: `left-${String(at)}` });
      const right = builder.addTransform((): number | Skip => SKIP, { from, name: `right-${String(at)}` });
      const joined = builder.addTransform((item: number) => item + 1, {
        from: left,
        name: `join-${String(at)}`,
      });
      builder.connect(right, joined);
      return joined;
    };
    const Inner = definePipeline<number, number>('inner', (builder) => {
      let last: OutputHandle<number> = builder.addCompositeInput();
      for (let at = 0; at < 600; at += 1) last = diamond(builder, last, at);
      builder.connect(last, builder.addCompositeOutput());
    });

    expect(await throughLong(diamond, 600)).toEqual([601, 602]);
    expect(await new PipelineRunner().runItem(Inner, 1)).toBe(601);
  });
});

describe('what a runner keeps', () => {
  test('does not grow with names that depend on a parameter: a run stays as fast, and lists its own nodes only', async () => {
    class Named implements PipelineDefinition<number, number> {
      define(
        builder: PipelineBuilder<number, number>,
        context: Parameters<PipelineDefinition['define']>[1],
      ): void {
        const tenant = context.parameters.require<string>('tenant');
        const node = builder.addTransform((item: number) => item, {
          name: `for-${tenant}`,
          from: builder.addCompositeInput(),
        });
        builder.connect(node, builder.addCompositeOutput());
      }
    }
    const Root = definePipeline('root', (builder) => {
      const child = builder.addComposite(Named, {
        name: 'child',
        from: builder.addSource([1], 'source'),
        contextConfiguration: { inheritParentParameters: true },
      });
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });
    const runner = new PipelineRunner();
    const run = (tenant: number) => runner.run(Root, { parameters: { tenant: String(tenant) } });
    for (let tenant = 0; tenant < 3_000; tenant += 1) await run(tenant);
    const result = await run(3_000);

    expect(result.nodes.size).toBeLessThan(1_000);
    expect(countsAt(result, 'root/child/for-3000')).toMatchObject({ in: 1, out: 1 });
    expectBalanced(result);
  });
});

test('16,000 tries of one item are made one after the other, and none keeps those before it', async () => {
  let tries = 0;
  const result = await runPipeline(
    definePipeline('root', (builder) => {
      const node = builder.addTransform(
        (item: number) => {
          tries += 1;
          if (tries < 16_000) throw new Error('again');
          return item;
        },
        {
          name: 'node',
          from: builder.addSource([1], 'source'),
          errorPolicy: errorPolicy({ then: { retry: { attempts: 20_000 } } }),
        },
      );
      builder.connect(
        node,
        builder.addSink(() => undefined, 'sink'),
      );
    }),
  );

  expect(countsAt(result, 'root/node')).toMatchObject({ in: 1, out: 1, retried: 15_999 });
});

test('lanes, retries and many items at once keep their counts', async () => {
  const result = await runPipeline(
    definePipeline('root', (builder) => {
      const seen = new Map<number, number>();
      const node = builder.addTransform(
        async (item: number) => {
          await Promise.resolve();
          const count = (seen.get(item) ?? 0) + 1;
          seen.set(item, count);
          if (count <= item % 4) throw new Error('again');
          return item;
        },
        {
          name: 'node',
          from: builder.addSource(range(1, 1_000), 'source'),
          concurrency: 16,
          errorPolicy: errorPolicy({ then: { retry: { attempts: 3, exhausted: 'skip' } } }),
        },
      );
      builder.connect(
        node,
        builder.addSink(() => undefined, 'sink'),
      );
    }),
  );

  // Of four items the first fails once, the second twice, the third three times: then it is skipped.
  expect(countsAt(result, 'root/node')).toMatchObject({
    in: 1_000,
    out: 750,
    filtered: 250,
    cancelled: 0,
    retried: 1_250,
  });
  expectBalanced(result);
});
