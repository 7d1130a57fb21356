import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  observers,
  PipelineContext,
  PipelineRunner,
  runPipeline,
  SinkNode,
  type ErrorMatcher,
  type ExecutionObserver,
  type Logger,
  type NodeContainer,
  type Outcome,
} from 'heirline';
import { RecordingObserver } from 'heirline/testing';
import {
  countsAt,
  definePipeline,
  delay,
  errorOf,
  range,
  rejectionOf,
  throwAnything,
  unhandledDuring,
  type DefinitionClass,
} from './support/harness.js';

/** An error response as web frameworks have it: it looks like an Error without being one. */
class HttpProblem {
  readonly name = 'HttpProblem';
  readonly message: string;

  constructor(readonly status: number) {
    this.message = `status ${String(status)}`;
  }
}

function throwing(thrown: unknown, on: ErrorMatcher, lanes = 1): DefinitionClass<never, never> {
  const child = definePipeline<number, number>('child', (builder) => {
    const work = builder.addTransform(
      (item: number) => (item % 2 === 0 ? throwAnything(thrown) : Promise.resolve(item)),
      { name: 'work', from: builder.addCompositeInput(), errorPolicy: errorPolicy({ on, then: 'skip' }) },
    );
    builder.connect(work, builder.addCompositeOutput());
  });
  return definePipeline('root', (builder) => {
    const items = builder.addSource(range(1, 6), 'items');
    const outer = builder.addComposite(child, {
      name: 'outer',
      output: 'optional',
      concurrency: lanes,
      from: items,
    });
    builder.addSink(() => undefined, { name: 'sink', from: outer });
  }) as unknown as DefinitionClass<never, never>;
}

describe('a class in `on`', () => {
  function LegacyError(): void {
    // A constructor from before there were classes.
  }
  LegacyError.prototype = Object.create(Error.prototype) as object;
  const foreign = runInNewContext(`({ type: TypeError, thrown: new TypeError('no') })`) as {
    type: new () => Error;
    thrown: Error;
  };
  const cases: Record<string, [thrown: unknown, on: ErrorMatcher]> = {
    'that looks like an Error without being one': [new HttpProblem(503), HttpProblem],
    'of another realm, for an error of that realm': [foreign.thrown, foreign.type],
    'of this realm, for an error of another one': [foreign.thrown, TypeError],
    'that is a constructor function of errors': [
      Object.create(LegacyError.prototype),
      LegacyError as unknown as ErrorMatcher,
    ],
    'of something else altogether': [new Map(), Map],
  };
  for (const [title, [thrown, on]] of Object.entries(cases)) {
    for (const lanes of [1, 4]) {
      test(`${title}, is asked whether the error is an instance, in ${String(lanes)} lanes`, async () => {
        const result = await runPipeline(throwing(thrown, on, lanes));
        expect(countsAt(result, 'root/outer/work')).toMatchObject({ out: 3, filtered: 3, failed: 0 });
        const others = await rejectionOf(runPipeline(throwing(new RangeError('other'), on, lanes)));
        expect(others).toMatchObject({ code: 'NODE_FAILED', path: 'root/outer/work' });
      });
    }
  }

  test('and any other function is a predicate', async () => {
    const predicates: ErrorMatcher[] = [
      (error) => error instanceof HttpProblem,
      function isProblem(error: unknown) {
        return error instanceof HttpProblem;
      },
      ((error: unknown) => error instanceof HttpProblem).bind(undefined),
    ];
    for (const on of predicates) {
      const result = await runPipeline(throwing(new HttpProblem(503), on));
      expect(countsAt(result, 'root/outer/work')).toMatchObject({ out: 3, filtered: 3 });
    }
  });
});

describe('observers', () => {
  test('leave out undefined, and refuse what else is no observer, where they are joined', () => {
    expect(() => observers(undefined, {}, undefined)).not.toThrow();
    for (const other of [null, 1, 'observer', [], Promise.resolve({}), () => undefined, { nodeStart() {} }]) {
      expect(errorOf(() => observers({}, other as ExecutionObserver)).code).toBe('OPTION_INVALID');
    }
  });

  test('hear an event once, however often and wherever one of them is given', async () => {
    const root = definePipeline('root', (builder) => {
      builder.addSink(() => undefined, { name: 'sink', from: builder.addSource([1], 'items') });
    });
    const once = new RecordingObserver();
    await runPipeline(root, { executionObserver: once });
    const types = once.events.map(({ type }) => type);
    const other = new RecordingObserver();
    const ways: ((observer: RecordingObserver) => [ExecutionObserver, ExecutionObserver])[] = [
      (observer) => [observer, observer],
      (observer) => [observers(observer, other), observer],
      (observer) => [observer, observers(other, observers(observer, observer), observer)],
      (observer) => {
        const both = observers(observer, other);
        return [both, both];
      },
    ];
    for (const way of ways) {
      const observer = new RecordingObserver();
      const [ofRunner, ofContext] = way(observer);
      const runner = new PipelineRunner({ executionObserver: ofRunner });
      await runner.run(root, new PipelineContext({ executionObserver: ofContext }));
      expect(observer.events.map(({ type }) => type)).toEqual(types);
    }
  });
});

