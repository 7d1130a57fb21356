import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  fixed,
  MemoryLineageSink,
  runPipeline,
  SKIP,
  type LineageRecord,
  type LineageSink,
} from 'heirline';
import {
  countsAt,
  definePipeline,
  defineStep,
  delay,
  KeptLetters,
  KeptLineage,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
} from './support/harness.js';

const ignore = (): void => undefined;

/** The one terminal record of each item, in the order of the records. */
function onlyTerminals(lineage: KeptLineage): LineageRecord[] {
  const terminals = [...lineage.terminals().values()];
  expect(terminals.every((records) => records.length === 1)).toBe(true);
  return terminals.flat();
}

/** What became of the items, counted. */
function outcomesOf(lineage: KeptLineage): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const record of onlyTerminals(lineage)) counted[record.outcome] = (counted[record.outcome] ?? 0) + 1;
  return counted;
}

/** Expects that some values appear in this order, with others between them perhaps. */
function expectInOrder(all: readonly string[], wanted: readonly string[]): void {
  expect(all.filter((value) => wanted.includes(value))).toEqual(wanted);
}

/** Three levels with a transform before, within and after: `a`, `outer/b`, `outer/inner/c`, `outer/d`, `e`. */
function threeLevels(items: Iterable<number>, step: (item: number) => number | typeof SKIP) {
  const Inner = definePipeline<number, number>('inner-pipeline', (builder) => {
    const c = builder.addTransform(step, { name: 'c', from: builder.addCompositeInput() });
    builder.connect(c, builder.addCompositeOutput());
  });
  const Outer = definePipeline<number, number>('outer-pipeline', (builder) => {
    const b = builder.addTransform((item: number) => item, { name: 'b', from: builder.addCompositeInput() });
    const inner = builder.addComposite(Inner, { name: 'inner', from: b, output: 'optional' });
    const d = builder.addTransform(async (item: number) => Promise.resolve(item), { name: 'd', from: inner });
    builder.connect(d, builder.addCompositeOutput());
  });
  return definePipeline('root', (builder) => {
    const a = builder.addTransform((item: number) => item, {
      name: 'a',
      from: builder.addSource(items, 'source'),
    });
    const outer = builder.addComposite(Outer, {
      name: 'outer',
      from: a,
      output: 'optional',
      errorPolicy: errorPolicy({ on: RangeError, then: 'skip' }, { on: TypeError, then: 'deadLetter' }),
    });
    const e = builder.addTransform((item: number) => item, { name: 'e', from: outer });
    builder.connect(e, builder.addSink(ignore, 'sink'));
  });
}

