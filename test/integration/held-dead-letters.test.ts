import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  PipelineRunner,
  runPipeline,
  type DeadLetterEnvelope,
  type ItemCompositeOptions,
  type PipelineDefinition,
} from 'heirline';
import { RecordingObserver } from 'heirline/testing';
import {
  countsAt,
  definePipeline,
  delay,
  expectBalanced,
  gate,
  KeptLetters,
  KeptLineage,
  nextTurn,
  outcomeOf,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
  unhandledDuring,
} from './support/harness.js';

type Batch = readonly number[];

const retry = (attempts: number) => errorPolicy({ then: { retry: { attempts } } });
const itemsOf = (letters: KeptLetters): unknown[] => letters.envelopes.map(({ item }) => item);

/** Fails so many times, then never again. */
function failing(times: number): () => void {
  let left = times;
  return () => {
    if (left > 0) {
      left -= 1;
      throw new Error('the database is down');
    }
  };
}

/**
 * A sub-pipeline of batches: each of their negative numbers is a dead letter, and `save` is called with every other.
 *
 * `input → spread → check → save → output`
 */
function importing(save: (item: number) => unknown = () => undefined) {
  return definePipeline<Batch, number>('import', (builder) => {
    const spread = builder.addStreamTransform(
      async function* (batches: AsyncIterable<Batch>) {
        for await (const batch of batches) yield* batch;
      },
      { name: 'spread', from: builder.addCompositeInput() },
    );
    const check = builder.addTransform(
      (item) => (item < 0 ? throwAnything(new RangeError(`${String(item)} is negative`)) : item),
      { name: 'check', from: spread, errorPolicy: 'deadLetter' },
    );
    const saved = builder.addTransform(
      async (item) => {
        await save(item);
        return item;
      },
      { name: 'save', from: check },
    );
    builder.connect(saved, builder.addCompositeOutput());
  });
}

/** A sub-pipeline with the composite `inner` in it: `input → inner → output`. */
function around(
  child: new () => PipelineDefinition<Batch, number>,
  options: ItemCompositeOptions<Batch> | { readonly granularity: 'stream' },
  after: (item: number) => number = (item) => item,
) {
  return definePipeline<Batch, number>('around', (builder) => {
    const inner = builder.addComposite<Batch, number>(child, {
      name: 'inner',
      from: builder.addCompositeInput(),
      ...(options as ItemCompositeOptions<Batch>),
    });
    builder.connect(
      builder.addTransform(after, { name: 'after', from: inner }),
      builder.addCompositeOutput(),
    );
  });
}

/** A root `source → batch → sink` around a composite. */
function batches(
  items: Iterable<Batch>,
  child: new () => PipelineDefinition<Batch, number>,
  options: ItemCompositeOptions<Batch>,
) {
  const received: number[] = [];
  const Root = definePipeline('root', (builder) => {
    const batch = builder.addComposite<Batch, number>(child, {
      name: 'batch',
      from: builder.addSource(items, 'source'),
      output: 'many',
      ...options,
    });
    builder.connect(
      batch,
      builder.addSink((item: number) => received.push(item), 'sink'),
    );
  });
  return { Root, received };
}