/** A sink that tells when it was flushed, and after which items. */
class Batch extends SinkNode<number> {
  readonly items: number[] = [];
  readonly flushes: [number, Outcome][] = [];

  override write(item: number): void {
    this.items.push(item);
  }

  override flush(_context: PipelineContext, outcome: Outcome): void {
    this.flushes.push([this.items.length, outcome]);
  }
}

describe('one sink instance in several nodes', () => {
  test('is flushed once, after all of them, and each node has succeeded', async () => {
    const batch = new Batch();
    const observer = new RecordingObserver();
    const root = definePipeline('root', (builder) => {
      const items = builder.addSource([1, 2, 3], 'items');
      const slow = builder.addTransform(
        async (item: number) => {
          await delay(2);
          return item;
        },
        { name: 'slow', from: items },
      );
      builder.addSink(batch, { name: 'one', from: items });
      builder.addSink(new Batch(), { name: 'between', from: items });
      builder.addSink(batch, { name: 'two', from: slow });
    });
    await runPipeline(root, { executionObserver: observer });
    expect(batch.flushes).toEqual([[6, 'succeeded']]);
    const sinks = ['one', 'between', 'two'];
    const ended = observer.of('nodeCompleted').filter(({ nodeId }) => sinks.includes(nodeId));
    expect(ended.map(({ nodeId, outcome }) => `${nodeId} ${outcome}`).sort()).toEqual([
      'between succeeded',
      'one succeeded',
      'two succeeded',
    ]);
  });

  test('is flushed once per execution of a child, also where a container gives it', async () => {
    class Shared extends Batch {
      static readonly all: Shared[] = [];
    }
    const shared = new Shared();
    const container: NodeContainer = {
      isBound: (type) => Object.is(type, Shared),
      get: () => shared as never,
    };
    const child = definePipeline<number, number>('child', (builder) => {
      const input = builder.addCompositeInput();
      builder.addSink(Shared, { name: 'one', from: input });
      builder.addSink(Shared, { name: 'two', from: input });
      builder.connect(input, builder.addCompositeOutput());
    });
    const root = definePipeline('root', (builder) => {
      const items = builder.addSource([1, 2], 'items');
      builder.addSink(() => undefined, {
        name: 'sink',
        from: builder.addComposite(child, { name: 'child', from: items }),
      });
    });
    await new PipelineRunner({ container }).run(root);
    expect(shared.flushes).toEqual([
      [2, 'succeeded'],
      [4, 'succeeded'],
    ]);
  });

  test('fails its run once where its flush fails, at the last of its nodes', async () => {
    const broken = Object.assign(new Batch(), { flush: () => throwAnything(new Error('broken')) });
    const root = definePipeline('root', (builder) => {
      const items = builder.addSource([1], 'items');
      builder.addSink(broken, { name: 'one', from: items });
      builder.addSink(broken, { name: 'two', from: items });
    });
    const error = await rejectionOf(runPipeline(root));
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/two' });
  });
});

describe('a logger that is asynchronous and rejects', () => {
  test('ends no process and no run, from a node, from the framework and from a runner alike', async () => {
    const rejects = (): Promise<never> => Promise.reject(new Error('the log is full'));
    const logger = {
      trace: rejects,
      debug: rejects,
      info: rejects,
      warn: rejects,
      error: rejects,
      isLevelEnabled: () => true,
    } as unknown as Logger;
    const child = definePipeline<number, number>('child', (builder) => {
      const work = builder.addTransform(
        (item: number, context) => {
          context.logger.info({ item }, 'working');
          context.onDispose(() => throwAnything(new Error('not disposed')));
          return item;
        },
        { name: 'work', from: builder.addCompositeInput() },
      );
      builder.connect(work, builder.addCompositeOutput());
    });
    const root = definePipeline('root', (builder) => {
      const items = builder.addSource([1, 2, 3], 'items');
      const outer = builder.addComposite(child, {
        name: 'outer',
        output: 'optional',
        concurrency: 4,
        from: items,
        errorPolicy: errorPolicy('skip'),
      });
      builder.addSink(() => undefined, { name: 'sink', from: outer });
    });
    const observer = {
      nodeStarted: () => throwAnything(new Error('the observer is broken')),
    };
    const warnings: string[] = [];
    const note = ({ message }: Error): void => {
      warnings.push(message);
    };
    process.on('warning', note);
    try {
      const unhandled = await unhandledDuring(async () => {
        const { status } = await new PipelineRunner({ logger, executionObserver: observer }).run(root);
        expect(status).toBe('succeeded');
        await delay(5);
      });
      expect(unhandled).toEqual([]);
      expect(warnings.filter((warning) => warning.includes('the log is full'))).toHaveLength(1);
    } finally {
      process.off('warning', note);
    }
  });
});

