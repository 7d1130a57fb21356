import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  PipelineContext,
  PipelineRunner,
  runPipeline,
  SinkNode,
  TransformNode,
  type PipelineBuilder,
} from 'heirline';
import {
  aborted,
  codesOf,
  countsAt,
  definePipeline,
  delay,
  errorOf,
  expectBalanced,
  gate,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
} from './support/harness.js';

type Step = (item: number, context: PipelineContext) => number | Promise<number>;

/** A parent with the composite `child`, whose transform `node` runs `step`; what leaves is noted in `log`. */
function parentOf(step: Step, items: Iterable<number> | AsyncIterable<number>, log: string[] = []) {
  const Child = definePipeline<number, number>('child-pipeline', (builder) => {
    const node = builder.addTransform(step, { name: 'node', from: builder.addCompositeInput() });
    builder.connect(node, builder.addCompositeOutput());
  });
  return definePipeline('parent', (builder) => {
    const child = builder.addComposite(Child, { name: 'child', from: builder.addSource(items, 'source') });
    builder.connect(
      child,
      builder.addSink((item: number) => log.push(`sink got ${String(item)}`), 'sink'),
    );
  });
}

/** Registers two disposers and a throwing one between them. */
function registerThree(context: PipelineContext, log: string[], name: string): void {
  context.onDispose(() => log.push(`${name}: first registered`));
  context.onDispose(() => throwAnything(new Error(`${name} does not close`)));
  context.onDispose(() => log.push(`${name}: last registered`));
}

