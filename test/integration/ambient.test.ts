import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  currentContext,
  NoContextError,
  PipelineContext,
  PipelineRunner,
  requireContext,
  runPipeline,
  SinkNode,
  SourceNode,
  StreamSinkNode,
  StreamTransformNode,
  TransformNode,
  withContext,
} from 'heirline';
import {
  aborted,
  definePipeline,
  delay,
  errorOf,
  gate,
  nextTurn,
  range,
  rejectionOf,
  throwAnything,
} from './support/harness.js';

const ambientRun = (): string | undefined => currentContext()?.runId;
const ambientPipeline = (): string | undefined => currentContext()?.pipelineId;

describe('outside any run', () => {
  test('there is no current context, and requiring one throws', () => {
    expect(currentContext()).toBeUndefined();
    const error = errorOf(() => requireContext());
    expect(error).toBeInstanceOf(NoContextError);
    expect(error.code).toBe('NO_CONTEXT');
  });

  test('constructing a context changes nothing ambient', () => {
    const context = new PipelineContext({ parameters: { a: 1 } });

    expect(context.parameters.get('a')).toBe(1);
    expect(currentContext()).toBeUndefined();
  });

  test('there is none either after a run that succeeded, failed or was cancelled', async () => {
    const step = (mode: 'succeed' | 'fail' | 'cancel') =>
      definePipeline('parent', (builder) => {
        builder.connect(
          builder.addSource([1], 'source'),
          builder.addSink((_item: number, context) => {
            if (mode === 'fail') throw new Error('no');
            if (mode === 'cancel') context.run.cancel();
          }, 'sink'),
        );
      });

    await runPipeline(step('succeed'));
    expect(currentContext()).toBeUndefined();
    await rejectionOf(runPipeline(step('fail')));
    expect(currentContext()).toBeUndefined();
    await rejectionOf(runPipeline(step('cancel')));
    expect(currentContext()).toBeUndefined();
  });

  test('starting a run does not change what the caller sees while it runs', async () => {
    const Parent = definePipeline('parent', (builder) => {
      builder.connect(
        builder.addSource([1], 'source'),
        builder.addSink(() => nextTurn(), 'sink'),
      );
    });

    const run = runPipeline(Parent);
    expect(currentContext()).toBeUndefined();
    await Promise.resolve();
    expect(currentContext()).toBeUndefined();
    await run;
  });
});

describe('withContext', () => {
  test('gives ambient access to what a function calls and awaits, and returns what it returns', async () => {
    const seen: unknown[] = [];

    const answer = await withContext({ parameters: { city: 'Oslo' }, run: { runId: 'script' } }, async () => {
      seen.push(requireContext().parameters.get('city'), ambientRun());
      await nextTurn();
      seen.push(requireContext().parameters.get('city'), ambientRun());
      return 42;
    });

    expect(answer).toBe(42);
    expect(seen).toEqual(['Oslo', 'script', 'Oslo', 'script']);
    expect(currentContext()).toBeUndefined();
  });

  test('inherits nothing from a context around it, and gives that one back afterwards', async () => {
    const seen: unknown[] = [];

    await withContext({ parameters: { outer: true }, run: { runId: 'outer' } }, async () => {
      await withContext({ run: { runId: 'inner' } }, async () => {
        await nextTurn();
        seen.push(ambientRun(), requireContext().parameters.has('outer'), requireContext().parent);
      });
      seen.push(ambientRun());
    });

    expect(seen).toEqual(['inner', false, undefined, 'outer']);
  });

  test('disposes what was registered when the function has settled, in whatever way', async () => {
    const log: string[] = [];

    await withContext({}, async () => {
      requireContext().onDispose(() => log.push('disposed'));
      await nextTurn();
      log.push('done');
    });
    expect(log).toEqual(['done', 'disposed']);

    const original = new Error('broken');
    const failing = (async () => {
      await withContext({}, async () => {
        requireContext().onDispose(() => log.push('disposed after a failure'));
        await nextTurn();
        throw original;
      });
    })();
    await expect(failing).rejects.toBe(original);
    expect(log).toEqual(['done', 'disposed', 'disposed after a failure']);
  });
});

