// What an observer wants active while code runs: `scope`.

import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import {
  circuitBreaker,
  CostLedger,
  errorPolicy,
  fixed,
  observers,
  PipelineRunner,
  runPipeline,
  SinkNode,
  SourceNode,
  StreamSinkNode,
  StreamTransformNode,
  TransformNode,
  type ActiveScope,
  type ExecutionObserver,
  type PipelineContext,
  type ScopedStart,
} from 'heirline';
import { definePipeline, defineStep, delay, nextTurn, range } from './support/harness.js';

const active = new AsyncLocalStorage<string>();

const ignore = (): void => undefined;

/** Has `<kind> <path>` active in all code, and keeps what it was asked for. */
class Scoping implements ExecutionObserver {
  readonly asked: string[] = [];

  scope(started: ScopedStart): ActiveScope {
    const name = `${started.type.replace('Started', '')} ${started.path}`;
    this.asked.push(name);
    return { run: (fn, ...args) => active.run(name, () => fn(...args)) };
  }
}

/** What was active in each kind of code. */
class Seen {
  readonly kinds = new Map<string, Set<string>>();

  note(kind: string): void {
    this.kinds.set(kind, (this.kinds.get(kind) ?? new Set()).add(active.getStore() ?? 'nothing'));
  }

  get lines(): string[] {
    return [...this.kinds].map(([kind, names]) => `${kind}: ${[...names].join(', ')}`).sort();
  }
}