describe('what is registered on a child context for disposal', () => {
  test('is disposed when that child ends, last registered first, before the next child starts', async () => {
    const log: string[] = [];
    await runPipeline(
      parentOf(
        (item, context) => {
          log.push(`child ${String(item)} starts`);
          context.onDispose(() => log.push(`${String(item)}: first registered`));
          context.onDispose(() => log.push(`${String(item)}: last registered`));
          return item;
        },
        [1, 2],
      ),
    );

    expect(log).toEqual([
      'child 1 starts',
      '1: last registered',
      '1: first registered',
      'child 2 starts',
      '2: last registered',
      '2: first registered',
    ]);
  });

  test('is disposed completely, also when one disposer throws', async () => {
    const log: string[] = [];

    const error = await rejectionOf(
      runPipeline(
        parentOf(
          (item, context) => {
            registerThree(context, log, 'child');
            return item;
          },
          [1],
        ),
      ),
    );

    expect(log).toEqual(['child: last registered', 'child: first registered']);
    expect(error.code).toBe('DISPOSAL_FAILED');
    expectBalanced(resultOf(error));
  });

  test('is disposed when the child fails, and the disposer that throws does not replace the failure', async () => {
    const log: string[] = [];
    const original = new Error('broken');

    const error = await rejectionOf(
      runPipeline(
        parentOf(
          (_item, context) => {
            registerThree(context, log, 'child');
            return throwAnything(original);
          },
          [1],
        ),
      ),
    );

    expect(log).toEqual(['child: last registered', 'child: first registered']);
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/child/node' });
    expect(error.cause).toBe(original);
    // The work has not succeeded, and the text beside its failure does not say so.
    const beside = resultOf(error).failures.shown.find(({ code }) => code === 'DISPOSAL_FAILED');
    expect(beside?.message).toMatch(/: A disposer failed: /);
  });

  test('is disposed when the run is cancelled, and the disposer that throws does not replace the cancel', async () => {
    const log: string[] = [];
    const controller = new AbortController();

    const error = await rejectionOf(
      runPipeline(
        parentOf(
          async (item, context) => {
            registerThree(context, log, 'child');
            controller.abort();
            await aborted(context.signal);
            return item;
          },
          [1, 2],
        ),
        { signal: controller.signal },
      ),
    );

    expect(log).toEqual(['child: last registered', 'child: first registered']);
    expect(error.code).toBe('RUN_CANCELLED');
  });

  test('is disposed in every child that was alive when the run was cancelled', async () => {
    const controller = new AbortController();
    const started = gate();
    let open = 0;
    let most = 0;
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform(
        async (item: number, context) => {
          open += 1;
          most = Math.max(most, open);
          context.onDispose(async () => {
            await nextTurn();
            open -= 1;
          });
          if (open === 8) started.open();
          await aborted(context.signal);
          return item;
        },
        { name: 'node', from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource(range(1, 20), 'source'),
        concurrency: 8,
      });
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const run = rejectionOf(runPipeline(Parent, { signal: controller.signal }));
    await started.opened;
    controller.abort();
    const error = await run;

    expect(most).toBe(8);
    expect(open).toBe(0);
    expectBalanced(resultOf(error));
  });

  test('and throws fails that child, and its composite’s policy decides about the item', async () => {
    const outputs: number[] = [];
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform(
        (item: number, context) => {
          if (item === 2) context.onDispose(() => throwAnything(new Error('file is locked')));
          return item;
        },
        { name: 'node', from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([1, 2, 3], 'source'),
        errorPolicy: errorPolicy({ on: 'DISPOSAL_FAILED', then: 'skip' }),
      });
      builder.connect(
        child,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    });

    const result = await runPipeline(Parent);

    expect(outputs).toEqual([1, 3]);
    expect(countsAt(result, 'parent/child')).toMatchObject({ in: 3, out: 2, filtered: 1 });
    expectBalanced(result);
  });

  test('may be a function, a Disposable or an AsyncDisposable', async () => {
    const log: string[] = [];
    await runPipeline(
      parentOf(
        (item, context) => {
          context.onDispose(() => log.push('function'));
          context.onDispose({ [Symbol.dispose]: () => log.push('disposable') });
          context.onDispose({
            [Symbol.asyncDispose]: async () => {
              await nextTurn();
              log.push('async disposable');
            },
          });
          return item;
        },
        [1],
      ),
    );

    expect(log).toEqual(['async disposable', 'disposable', 'function']);
  });

  test('cannot be registered once the execution has ended', async () => {
    const contexts: PipelineContext[] = [];
    await runPipeline(
      parentOf(
        (item, context) => {
          contexts.push(context);
          return item;
        },
        [1],
      ),
    );

    const [context] = contexts;
    const error = errorOf(() => context?.onDispose(() => undefined));

    expect(error.code).toBe('CONTEXT_DISPOSED');
  });

  test('on the root outlives every child and is disposed when the run ends', async () => {
    const log: string[] = [];
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform(
        (item: number, context) => {
          context.onDispose(() => log.push(`child ${String(item)}`));
          return item;
        },
        { name: 'node', from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource((context) => {
        context.onDispose(() => log.push('root'));
        return [1, 2];
      }, 'source');
      const child = builder.addComposite(Child, { name: 'child', from: source });
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    await runPipeline(Parent);

    expect(log).toEqual(['child 1', 'child 2', 'root']);
  });
});

describe('a context that the caller made', () => {
  test('is a template: its own disposers are the caller’s business', async () => {
    let disposed = 0;
    const template = new PipelineContext({ parameters: { rate: 2 } });
    template.onDispose(() => {
      disposed += 1;
    });
    const Parent = parentOf((item) => item, [1]);

    await runPipeline(Parent, template);
    await runPipeline(Parent, template);

    expect(disposed).toBe(0);
  });

  test('serves many runs at once: each has an id of its own and a context of its own', async () => {
    const template = new PipelineContext({ parameters: { rate: 2 } });
    const runner = new PipelineRunner();
    const Parent = definePipeline('parent', (builder) => {
      builder.connect(
        builder.addSource([1], 'source'),
        builder.addSink(async (_item: number, context) => {
          context.parameters.set('mine', context.runId);
          await nextTurn();
        }, 'sink'),
      );
    });

    const results = await Promise.all(range(1, 10).map(() => runner.run(Parent, template)));

    expect(new Set(results.map((result) => result.runId)).size).toBe(10);
    for (const result of results) expect(result.context.parameters.get('mine')).toBe(result.runId);
    expect(template.parameters.has('mine')).toBe(false);
    expect([...template.parameters.keys()]).toEqual(['rate']);
  });
});

describe('a node that the run constructed', () => {
  class Careful extends TransformNode<number, number> {
    constructor(private readonly context: PipelineContext) {
      super();
    }
    private note(event: string): void {
      this.context.items.require<string[]>('log').push(event);
    }
    override async init(): Promise<void> {
      await nextTurn();
      this.note('init');
    }
    override transform(item: number): number {
      this.note(`transform ${String(item)}`);
      if (item === 13) throw new Error('unlucky');
      return item;
    }
    override async dispose(): Promise<void> {
      await nextTurn();
      this.note('dispose');
    }
  }
  const careful = (items: readonly number[], lifetime?: 'run') => (builder: PipelineBuilder) => {
    const node = builder.addTransform(Careful, {
      name: 'node',
      from: builder.addSource(items, 'source'),
      lifetime,
    });
    builder.connect(
      node,
      builder.addSink(() => undefined, 'sink'),
    );
  };

  test('has its init awaited before its first item, and its dispose when the run ends', async () => {
    const log: string[] = [];

    await runPipeline(definePipeline('parent', careful([1, 2])), { items: { log } });

    expect(log).toEqual(['init', 'transform 1', 'transform 2', 'dispose']);
  });

  test('is disposed when the run fails', async () => {
    const log: string[] = [];

    await rejectionOf(runPipeline(definePipeline('parent', careful([1, 13, 2])), { items: { log } }));

    expect(log).toEqual(['init', 'transform 1', 'transform 13', 'dispose']);
  });

  test('is made once for all children when its lifetime is the run', async () => {
    const log: string[] = [];
    const Child = (lifetime?: 'run') =>
      definePipeline<number, number>('child-pipeline', (builder) => {
        const node = builder.addTransform(Careful, {
          name: 'node',
          from: builder.addCompositeInput(),
          lifetime,
        });
        builder.connect(node, builder.addCompositeOutput());
      });
    const Parent = (lifetime?: 'run') =>
      definePipeline('parent', (builder) => {
        const child = builder.addComposite(Child(lifetime), {
          name: 'child',
          from: builder.addSource([1, 2], 'source'),
          contextConfiguration: { inheritParentItems: true },
        });
        builder.connect(
          child,
          builder.addSink(() => undefined, 'sink'),
        );
      });

    await runPipeline(Parent('run'), { items: { log } });
    expect(log).toEqual(['init', 'transform 1', 'transform 2', 'dispose']);

    log.length = 0;
    await runPipeline(Parent(), { items: { log } });
    expect(log).toEqual(['init', 'transform 1', 'dispose', 'init', 'transform 2', 'dispose']);
  });

  test('whose init throws is disposed too, and no item flows', async () => {
    const log: string[] = [];
    class Sick extends TransformNode<number, number> {
      override init(): void {
        log.push('init');
        throw new Error('no connection');
      }
      override transform(item: number): number {
        log.push('transform');
        return item;
      }
      override dispose(): void {
        log.push('dispose');
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(function* () {
        log.push('pulled');
        yield 1;
      }, 'source');
      const node = builder.addTransform(Sick, { name: 'node', from: source });
      builder.connect(
        node,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/node' });
    expect(log).toEqual(['init', 'dispose']);
  });

  test('whose init throws inside a child fails that item only', async () => {
    const outputs: number[] = [];
    let inits = 0;
    class SickOnce extends TransformNode<number, number> {
      override init(): void {
        inits += 1;
        if (inits === 1) throw new Error('no connection yet');
      }
      override transform(item: number): number {
        return item;
      }
    }
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform(SickOnce, { name: 'node', from: builder.addCompositeInput() });
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([1, 2, 3], 'source'),
        errorPolicy: errorPolicy('skip'),
      });
      builder.connect(
        child,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    });

    const result = await runPipeline(Parent);

    expect(outputs).toEqual([2, 3]);
    expect(countsAt(result, 'parent/child')).toMatchObject({ in: 3, out: 2, filtered: 1 });
  });

  test('that fails to dispose fails a run that otherwise succeeded, after everything else is disposed', async () => {
    const log: string[] = [];
    class Stuck extends TransformNode<number, number> {
      override transform(item: number): number {
        return item;
      }
      override dispose(): void {
        throw new Error('file is locked');
      }
    }
    class Tidy extends TransformNode<number, number> {
      override transform(item: number): number {
        return item;
      }
      override dispose(): void {
        log.push('tidy');
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      const first = builder.addTransform(Tidy, { name: 'first', from: builder.addSource([1], 'source') });
      const stuck = builder.addTransform(Stuck, { name: 'stuck', from: first });
      const last = builder.addTransform(Tidy, { name: 'last', from: stuck });
      builder.connect(
        last,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error.code).toBe('DISPOSAL_FAILED');
    expect(resultOf(error).status).toBe('failed');
    expect(log).toEqual(['tidy', 'tidy']);
  });
});

describe('an instance that the user made', () => {
  test('is neither initialised nor disposed by the run, and keeps its state', async () => {
    const log: string[] = [];
    class Mine extends TransformNode<number, number> {
      private calls = 0;
      override init(): void {
        log.push('init');
      }
      override transform(): number {
        this.calls += 1;
        return this.calls;
      }
      override dispose(): void {
        log.push('dispose');
      }
    }
    const mine = new Mine();
    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addTransform(mine, { name: 'node', from: builder.addSource([0, 0], 'source') });
      builder.connect(
        node,
        builder.addSink((item: number) => log.push(String(item)), 'sink'),
      );
    });

    await runPipeline(Parent);
    await runPipeline(Parent);

    expect(log).toEqual(['1', '2', '3', '4']);
  });

  test('cannot be given a lifetime', async () => {
    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addTransform((item: number) => item, {
        name: 'node',
        from: builder.addSource([1], 'source'),
        lifetime: 'run',
      });
      builder.connect(
        node,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    expect(codesOf(await rejectionOf(runPipeline(Parent)))).toContain('OPTION_INVALID');
  });
});

describe('a sink', () => {
  class Ledger extends SinkNode<number> {
    constructor(private readonly log: string[]) {
      super();
    }
    override write(item: number): void {
      this.log.push(`write ${String(item)}`);
    }
    override async flush(
      _context: PipelineContext,
      outcome: 'succeeded' | 'failed' | 'cancelled',
    ): Promise<void> {
      await nextTurn();
      this.log.push(`flush ${outcome}`);
    }
  }
  const writing = (log: string[], step: Step) =>
    definePipeline('parent', (builder) => {
      const node = builder.addTransform(step, { name: 'node', from: builder.addSource([1, 2], 'source') });
      builder.connect(node, builder.addSink(new Ledger(log), 'ledger'));
    });

  test('is flushed once when the run succeeds, also one that the user made', async () => {
    const log: string[] = [];

    await runPipeline(writing(log, (item) => item));

    expect(log).toEqual(['write 1', 'write 2', 'flush succeeded']);
  });

  test('is flushed once when the run fails', async () => {
    const log: string[] = [];

    await rejectionOf(
      runPipeline(writing(log, (item) => (item === 2 ? throwAnything(new Error('two')) : item))),
    );

    expect(log).toEqual(['write 1', 'flush failed']);
  });

  test('that fails when flushed never replaces the failure or the cancel that came first', async () => {
    class Broken extends SinkNode<number> {
      override write(): void {
        // takes everything
      }
      override flush(): void {
        throw new Error('disk full');
      }
    }
    const original = new Error('broken');
    const ending = (step: Step, log: string[]) =>
      definePipeline('parent', (builder) => {
        const node = builder.addTransform(step, { name: 'node', from: builder.addSource([1], 'source') });
        builder
          .connect(node, builder.addSink(Broken, 'broken'))
          .connect(node, builder.addSink(new Ledger(log), 'ledger'));
      });
    const log: string[] = [];

    const failed = await rejectionOf(runPipeline(ending(() => throwAnything(original), log)));
    const cancelled = await rejectionOf(
      runPipeline(
        ending((item, context) => {
          context.run.cancel();
          return item;
        }, log),
      ),
    );

    expect(failed.cause).toBe(original);
    expect(cancelled.code).toBe('RUN_CANCELLED');
    expect(log).toEqual(['flush failed', 'flush cancelled']);
  });

  test('is flushed once when the run is cancelled', async () => {
    const log: string[] = [];

    await rejectionOf(
      runPipeline(
        writing(log, (item, context) => {
          if (item === 2) context.run.cancel();
          return item;
        }),
      ),
    );

    expect(log).toEqual(['write 1', 'flush cancelled']);
  });

  test('inside a child is flushed once per execution', async () => {
    const log: string[] = [];
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const input = builder.addCompositeInput();
      builder.connect(input, builder.addSink(new Ledger(log), 'ledger'));
      builder.connect(input, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1, 2], 'source') });
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    await runPipeline(Parent);

    expect(log).toEqual(['write 1', 'flush succeeded', 'write 2', 'flush succeeded']);
  });
});

