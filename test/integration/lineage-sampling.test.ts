import { describe, expect, test } from 'vitest';
import type { PipelineError } from 'heirline';
import {
  errorPolicy,
  MemoryLineageSink,
  PipelineContext,
  PipelineRunner,
  runPipeline,
  SKIP,
  type LineageSink,
  type PipelineBuilder,
  type PipelineContextOptions,
} from 'heirline';
import {
  definePipeline,
  delay,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
} from './support/harness.js';

const ignore = (): void => undefined;

/** Items through one step into a sink. */
function through(items: Iterable<unknown> | AsyncIterable<unknown>, step: (item: number) => unknown) {
  return definePipeline('root', (builder: PipelineBuilder) => {
    const stepped = builder.addTransform(step as (item: unknown) => unknown, {
      name: 'step',
      from: builder.addSource(items, 'source'),
      errorPolicy: errorPolicy({ on: RangeError, then: 'skip' }),
    });
    builder.connect(stepped, builder.addSink(ignore, 'sink'));
  });
}

const ways: Readonly<Record<string, (item: number) => unknown>> = {
  'nodes that answer at once': (item) => item,
  'nodes that promise': async (item) => {
    if (item % 7 === 0) await nextTurn();
    return item;
  },
  'items left out': (item) => (item % 2 === 0 ? SKIP : item),
  'items skipped': (item) => (item % 3 === 0 ? throwAnything(new RangeError('three')) : item),
};

const sources: Readonly<Record<string, (last: number) => Iterable<unknown> | AsyncIterable<unknown>>> = {
  'a list': (last) => [...range(1, last)],
  'an iterator': (last) => range(1, last),
  'a list of promises': (last) => [...range(1, last)].map((item) => Promise.resolve(item)),
  'an asynchronous iterator': async function* (last) {
    await nextTurn();
    yield* range(1, last);
  },
};

/** The ends that a run has recorded, by the id of the item. */
async function endsOf(definition: ReturnType<typeof through>, every: number, runId: string) {
  const sink = new MemoryLineageSink();
  const result = await runPipeline(definition, { lineage: { sink, sampleEvery: every }, run: { runId } });
  const ends = sink.records.map(
    ({ correlationId, outcome, path }) => [correlationId, { outcome, path }] as const,
  );
  return { ends: new Map(ends), counts: result.lineage };
}

describe('lineage of one item in so many', () => {
  for (const [from, items] of Object.entries(sources))
    for (const [way, step] of Object.entries(ways))
      test(`is what full lineage has of those items: ${from}, ${way}`, async () => {
        const all = await endsOf(through(items(2500), step), 1, 'run-1');
        const some = await endsOf(through(items(2500), step), 100, 'run-1');

        expect(all.ends.size).toBe(2500);
        expect(some.ends.size).toBe(25);
        for (const [id, end] of some.ends) expect(all.ends.get(id)).toEqual(end);
        expect(some.counts).toEqual({ recorded: 25, lost: 0 });
        const numbers = [...some.ends.keys()].map((id) => Number(id.split('#')[1]));
        numbers.sort((one, other) => one - other);
        expect(numbers.every((number, at) => at === 0 || number - Number(numbers[at - 1]) === 100)).toBe(
          true,
        );
      });

  test('follows the same items again under the same run id, and others under another', async () => {
    const first = async (runId: string): Promise<unknown> =>
      [...(await endsOf(through([...range(1, 200)], Number), 50, runId)).ends.keys()].map(
        (id) => id.split('#')[1],
      );

    expect(await first('run-1')).toEqual(await first('run-1'));
    const others = await Promise.all(['run-2', 'run-3', 'run-4', 'run-5'].map(first));
    expect(new Set(others.map((numbers) => JSON.stringify(numbers))).size).toBeGreaterThan(1);
  });

  test('follows what a stream transform makes of an item that is followed', async () => {
    const sink = new MemoryLineageSink();
    const Pairs = definePipeline('root', (builder) => {
      const pairs = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          let held: number[] = [];
          for await (const item of items) {
            held.push(item);
            if (held.length < 2) continue;
            yield held;
            held = [];
          }
        },
        { name: 'pairs', from: builder.addSource([...range(1, 40)], 'source') },
      );
      builder.connect(pairs, builder.addSink(ignore, 'sink'));
    });

    await runPipeline(Pairs, { lineage: { sink, sampleEvery: 10 } });

    const taken = sink.records.filter(({ outcome }) => outcome === 'aggregated');
    const made = sink.records.filter(({ outcome }) => outcome === 'emitted');
    expect(taken).toHaveLength(4);
    expect(made.map(({ contributors }) => contributors)).toEqual(
      taken.map(({ correlationId }) => [correlationId]),
    );
  });
});