describe('runs side by side', () => {
  test('three runs with ids of their own each read theirs before and after a wait', async () => {
    const runner = new PipelineRunner();
    const seen: Record<string, unknown[]> = {};
    const Parent = definePipeline('parent', (builder) => {
      builder.connect(
        builder.addSource([1], 'source'),
        builder.addSink(async (_item: number, context) => {
          const before = ambientRun();
          await delay(20);
          seen[context.runId] = [before, ambientRun()];
        }, 'sink'),
      );
    });

    const results = await Promise.all(['a', 'b', 'c'].map((runId) => runner.run(Parent, { run: { runId } })));

    expect(results.map((result) => result.runId)).toEqual(['a', 'b', 'c']);
    expect(seen).toEqual({ a: ['a', 'a'], b: ['b', 'b'], c: ['c', 'c'] });
  });

  test('50 runs at once on one pipeline object have 50 ids, never see each other, and leave process.env alone', async () => {
    const environment = { ...process.env };
    const runner = new PipelineRunner();
    const crossings: string[] = [];
    let looks = 0;
    const look = (context: PipelineContext): void => {
      looks += 1;
      if (ambientRun() !== context.runId)
        crossings.push(`${String(ambientRun())} instead of ${context.runId}`);
      if (ambientPipeline() !== context.pipelineId) crossings.push('another execution');
    };
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform(
        async (item: number, context) => {
          look(context);
          await nextTurn();
          look(context);
          await Promise.resolve();
          look(context);
          return item;
        },
        { name: 'node', from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(async function* (context) {
        for (const item of range(1, 10)) {
          look(context);
          await nextTurn();
          look(context);
          yield item;
        }
      }, 'source');
      const child = builder.addComposite(Child, { name: 'child', from: source, concurrency: 4 });
      builder.connect(
        child,
        builder.addSink((_item: number, context) => {
          look(context);
        }, 'sink'),
      );
    });
    const shared = new Parent();

    const results = await Promise.all(range(1, 50).map(() => runner.run(shared)));

    expect(new Set(results.map((result) => result.runId)).size).toBe(50);
    expect(results.every((result) => result.status === 'succeeded')).toBe(true);
    expect(crossings).toEqual([]);
    expect(looks).toBe(50 * 10 * (2 + 3 + 1));
    expect({ ...process.env }).toEqual(environment);
  });
});

describe('a run inside a run', () => {
  test('has a context of its own, and the outer one is current again when it has ended', async () => {
    const seen: unknown[] = [];
    const Inner = definePipeline('inner', (builder) => {
      builder.connect(
        builder.addSource([1], 'source'),
        builder.addSink(async () => {
          seen.push(ambientRun());
          await nextTurn();
          seen.push(ambientRun());
        }, 'sink'),
      );
    });
    const Outer = definePipeline('outer', (builder) => {
      builder.connect(
        builder.addSource([1, 2], 'source'),
        builder.addSink(async (item: number) => {
          seen.push(ambientRun());
          const inner = runPipeline(Inner, { run: { runId: `inner-${String(item)}` } });
          seen.push(ambientRun());
          await inner;
          seen.push(ambientRun());
        }, 'sink'),
      );
    });

    await runPipeline(Outer, { run: { runId: 'outer' } });

    const outer = ['outer', 'outer'];
    expect(seen.filter((id) => id !== 'inner-1' && id !== 'inner-2')).toEqual([
      ...outer,
      'outer',
      ...outer,
      'outer',
    ]);
    expect(seen.filter((id) => id === 'inner-1' || id === 'inner-2')).toEqual([
      ...['inner-1', 'inner-1'],
      ...['inner-2', 'inner-2'],
    ]);
    expect(seen.at(-1)).toBe('outer');
  });

  test('also when the inner one fails', async () => {
    const seen: unknown[] = [];
    const Inner = definePipeline('inner', (builder) => {
      builder.connect(
        builder.addSource([1], 'source'),
        builder.addSink(() => throwAnything(new Error('no')), 'sink'),
      );
    });
    const Outer = definePipeline('outer', (builder) => {
      builder.connect(
        builder.addSource([1], 'source'),
        builder.addSink(async () => {
          await rejectionOf(runPipeline(Inner));
          seen.push(ambientRun());
        }, 'sink'),
      );
    });

    await runPipeline(Outer, { run: { runId: 'outer' } });

    expect(seen).toEqual(['outer']);
  });
});

