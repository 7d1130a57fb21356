// A whole sub-pipeline as the fallback of a node: what it gets, where it stands, and what becomes of what it gives.

import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  contextKey,
  errorPolicy,
  MemoryDeadLetterSink,
  PipelineBuilder,
  PipelineRunner,
  replayDeadLetters,
  runPipeline,
  SKIP,
  type ErrorPolicy,
  type PipelineContext,
} from 'heirline';
import { RecordingObserver, testPipeline } from 'heirline/testing';
import {
  countsAt,
  definePipeline,
  expectBalanced,
  KeptLetters,
  KeptLineage,
  outcomeOf,
  rejectionOf,
  resultOf,
  type DefinitionClass,
} from './support/harness.js';

class Down extends Error {}
class StillDown extends Error {}

/** Fails on every even item. */
const evenFail = (item: number): number => {
  if (item % 2 === 0) throw new Down(`down for ${item}`);
  return item;
};

/** A sub-pipeline of one transform. */
function through(
  step: (item: number, context: PipelineContext) => number | typeof SKIP | Promise<number>,
  name = 'cache-pipeline',
) {
  return definePipeline<number, number>(name, (builder) => {
    const node = builder.addTransform(step, { name: 'lookup', from: builder.addCompositeInput() });
    builder.connect(node, builder.addCompositeOutput());
  });
}

/** Source → `work`, which fails on even items → sink. */
function withPolicy(policy: ErrorPolicy<number>, items: readonly number[] = [1, 2, 3, 4]) {
  const taken: number[] = [];
  const Root = definePipeline('root', (builder) => {
    const work = builder.addTransform(evenFail, {
      name: 'work',
      from: builder.addSource(items, 'source'),
      errorPolicy: policy,
    });
    builder.addSink((item) => taken.push(item), { name: 'sink', from: work });
  });
  return { Root, taken };
}

const fallingBackTo = (fallback: DefinitionClass<number, number>, items?: readonly number[]) =>
  withPolicy(errorPolicy({ then: { fallback } }), items);