describe('when the promise of a run settles', () => {
  test('the source is closed, the sinks are flushed and the disposers are done, also after a cancel', async () => {
    const log: string[] = [];
    const controller = new AbortController();
    async function* source() {
      try {
        for (const item of range(1, 100)) yield await Promise.resolve(item);
      } finally {
        await delay(5);
        log.push('source closed');
      }
    }
    class Slow extends SinkNode<number> {
      override write(): void {
        // takes everything
      }
      override async flush(): Promise<void> {
        await delay(5);
        log.push('sink flushed');
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addTransform(
        (item: number, context) => {
          if (item === 1) {
            context.onDispose(async () => {
              await delay(5);
              log.push('disposer done');
            });
          }
          if (item === 3) controller.abort();
          return item;
        },
        { name: 'node', from: builder.addSource(() => source(), 'source') },
      );
      builder.connect(node, builder.addSink(Slow, 'sink'));
    });

    await rejectionOf(runPipeline(Parent, { signal: controller.signal }));

    expect([...log].sort()).toEqual(['disposer done', 'sink flushed', 'source closed']);
  });

  test('no listener is left on the caller’s signal, in whatever way the run ended', async () => {
    const controller = new AbortController();
    const { signal } = controller;

    await runPipeline(
      parentOf((item) => item, [1, 2]),
      { signal },
    );
    expect(getEventListeners(signal, 'abort')).toEqual([]);

    await rejectionOf(
      runPipeline(
        parentOf(() => throwAnything(new Error('no')), [1]),
        { signal },
      ),
    );
    expect(getEventListeners(signal, 'abort')).toEqual([]);

    const cancelled = rejectionOf(
      runPipeline(
        parentOf(
          async (item, context) => {
            await aborted(context.signal);
            return item;
          },
          [1],
        ),
        { signal },
      ),
    );
    await nextTurn();
    controller.abort();
    await cancelled;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('no timer is left that would keep the process alive', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    await nextTurn();
    const before = timers();

    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addTransform((item: number) => Promise.resolve(item), {
        name: 'node',
        from: builder.addSource(range(1, 10), 'source'),
        timeoutMs: 60_000,
      });
      builder.connect(
        node,
        builder.addSink(() => undefined, 'sink'),
      );
    });
    await runPipeline(Parent, { run: { deadline: new Date(Date.now() + 60_000) } });

    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('a node that ignores an aborted signal', () => {
  test('is waited for at most the grace time, then named in abandoned, on the error and on its result', async () => {
    const release = gate();
    const outputs: number[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const deaf = builder.addTransform(
        async (item: number, context) => {
          context.run.cancel();
          await release.opened;
          return item;
        },
        { name: 'deaf', from: builder.addSource([1, 2], 'source') },
      );
      builder.connect(
        deaf,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    });

    const started = Date.now();
    const error = await rejectionOf(new PipelineRunner({ graceMs: 20 }).run(Parent));

    expect(Date.now() - started).toBeLessThan(2_000);
    expect(error.code).toBe('RUN_CANCELLED');
    expect(error.abandoned).toEqual(['parent/deaf']);
    expect(resultOf(error).abandoned).toEqual(['parent/deaf']);
    expectBalanced(resultOf(error));

    release.open();
    await nextTurn();
    expect(outputs).toEqual([]);
  });

  test('but ends within the grace time is not abandoned', async () => {
    const Parent = definePipeline('parent', (builder) => {
      const slow = builder.addTransform(
        async (item: number, context) => {
          context.run.cancel();
          await delay(15);
          return item;
        },
        { name: 'slow', from: builder.addSource([1], 'source') },
      );
      builder.connect(
        slow,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const error = await rejectionOf(new PipelineRunner({ graceMs: 5_000 }).run(Parent));

    expect(error.abandoned ?? []).toEqual([]);
    expect(resultOf(error).abandoned).toEqual([]);
  });

  test('may be a source that never answers', async () => {
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<number>>(() => undefined) }),
    };
    const controller = new AbortController();
    const Parent = definePipeline('parent', (builder) => {
      builder.connect(
        builder.addSource(source, 'silent'),
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const run = rejectionOf(new PipelineRunner({ graceMs: 20 }).run(Parent, { signal: controller.signal }));
    await nextTurn();
    controller.abort();
    const error = await run;

    expect(error.code).toBe('RUN_CANCELLED');
    expect(error.abandoned).toEqual(['parent/silent']);
  });

  test('that rejects long after the run has ended disturbs nobody', async () => {
    const release = gate();
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => {
      unhandled.push(reason);
    };
    const Parent = parentOf(
      async (_item, context) => {
        context.run.cancel();
        await release.opened;
        return throwAnything(new Error('too late'));
      },
      [1],
    );

    await rejectionOf(new PipelineRunner({ graceMs: 5 }).run(Parent));
    process.on('unhandledRejection', note);
    release.open();
    await delay(5);
    process.off('unhandledRejection', note);

    expect(unhandled).toEqual([]);
  });
});

test('a disposer that hangs in a child that was given up keeps nothing around it from being disposed', async () => {
  const disposed: string[] = [];
  const never = new Promise<never>(() => undefined);
  const Child = definePipeline<number, number>('child', (builder) => {
    const stuck = builder.addTransform(
      async (_: number, context) => {
        context.onDispose(() => disposed.push('child'));
        context.onDispose(() => never);
        context.run.cancel();
        return await never;
      },
      { name: 'stuck', from: builder.addCompositeInput() },
    );
    builder.connect(stuck, builder.addCompositeOutput());
  });
  const Parent = definePipeline('parent', (builder) => {
    const source = builder.addSource((context) => {
      context.onDispose(() => disposed.push('parent'));
      return [1];
    }, 'source');
    builder.connect(
      builder.addComposite(Child, { name: 'child', from: source }),
      builder.addSink(() => undefined, 'sink'),
    );
  });

  const error = await rejectionOf(new PipelineRunner({ graceMs: 20 }).run(Parent));

  expect(error.code).toBe('RUN_CANCELLED');
  expect(disposed).toEqual(['child', 'parent']);
});
