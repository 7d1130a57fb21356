import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  PipelineRunner,
  SinkNode,
  type NodeCompleted,
  type Outcome,
  type PipelineContext,
} from 'heirline';
import { RecordingObserver } from 'heirline/testing';
import {
  aborted,
  definePipeline,
  delay,
  outcomeOf,
  range,
  rejectionOf,
  type DefinitionClass,
} from './support/harness.js';
import { pairEvents } from './support/event-pairs.js';
import { KeptLog } from './support/kept-log.js';

const never = new Promise<never>(() => undefined);

/** A pipeline of eight items through a sub-pipeline, at depth 2 where it is told so. */
function lanes(
  child: DefinitionClass<number, number>,
  options: { readonly concurrency?: number; readonly granularity?: 'item' | 'stream' } = {},
): DefinitionClass<never, never> {
  return definePipeline('root', (builder) => {
    const items = builder.addSource(range(1, 8), 'items');
    const mid = builder.addComposite(child, { ...options, name: 'mid', from: items } as never);
    builder.addSink(() => undefined, { name: 'sink', from: mid });
  }) as unknown as DefinitionClass<never, never>;
}

function stepOf(
  work: (item: number, context: PipelineContext) => number | Promise<number>,
): DefinitionClass<number, number> {
  return definePipeline<number, number>('step', (builder) => {
    const step = builder.addTransform(work, { name: 'work', from: builder.addCompositeInput() });
    builder.connect(step, builder.addCompositeOutput());
  });
}

function around(child: DefinitionClass<number, number>): DefinitionClass<number, number> {
  return definePipeline<number, number>('around', (builder) => {
    const inner = builder.addComposite(child, { name: 'inner', from: builder.addCompositeInput() });
    builder.connect(inner, builder.addCompositeOutput());
  });
}

describe('every start has one end, every end a start, all before the run has settled', () => {
  const hangs = stepOf((item) => (item < 3 ? item : never));
  const cases: [string, DefinitionClass<never, never>][] = [
    ['a child that hangs', lanes(hangs)],
    ['children that hang in four lanes', lanes(hangs, { concurrency: 4 })],
    ['children that hang at depth 2 in four lanes', lanes(around(hangs), { concurrency: 4 })],
    ['a child over the whole stream that hangs', lanes(hangs, { granularity: 'stream' })],
    [
      'a child over the whole stream, with children that hang',
      lanes(around(hangs), { granularity: 'stream' }),
    ],
    [
      'children that fail in four lanes',
      lanes(
        stepOf(async (item) => {
          await delay(item);
          if (item === 3) throw new Error('broken');
          return await (item > 3 ? never : item);
        }),
        { concurrency: 4 },
      ),
    ],
  ];
  for (const [title, definition] of cases) {
    test(`where a run is cancelled with ${title}`, async () => {
      const observer = new RecordingObserver();
      const runner = new PipelineRunner({ executionObserver: observer, graceMs: 20 });
      await rejectionOf(runner.run(definition as never, { signal: AbortSignal.timeout(20) }));
      const told = observer.events.length;
      expect(pairEvents(observer.events).unpaired).toEqual([]);
      expect(pairEvents(observer.events).starts).toBeGreaterThan(3);
      expect(observer.events.at(-1)).toMatchObject({ type: 'pipelineFailed', path: 'root' });
      await delay(30);
      expect(observer.events).toHaveLength(told);
    });
  }

  test('where children were left behind at their limit, and answer after the end of the run', async () => {
    const observer = new RecordingObserver();
    const runner = new PipelineRunner({ executionObserver: observer, graceMs: 20 });
    const slow = stepOf(async (item) => {
      await delay(80);
      return item;
    });
    const definition = definePipeline('root', (builder) => {
      const items = builder.addSource(range(1, 4), 'items');
      const mid = builder.addComposite(around(slow), {
        name: 'mid',
        from: items,
        timeoutMs: 5,
        concurrency: 4,
        errorPolicy: errorPolicy('skip'),
      });
      builder.addSink(() => undefined, { name: 'sink', from: mid });
    });
    await runner.run(definition);
    const told = observer.events.length;
    expect(pairEvents(observer.events)).toEqual({
      unpaired: [],
      starts: 1 + 3 + 4 * (1 + 1 + 3 + 1 + 1 + 3),
    });
    expect(observer.events.at(-1)).toMatchObject({ type: 'pipelineCompleted', path: 'root' });
    await delay(100);
    expect(observer.events).toHaveLength(told);
  });

  test('where an init never answers: its nodes have not started', async () => {
    const observer = new RecordingObserver();
    class Waiting extends SinkNode<number> {
      override init(): Promise<never> {
        return never;
      }
      override write(): void {
        // Never called.
      }
    }
    const definition = definePipeline('root', (builder) => {
      builder.addSink(Waiting, { name: 'sink', from: builder.addSource([1], 'items') });
    });
    const runner = new PipelineRunner({ executionObserver: observer, graceMs: 10 });
    await rejectionOf(runner.run(definition, { signal: AbortSignal.timeout(10) }));
    expect(observer.events.map(({ type }) => type)).toEqual(['pipelineStarted', 'pipelineFailed']);
  });
});