describe('dead letters written inside a try that may be repeated', () => {
  test('leave once, however often the child ran', async () => {
    const letters = new KeptLetters();
    const fails = failing(2);
    const { Root, received } = batches(
      [[1, -2, 3, -4]],
      importing((item) => {
        if (item === 3) fails();
      }),
      { errorPolicy: retry(3) },
    );

    const result = await runPipeline(Root, { deadLetterSink: letters });

    expect(itemsOf(letters)).toEqual([-2, -4]);
    expect(received).toEqual([1, 3]);
    expect(countsAt(result, 'root/batch')).toMatchObject({ in: 1, out: 1, retried: 2 });
    // Two tries wrote the letter of -2 and failed; the last one wrote both.
    expect(countsAt(result, 'root/batch/check')).toMatchObject({ deadLettered: 2, cancelled: 2 });
    expectBalanced(result);
  });

  test('leave in order, before the outputs, and are told of then', async () => {
    const told: string[] = [];
    const observer = new RecordingObserver();
    const { Root } = batches(
      [[-1, 2, -3]],
      importing(() => void told.push('saved')),
      { errorPolicy: retry(2) },
    );
    const sink = {
      write: async ({ item }: DeadLetterEnvelope) => {
        await delay(1);
        told.push(`letter ${String(item)}`);
      },
    };

    await runPipeline(Root, { deadLetterSink: sink, executionObserver: observer });

    expect(told).toEqual(['saved', 'letter -1', 'letter -3']);
    const events = observer.events.map(({ type, path }) => `${type} ${path}`);
    const firstLetter = events.indexOf('itemDeadLettered root/batch/check');
    expect(events.filter((event) => event.startsWith('itemDeadLettered'))).toHaveLength(2);
    expect(firstLetter).toBeGreaterThan(events.indexOf('compositeCompleted root/batch'));
  });

  test('come before the first output has left', async () => {
    const told: string[] = [];
    const Root = definePipeline('root', (builder) => {
      const batch = builder.addComposite(importing(), {
        from: builder.addSource<Batch>([[1, -2]], 'source'),
        output: 'many',
        errorPolicy: retry(2),
      });
      builder.connect(
        batch,
        builder.addSink((item: number) => told.push(`output ${String(item)}`), 'sink'),
      );
    });
    await runPipeline(Root, {
      deadLetterSink: { write: ({ item }) => told.push(`letter ${String(item)}`) },
    });
    expect(told).toEqual(['letter -2', 'output 1']);
  });

  test('are dropped where all tries fail: the decision of the composite is the only letter', async () => {
    const letters = new KeptLetters();
    const batch = [-1, 2];
    const { Root } = batches([batch], importing(failing(9)), {
      errorPolicy: errorPolicy({ then: { retry: { attempts: 3, exhausted: 'deadLetter' } } }),
    });

    const result = await runPipeline(Root, { deadLetterSink: letters });

    expect(itemsOf(letters)).toEqual([batch]);
    expect(letters.envelopes[0]).toMatchObject({
      attempts: 3,
      path: 'root/batch/save',
      decidedAt: 'root/batch',
    });
    expect(countsAt(result, 'root/batch')).toMatchObject({ in: 1, deadLettered: 1, retried: 2 });
    expect(countsAt(result, 'root/batch/check')).toMatchObject({ deadLettered: 0, cancelled: 3 });
    expectBalanced(result);
  });

  test('are dropped where the last try fails the run', async () => {
    const letters = new KeptLetters();
    const { Root } = batches([[-1, 2]], importing(failing(9)), {
      errorPolicy: errorPolicy({ then: { retry: { attempts: 2, exhausted: 'fail' } } }),
    });
    const error = await rejectionOf(runPipeline(Root, { deadLetterSink: letters }));
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/batch/save' });
    expect(itemsOf(letters)).toEqual([]);
    expectBalanced(resultOf(error));
  });

  test('leave too where the child gave nothing else: the item counts as handled', async () => {
    const letters = new KeptLetters();
    const lineage = new KeptLineage();
    const Child = definePipeline<number, number>('child', (builder) => {
      const check = builder.addTransform((): number => throwAnything(new Error('no')), {
        name: 'check',
        from: builder.addCompositeInput(),
        errorPolicy: 'deadLetter',
      });
      builder.connect(check, builder.addCompositeOutput());
    });
    const Root = definePipeline('root', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([7], 'source'),
        errorPolicy: retry(3),
      });
      builder.connect(
        child,
        builder.addSink((item: number) => item, 'sink'),
      );
    });

    const result = await runPipeline(Root, { deadLetterSink: letters, lineageSink: lineage });

    expect(itemsOf(letters)).toEqual([7]);
    expect(countsAt(result, 'root/child')).toMatchObject({ in: 1, filtered: 1, retried: 0 });
    expect(countsAt(result, 'root/child/check')).toMatchObject({ in: 1, deadLettered: 1 });
    const ends = lineage.records.map(({ outcome, path }) => `${outcome} ${path}`);
    expect(ends).toEqual(['deadLettered root/child/check']);
    expectBalanced(result);
  });

  test('hold what failed as it was then: the letter knows its moment and its context', async () => {
    const letters = new KeptLetters();
    const times: number[] = [];
    const Child = definePipeline<number, number>('child', (builder) => {
      const check = builder.addTransform(
        (item: number, context): number => {
          context.parameters.set('step', 'checked');
          return throwAnything(new Error(String(item)));
        },
        { name: 'check', from: builder.addCompositeInput(), errorPolicy: 'deadLetter' },
      );
      builder.addSink(
        async () => {
          await delay(5);
          times.push(Date.now());
        },
        { name: 'later', from: builder.addSource([1], 'own') },
      );
      builder.connect(check, builder.addCompositeOutput());
    });
    const Root = definePipeline('root', (builder) => {
      const from = builder.addSource([7], 'source');
      const child = builder.addComposite(Child, { name: 'child', from, errorPolicy: retry(2) });
      builder.connect(
        child,
        builder.addSink((item: number) => item, 'sink'),
      );
    });

    await runPipeline(Root, { deadLetterSink: letters });

    expect(letters.envelopes[0]).toMatchObject({
      item: 7,
      path: 'root/child/check',
      pipelineName: 'child',
      context: { parameters: { step: 'checked' } },
    });
    expect(letters.envelopes[0]?.failedAt.getTime()).toBeLessThanOrEqual(times[0] ?? 0);
  });

  test('of many items at concurrency 16: one per lost item', async () => {
    const letters = new KeptLetters();
    const fails = new Map<number, () => void>();
    const { Root, received } = batches(
      range(1, 100).map((id) => [-id, id]),
      importing(async (item) => {
        await nextTurn();
        const fail = fails.get(item) ?? failing(item % 3);
        fails.set(item, fail);
        fail();
      }),
      { concurrency: 16, errorPolicy: retry(3) },
    );

    const result = await runPipeline(Root, { deadLetterSink: letters });

    expect(itemsOf(letters).sort((one, other) => Number(other) - Number(one))).toEqual(
      range(1, 100).map((id) => -id),
    );
    expect(received).toEqual(range(1, 100));
    expectBalanced(result);
  });
});