describe('the ambient context is exact', () => {
  test('in every method of every kind of node, at the root and in a child', async () => {
    const wrong: string[] = [];
    const seen = new Set<string>();
    const look = (where: string, context: PipelineContext | undefined): void => {
      seen.add(where);
      if (context === undefined || ambientPipeline() !== context.pipelineId) wrong.push(where);
    };
    class Numbers extends SourceNode<number> {
      constructor(context: PipelineContext) {
        super();
        look('source constructor', context);
      }
      override init(context: PipelineContext): void {
        look('source init', context);
      }
      override async *open(context: PipelineContext): AsyncGenerator<number> {
        try {
          for (const item of [1, 2, 3]) {
            look('source', context);
            await nextTurn();
            look('source after a wait', context);
            yield item;
          }
        } finally {
          look('source finally', context);
        }
      }
    }
    class Plus extends TransformNode<number, number> {
      private mine: PipelineContext | undefined;
      override init(context: PipelineContext): void {
        this.mine = context;
        look('transform init', context);
      }
      override async transform(item: number, context: PipelineContext): Promise<number> {
        look('transform', context);
        await nextTurn();
        look('transform after a wait', context);
        return item + 1;
      }
      override dispose(): void {
        look('transform dispose', this.mine);
      }
    }
    class Pairs extends StreamTransformNode<number, number> {
      override async *transform(
        items: AsyncIterable<number>,
        context: PipelineContext,
      ): AsyncGenerator<number> {
        try {
          look('stream transform', context);
          for await (const item of items) {
            look('stream transform item', context);
            yield item;
            look('stream transform after its yield', context);
          }
        } finally {
          look('stream transform finally', context);
        }
      }
    }
    class Save extends SinkNode<number> {
      override write(_item: number, context: PipelineContext): void {
        look('sink write', context);
      }
      override async flush(context: PipelineContext): Promise<void> {
        look('sink flush', context);
        await nextTurn();
        look('sink flush after a wait', context);
      }
    }
    class Total extends StreamSinkNode<number> {
      override async consume(items: AsyncIterable<number>, context: PipelineContext): Promise<void> {
        for await (const item of items) look(item > 0 ? 'stream sink item' : 'nothing', context);
        look('stream sink end', context);
      }
    }
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const plus = builder.addTransform(Plus, { name: 'plus', from: builder.addCompositeInput() });
      const pairs = builder.addStreamTransform(Pairs, { name: 'pairs', from: plus });
      builder.connect(pairs, builder.addSink(Save, 'save')).connect(pairs, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const plus = builder.addTransform(Plus, { name: 'plus', from: builder.addSource(Numbers, 'numbers') });
      const child = builder.addComposite(Child, { name: 'child', from: plus });
      const pairs = builder.addStreamTransform(Pairs, { name: 'pairs', from: child });
      builder.connect(pairs, builder.addSink(Save, 'save')).connect(pairs, builder.addSink(Total, 'total'));
    });

    await runPipeline(Parent);

    expect(wrong).toEqual([]);
    expect(seen.size).toBe(18);
  });

  test('in the finally block of a source that is closed early by a cancel from outside', async () => {
    const seen: unknown[] = [];
    const controller = new AbortController();
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(async function* () {
        try {
          for (;;) yield await Promise.resolve(1);
        } finally {
          seen.push(ambientRun());
          await nextTurn();
          seen.push(ambientRun());
        }
      }, 'source');
      builder.connect(
        source,
        builder.addSink((_item: number, context) => aborted(context.signal), 'sink'),
      );
    });

    const run = rejectionOf(runPipeline(Parent, { signal: controller.signal, run: { runId: 'mine' } }));
    await nextTurn();
    controller.abort();
    await run;

    expect(seen).toEqual(['mine', 'mine']);
  });

  test('in disposers', async () => {
    const seen: unknown[] = [];
    const Parent = definePipeline('parent', (builder) => {
      builder.connect(
        builder.addSource([1], 'source'),
        builder.addSink((_item: number, context) => {
          context.onDispose(async () => {
            seen.push(ambientRun());
            await nextTurn();
            seen.push(ambientRun());
          });
        }, 'sink'),
      );
    });

    await runPipeline(Parent, { run: { runId: 'mine' } });

    expect(seen).toEqual(['mine', 'mine']);
  });

  test('inside children that overlap, each of which sees its own execution throughout', async () => {
    const wrong: number[] = [];
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const one = builder.addTransform(
        async (item: number, context) => {
          for (let turn = 0; turn < item % 4; turn += 1) {
            await nextTurn();
            if (ambientPipeline() !== context.pipelineId) wrong.push(item);
          }
          return item;
        },
        { name: 'one', from: builder.addCompositeInput() },
      );
      const two = builder.addTransform(
        (item: number, context) => {
          if (ambientPipeline() !== context.pipelineId) wrong.push(item);
          return item;
        },
        { name: 'two', from: one },
      );
      builder.connect(two, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource(range(1, 200), 'source'),
        concurrency: 16,
      });
      builder.connect(
        child,
        builder.addSink((item: number, context) => {
          if (ambientPipeline() !== context.pipelineId) wrong.push(item);
        }, 'sink'),
      );
    });

    await runPipeline(Parent);

    expect(wrong).toEqual([]);
  });
});