describe('a lineage sink that fails', () => {
  const failing = (): LineageSink => ({
    record: ({ correlationId }) =>
      correlationId.endsWith('2') ? Promise.reject(new Error('full')) : undefined,
  });

  test('ends the run, unless its failures are only to be reported', async () => {
    const error = await rejectionOf(
      runPipeline(through([1, 2, 3], Number), { lineage: { sink: failing() } }),
    );

    expect(error).toMatchObject({ code: 'SINK_REJECTED' });
    expect(resultOf(error).lineage).toMatchObject({ lost: 1 });
  });

  test('is reported once, and its records are counted', async () => {
    const lines: string[] = [];
    const write = (_fields: unknown, message?: string): void => void lines.push(String(message));
    const logger = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: write };

    const result = await runPipeline(through([...range(1, 12)], Number), {
      lineage: { sink: failing(), onSinkError: 'report' },
      logger,
    });

    expect(result.lineage).toEqual({ recorded: 10, lost: 2 });
    expect(JSON.parse(JSON.stringify(result))).toMatchObject({ lineage: { recorded: 10, lost: 2 } });
    expect(lines).toHaveLength(1);
  });
});

describe('the flush of a lineage sink', () => {
  test('is awaited before the run has ended', async () => {
    const written: string[] = [];
    const held: string[] = [];
    const sink: LineageSink = {
      record: ({ correlationId }) => void held.push(correlationId),
      flush: async () => {
        await nextTurn();
        written.push(...held);
      },
    };

    await runPipeline(through([1, 2, 3], Number), { lineageSink: sink });

    expect(written).toHaveLength(3);
  });

  test('ends the run where it fails, or is reported', async () => {
    const sink: LineageSink = { record: ignore, flush: () => Promise.reject(new Error('gone')) };

    expect(await rejectionOf(runPipeline(through([1], Number), { lineage: { sink } }))).toMatchObject({
      code: 'SINK_REJECTED',
    });
    const { lineage } = await runPipeline(through([1], Number), { lineage: { sink, onSinkError: 'report' } });
    expect(lineage).toEqual({ recorded: 1, lost: 1 });
  });

  test('is given up when the time of the run’s end is over', async () => {
    const sink: LineageSink = { record: ignore, flush: () => delay(60_000) };

    const result = await new PipelineRunner({ graceMs: 20, lineage: { sink } }).run(through([1], Number));

    expect(result.durationMs).toBeLessThan(5_000);
  });
});

describe('the options of lineage', () => {
  const sink = new MemoryLineageSink();
  const wrong: Readonly<Record<string, unknown>> = {
    'both names at once': { lineage: { sink }, lineageSink: sink },
    'no sink': { lineage: { sampleEvery: 2 } },
    'a sink that cannot record': { lineage: { sink: {} } },
    'one in none': { lineage: { sink, sampleEvery: 0 } },
    'an unknown way to fail': { lineage: { sink, onSinkError: 'ignore' } },
    'an unknown capture': { lineage: { sink, capture: 'some' } },
    'no redaction by a word': { lineage: { sink, redact: false } },
    'a key that is no function': { lineage: { sink, key: 'id' } },
    'no room': { lineage: { sink, maxPending: 0 } },
    'a misspelt option': { lineage: { sink, sampleEach: 2 } },
    'no object': { lineage: 'all' },
  };

  for (const [name, options] of Object.entries(wrong))
    test(`are refused by context and runner: ${name}`, () => {
      const given = options as PipelineContextOptions;
      for (const make of [() => new PipelineContext(given), () => new PipelineRunner(given)])
        expect(make).toThrow(
          expect.objectContaining({ name: 'PipelineError', code: 'OPTION_INVALID' }) as PipelineError,
        );
    });

  test('of a context go before those of the runner', async () => {
    const [near, far] = [new MemoryLineageSink(), new MemoryLineageSink()];

    await new PipelineRunner({ lineage: { sink: far } }).run(through([1], Number), { lineageSink: near });
    await new PipelineRunner({ lineage: { sink: far } }).run(through([1, 2], Number));

    expect([near.records.length, far.records.length]).toEqual([1, 2]);
    expect(new PipelineContext({ lineage: { sink: near } }).lineageSink).toBe(near);
  });

  test('a run that nobody follows says nothing of lineage', async () => {
    expect(await runPipeline(through([1], Number))).not.toHaveProperty('lineage');
  });
});