describe('a scope of an observer', () => {
  test('of a node is active in all code of that node, and in no other', async () => {
    const seen = new Seen();

    class Source extends SourceNode<number> {
      constructor(context: PipelineContext) {
        super();
        context.onDispose(() => {
          seen.note('source: disposer');
        });
        seen.note('source: constructor');
      }
      override init(): void {
        seen.note('source: init');
      }
      async *open() {
        try {
          for (const item of range(1, 4)) {
            seen.note('source: before a wait');
            await nextTurn();
            seen.note('source: behind a wait');
            yield item;
          }
        } finally {
          seen.note('source: finally');
        }
      }
      override dispose(): void {
        seen.note('source: dispose');
      }
    }
    class Double extends TransformNode<number, number> {
      override async init(): Promise<void> {
        await nextTurn();
        seen.note('double: init');
      }
      async transform(item: number) {
        seen.note('double: before a wait');
        await nextTurn();
        seen.note('double: behind a wait');
        return 2 * item;
      }
    }
    class Pairs extends StreamTransformNode<number, number> {
      async *transform(items: AsyncIterable<number>) {
        for await (const item of items) {
          seen.note('pairs');
          yield item;
          yield item;
        }
        seen.note('pairs: end');
      }
    }
    class Written extends SinkNode<number> {
      write(): void {
        seen.note('written: write');
      }
      override flush(): void {
        seen.note('written: flush');
      }
    }
    class Consumed extends StreamSinkNode<number> {
      async consume(items: AsyncIterable<number>) {
        for await (const item of items) if (item > 0) seen.note('consumed');
      }
    }
    const Child = definePipeline<number, number>('child', (builder) => {
      const node = builder.addTransform(
        (item: number) => {
          seen.note('node');
          return item;
        },
        { name: 'node', from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(Source, 'source');
      const double = builder.addTransform(Double, { name: 'double', from: source, concurrency: 2 });
      const pairs = builder.addStreamTransform(Pairs, { name: 'pairs', from: double });
      const child = builder.addComposite(Child, {
        name: 'child',
        from: pairs,
        with: () => {
          seen.note('child: with');
          return {};
        },
        input: (item) => {
          seen.note('child: input');
          return item;
        },
        combine: (_, output) => {
          seen.note('child: combine');
          return output;
        },
      });
      builder.addSink(Written, { name: 'written', from: child });
      builder.addSink(Consumed, { name: 'consumed', from: child });
    });
    const observer = new Scoping();

    await runPipeline(Parent, { executionObserver: observer });

    expect(seen.lines).toEqual([
      'child: combine: node parent/child',
      'child: input: node parent/child',
      'child: with: node parent/child',
      'consumed: node parent/consumed',
      'double: before a wait: node parent/double',
      'double: behind a wait: node parent/double',
      'double: init: node parent/double',
      'node: node parent/child/node',
      'pairs: end: node parent/pairs',
      'pairs: node parent/pairs',
      'source: before a wait: node parent/source',
      'source: behind a wait: node parent/source',
      'source: constructor: node parent/source',
      'source: dispose: node parent/source',
      'source: disposer: pipeline parent',
      'source: finally: node parent/source',
      'source: init: node parent/source',
      'written: flush: node parent/written',
      'written: write: node parent/written',
    ]);
  });

  test('of a node is active in the functions of its error policy, that of the execution in its sinks', async () => {
    const seen = new Seen();
    class Spoilt extends Error {}
    const fails = (item: number, { run }: PipelineContext): number => {
      seen.note('node');
      run.cost.record({ callId: 'once', model: 'm', inputTokens: 1, outputTokens: 1 });
      throw item === 1 ? new TypeError('again') : new Spoilt('for good');
    };
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(range(1, 3), 'source');
      const node = builder.addTransform(fails, {
        name: 'node',
        from: source,
        errorPolicy: errorPolicy(
          {
            on: (error) => {
              seen.note('on');
              return error instanceof TypeError;
            },
            then: {
              retry: {
                attempts: 3,
                delay: fixed(1),
                before: () => {
                  seen.note('before');
                },
              },
            },
          },
          { then: 'deadLetter' },
        ),
      });
      const caught = builder.addTransform(fails, {
        name: 'caught',
        from: builder.addSource([5], 'other'),
        circuitBreaker: circuitBreaker({
          ...{ threshold: 9, windowMs: 1000, openMs: 1000 },
          on: () => {
            seen.note('on of the circuit');
            return true;
          },
        }),
        errorPolicy: errorPolicy({
          then: {
            fallback: async () => {
              await delay(1);
              seen.note('fallback');
              return 0;
            },
          },
        }),
      });
      builder.addSink(ignore, { name: 'sink', from: node });
      builder.addSink(ignore, { name: 'other sink', from: caught });
    });
    const cost = new CostLedger({
      onEntry: () => {
        seen.note('onEntry');
      },
    });
    const run = {
      executionObserver: new Scoping(),
      run: { cost },
      deadLetterSink: {
        write: () => {
          seen.note('dead letters');
        },
      },
      lineageSink: {
        record: () => {
          seen.note('lineage');
        },
      },
    };

    await runPipeline(Parent, run);

    expect(seen.lines).toEqual([
      'before: node parent/node',
      'dead letters: pipeline parent',
      'fallback: node parent/caught',
      'lineage: pipeline parent',
      'node: node parent/node, node parent/caught',
      'on of the circuit: node parent/caught',
      'on: node parent/node',
      'onEntry: pipeline parent',
    ]);
  });

  test.each(['item', 'stream'] as const)(
    'of a composite is active in a child per %s that does not inherit the observer, at any depth',
    async (granularity) => {
      const seen = new Seen();
      const Inner = defineStep('inner', 'step', async (item: number) => {
        await nextTurn();
        seen.note('inner step');
        return item;
      });
      const Child = definePipeline<number, number>('child', (builder) => {
        const input = builder.addCompositeInput();
        const inner = builder.addComposite(Inner, { name: 'inner', from: input });
        const fast = builder.addTransform(
          (item: number) => {
            seen.note('fast step');
            return item;
          },
          { name: 'fast', from: inner },
        );
        builder.connect(fast, builder.addCompositeOutput());
      });
      const Parent = definePipeline('parent', (builder) => {
        const child = builder.addComposite(Child, {
          name: 'child',
          from: builder.addSource(range(1, 20), 'source'),
          contextConfiguration: { inheritExecutionObserver: false },
          granularity,
        } as never);
        builder.addSink(
          () => {
            seen.note('sink');
          },
          { name: 'sink', from: child },
        );
      });
      const observer = new Scoping();

      await runPipeline(Parent, { executionObserver: observer });

      expect(seen.lines).toEqual([
        'fast step: composite parent/child',
        'inner step: composite parent/child',
        'sink: node parent/sink',
      ]);
      expect(observer.asked.filter((name) => name.startsWith('composite'))).toHaveLength(
        granularity === 'item' ? 20 : 1,
      );
    },
  );

  test('is asked for once per execution, start of a child, and node of an execution', async () => {
    const observer = new Scoping();
    const Child = defineStep('child', 'step', (item: number) => item);
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1, 2], 'source') });
      builder.addSink(ignore, { name: 'sink', from: child });
    });

    await runPipeline(Parent, { executionObserver: observer });

    const ofChild = ['composite parent/child', 'pipeline parent/child', 'node parent/child/step'];
    expect(observer.asked).toEqual([
      'pipeline parent',
      ...['node parent/source', 'node parent/child', 'node parent/sink'],
      ...ofChild,
      ...ofChild,
    ]);
  });

  test('of one node is not active behind the node, also where a child hands on outputs as they come', async () => {
    const seen = new Seen();
    const Split = definePipeline<number, number>('split', (builder) => {
      const twice = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items) yield* [item, item];
        },
        { name: 'twice', from: builder.addCompositeInput() },
      );
      builder.connect(twice, builder.addCompositeOutput());
    });
    const dead = {
      write: () => {
        seen.note('dead letters');
      },
    };
    const Parent = definePipeline('parent', (builder) => {
      const many = builder.addComposite(Split, {
        name: 'many',
        from: builder.addSource([1, 2], 'source'),
        output: 'many',
      });
      const stream = builder.addComposite(Split, { name: 'stream', from: many, granularity: 'stream' });
      builder.addSink(
        () => {
          seen.note('sink');
          throw new Error('no');
        },
        { name: 'sink', from: stream, errorPolicy: errorPolicy({ then: 'deadLetter' }) },
      );
      builder.addSink(
        () => {
          throw new Error('no');
        },
        { name: 'direct', from: many, errorPolicy: errorPolicy({ then: 'deadLetter' }) },
      );
    });

    await runPipeline(Parent, { executionObserver: new Scoping(), deadLetterSink: dead });

    expect(seen.lines).toEqual(['dead letters: pipeline parent', 'sink: node parent/sink']);
  });

  test('of a source is active when it is closed before its end', async () => {
    const seen = new Seen();
    class Rows {
      async *[Symbol.asyncIterator]() {
        await nextTurn();
        yield* [1, 2, 3];
      }
      destroy(): void {
        seen.note('destroy');
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      builder.addSink(
        () => {
          throw new Error('no');
        },
        { name: 'sink', from: builder.addSource(() => new Rows(), 'source') },
      );
    });

    await expect(runPipeline(Parent, { executionObserver: new Scoping() })).rejects.toThrow();

    expect(seen.lines).toEqual(['destroy: node parent/source']);
  });

  test('is that of one run, however many run at once', async () => {
    const seen = new Seen();
    const Step = definePipeline('parent', (builder) => {
      const step = builder.addTransform(
        async (item: number, context) => {
          await nextTurn();
          seen.note(context.run.runId);
          return item;
        },
        { name: 'step', from: builder.addSource(range(1, 5), 'source'), concurrency: 3 },
      );
      builder.addSink(ignore, { name: 'sink', from: step });
    });
    const runner = new PipelineRunner({
      executionObserver: {
        scope: ({ runId }) => ({ run: (fn, ...args) => active.run(runId, () => fn(...args)) }),
      },
    });
    const runIds = range(1, 20).map((run) => `run-${String(run)}`);

    await Promise.all(runIds.map((runId) => runner.run(Step, { run: { runId } })));

    expect(seen.lines).toEqual(runIds.map((runId) => `${runId}: ${runId}`).sort());
  });
});