describe('where no policy around can repeat', () => {
  const options: [string, ItemCompositeOptions<Batch>][] = [
    ['there is no policy', {}],
    ['the policy only skips', { errorPolicy: 'skip' }],
    ['the policy tries once', { errorPolicy: retry(1) }],
  ];
  test.each(options)('dead letters leave at once: %s', async (_title, own) => {
    const told: string[] = [];
    const { Root } = batches(
      [[-1, 2]],
      importing(() => void told.push('saved')),
      own,
    );
    await runPipeline(Root, { deadLetterSink: { write: () => told.push('letter') } });
    expect(told).toEqual(['letter', 'saved']);
  });
});

describe('tries within tries', () => {
  test('letters of an inner try that counted wait for the outer one', async () => {
    const letters = new KeptLetters();
    const innerFails = failing(1);
    const outerFails = failing(1);
    const Middle = around(importing(innerFails), { output: 'many', errorPolicy: retry(2) }, (item) => {
      outerFails();
      return item;
    });
    const { Root, received } = batches([[-1, 2]], Middle, { errorPolicy: retry(2) });

    const result = await runPipeline(Root, { deadLetterSink: letters });

    expect(itemsOf(letters)).toEqual([-1]);
    expect(received).toEqual([2]);
    expect(countsAt(result, 'root/batch/inner/check')).toMatchObject({ deadLettered: 1, cancelled: 2 });
    expectBalanced(result);
  });

  test('the composite that repeats may be any number of levels up', async () => {
    const letters = new KeptLetters();
    const fails = failing(2);
    const Middle = around(around(importing(), { output: 'many' }), { output: 'many' }, (item) => {
      fails();
      return item;
    });
    const { Root } = batches([[-1, 2]], Middle, { errorPolicy: retry(3) });

    const result = await runPipeline(Root, { deadLetterSink: letters });

    expect(itemsOf(letters)).toEqual([-1]);
    expect(letters.envelopes[0]?.path).toBe('root/batch/inner/inner/check');
    expectBalanced(result);
  });

  test('also where the stream of a child is a child itself', async () => {
    const letters = new KeptLetters();
    const fails = failing(2);
    const Middle = around(importing(), { granularity: 'stream' }, (item) => {
      fails();
      return item;
    });
    const { Root } = batches([[-1, 2]], Middle, { errorPolicy: retry(3) });

    const result = await runPipeline(Root, { deadLetterSink: letters });

    expect(itemsOf(letters)).toEqual([-1]);
    expectBalanced(result);
  });

  test('the letter of an inner composite whose tries are used up is dropped with the outer try', async () => {
    const letters = new KeptLetters();
    let tries = 0;
    const outerFails = failing(1);
    const Middle = definePipeline<Batch, number>('middle', (builder) => {
      const input = builder.addCompositeInput();
      const inner = builder.addComposite(importing(failing(99)), {
        name: 'inner',
        from: input,
        output: 'many',
        errorPolicy: errorPolicy({ then: { retry: { attempts: 2, exhausted: 'deadLetter' } } }),
      });
      builder.addSink(
        () => {
          tries += 1;
          outerFails();
        },
        { name: 'beside', from: input },
      );
      builder.connect(inner, builder.addCompositeOutput());
    });
    const batch = [-1, 2];
    const { Root } = batches([batch], Middle, { errorPolicy: retry(2) });

    const result = await runPipeline(Root, { deadLetterSink: letters });

    expect(tries).toBe(2);
    expect(itemsOf(letters)).toEqual([batch]);
    expect(letters.envelopes[0]?.decidedAt).toBe('root/batch/inner');
    expectBalanced(result);
  });
});