describe('a container that answers wrongly', () => {
  class Doubling extends SinkNode<number> {
    override write(): void {
      // Takes everything.
    }
  }
  const root = definePipeline('root', (builder) => {
    builder.addSink(Doubling, { name: 'sink', from: builder.addSource([1], 'items') });
  });
  const refused = () => Promise.reject(new Error('no container'));
  const ofNodes: Record<string, Partial<NodeContainer>> = {
    'with a promise from get': { isBound: (type) => Object.is(type, Doubling), get: refused as never },
    'with a promise from isBound': { isBound: refused as never },
    'bound, and gives nothing': {
      isBound: (type) => Object.is(type, Doubling),
      get: () => undefined as never,
    },
    'bound, and gives null': { isBound: (type) => Object.is(type, Doubling), get: () => null as never },
    'bound, and throws': {
      isBound: (type) => Object.is(type, Doubling),
      get: () => throwAnything(new Error('closed')),
    },
  };
  const ofDefinitions: Record<string, Partial<NodeContainer>> = Object.fromEntries(
    Object.entries(ofNodes).map(([title, container]) => [
      title,
      title.includes('isBound') ? container : { ...container, isBound: (type) => Object.is(type, root) },
    ]),
  );
  for (const [title, answers] of Object.entries(ofNodes)) {
    const container = { isBound: () => false, get: () => undefined as never, ...answers };
    if (!title.includes('isBound')) {
      test(`about a node: ${title}`, async () => {
        const unhandled = await unhandledDuring(async () => {
          const error = await rejectionOf(new PipelineRunner({ container }).run(root));
          expect(error).toMatchObject({ code: 'NODE_ACTIVATION_FAILED', path: 'root/sink' });
        });
        expect(unhandled).toEqual([]);
      });
    }
    test(`about a definition: ${title}`, async () => {
      const forDefinition = { ...container, ...ofDefinitions[title] };
      const unhandled = await unhandledDuring(async () => {
        const error = await rejectionOf(new PipelineRunner({ container: forDefinition }).run(root));
        expect(error).toMatchObject({ code: 'DEFINITION_INVALID', path: 'root' });
      });
      expect(unhandled).toEqual([]);
    });
  }
});

describe('a stream transform that gives', () => {
  const given: Record<string, [() => unknown, number | string]> = {
    'a list': [() => [1, 2], 2],
    'a promise of a list': [() => Promise.resolve([1, 2]), 2],
    'a promise of an async iterable': [
      () =>
        Promise.resolve(
          (async function* () {
            yield 1;
            yield 2;
          })(),
        ),
      2,
    ],
    'a set': [() => new Set([1, 2, 3]), 3],
    nothing: [() => undefined, 'must give an iterable, not undefined'],
    null: [() => null, 'must give an iterable, not null'],
    'a number': [() => 5, 'must give an iterable, not number'],
    'a promise of nothing': [() => Promise.resolve(), 'must give an iterable, not undefined'],
  };
  for (const [title, [give, expected]] of Object.entries(given)) {
    for (const depth of [0, 2]) {
      test(`${title}, at depth ${String(depth)}`, async () => {
        let definition = definePipeline<number, number>('inner', (builder) => {
          const all = builder.addStreamTransform(give as () => AsyncIterable<number>, {
            name: 'all',
            from: builder.addCompositeInput(),
          });
          builder.connect(all, builder.addCompositeOutput());
        });
        for (let level = 0; level < depth; level += 1) {
          const below = definition;
          definition = definePipeline<number, number>('around', (builder) => {
            const child = builder.addComposite(below, {
              name: 'child',
              output: 'many',
              from: builder.addCompositeInput(),
            });
            builder.connect(child, builder.addCompositeOutput());
          });
        }
        const run = new PipelineRunner().runItem(definition, 1, undefined, { output: 'many' });
        if (typeof expected === 'number') expect(await run).toHaveLength(expected);
        else {
          const error = await rejectionOf(run);
          expect(error.code).toBe('NODE_FAILED');
          expect(error.message).toContain(expected);
        }
      });
    }
  }
});