describe('lineage through three levels', () => {
  test('gives each input one correlation id and exactly one terminal record', async () => {
    const lineage = new KeptLineage();

    const result = await runPipeline(
      threeLevels(range(1, 20), (item) => item),
      { lineageSink: lineage },
    );

    const terminals = onlyTerminals(lineage);
    expect(terminals).toHaveLength(20);
    for (const record of terminals) {
      expect(record).toMatchObject({ outcome: 'emitted', terminal: true, runId: result.runId });
      expect(record.correlationId).not.toBe('');
      expect(record.at).toBeTypeOf('number');
    }
  });

  test('lists the nodes that the item passed, in order, those of the children included', async () => {
    const lineage = new KeptLineage();

    await runPipeline(
      threeLevels([1], (item) => item),
      { lineageSink: lineage },
    );

    const [record] = onlyTerminals(lineage);
    expectInOrder(record?.traversal.map((hop) => hop.path) ?? [], [
      'root/a',
      'root/outer/b',
      'root/outer/inner/c',
      'root/outer/d',
      'root/e',
    ]);
    const hop = record?.traversal.find((each) => each.path === 'root/outer/inner/c');
    expect(hop).toMatchObject({
      nodeId: 'c',
      pipelineName: 'inner-pipeline',
      qualifiedName: 'inner-pipeline::c',
      inputs: 1,
      outputs: 1,
      cardinality: 'one',
      attempts: 1,
    });
    expect(hop?.pipelineId).not.toBe(record?.pipelineId);
  });

  test('tells emitted, filtered, skipped and dead-lettered items apart, one record each', async () => {
    const lineage = new KeptLineage();
    const letters = new KeptLetters();

    await runPipeline(
      threeLevels(range(1, 40), (item) => {
        if (item % 4 === 1) return SKIP;
        if (item % 4 === 2) throw new RangeError('skip me');
        if (item % 4 === 3) throw new TypeError('keep me for later');
        return item;
      }),
      { lineageSink: lineage, deadLetterSink: letters },
    );

    expect(outcomesOf(lineage)).toEqual({ emitted: 10, filtered: 20, deadLettered: 10 });
    const deadLettered = onlyTerminals(lineage)
      .filter((record) => record.outcome === 'deadLettered')
      .map((record) => record.correlationId);
    expect(letters.envelopes.map((letter) => letter.correlationId).sort()).toEqual(deadLettered.sort());
  });

  test('has one for the item whose failure ends the run, and one for each that was on its way', async () => {
    const lineage = new KeptLineage();

    await rejectionOf(
      runPipeline(
        threeLevels(range(1, 9), (item) => (item === 5 ? throwAnything(new Error('five')) : item)),
        { lineageSink: lineage },
      ),
    );

    expect(outcomesOf(lineage)).toEqual({ emitted: 4, error: 1 });
  });

  test('has one for every item that was pulled before a failure or a cancel', async () => {
    for (const ending of ['failure', 'cancel'] as const) {
      const lineage = new KeptLineage();
      const Parent = definePipeline('root', (builder) => {
        const work = builder.addTransform(
          async (item: number, context) => {
            await nextTurn();
            if (item === 7 && ending === 'failure') throw new Error('seven');
            if (item === 7) context.run.cancel();
            return item;
          },
          { name: 'work', from: builder.addSource(range(1, 20), 'source'), concurrency: 4 },
        );
        builder.connect(work, builder.addSink(ignore, 'sink'));
      });

      const error = await rejectionOf(runPipeline(Parent, { lineageSink: lineage }));

      const outcomes = onlyTerminals(lineage).map((record) => record.outcome);
      expect(outcomes).toHaveLength(countsAt(resultOf(error), 'root/source').in);
      expect(outcomes.filter((outcome) => outcome === 'error')).toHaveLength(ending === 'failure' ? 1 : 0);
    }
  });

  test('counts retries', async () => {
    const lineage = new KeptLineage();
    let tries = 0;
    const Parent = definePipeline('root', (builder) => {
      const flaky = builder.addTransform(
        (item: number) => {
          tries += 1;
          return tries < 3 ? throwAnything(new Error('busy')) : item;
        },
        {
          name: 'flaky',
          from: builder.addSource([1], 'source'),
          errorPolicy: errorPolicy({ then: { retry: { attempts: 5, delay: fixed(0) } } }),
        },
      );
      builder.connect(flaky, builder.addSink(ignore, 'sink'));
    });

    await runPipeline(Parent, { lineageSink: lineage });

    const [record] = onlyTerminals(lineage);
    expect(record?.outcome).toBe('emitted');
    expect(record?.traversal.find((hop) => hop.path === 'root/flaky')?.attempts).toBe(3);
  });

  test('keeps the items apart when they run side by side', async () => {
    const lineage = new KeptLineage();
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const wait = builder.addTransform(
        async (item: number) => {
          await delay(item % 3);
          return item % 5 === 0 ? SKIP : item;
        },
        { name: 'wait', from: builder.addCompositeInput() },
      );
      builder.connect(wait, builder.addCompositeOutput());
    });
    const Parent = definePipeline('root', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource(range(1, 50), 'source'),
        concurrency: 16,
        output: 'optional',
      });
      builder.connect(child, builder.addSink(ignore, 'sink'));
    });

    await runPipeline(Parent, { lineageSink: lineage });

    expect(outcomesOf(lineage)).toEqual({ emitted: 40, filtered: 10 });
    for (const record of onlyTerminals(lineage)) {
      expect(record.traversal.filter((hop) => hop.path === 'root/child/wait')).toHaveLength(1);
    }
  });

  test('never writes two terminal records for one id, also with many outputs and several sinks', async () => {
    const lineage = new KeptLineage();
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const spread = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items) yield* range(1, item % 4);
        },
        { name: 'spread', from: builder.addCompositeInput() },
      );
      builder.connect(spread, builder.addCompositeOutput());
    });
    const Parent = definePipeline('root', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource(range(1, 12), 'source'),
        output: 'many',
      });
      builder.connect(child, builder.addSink(ignore, 'one')).connect(child, builder.addSink(ignore, 'two'));
    });

    await runPipeline(Parent, { lineageSink: lineage });

    expect(onlyTerminals(lineage).length).toBeGreaterThanOrEqual(12);
  });
});