describe('a sub-pipeline as a fallback', () => {
  test('runs in place of what has failed; what it gives leaves through the node', async () => {
    const { Root, taken } = fallingBackTo(through((item) => item * 10));
    const result = await runPipeline(Root);
    expect(taken).toEqual([1, 20, 3, 40]);
    expect(countsAt(result, 'root/work')).toMatchObject({
      in: 4,
      out: 4,
      recovered: 2,
      emitted: 4,
      failed: 0,
    });
    expect(countsAt(result, 'root/work/fallback')).toMatchObject({ in: 2, out: 2, emitted: 2 });
    expect(countsAt(result, 'root/work/fallback/lookup')).toMatchObject({ in: 2, out: 2 });
    expect(result.failures.total).toBe(0);
    expectBalanced(result);
  });

  test('is in the counts also where nothing fails', async () => {
    const { Root } = fallingBackTo(
      through((item) => item),
      [1],
    );
    expect(countsAt(await runPipeline(Root), 'root/work/fallback')).toMatchObject({ in: 0, out: 0 });
  });

  test('may be an instance, may wait, and works beside other items in their order', async () => {
    const Slow = through((item) => Promise.resolve(item * 10));
    const taken: number[] = [];
    const Root = definePipeline('root', (builder) => {
      const work = builder.addTransform(evenFail, {
        from: builder.addSource([1, 2, 3, 4]),
        concurrency: 4,
        errorPolicy: errorPolicy({ then: { retry: { attempts: 2, exhausted: { fallback: new Slow() } } } }),
      });
      builder.addSink((item) => taken.push(item), { from: work });
    });
    await runPipeline(Root);
    expect(taken).toEqual([1, 20, 3, 40]);
  });

  test('gets a child context of the default configuration, linked to its node', async () => {
    const Region = contextKey<string>('Region');
    const seen: unknown[] = [];
    const { Root } = fallingBackTo(
      through((item, context) => {
        const { path, pipelineName, parent, runId } = context;
        seen.push({
          path,
          pipelineName,
          parent: parent?.nodeId,
          runId,
          region: context.parameters.get(Region),
        });
        return item;
      }),
      [2],
    );
    await runPipeline(Root, { parameters: [[Region, 'EU']], run: { runId: 'night' } });
    expect(seen).toEqual([
      {
        path: 'root/work/fallback',
        pipelineName: 'cache-pipeline',
        parent: 'work',
        runId: 'night',
        region: undefined,
      },
    ]);
  });

  test('that fails goes to the rules behind, which are asked with its error', async () => {
    const Broken = through(() => {
      throw new StillDown('no cache');
    });
    const { Root, taken } = withPolicy(
      errorPolicy({ on: Down, then: { fallback: Broken } }, { on: StillDown, then: 'skip' }),
    );
    const result = await runPipeline(Root);
    expect(taken).toEqual([1, 3]);
    expect(countsAt(result, 'root/work')).toMatchObject({ out: 2, filtered: 2, recovered: 0 });
    expect(countsAt(result, 'root/work/fallback')).toMatchObject({ in: 2, failed: 2 });
    expectBalanced(result);
  });

  test('that fails where no rule takes it fails the item, with both errors in the cause', async () => {
    const error = await rejectionOf(
      runPipeline(
        fallingBackTo(
          through(() => {
            throw new StillDown('no cache');
          }),
        ).Root,
      ),
    );
    expect(error).toMatchObject({
      code: 'NODE_FAILED',
      path: 'root/work',
      cause: {
        errors: [
          { message: 'down for 2' },
          { code: 'NODE_FAILED', path: 'root/work/fallback/lookup', cause: { message: 'no cache' } },
        ],
      },
    });
    expect(error.message).toContain('down for 2. Then its fallback failed:');
    expect(countsAt(resultOf(error), 'root/work').failed).toBe(1);
    expectBalanced(resultOf(error));
  });

  test('may be followed by a second one', async () => {
    const First = through(() => {
      throw new StillDown('no cache');
    }, 'first');
    const Second = through((item) => -item, 'second');
    const { Root, taken } = withPolicy(
      errorPolicy({ on: Down, then: { fallback: First } }, { then: { fallback: Second } }),
    );
    const result = await runPipeline(Root);
    expect(taken).toEqual([1, -2, 3, -4]);
    expect(countsAt(result, 'root/work/fallback')).toMatchObject({ in: 2, failed: 2 });
    expect(countsAt(result, 'root/work/fallback-2/lookup')).toMatchObject({ in: 2, out: 2 });
  });

  test('that gives nothing leaves the item out; of several outputs it fails', async () => {
    const { Root, taken } = fallingBackTo(through((item) => (item === 2 ? SKIP : item)));
    const result = await runPipeline(Root);
    expect(taken).toEqual([1, 3, 4]);
    expect(countsAt(result, 'root/work')).toMatchObject({ out: 3, filtered: 1, recovered: 1 });
    expectBalanced(result);

    const Twice = definePipeline<number, number>('twice', (builder) => {
      const input = builder.addCompositeInput();
      const output = builder.addCompositeOutput();
      builder.connect(input, output);
      builder.connect(
        builder.addTransform((item: number) => item, { from: input }),
        output,
      );
    });
    const error = await rejectionOf(runPipeline(fallingBackTo(Twice).Root));
    expect((error.cause as AggregateError).errors[1]).toMatchObject({
      code: 'COMPOSITE_MULTIPLE_OUTPUTS',
      path: 'root/work/fallback',
    });
  });

  test('whose own policy leaves the item out has handled it', async () => {
    const Lost = definePipeline<number, number>('lost', (builder) => {
      const node = builder.addTransform(evenFail, {
        name: 'lookup',
        from: builder.addCompositeInput(),
        errorPolicy: 'deadLetter',
      });
      builder.connect(node, builder.addCompositeOutput());
    });
    const letters = new KeptLetters();
    const result = await runPipeline(fallingBackTo(Lost).Root, { deadLetterSink: letters });
    expect(letters.envelopes.map(({ decidedAt, item }) => [decidedAt, item])).toEqual([
      ['root/work/fallback/lookup', 2],
      ['root/work/fallback/lookup', 4],
    ]);
    expect(countsAt(result, 'root/work')).toMatchObject({ out: 2, filtered: 2, recovered: 0 });
    expectBalanced(result);
  });

  test('of a sink takes the item in its place', async () => {
    const kept: number[] = [];
    const Keep = through((item) => kept.push(item));
    const Root = definePipeline('root', (builder) => {
      builder.addSink(evenFail, {
        name: 'save',
        from: builder.addSource([1, 2]),
        errorPolicy: errorPolicy({ then: { fallback: Keep } }),
      });
    });
    const result = await runPipeline(Root);
    expect(kept).toEqual([2]);
    expect(countsAt(result, 'root/save')).toMatchObject({ in: 2, out: 2, recovered: 1 });
  });

  test('of a composite gives as many outputs as the composite may', async () => {
    const twice = (name: string, factor: number) =>
      definePipeline<number, number>(name, (builder) => {
        const input = builder.addCompositeInput();
        const copies = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            for await (const item of items) {
              yield item * factor;
              yield (factor === 1 ? evenFail : (each: number) => each)(item * factor);
            }
          },
          { from: input },
        );
        builder.connect(copies, builder.addCompositeOutput());
      });
    const taken: number[] = [];
    const Root = definePipeline('root', (builder) => {
      const work = builder.addComposite(twice('both', 1), {
        name: 'work',
        from: builder.addSource([1, 2]),
        output: 'many',
        errorPolicy: errorPolicy({ then: { fallback: twice('cached', 10) } }),
      });
      builder.addSink((item) => taken.push(item), { from: work });
    });
    const result = await runPipeline(Root);
    expect(taken).toEqual([1, 1, 20, 20]);
    expect(countsAt(result, 'root/work')).toMatchObject({ in: 2, out: 2, recovered: 1, emitted: 4 });
    expectBalanced(result);
  });

  test('ends with a cancel, as everything does', async () => {
    const { Root } = fallingBackTo(
      through(async (_item, context) => {
        context.run.cancel();
        await Promise.resolve();
        throw context.signal.reason;
      }),
    );
    const error = await rejectionOf(runPipeline(Root));
    expect(error.code).toBe('RUN_CANCELLED');
    expect(countsAt(resultOf(error), 'root/work')).toMatchObject({ cancelled: 1, failed: 0 });
    expectBalanced(resultOf(error));
  });

  test('that ignores a cancel is named in abandoned, and its item is accounted for', async () => {
    const controller = new AbortController();
    const { Root } = fallingBackTo(
      through(() => {
        controller.abort();
        return new Promise<number>(() => undefined);
      }),
      [2],
    );
    const runner = new PipelineRunner({ graceMs: 20 });
    const error = await rejectionOf(runner.run(Root, { signal: controller.signal }));
    expect(error.abandoned).toEqual(['root/work', 'root/work/fallback/lookup']);
    expect(countsAt(resultOf(error), 'root/work/fallback')).toMatchObject({ in: 1, cancelled: 1 });
    expectBalanced(resultOf(error));
  });

  test('runs outside of the timeoutMs of its node', async () => {
    const Root = definePipeline('root', (builder) => {
      const work = builder.addTransform(
        (_item: number, context) =>
          new Promise<number>((_resolve, reject) => {
            context.signal.addEventListener('abort', () => {
              reject(context.signal.reason as Error);
            });
          }),
        {
          name: 'work',
          from: builder.addSource([1]),
          timeoutMs: 5,
          errorPolicy: errorPolicy({
            on: 'NODE_TIMEOUT',
            then: {
              fallback: through(async (item) => {
                await new Promise((resolve) => setTimeout(resolve, 20));
                return item;
              }),
            },
          }),
        },
      );
      builder.addSink(() => undefined, { from: work });
    });
    expect(countsAt(await runPipeline(Root), 'root/work')).toMatchObject({ out: 1, recovered: 1 });
  });

  test('is told to observers, start and end', async () => {
    const observer = new RecordingObserver();
    await runPipeline(
      fallingBackTo(
        through((item) => item),
        [2],
      ).Root,
      { executionObserver: observer },
    );
    const told = observer.events
      .filter(({ path }) => path.startsWith('root/work'))
      .map(({ type, path }) => `${type} ${path}`);
    expect(told).toEqual([
      'nodeStarted root/work',
      'itemFailed root/work',
      'compositeStarted root/work/fallback',
      'pipelineStarted root/work/fallback',
      'nodeStarted root/work/fallback/input',
      'nodeStarted root/work/fallback/lookup',
      'nodeStarted root/work/fallback/output',
      'nodeCompleted root/work/fallback/input',
      'nodeCompleted root/work/fallback/lookup',
      'nodeCompleted root/work/fallback/output',
      'pipelineCompleted root/work/fallback',
      'compositeCompleted root/work/fallback',
      'itemRecovered root/work',
      'nodeCompleted root/work',
    ]);
  });

  test('is a part of the item’s lineage', async () => {
    const lineage = new KeptLineage();
    await runPipeline(
      fallingBackTo(
        through((item) => item),
        [2],
      ).Root,
      { lineageSink: lineage },
    );
    expect(lineage.records).toHaveLength(1);
    const [record] = lineage.records;
    expect(record?.outcome).toBe('emitted');
    expect(record?.traversal.map(({ path }) => path)).toContain('root/work/fallback/lookup');
  });

  test('that loses items counts for what its pipeline tolerates', async () => {
    const run = (ratio: number) => {
      const Lost = definePipeline<number, number>('lost', (builder) => {
        const node = builder.addTransform(evenFail, {
          from: builder.addCompositeInput(),
          errorPolicy: 'skip',
        });
        builder.connect(node, builder.addCompositeOutput());
      });
      const Root = definePipeline('root', (builder) => {
        builder.tolerate({ ratio, counts: ['skipped'] });
        const work = builder.addTransform(evenFail, {
          from: builder.addSource([1, 2, 3, 4]),
          errorPolicy: errorPolicy({ then: { fallback: Lost } }),
        });
        builder.addSink(() => undefined, { from: work });
      });
      return outcomeOf(runPipeline(Root));
    };
    expect([(await run(0.5)).code, (await run(0.49)).code]).toEqual(['none', 'TOLERANCE_EXCEEDED']);
  });
});