describe('the end of a try otherwise', () => {
  test('a try that times out drops its letters, and what it still writes', async () => {
    const letters = new KeptLetters();
    const release = gate();
    let tries = 0;
    const Slow = importing(async () => {
      tries += 1;
      if (tries === 1) await release.opened;
    });
    const { Root } = batches([[-1, 2, -3]], Slow, { timeoutMs: 40, errorPolicy: retry(2) });

    const running = runPipeline(Root, { deadLetterSink: letters });
    await delay(70);
    release.open();
    const result = await running;

    expect(itemsOf(letters)).toEqual([-1, -3]);
    expectBalanced(result);
  });

  test('a cancelled run drops them', async () => {
    const letters = new KeptLetters();
    const started = gate();
    const { Root } = batches(
      [[-1, 2]],
      importing(async () => {
        started.open();
        await delay(10);
      }),
      { errorPolicy: retry(2) },
    );
    const controller = new AbortController();
    const running = rejectionOf(runPipeline(Root, { deadLetterSink: letters, signal: controller.signal }));
    await started.opened;

    controller.abort();

    const error = await running;
    expect(error.code).toBe('RUN_CANCELLED');
    expect(itemsOf(letters)).toEqual([]);
    expect(countsAt(resultOf(error), 'root/batch/check')).toMatchObject({ deadLettered: 0 });
    expectBalanced(resultOf(error));
  });

  test('a sink that refuses one ends the run, and no policy decides about that', async () => {
    const written: unknown[] = [];
    const sink = {
      write: ({ item }: DeadLetterEnvelope) => {
        if (item === -2) throw new Error('the disk is full');
        written.push(item);
      },
    };
    const { Root, received } = batches([[-1, -2, -3, 4], [5]], importing(), {
      errorPolicy: errorPolicy({ then: { retry: { attempts: 3, exhausted: 'skip' } } }),
    });

    const error = await rejectionOf(runPipeline(Root, { deadLetterSink: sink }));

    expect(error).toMatchObject({ code: 'SINK_REJECTED', path: 'root/batch/check' });
    expect(written).toEqual([-1]);
    expect(received).toEqual([]);
    expect(countsAt(resultOf(error), 'root/batch')).toMatchObject({ in: 1, failed: 1, retried: 0 });
    expect(countsAt(resultOf(error), 'root/batch/check')).toMatchObject({
      ...{ in: 4, out: 1, deadLettered: 1, failed: 1, cancelled: 1 },
    });
    expectBalanced(resultOf(error));
  });

  test('one try holds 10,000, and the next one ends the run', async () => {
    const letters = new KeptLetters();
    const { Root } = batches([range(1, 10_001).map((id) => -id)], importing(), {
      errorPolicy: errorPolicy({ then: { retry: { attempts: 2, exhausted: 'skip' } } }),
    });

    const error = await withoutStacks(() => rejectionOf(runPipeline(Root, { deadLetterSink: letters })));

    expect(error).toMatchObject({ code: 'DEAD_LETTER_FULL', path: 'root/batch' });
    expect(error.message).toContain('10,000');
    expect(itemsOf(letters)).toEqual([]);
    expect(countsAt(resultOf(error), 'root/batch')).toMatchObject({ in: 1, failed: 1, retried: 0 });
    expectBalanced(resultOf(error));
  });

  test('a sink without an end in sight does not keep a cancelled run for ever', async () => {
    const writing = gate();
    const { Root } = batches([[-1, -2, 3]], importing(), { errorPolicy: retry(2) });
    const sink = {
      write: async () => {
        writing.open();
        await new Promise(() => undefined);
      },
    };
    const controller = new AbortController();
    const running = outcomeOf(
      new PipelineRunner({ graceMs: 20 }).run(Root, { deadLetterSink: sink, signal: controller.signal }),
    );
    await writing.opened;

    controller.abort();

    const { code, result } = await running;
    expect(code).toBe('RUN_CANCELLED');
    expectBalanced(result);
  });
});