describe('what the framework itself drives', () => {
  test('a Readable as a source: its read method sees its own run for every item', async () => {
    const wrong: unknown[] = [];
    let reads = 0;
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource((context) => {
        let next = 0;
        return new Readable({
          objectMode: true,
          highWaterMark: 1,
          read() {
            reads += 1;
            if (ambientRun() !== context.runId) wrong.push(ambientRun());
            next += 1;
            setImmediate(() => this.push(next > 10 ? null : next));
          },
        }) as AsyncIterable<number>;
      }, 'source');
      builder.connect(
        source,
        builder.addSink(() => undefined, 'sink'),
      );
    });
    const runner = new PipelineRunner();

    await Promise.all(range(1, 5).map(() => runner.run(Parent)));

    expect(wrong).toEqual([]);
    expect(reads).toBeGreaterThanOrEqual(50);
  });

  test('an event emitter that a source listens to: the node sees its own run, whoever emits', async () => {
    const emitter = new EventEmitter();
    const ready = gate();
    const seen: string[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(async function* (context) {
        for (let count = 0; count < 3; count += 1) {
          const event = once(emitter, context.runId);
          if (count === 0) ready.open();
          const [value] = (await event) as [string];
          yield `${value} seen by ${String(ambientRun())}`;
        }
      }, 'source');
      builder.connect(
        source,
        builder.addSink((text: string) => seen.push(`${text} in ${String(ambientRun())}`), 'sink'),
      );
    });

    const run = runPipeline(Parent, { run: { runId: 'listener' } });
    await ready.opened;
    await withContext({ run: { runId: 'emitter' } }, async () => {
      for (const value of ['a', 'b', 'c']) {
        emitter.emit('listener', value);
        await delay(2);
      }
    });
    await run;

    expect(seen).toEqual(['a', 'b', 'c'].map((value) => `${value} seen by listener in listener`));
  });

  test('generators as sources and stream transforms: they see their own run at every item', async () => {
    const wrong: unknown[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(function* (context) {
        for (const item of range(1, 20)) {
          if (ambientRun() !== context.runId) wrong.push(ambientRun());
          yield item;
        }
      }, 'source');
      const doubled = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>, context) {
          for await (const item of items) {
            if (ambientRun() !== context.runId) wrong.push(ambientRun());
            yield item;
            if (ambientRun() !== context.runId) wrong.push(ambientRun());
          }
        },
        { name: 'doubled', from: source },
      );
      builder.connect(
        doubled,
        builder.addSink(() => nextTurn(), 'sink'),
      );
    });
    const runner = new PipelineRunner();

    await Promise.all(range(1, 20).map(() => runner.run(Parent)));

    expect(wrong).toEqual([]);
  });
});

describe('work that a node starts and abandons', () => {
  test('sees its own execution or one that encloses it, never that of another item or run', async () => {
    const seen: { own: readonly (string | undefined)[]; found: string | undefined }[] = [];
    const pending: Promise<void>[] = [];
    const abandon = (own: readonly (string | undefined)[]): void => {
      pending.push(
        delay(2).then(() => {
          seen.push({ own, found: ambientPipeline() });
        }),
        nextTurn().then(() => {
          seen.push({ own, found: ambientPipeline() });
        }),
      );
    };
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform(
        async (item: number, context) => {
          abandon([context.pipelineId, context.parent?.pipelineId]);
          if (item % 2 === 0) await nextTurn();
          return item;
        },
        { name: 'node', from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource(range(1, 30), 'source'),
        concurrency: 8,
      });
      builder.connect(
        child,
        builder.addSink((_item: number, context) => {
          abandon([context.pipelineId]);
        }, 'sink'),
      );
    });
    const runner = new PipelineRunner();

    await Promise.all(range(1, 4).map(() => runner.run(Parent)));
    await Promise.all(pending);

    expect(seen).toHaveLength(4 * 30 * 2 * 2);
    expect(seen.filter(({ own, found }) => !own.includes(found))).toEqual([]);
  });
});

describe('running a pipeline changes nothing outside it', () => {
  test('no property of globalThis and no variable of the environment', async () => {
    const globals = Reflect.ownKeys(globalThis).map(String).sort();
    const environment = { ...process.env };
    const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)] as const);
    const Parent = definePipeline('parent', (builder) => {
      builder.connect(
        builder.addSource([1], 'source'),
        builder.addSink(() => nextTurn(), 'sink'),
      );
    });

    await runPipeline(Parent);

    expect(Reflect.ownKeys(globalThis).map(String).sort()).toEqual(globals);
    expect({ ...process.env }).toEqual(environment);
    expect(process.eventNames().map((name) => [name, process.listenerCount(name)] as const)).toEqual(
      listeners,
    );
  });
});