describe('a graph with a sub-pipeline as a fallback', () => {
  const { Root } = fallingBackTo(through((item) => item));

  test('has it as a child graph, and shows it in text and drawings', () => {
    const graph = buildPipeline(Root);
    expect([...graph.childGraphs.keys()]).toEqual(['work/fallback']);
    expect(graph.describe().split('\n')).toEqual([
      'root',
      '├─ source (source) → work',
      '├─ work (transform) [errorPolicy=* → fallback cache-pipeline] → sink',
      '│  └─ fallback (pipeline cache-pipeline)',
      '│     ├─ input (composite-input) → lookup',
      '│     ├─ lookup (transform) → output',
      '│     └─ output (composite-output)',
      '└─ sink (sink)',
    ]);
    expect(graph.toMermaid().split('\n')).toEqual([
      'flowchart LR',
      '  n0(["source"])',
      '  n1["work"]',
      '  subgraph n1f0["fallback: cache-pipeline"]',
      '    n1f0_0(["input"])',
      '    n1f0_1["lookup"]',
      '    n1f0_2[("output")]',
      '    n1f0_0 --> n1f0_1',
      '    n1f0_1 --> n1f0_2',
      '  end',
      '  n1 -. fails .-> n1f0',
      '  n2[("sink")]',
      '  n0 --> n1',
      '  n1 --> n2',
    ]);
    expect(graph.toDot()).toContain('subgraph cluster_n1f0 {');
    expect(graph.toDot()).toContain('n1 -> n1f0_0 [style=dashed, label=" fails"]');
    expect(graph.contextMap().rows.map(({ path }) => path)).toEqual(['root/work/fallback']);
  });

  const inBuilder = (fallback: DefinitionClass<number, number>, child?: DefinitionClass<number, number>) => {
    const builder = new PipelineBuilder();
    const from = builder.addSource([1]);
    const options = { name: 'work', from, errorPolicy: errorPolicy({ then: { fallback } }) };
    const work =
      child === undefined ? builder.addTransform(evenFail, options) : builder.addComposite(child, options);
    builder.addSink(() => undefined, { from: work });
    return builder.validate().errors.map(({ code, path }) => `${code} ${path}`);
  };

  test('is refused where the sub-pipeline is wrong', () => {
    const NoOutput = definePipeline<number, number>('no-output', (builder) => {
      builder.addSink(() => undefined, { from: builder.addCompositeInput() });
    });
    expect(inBuilder(NoOutput)).toEqual(['COMPOSITE_OUTPUT_MISSING pipeline/work/fallback']);
    class Demanding {
      static readonly pipeline = { requires: { parameters: ['Region'] } };
      define(builder: PipelineBuilder<number, number>): void {
        builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      }
    }
    expect(inBuilder(Demanding)).toEqual(['CONTEXT_REQUIREMENT_UNMET pipeline/work/fallback']);
    class Endless {
      define(builder: PipelineBuilder<number, number>): void {
        const work = builder.addTransform(evenFail, {
          name: 'again',
          from: builder.addCompositeInput(),
          errorPolicy: errorPolicy({ then: { fallback: Endless } }),
        });
        builder.connect(work, builder.addCompositeOutput());
      }
    }
    expect(inBuilder(Endless)).toEqual(['PIPELINE_CYCLE pipeline/work/fallback/again/fallback']);
  });

  test('is refused where a node of a composite’s child has the path of the fallback', () => {
    const Child = definePipeline<number, number>('child', (builder) => {
      const node = builder.addTransform(evenFail, { name: 'fallback', from: builder.addCompositeInput() });
      builder.connect(node, builder.addCompositeOutput());
    });
    expect(
      inBuilder(
        through((item) => item),
        Child,
      ),
    ).toEqual(['DUPLICATE_NODE pipeline/work/fallback']);
  });

  test('is refused where it would be a fallback of all nodes', () => {
    const builder = new PipelineBuilder();
    builder.addSink(() => undefined, { from: builder.addSource([1]) });
    const policy = errorPolicy({ then: { fallback: through((item) => item) } });
    builder.errorPolicy(policy as ErrorPolicy);
    const { errors } = builder.validate();
    expect(errors).toMatchObject([{ code: 'OPTION_INVALID', path: 'pipeline' }]);
    expect(errors[0]?.message).toContain('belongs to one node');
  });
});