describe('a deadLetterDecorator', () => {
  test('is not asked about letters of a try that is repeated', async () => {
    const asked: unknown[] = [];
    const { Root } = batches([[-1, 2]], importing(failing(2)), { errorPolicy: retry(3) });
    await runPipeline(Root, {
      deadLetterSink: new KeptLetters(),
      deadLetterDecorator: (envelope) => {
        asked.push(envelope.item);
        return envelope;
      },
    });
    expect(asked).toEqual([-1]);
  });

  const wrong: [string, () => unknown, RegExp][] = [
    ['answers with a promise', () => Promise.resolve({}), /gave a promise/],
    ['answers with a promise that is rejected', () => Promise.reject(new Error('late')), /gave a promise/],
    ['throws', () => throwAnything(new Error('broken')), /broken/],
    ['gives nothing', () => undefined, /gave no envelope/],
    ['throws a value that cannot be asked', () => throwAnything(revoked()), /deadLetterDecorator/],
  ];
  test.each(wrong)('that %s ends the run with SINK_REJECTED', async (_title, decorate, words) => {
    for (const own of [{}, { errorPolicy: retry(2) }]) {
      const letters = new KeptLetters();
      const { Root } = batches([[-1, 2]], importing(), own);
      const unhandled = await unhandledDuring(async () => {
        const error = await rejectionOf(
          runPipeline(Root, { deadLetterSink: letters, deadLetterDecorator: decorate as never }),
        );
        expect(error).toMatchObject({ code: 'SINK_REJECTED', path: 'root/batch/check' });
        expect(error.message).toMatch(words);
        expectBalanced(resultOf(error));
      });
      expect(unhandled).toEqual([]);
      expect(letters.envelopes).toEqual([]);
    }
  });
});

describe('a dead-letter sink that throws a value that cannot be asked', () => {
  const sinks: [string, () => unknown][] = [
    ['at once', () => throwAnything(revoked())],
    ['later', () => Promise.reject(revoked())],
  ];
  test.each(sinks)('ends the run with SINK_REJECTED: %s', async (_title, write) => {
    for (const own of [{}, { errorPolicy: retry(2) }, { concurrency: 4 }, { timeoutMs: 1_000 }]) {
      const { Root } = batches([[-1, 2]], importing(), own);
      const error = await rejectionOf(runPipeline(Root, { deadLetterSink: { write } }));
      expect(error).toMatchObject({ code: 'SINK_REJECTED', path: 'root/batch/check' });
      expectBalanced(resultOf(error));
    }
  });
});

/** A proxy that throws whatever is asked of it. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Does something with errors that have no stack: to write one down takes a test runner a millisecond. */
async function withoutStacks<T>(work: () => Promise<T>): Promise<T> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return await work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
