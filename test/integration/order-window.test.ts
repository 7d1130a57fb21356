import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  currentContext,
  errorPolicy,
  PipelineRunner,
  runPipeline,
  type NodeOptions,
  type PipelineBuilder,
  type PipelineContext,
} from 'heirline';
import {
  abortedAsFetchDoes,
  countsAt,
  definePipeline,
  expectBalanced,
  gate,
  KeptLetters,
  KeptLineage,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  unhandledDuring,
} from './support/harness.js';

/** Waits until nothing happens any more by itself. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
}

interface Given {
  readonly options: NodeOptions;
  readonly work: (item: number, context: PipelineContext) => unknown;
  readonly sink?: (item: number) => unknown;
  readonly items?: Iterable<number>;
}

/** Items 1 to 100 through one node to a sink; says which calls were made, and what the sink got. */
function stand({ options, work, sink = () => undefined, items = range(1, 100) }: Given) {
  const called: number[] = [];
  const received: number[] = [];
  const Definition = definePipeline('root', (builder) => {
    const node = builder.addTransform(
      async (item: number, context) => {
        called.push(item);
        await nextTurn();
        await work(item, context);
        return item;
      },
      { name: 'node', from: builder.addSource(items, 'source'), ...options },
    );
    builder.addSink(
      (item: number) => {
        received.push(item);
        return sink(item);
      },
      { name: 'sink', from: node },
    );
  });
  return { called, received, Definition };
}

describe('one slow item', () => {
  test('does not stop the others: up to readAhead of them go on, and their results wait for it', async () => {
    const slow = gate();
    const { called, received, Definition } = stand({
      options: { concurrency: 16, readAhead: 40 },
      work: (item) => (item === 3 ? slow.opened : undefined),
    });
    const running = runPipeline(Definition);
    await rest();

    // From the slow one on, 40 items.
    expect(called).toEqual(range(1, 42));
    expect(received).toEqual([1, 2]);

    slow.open();
    const result = await running;

    expect(received).toEqual(range(1, 100));
    expect(countsAt(result, 'root/node')).toMatchObject({ in: 100, out: 100, emitted: 100 });
  });

  test('lets twice as many items go on as are worked on at once, where nothing else is said', async () => {
    const slow = gate();
    const { called, Definition } = stand({
      options: { concurrency: 8 },
      work: (item) => (item === 1 ? slow.opened : undefined),
    });
    const running = runPipeline(Definition);
    await rest();

    expect(called).toEqual(range(1, 16));
    slow.open();
    await running;
  });

  test('holds up those beyond the places where readAhead equals concurrency', async () => {
    const slow = gate();
    const { called, Definition } = stand({
      options: { concurrency: 8, readAhead: 8 },
      work: (item) => (item === 1 ? slow.opened : undefined),
    });
    const running = runPipeline(Definition);
    await rest();

    expect(called).toEqual(range(1, 8));
    slow.open();
    await running;
  });

  test('is tried again, and dead-lettered, while the results behind it wait', async () => {
    const letters = new KeptLetters();
    const slow = gate();
    let tries = 0;
    const { called, received, Definition } = stand({
      options: {
        concurrency: 4,
        readAhead: 12,
        errorPolicy: errorPolicy({ then: { retry: { attempts: 2, exhausted: 'deadLetter' } } }),
      },
      work: async (item) => {
        if (item !== 1) return;
        tries += 1;
        if (tries === 2) await slow.opened;
        throw new Error('never');
      },
    });
    const running = new PipelineRunner({ deadLetterSink: letters }).run(Definition);
    while (tries < 2) await nextTurn();
    await rest();

    expect(new Set(called)).toEqual(new Set(range(1, 12)));
    expect(received).toEqual([]);
    slow.open();
    const result = await running;

    expect(received).toEqual(range(2, 100));
    expect(letters.envelopes).toHaveLength(1);
    expect(countsAt(result, 'root/node')).toMatchObject({ in: 100, out: 99, deadLettered: 1, retried: 1 });
  });

  test('that reaches its limit lets the held results go', async () => {
    const { received, Definition } = stand({
      options: { concurrency: 4, readAhead: 12, timeoutMs: 20, errorPolicy: errorPolicy('skip') },
      work: (item, context) => (item === 1 ? abortedAsFetchDoes(context.signal) : undefined),
    });
    const result = await runPipeline(Definition);

    expect(received).toEqual(range(2, 100));
    expect(countsAt(result, 'root/node')).toMatchObject({ in: 100, out: 99, filtered: 1 });
  });
});