describe('where a child does not inherit the lineage sink', () => {
  test('its nodes write nothing there, and each input still has one terminal record, the parent’s', async () => {
    const lineage = new KeptLineage();
    const Parent = definePipeline('root', (builder) => {
      const child = builder.addComposite(
        defineStep<number, number>('child-pipeline', 'node', (item) =>
          item === 2 ? throwAnything(new Error('two')) : item,
        ),
        {
          name: 'child',
          from: builder.addSource([1, 2, 3], 'source'),
          contextConfiguration: { inheritLineageSink: false },
          errorPolicy: errorPolicy('skip'),
        },
      );
      builder.connect(child, builder.addSink(ignore, 'sink'));
    });

    await runPipeline(Parent, { lineageSink: lineage });

    expect(lineage.records.filter((record) => record.path.startsWith('root/child/'))).toEqual([]);
    expect(outcomesOf(lineage)).toEqual({ emitted: 2, filtered: 1 });
  });
});

describe('a lineage sink', () => {
  test('is awaited', async () => {
    let written = 0;
    const sink: LineageSink = {
      async record() {
        await nextTurn();
        written += 1;
      },
    };

    await runPipeline(
      threeLevels(range(1, 5), (item) => item),
      { lineageSink: sink },
    );

    expect(written).toBeGreaterThanOrEqual(5);
  });

  test('without one, a run is the same', async () => {
    const result = await runPipeline(threeLevels(range(1, 5), (item) => item));

    expect(result.status).toBe('succeeded');
  });
});

describe('MemoryLineageSink', () => {
  test('answers what became of an id', async () => {
    const sink = new MemoryLineageSink();
    const kept = new KeptLineage();
    const both: LineageSink = {
      record(record) {
        kept.record(record);
        sink.record(record);
      },
    };

    await runPipeline(
      threeLevels(range(1, 6), (item) => (item % 2 === 0 ? SKIP : item)),
      { lineageSink: both },
    );

    for (const [correlationId, [terminal]] of kept.terminals()) {
      expect(sink.terminal(correlationId)).toMatchObject({
        correlationId,
        terminal: true,
        outcome: terminal?.outcome,
      });
      expect(sink.history(correlationId).at(-1)).toMatchObject({ correlationId, terminal: true });
    }
    expect(sink.terminal('nobody')).toBeUndefined();
    expect([...sink.history('nobody')]).toEqual([]);
  });

  test('tells which items passed a path, and forgets everything when cleared', async () => {
    const sink = new MemoryLineageSink();

    await runPipeline(
      threeLevels(range(1, 6), (item) => (item % 2 === 0 ? SKIP : item)),
      { lineageSink: sink },
    );

    expect([...sink.passedThrough('root/outer/d')]).toHaveLength(3);
    expect([...sink.passedThrough('root/outer/b')]).toHaveLength(6);
    sink.clear();
    expect([...sink.passedThrough('root/outer/b')]).toEqual([]);
  });
});