describe('in a test', () => {
  const Cache = through((item) => item * 10);
  const { Root } = fallingBackTo(Cache);

  test('its nodes are replaced by their path', async () => {
    const run = await testPipeline(Root)
      .replaceNode('work/fallback/lookup', (item: number) => -item)
      .run();
    expect(run.sink('sink')).toEqual([1, -2, 3, -4]);
  });

  test('a node that it has not is told', async () => {
    const run = await testPipeline(Root)
      .replaceNode('work/fallback/nothing', (item: number) => item)
      .run();
    expect(run.errors).toMatchObject([{ code: 'NODE_UNKNOWN' }]);
  });

  test('it is replaced as a whole', async () => {
    const run = await testPipeline(Root)
      .withChild(Cache, (item) => -item)
      .run();
    expect(run.sink('sink')).toEqual([1, -2, 3, -4]);
    expect(run.child(Cache).inputs).toEqual([2, 4]);
  });
});

test('a dead letter of a fallback is run again by the fallback’s own pipeline', async () => {
  let isDown = true;
  const Cache = definePipeline<number, number>('cache', (builder) => {
    const node = builder.addTransform((item: number) => (isDown ? evenFail(item) : item * 10), {
      name: 'lookup',
      from: builder.addCompositeInput(),
      errorPolicy: 'deadLetter',
    });
    builder.connect(node, builder.addCompositeOutput());
  });
  const sink = new MemoryDeadLetterSink();
  const runner = new PipelineRunner();
  const { Root } = fallingBackTo(Cache);
  await runner.run(Root, { deadLetterSink: sink });

  const error = await rejectionOf(replayDeadLetters(sink, { definition: Root, runner }));
  expect(error.code).toBe('REPLAY_INCOMPATIBLE');
  expect(error.message).toContain("failed in a fallback of 'root/work'");

  isDown = false;
  const outputs: unknown[] = [];
  const tally = await replayDeadLetters(sink, {
    definition: Cache,
    runner,
    onOutput: (output) => outputs.push(output),
  });
  expect(tally).toEqual({ replayed: 2, succeeded: 2, failedAgain: 0 });
  expect(outputs).toEqual([20, 40]);
});