describe('nothing is read ahead', () => {
  test('of a slow sink: no more items are pulled than are worked on at once', async () => {
    let pulled = 0;
    const slow = gate();
    const { called, Definition } = stand({
      options: { concurrency: 4, readAhead: 40 },
      work: () => undefined,
      sink: (item) => (item === 2 ? slow.opened : undefined),
      items: {
        *[Symbol.iterator]() {
          for (const item of range(1, 100)) {
            pulled += 1;
            yield item;
          }
        },
      },
    });
    const running = runPipeline(Definition);
    await rest();

    // The sink has the second item in its hands, three more have been worked on.
    expect(called).toEqual(range(1, 5));
    expect(pulled).toBe(5);
    slow.open();
    await running;
  });

  test('while an output of the eldest child is being taken; once it is, the others go on', async () => {
    const called: number[] = [];
    const received: string[] = [];
    const [taken, second] = [gate(), gate()];
    /** The first child gives two outputs, with a wait between them; the others give none. */
    const Child = definePipeline<number, string>('child', (builder) => {
      const both = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items) {
            called.push(item);
            if (item > 1) return;
            yield 'a';
            await second.opened;
            yield 'b';
          }
        },
        { name: 'both', from: builder.addCompositeInput() },
      );
      builder.connect(both, builder.addCompositeOutput());
    });
    const running = runPipeline(
      definePipeline('root', (builder) => {
        const child = builder.addComposite(Child, {
          name: 'child',
          from: builder.addSource(range(1, 20), 'source'),
          output: 'many',
          concurrency: 2,
          readAhead: 5,
        });
        builder.addSink(
          async (item: string) => {
            received.push(item);
            if (item === 'a') await taken.opened;
          },
          { name: 'sink', from: child },
        );
      }),
    );
    await rest();
    expect(received).toEqual(['a']);
    expect(called).toEqual([1, 2]);

    taken.open();
    await rest();
    expect(called).toEqual(range(1, 5));

    second.open();
    await running;
    expect(received).toEqual(['a', 'b']);
    expect(called).toEqual(range(1, 20));
  });
});

