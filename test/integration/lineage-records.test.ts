import { describe, expect, test } from 'vitest';
import { errorPolicy, MemoryLineageSink, runPipeline } from 'heirline';
import {
  definePipeline,
  defineStep,
  KeptLetters,
  range,
  rejectionOf,
  throwAnything,
} from './support/harness.js';

const ignore = (): void => undefined;

/** What a run with a tenant records; a run that fails has recorded up to its failure. */
async function recordsOf(definition: ReturnType<typeof failing>, sampleEvery = 1) {
  const sink = new MemoryLineageSink();
  const context = {
    lineage: { sink, sampleEvery },
    deadLetterSink: new KeptLetters(),
    run: { tenantId: 'acme' },
  };
  await runPipeline(definition, context).catch(ignore);
  return sink.records;
}

/** One node that fails with a payload in its message. */
function failing(then: 'skip' | 'deadLetter' | 'fail' | 'collect') {
  return definePipeline('root', (builder) => {
    const node = builder.addTransform((item: number) => throwAnything(new TypeError(`bad ${String(item)}`)), {
      name: 'node',
      from: builder.addSource([7], 'source'),
      errorPolicy: errorPolicy({ then }),
    });
    builder.connect(node, builder.addSink(ignore, 'sink'));
  });
}

describe('the record of an item that an error ended', () => {
  const endings = { skip: 'filtered', deadLetter: 'deadLettered', fail: 'error', collect: 'error' } as const;

  for (const then of ['skip', 'deadLetter', 'fail', 'collect'] as const)
    test(`names the error without its message, and the tenant: ${then}`, async () => {
      const [record] = await recordsOf(failing(then));

      expect(record).toMatchObject({ outcome: endings[then], path: 'root/node', tenantId: 'acme' });
      expect(record?.error).toEqual({ code: 'NODE_FAILED', name: 'TypeError' });
      expect(JSON.stringify(record)).not.toContain('bad 7');
    });

  test('of a child that failed, too', async () => {
    const Parent = definePipeline('root', (builder) => {
      const child = builder.addComposite(
        defineStep<number, number>('child-pipeline', 'node', () => throwAnything(new RangeError('far'))),
        { name: 'child', from: builder.addSource([1], 'source'), errorPolicy: errorPolicy('skip') },
      );
      builder.connect(child, builder.addSink(ignore, 'sink'));
    });

    const [record] = await recordsOf(Parent);

    expect(record).toMatchObject({ outcome: 'filtered', error: { code: 'NODE_FAILED', name: 'RangeError' } });
  });

  test('says nothing of errors where there was none', async () => {
    const [record] = await recordsOf(
      definePipeline('root', (builder) => {
        builder.connect(builder.addSource([1], 'source'), builder.addSink(ignore, 'sink'));
      }),
    );

    expect(record?.outcome).toBe('emitted');
    expect(record).not.toHaveProperty('error');
  });
});

/** A stream transform between a source and a sink. */
function made(last: number, transform: (items: AsyncIterable<number>) => AsyncIterable<unknown>) {
  return definePipeline('root', (builder) => {
    const made = builder.addStreamTransform(transform, {
      name: 'made',
      from: builder.addSource([...range(1, last)], 'source'),
    });
    builder.connect(made, builder.addSink(ignore, 'sink'));
  });
}

/** What the outputs were made of: of each the ids, and how many. */
async function contributorsOf(definition: ReturnType<typeof failing>, sampleEvery?: number) {
  const records = await recordsOf(definition, sampleEvery);
  const ends = records.filter(({ outcome }) => outcome === 'emitted');
  return ends.map(({ correlationId, contributors = [], contributorCount }) => ({
    correlationId,
    contributors,
    contributorCount,
  }));
}

async function* collected(items: AsyncIterable<number>, outputs: number): AsyncIterable<number> {
  let sum = 0;
  for await (const item of items) sum += item;
  for (let output = 0; output < outputs; output += 1) yield sum;
}

describe('what a stream transform has made', () => {
  test('names the items taken since the output before', async () => {
    const records = await contributorsOf(made(3, (items) => collected(items, 1)));

    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ contributorCount: 3 });
    expect(records[0]?.contributors).toHaveLength(3);
  });

  test('names those of the output before where none was taken since', async () => {
    const [first, second] = await contributorsOf(made(3, (items) => collected(items, 2)));

    expect(second?.contributors).toEqual(first?.contributors);
    expect(second?.contributorCount).toBe(3);
  });

  test('names the output before in place of more than 100 items', async () => {
    const [first, second, third] = await contributorsOf(made(101, (items) => collected(items, 3)));

    expect(first?.contributors).toHaveLength(101);
    for (const later of [second, third])
      expect(later).toMatchObject({ contributors: [first?.correlationId], contributorCount: 1 });
  });

  test('names nothing where it was made before anything was taken', async () => {
    const [first] = await contributorsOf(
      made(2, async function* (items) {
        yield 'header';
        yield* items;
      }),
    );

    expect(first).toMatchObject({ contributors: [], contributorCount: 0 });
  });

  test('names the latest 10,000 of more, and counts all', async () => {
    const [only] = await contributorsOf(made(25_000, (items) => collected(items, 1)));

    expect(only?.contributors).toHaveLength(10_000);
    expect(only?.contributors.at(-1)).toMatch(/#25000$/u);
    expect(only?.contributorCount).toBe(25_000);
  });

  test('names those that are followed, and counts the others too', async () => {
    const [only] = await contributorsOf(
      made(50, (items) => collected(items, 1)),
      10,
    );

    expect(only?.contributors).toHaveLength(5);
    expect(only?.contributorCount).toBe(50);
  });
});

test('an item that ends the run of a stream transform names its error', async () => {
  const sink = new MemoryLineageSink();
  const broken = made(1, async function* (items) {
    for await (const item of items) yield throwAnything(new RangeError(String(item)));
  });

  await rejectionOf(runPipeline(broken, { lineage: { sink } }));

  expect(sink.records[0]).toMatchObject({
    outcome: 'error',
    error: { code: 'NODE_FAILED', name: 'RangeError' },
  });
});