describe('scopes of several observers', () => {
  const named = (name: string): ExecutionObserver => ({
    scope: () => ({
      run: (fn, ...args) => active.run(`${active.getStore() ?? ''}${name}`, () => fn(...args)),
    }),
  });
  const Parent = (seen: Seen) =>
    definePipeline('parent', (builder) => {
      builder.addSink(
        () => {
          seen.note('sink');
        },
        { name: 'sink', from: builder.addSource([1], 'source') },
      );
    });

  test('lie in one another, also where one observer stands for several', async () => {
    const seen = new Seen();
    const joined = observers(named('b'), named('c'));
    const wrapped: ExecutionObserver = { scope: (started) => joined.scope?.(started) };

    await runPipeline(Parent(seen), { executionObserver: observers(named('a'), wrapped, named('d')) });

    // That of the execution is around that of the node.
    expect(seen.lines).toEqual(['sink: abcdabcd']);
  });

  const notCalled = "its 'run' did not call the function at once";

  test('that fail are left out and reported once, and change nothing in the run', async () => {
    const seen = new Seen();
    const reported: string[] = [];
    const logger = {
      ...{ trace: ignore, debug: ignore, info: ignore, error: ignore },
      warn: ({ path, event, error }: Readonly<Record<string, unknown>>) => {
        if (event === 'scope') reported.push(`${String(path)}: ${(error as Error).message}`);
      },
    };
    const wrong: Record<string, ExecutionObserver> = {
      'is not given': {
        scope: () => {
          throw new Error('is not given');
        },
      },
      'fails before the call': {
        scope: () => ({
          run: () => {
            throw new Error('fails before the call');
          },
        }),
      },
      'fails behind the call': {
        scope: () => ({
          run: (fn, ...args) => {
            fn(...args);
            throw new Error('fails behind the call');
          },
        }),
      },
      'calls twice': {
        scope: () => ({
          run: (fn, ...args) => {
            fn(...args);
            return fn(...args);
          },
        }),
      },
      'calls later': {
        scope: () => ({ run: (fn, ...args) => nextTurn().then(() => fn(...args)) as never }),
      },
      'gives something else': {
        scope: () => ({ run: (fn, ...args) => [fn(...args)] as never }),
      },
    };
    let calls = 0;
    const Twice = definePipeline('parent', (builder) => {
      const step = builder.addTransform(
        (item: number) => {
          calls += 1;
          return item;
        },
        { name: 'step', from: builder.addSource(range(1, 10), 'source') },
      );
      builder.addSink(
        (item) => {
          seen.note(typeof item);
        },
        { name: 'sink', from: step },
      );
    });
    const runner = new PipelineRunner({
      logger,
      executionObserver: observers(...Object.values(wrong), named('x')),
    });

    const { status } = await runner.run(Twice);

    expect({ status, calls, lines: seen.lines }).toEqual({
      status: 'succeeded',
      calls: 10,
      lines: ['number: xx'],
    });
    const messages = ['is not given', 'fails before the call', 'fails behind the call', notCalled];
    const paths = ['parent', 'parent/source', 'parent/step', 'parent/sink'];
    const expected = paths.flatMap((path) => messages.map((message) => `${path}: ${message}`));
    expect(reported.sort()).toEqual(expected.sort());
  });

  test('let through what code throws, as it is', async () => {
    const thrown = new Error('own');
    const Failing = definePipeline('parent', (builder) => {
      builder.addSink(
        () => {
          throw thrown;
        },
        { name: 'sink', from: builder.addSource([1], 'source') },
      );
    });

    await expect(runPipeline(Failing, { executionObserver: named('a') })).rejects.toMatchObject({
      code: 'NODE_FAILED',
      cause: thrown,
    });
  });
});