describe('while results are held', () => {
  const held: NodeOptions = { concurrency: 4, readAhead: 12 };

  test('a failure ends the run: held results go no further, and every item is accounted for', async () => {
    const lineage = new KeptLineage();
    const { called, received, Definition } = stand({
      options: held,
      work: (item, context) => {
        if (item === 10) throw new TypeError('ten');
        return item === 1 ? abortedAsFetchDoes(context.signal) : undefined;
      },
    });
    const unhandled = await unhandledDuring(async () => {
      const error = await rejectionOf(new PipelineRunner({ lineageSink: lineage }).run(Definition));

      expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/node', cause: { message: 'ten' } });
      expectBalanced(resultOf(error));
      expect(resultOf(error).abandoned).toEqual([]);
    });

    expect(unhandled).toEqual([]);
    expect(received).toEqual([]);
    expect([...lineage.terminals().values()].map((records) => records.length)).toEqual(called.map(() => 1));
  });

  test('a cancel ends the run at once, and the source is closed', async () => {
    let isClosed = false;
    const abort = new AbortController();
    const { called, received, Definition } = stand({
      options: held,
      work: (item, context) => (item === 1 ? abortedAsFetchDoes(context.signal) : undefined),
      items: {
        *[Symbol.iterator]() {
          try {
            yield* range(1, 100);
          } finally {
            isClosed = true;
          }
        },
      },
    });
    const running = runPipeline(Definition, { signal: abort.signal });
    await rest();
    expect(called).toEqual(range(1, 12));
    abort.abort();
    const error = await rejectionOf(running);

    expect(error.code).toBe('RUN_CANCELLED');
    expectBalanced(resultOf(error));
    expect({ isClosed, received, called }).toEqual({ isClosed: true, received: [], called: range(1, 12) });
  });

  test('a reader that leaves ends the run', async () => {
    const called: number[] = [];
    const Step = definePipeline<number, number>('step', (builder) => {
      const node = builder.addTransform(
        async (item: number, context) => {
          called.push(item);
          return item === 3 ? abortedAsFetchDoes(context.signal) : item;
        },
        { name: 'node', from: builder.addCompositeInput(), ...held },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    for await (const item of new PipelineRunner().stream(Step, range(1, 100))) {
      if (item === 1) await rest();
      if (item === 2) break;
    }

    expect(called.length).toBeLessThanOrEqual(14);
  });

  test('a take behind ends the source without waiting for more', async () => {
    const received: number[] = [];
    let pulled = 0;
    await runPipeline(
      definePipeline('root', (builder) => {
        const source = builder.addSource(function* () {
          for (;;) yield (pulled += 1);
        }, 'source');
        const node = builder.addTransform(
          async (item: number) => {
            await nextTurn();
            return item;
          },
          { name: 'node', from: source, ...held },
        );
        const first = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            for await (const item of items) {
              yield item;
              if (item === 5) return;
            }
          },
          { name: 'first', from: node },
        );
        builder.addSink((item: number) => received.push(item), { name: 'sink', from: first });
      }),
    );

    expect(received).toEqual(range(1, 5));
    expect(pulled).toBeLessThanOrEqual(5 + 12);
  });
});

test('the next call is made in the step in which another ends, without a turn of any queue between', async () => {
  const calls: ((value: number) => void)[] = [];
  const running = runPipeline(
    definePipeline('root', (builder) => {
      const node = builder.addTransform(
        () =>
          new Promise<number>((resolve) => {
            calls.push(resolve);
          }),
        { name: 'node', from: builder.addSource(range(1, 40), 'source'), concurrency: 4 },
      );
      builder.addSink(() => undefined, { name: 'sink', from: node });
    }),
  );
  await rest();
  let made = 0;
  for (let ended = 0; ended < 36; ended += 1) {
    calls[ended]?.(ended);
    await Promise.resolve();
    if (calls.length === ended + 5) made += 1;
    // Every 10 ms the event loop turns before the next item.
    else await rest();
  }
  for (const end of calls.slice(36)) end(0);

  expect(countsAt(await running, 'root/node')).toMatchObject({ in: 40, out: 40 });
  expect(made).toBeGreaterThan(18);
});

test('a source that is asked for more by what follows runs in its own context still', async () => {
  const contexts: unknown[] = [];
  const Child = definePipeline<number, number>('child', (builder) => {
    const twice = builder.addStreamTransform(
      async function* (items: AsyncIterable<number>) {
        for await (const item of items) {
          // Some give nothing, so that others go on beside the one that does.
          if (item % 8 > 0) return;
          yield item;
          await rest();
          yield item;
        }
      },
      { name: 'twice', from: builder.addCompositeInput() },
    );
    builder.connect(twice, builder.addCompositeOutput());
  });
  await runPipeline(
    definePipeline('root', (builder: PipelineBuilder) => {
      const source = builder.addSource(
        {
          *[Symbol.iterator]() {
            for (const item of range(0, 50)) {
              contexts.push(currentContext()?.path);
              yield item;
            }
          },
        },
        'source',
      );
      const child = builder.addComposite(Child, {
        name: 'child',
        from: source,
        output: 'many',
        concurrency: 4,
        readAhead: 6,
      });
      builder.addSink(
        async () => {
          await nextTurn();
        },
        { name: 'sink', from: child },
      );
    }),
  );

  expect(new Set(contexts)).toEqual(new Set(['root']));
});

test('a drawing shows how far a node reads ahead', () => {
  const { Definition } = stand({
    options: { concurrency: 4, readAhead: 12 },
    work: () => undefined,
  });

  expect(buildPipeline(Definition).describe()).toContain('node (transform) [concurrency=4, readAhead=12]');
});