describe('a run that ends before its nodes start tells its own start and end, and no node', () => {
  const definition = definePipeline('root', (builder) => {
    builder.addSink(() => undefined, { name: 'sink', from: builder.addSource([1], 'items') });
  });
  const aSecret = definePipeline('root', (builder) => {
    builder.addSink(() => undefined, { name: 'sink', from: builder.addSource([1], 'items') });
  });
  Object.assign(aSecret, { pipeline: { name: 'root', requires: { secrets: ['HEIRLINE_TEST_NOWHERE'] } } });
  const cases = {
    'a signal that was aborted before': [definition, { signal: AbortSignal.abort() }],
    'a deadline that has passed': [definition, { run: { deadline: new Date(0) } }],
    'a secret that is missing': [aSecret, {}],
  } as const;
  for (const [title, [root, options]] of Object.entries(cases)) {
    test(title, async () => {
      const observer = new RecordingObserver();
      const runner = new PipelineRunner({ executionObserver: observer });
      await rejectionOf(runner.run(root, options));
      expect(observer.events.map(({ type, path }) => `${type} ${path}`)).toEqual([
        'pipelineStarted root',
        'pipelineFailed root',
      ]);
    });
  }

  test('one that is refused for its definition or its options tells nothing', async () => {
    const observer = new RecordingObserver();
    const runner = new PipelineRunner({ executionObserver: observer });
    await rejectionOf(runner.run(definePipeline('root', () => undefined)));
    await rejectionOf(runner.run(definition, { run: { timeoutMs: -1 } }));
    expect(observer.events).toEqual([]);
  });
});

/** A sink whose flush does as it is told. */
function flushing(flush: () => unknown): SinkNode<number> {
  return Object.assign(
    new (class extends SinkNode<number> {
      override write(): void {
        // Takes everything.
      }
    })(),
    { flush },
  );
}

function fail(message: string): never {
  throw new Error(message);
}

