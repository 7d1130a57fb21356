import { once } from 'node:events';
import { expect, test } from 'vitest';
import { PipelineRunner, type PipelineContext, type RunResult } from 'heirline';
import { definePipeline, outcomeOf, range } from './support/harness.js';

/** A sub-pipeline whose second node never gets the third item: the first one ends the run with it. */
const Ending = definePipeline<number, number>('ending', (builder) => {
  const end = (item: number, { run }: PipelineContext): number => {
    if (item === 3) run.cancel();
    return item;
  };
  const first = builder.addTransform(end, { name: 'first', from: builder.addCompositeInput() });
  builder.addCompositeOutput({
    from: builder.addTransform((item) => item, { name: 'second', from: first }),
  });
});

const inRow = definePipeline('row', (builder) => {
  const end = (item: number, { run }: PipelineContext): number => {
    if (item === 3) run.cancel();
    return item;
  };
  const first = builder.addTransform(end, {
    name: 'first',
    from: builder.addSource(range(1, 9), 'numbers'),
  });
  builder.addSink(() => undefined, { name: 'second', from: first });
});

const inChild = definePipeline('parent', (builder) => {
  const child = builder.addComposite(Ending, {
    name: 'child',
    from: builder.addSource(range(1, 9), 'numbers'),
  });
  builder.addSink(() => undefined, { name: 'sink', from: child });
});

const inStream = definePipeline('stream', (builder) => {
  async function* batches(items: AsyncIterable<number>, { run }: PipelineContext): AsyncGenerator<number[]> {
    let batch: number[] = [];
    for await (const item of items) {
      batch.push(item);
      if (item === 7) run.cancel();
      if (batch.length < 4) continue;
      yield batch;
      batch = [];
    }
  }
  const batched = builder.addStreamTransform(batches, {
    name: 'batch',
    from: builder.addSource(range(1, 9), 'numbers'),
  });
  builder.addSink(() => undefined, { name: 'sink', from: batched });
});

const atOnce = definePipeline('lanes', (builder) => {
  const hang = async (item: number, { run, signal }: PipelineContext): Promise<number> => {
    if (item < 4) await once(signal, 'abort');
    else run.cancel();
    return item;
  };
  const waited = builder.addTransform(hang, {
    name: 'wait',
    from: builder.addSource(range(1, 9), 'numbers'),
    concurrency: 4,
  });
  builder.addSink(() => undefined, { name: 'behind', from: waited });
});

/** The cancelled items of each node that has any. */
function cancelledIn({ nodes }: RunResult): Record<string, number> {
  const counts = [...nodes].map(([path, { cancelled }]) => [path, cancelled] as const);
  return Object.fromEntries(counts.filter(([, cancelled]) => cancelled > 0));
}

/** How often each path has told of an item that was given up, and what the result counts. */
async function cancelledOf(definition: typeof inRow, codeGeneration: false | { after: number }) {
  const told: Record<string, number> = {};
  const runner = new PipelineRunner({
    codeGeneration,
    executionObserver: { itemCancelled: ({ path }) => (told[path] = (told[path] ?? 0) + 1) },
  });
  const { code, result } = await outcomeOf(runner.run(definition));
  return { code, told, counted: cancelledIn(result) };
}

test.each([
  ['in a row of nodes', inRow, { 'row/second': 1 }],
  ['in a child', inChild, { 'parent/child': 1, 'parent/child/second': 1 }],
  ['held by a stream transform', inStream, { 'stream/batch': 3 }],
  ['in lanes', atOnce, { 'lanes/behind': 4 }],
])('an item that is given up %s is told once, as it is counted', async (_, definition, expected) => {
  for (const codeGeneration of [false as const, { after: 0 }]) {
    const { code, told, counted } = await cancelledOf(definition, codeGeneration);

    expect(code).toBe('RUN_CANCELLED');
    expect(told).toEqual(expected);
    expect(counted).toEqual(expected);
  }
});