describe('a sink that was flushed well has succeeded', () => {
  const behind: Record<string, () => unknown> = {
    'a later flush fails': () => fail('broken'),
    'a later flush rejects': () => Promise.reject(new Error('broken')),
    'a later flush never answers': () => never,
  };
  for (const [title, flush] of Object.entries(behind)) {
    for (const first of [() => undefined, () => Promise.resolve()]) {
      test(`though ${title}`, async () => {
        const observer = new RecordingObserver();
        const definition = definePipeline('root', (builder) => {
          const items = builder.addSource([1, 2], 'items');
          builder.addSink(flushing(first), { name: 'good', from: items });
          builder.addSink(flushing(flush), { name: 'bad', from: items });
          builder.addSink(() => undefined, { name: 'late', from: items });
        });
        await rejectionOf(new PipelineRunner({ executionObserver: observer, graceMs: 20 }).run(definition));
        const outcomes = observer
          .of('nodeCompleted')
          .map(({ nodeId, outcome }: NodeCompleted): [string, Outcome] => [nodeId, outcome]);
        expect(Object.fromEntries(outcomes)).toEqual({
          items: 'succeeded',
          good: 'succeeded',
          bad: 'failed',
          // At the deadline all that is left is flushed: for a run that has not failed yet.
          late: title.includes('never') ? 'succeeded' : 'cancelled',
        });
      });
    }
  }

  test('though a disposer fails', async () => {
    const observer = new RecordingObserver();
    const definition = definePipeline('root', (builder) => {
      const write = (_item: number, context: PipelineContext): void => {
        context.onDispose(() => fail('broken'));
      };
      builder.addSink(write, { name: 'sink', from: builder.addSource([1], 'items') });
    });
    const error = await rejectionOf(new PipelineRunner({ executionObserver: observer }).run(definition));
    expect(error.code).toBe('DISPOSAL_FAILED');
    expect(observer.of('nodeCompleted').map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded']);
  });
});

describe('errors after the first are lines of the log, with path and code', () => {
  test('a second flush, and the disposers', async () => {
    const log = new KeptLog();
    const definition = definePipeline('root', (builder) => {
      const items = builder.addSource([1], 'items');
      builder.addSink(
        flushing(() => fail('one')),
        { name: 'one', from: items },
      );
      builder.addSink(
        flushing(() => Promise.reject(new Error('two'))),
        { name: 'two', from: items },
      );
      builder.addSink(
        (_item: number, context) => {
          context.onDispose(() => fail('three'));
        },
        { name: 'three', from: items },
      );
    });
    const error = await rejectionOf(new PipelineRunner({ logger: log }).run(definition));
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/one' });
    expect(log.errors).toEqual([
      { path: 'root/two', code: 'NODE_FAILED', said: 'a node failed after its execution had ended' },
      { path: 'root', code: 'DISPOSAL_FAILED', said: 'a disposer failed' },
    ]);
  });

  test('flushes that never answer', async () => {
    const log = new KeptLog();
    const definition = definePipeline('root', (builder) => {
      const items = builder.addSource([1], 'items');
      builder.addSink(
        flushing(() => never),
        { name: 'one', from: items },
      );
      builder.addSink(
        flushing(() => never),
        { name: 'two', from: items },
      );
    });
    const error = await rejectionOf(new PipelineRunner({ logger: log, graceMs: 10 }).run(definition));
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/one' });
    expect(log.errors).toMatchObject([{ path: 'root/two', code: 'NODE_FAILED' }]);
  });

  /** A source of items that cannot be closed. */
  function unclosable(): AsyncIterable<number> {
    let last = 0;
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: (last += 1) }),
        return: () => Promise.reject(new Error('still busy')),
      }),
    };
  }

  test('the return of a source, where its run has failed or was cancelled, at depth 2 too', async () => {
    for (const how of ['failed', 'cancelled'] as const) {
      const log = new KeptLog();
      const controller = new AbortController();
      const child = definePipeline<number, number>('child', (builder) => {
        const input = builder.addCompositeInput();
        const more = builder.addSource(() => unclosable(), 'more');
        const work = builder.addTransform((item: number) => {
          if (item > 100 && how === 'failed') fail('broken');
          if (item > 100) controller.abort();
          return item;
        }, 'work');
        builder.connect(input, work).connect(more, work).connect(work, builder.addCompositeOutput());
      });
      const definition = definePipeline('root', (builder) => {
        const items = builder.addSource([1], 'items');
        const outer = builder.addComposite(child, { name: 'outer', output: 'many', from: items });
        builder.addSink(() => undefined, { name: 'sink', from: outer });
      });
      const { code } = await outcomeOf(
        new PipelineRunner({ logger: log }).run(definition, { signal: controller.signal }),
      );
      expect(code).toBe(how === 'failed' ? 'NODE_FAILED' : 'RUN_CANCELLED');
      expect(log.errors).toMatchObject([{ path: 'root/outer/more', code: 'NODE_FAILED' }]);
    }
  });

  test('but not the return of a source that its reader has left', async () => {
    const log = new KeptLog();
    const definition = definePipeline('root', (builder) => {
      const items = builder.addSource(() => unclosable(), 'items');
      const some = builder.addStreamTransform(
        async function* (given: AsyncIterable<number>) {
          for await (const item of given) {
            yield item;
            if (item === 3) return;
          }
        },
        { name: 'some', from: items },
      );
      builder.addSink(() => undefined, { name: 'sink', from: some });
    });
    await new PipelineRunner({ logger: log }).run(definition);
    expect(log.errors).toEqual([]);
  });

  test('nor what a source, or a stream that it reads, throws because of the end', async () => {
    const log = new KeptLog();
    const definition = definePipeline('root', (builder) => {
      const heeding = builder.addSource(async function* (context) {
        yield 1;
        await aborted(context.signal);
        throw context.signal.reason as Error;
      }, 'heeding');
      const web = builder.addSource(
        () =>
          new ReadableStream<number>({
            async pull(controller) {
              await delay(5);
              controller.error(new Error('broken'));
            },
          }),
        'web',
      );
      const sink = builder.addSink(() => undefined, 'sink');
      builder.connect(heeding, sink).connect(web, sink);
    });
    const error = await rejectionOf(new PipelineRunner({ logger: log }).run(definition));
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/web' });
    expect(log.errors).toEqual([]);
  });
});
