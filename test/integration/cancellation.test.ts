import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  fixed,
  PipelineRunner,
  RunCancelledError,
  runPipeline,
  type CancelReason,
  type PipelineContext,
  type RunResult,
} from 'heirline';
import {
  aborted,
  abortedAsFetchDoes,
  countsAt,
  definePipeline,
  defineStep,
  delay,
  expectBalanced,
  KeptLetters,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
  unhandledDuring,
} from './support/harness.js';

type Step = (item: number, context: PipelineContext) => number | Promise<number>;

/** A transform `node` of a root pipeline. */
function flat(step: Step, items: Iterable<number> | AsyncIterable<number>, outputs: number[] = []) {
  return definePipeline('parent', (builder) => {
    const node = builder.addTransform(step, { name: 'node', from: builder.addSource(items, 'source') });
    builder.connect(
      node,
      builder.addSink((item: number) => outputs.push(item), 'sink'),
    );
  });
}

/** A sub-pipeline whose transform `node` sees its context. */
function childOf(step: Step) {
  return definePipeline<number, number>('child-pipeline', (builder) => {
    const node = builder.addTransform(step, { name: 'node', from: builder.addCompositeInput() });
    builder.connect(node, builder.addCompositeOutput());
  });
}

/** Waits for the signal, then gives the item back as if nothing had been. */
const waiting: Step = async (item, context) => {
  await aborted(context.signal);
  return item;
};

describe('aborting the signal that a run was given', () => {
  test('rejects once, as cancelled, with an AbortError that carries kind, message and path', async () => {
    const controller = new AbortController();
    const reason = new Error('the user left');

    const run = rejectionOf(runPipeline(flat(waiting, [1, 2]), { signal: controller.signal }));
    await nextTurn();
    controller.abort(reason);
    const error = await run;

    expect(error).toBeInstanceOf(RunCancelledError);
    expect(error).toMatchObject({ name: 'AbortError', code: 'RUN_CANCELLED', kind: 'user' });
    expect(error.message).not.toBe('');
    expect(error.cause).toBe(reason);
    expect(resultOf(error).status).toBe('cancelled');
    expectBalanced(resultOf(error));
  });

  test('keeps a reason that is a reason of this library', async () => {
    const controller = new AbortController();
    const reason: CancelReason = { kind: 'shutdown', message: 'the process ends' };

    const run = rejectionOf(runPipeline(flat(waiting, [1]), { signal: controller.signal }));
    await nextTurn();
    controller.abort(reason);
    const error = await run;

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'shutdown' });
    expect(error.message).toContain('the process ends');
  });

  test('reaches every node at every depth as one reason, which is also what the run rejects with', async () => {
    const controller = new AbortController();
    const reasons: unknown[] = [];
    const note: Step = async (item, context) => {
      await aborted(context.signal);
      reasons.push(context.signal.reason);
      return item;
    };
    const Middle = definePipeline<number, number>('middle', (builder) => {
      const input = builder.addCompositeInput();
      const inner = builder.addComposite(childOf(note), { name: 'inner', from: input });
      const beside = builder.addTransform(note, { name: 'beside', from: input });
      builder.connect(inner, builder.addCompositeOutput());
      builder.connect(
        beside,
        builder.addSink(() => undefined, 'drop'),
      );
    });
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource([1], 'source');
      const middle = builder.addComposite(Middle, { name: 'middle', from: source });
      const root = builder.addTransform(note, { name: 'root', from: source });
      const sink = builder.addSink(() => undefined, 'sink');
      builder.connect(middle, sink).connect(root, sink);
    });

    const run = rejectionOf(runPipeline(Parent, { signal: controller.signal }));
    await nextTurn();
    controller.abort();
    const error = await run;

    expect(reasons).toHaveLength(3);
    for (const reason of reasons) {
      expect(reason).toBeInstanceOf(RunCancelledError);
      expect(reason).toMatchObject({ kind: 'user', code: 'RUN_CANCELLED' });
    }
    expect(error).toMatchObject({ kind: 'user', code: 'RUN_CANCELLED' });
  });

  test('reaches all nodes through one signal, where no composite between them is a scope of its own', async () => {
    const signals = new Set<AbortSignal>();
    const note: Step = (item, context) => {
      signals.add(context.signal).add(context.run.signal);
      return item;
    };
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(childOf(note), {
        name: 'child',
        from: builder.addSource([1, 2], 'source'),
      });
      builder.connect(child, builder.addSink(note, 'sink'));
    });

    await runPipeline(Parent);

    expect(signals.size).toBe(1);
  });

  test('that is aborted already: the run rejects before anything starts', async () => {
    const started: string[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(() => {
        started.push('source');
        return [1];
      }, 'source');
      builder.connect(
        source,
        builder.addSink(() => started.push('sink'), 'sink'),
      );
    });

    const error = await rejectionOf(runPipeline(Parent, { signal: AbortSignal.abort() }));

    expect(error.code).toBe('RUN_CANCELLED');
    expect(resultOf(error).status).toBe('cancelled');
    expect(started).toEqual([]);
  });

  test('after the end does nothing', async () => {
    const controller = new AbortController();

    const result = await runPipeline(
      flat((item) => item, [1]),
      { signal: controller.signal },
    );
    controller.abort();
    await nextTurn();

    expect(result.status).toBe('succeeded');
    expect(result.context.signal.aborted).toBe(false);
  });

  test('stops a run that never awaits anything', async () => {
    const controller = new AbortController();
    let pulled = 0;
    function* endless() {
      for (;;) yield ++pulled;
    }
    setTimeout(() => {
      controller.abort();
    }, 15);

    const error = await rejectionOf(
      runPipeline(
        flat((item) => item, endless()),
        { signal: controller.signal },
      ),
    );

    expect(error.code).toBe('RUN_CANCELLED');
    expectBalanced(resultOf(error));
    expect(countsAt(resultOf(error), 'parent/source').in).toBe(pulled);
  });
});

describe('cancelling from inside', () => {
  test('carries the kind and the message, and the path of the node that did it', async () => {
    const error = await rejectionOf(
      runPipeline(
        flat(
          (item, context) => {
            if (item === 2) context.run.cancel({ kind: 'superseded', message: 'a newer file came' });
            return item;
          },
          range(1, 5),
        ),
      ),
    );

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'superseded', path: 'parent/node' });
    expect(error.message).toContain('a newer file came');
  });

  test('ends the run from any depth, where no composite between is a scope of its own', async () => {
    const outputs: number[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(
        childOf((item, context) => {
          if (item === 2) context.cancel();
          return item;
        }),
        { name: 'child', from: builder.addSource(range(1, 5), 'source'), errorPolicy: errorPolicy('skip') },
      );
      builder.connect(
        child,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'user' });
    expect(outputs).toEqual([1]);
    expectBalanced(resultOf(error));
  });

  test('never throws, the first reason wins, and after the end it does nothing', async () => {
    const contexts: PipelineContext[] = [];
    const error = await rejectionOf(
      runPipeline(
        flat(
          (item, context) => {
            contexts.push(context);
            context.run.cancel({ kind: 'shutdown', message: 'first' });
            context.run.cancel({ kind: 'user', message: 'second' });
            context.cancel();
            return item;
          },
          [1],
        ),
      ),
    );
    for (const context of contexts) {
      context.cancel();
      context.run.cancel();
    }

    expect(error).toMatchObject({ kind: 'shutdown' });
    expect(error.message).toContain('first');
    expect(contexts).toHaveLength(1);
  });

  test('after the end of a run that succeeded leaves its result as it is', async () => {
    const result = await runPipeline(flat((item) => item, [1]));

    result.context.run.cancel();
    result.context.cancel();

    expect(result.status).toBe('succeeded');
  });
});

describe('a deadline', () => {
  test('ends the run as cancelled, with the kind deadline', async () => {
    const error = await rejectionOf(
      runPipeline(flat(waiting, [1]), { run: { deadline: new Date(Date.now() + 15) } }),
    );

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'deadline' });
    expect(resultOf(error).status).toBe('cancelled');
    expectBalanced(resultOf(error));
  });

  test('may be given as the time that the run may take', async () => {
    const error = await rejectionOf(runPipeline(flat(waiting, [1]), { run: { timeoutMs: 15 } }));

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'deadline' });
  });

  test('in the past is valid: the run rejects before anything starts', async () => {
    let pulled = 0;
    function* items() {
      yield ++pulled;
    }

    const error = await rejectionOf(
      runPipeline(
        flat((item) => item, items()),
        { run: { deadline: new Date(Date.now() - 1_000) } },
      ),
    );

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'deadline' });
    expect(pulled).toBe(0);
  });

  test('far beyond what a timer can hold does not fire at once', async () => {
    const result = await runPipeline(
      flat(
        async (item) => {
          await delay(5);
          return item;
        },
        [1],
      ),
      { run: { deadline: new Date(Date.now() + 100 * 24 * 3_600_000) } },
    );

    expect(result.status).toBe('succeeded');
  });

  test('is the same for a child', async () => {
    const deadline = new Date(Date.now() + 60_000);
    const seen: unknown[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(
        childOf((item, context) => {
          seen.push(context.run.deadline?.getTime());
          return item;
        }),
        { name: 'child', from: builder.addSource([1], 'source') },
      );
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    await runPipeline(Parent, { run: { deadline } });

    expect(seen).toEqual([deadline.getTime()]);
  });
});

describe('no policy swallows a cancel', () => {
  const policies = {
    skip: errorPolicy('skip'),
    deadLetter: errorPolicy('deadLetter'),
    retry: errorPolicy({ then: { retry: { attempts: 5, delay: fixed(1), exhausted: 'skip' } } }),
    'a rule for it': errorPolicy(
      { on: 'RUN_CANCELLED', then: 'skip' },
      { on: RunCancelledError, then: 'skip' },
    ),
  };

  for (const [title, policy] of Object.entries(policies)) {
    for (const [manner, step] of [
      ['returns', waiting],
      ['throws the reason', (_item, context) => abortedAsFetchDoes(context.signal)],
      [
        'throws something else',
        async (_item, context) => {
          await aborted(context.signal);
          return throwAnything(new TypeError('socket closed'));
        },
      ],
    ] as const satisfies readonly (readonly [string, Step])[]) {
      test(`${title}, where the node ${manner} after the cancel`, async () => {
        let calls = 0;
        const letters = new KeptLetters();
        const counted: Step = (item, context) => {
          calls += 1;
          return step(item, context);
        };
        const Parent = definePipeline('parent', (builder) => {
          const node = builder.addTransform(counted, {
            name: 'node',
            from: builder.addSource([1, 2, 3], 'source'),
            errorPolicy: policy,
          });
          const child = builder.addComposite(childOf(counted), {
            name: 'child',
            from: node,
            errorPolicy: policy,
          });
          builder.connect(
            child,
            builder.addSink(() => undefined, 'sink'),
          );
        });
        const controller = new AbortController();

        const run = rejectionOf(runPipeline(Parent, { signal: controller.signal, deadLetterSink: letters }));
        await nextTurn();
        controller.abort();
        const error = await run;

        expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'user' });
        expect(calls).toBe(1);
        expect(letters.envelopes).toEqual([]);
        const counts = countsAt(resultOf(error), 'parent/node');
        expect(counts).toMatchObject({ filtered: 0, deadLettered: 0, failed: 0, retried: 0 });
        expectBalanced(resultOf(error));
      });
    }
  }

  test('inside a child, neither the node’s own policy nor the composite’s', async () => {
    const controller = new AbortController();
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform((_item: number, context) => abortedAsFetchDoes(context.signal), {
        name: 'node',
        from: builder.addCompositeInput(),
        errorPolicy: errorPolicy('skip'),
      });
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([1, 2], 'source'),
        errorPolicy: errorPolicy('skip'),
      });
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const run = rejectionOf(runPipeline(Parent, { signal: controller.signal }));
    await nextTurn();
    controller.abort();
    const error = await run;

    expect(error.code).toBe('RUN_CANCELLED');
    expect(countsAt(resultOf(error), 'parent/child')).toMatchObject({ in: 1, filtered: 0, cancelled: 1 });
    expect(countsAt(resultOf(error), 'parent/child/node')).toMatchObject({
      in: 1,
      filtered: 0,
      cancelled: 1,
    });
  });

  test('the wait before a retry ends at once', async () => {
    const controller = new AbortController();
    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addTransform((): number => throwAnything(new Error('busy')), {
        name: 'node',
        from: builder.addSource([1], 'source'),
        errorPolicy: errorPolicy({ then: { retry: { attempts: 3, delay: fixed(60_000) } } }),
      });
      builder.connect(
        node,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const started = Date.now();
    const run = rejectionOf(runPipeline(Parent, { signal: controller.signal }));
    await nextTurn();
    controller.abort();
    const error = await run;

    expect(Date.now() - started).toBeLessThan(5_000);
    expect(error.code).toBe('RUN_CANCELLED');
    expectBalanced(resultOf(error));
  });
});

describe('an AbortError that nobody’s cancel caused', () => {
  test('is an ordinary failure, which a policy may handle', async () => {
    const abortError = new DOMException('the fetch was aborted', 'AbortError');
    const broken: Step = (item) => (item === 2 ? throwAnything(abortError) : item);

    const error = await rejectionOf(runPipeline(flat(broken, [1, 2, 3])));
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/node' });
    expect(error.cause).toBe(abortError);

    const outputs: number[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const node = builder.addTransform(broken, {
        name: 'node',
        from: builder.addSource([1, 2, 3], 'source'),
        errorPolicy: errorPolicy('skip'),
      });
      builder.connect(
        node,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    });
    await runPipeline(Parent);
    expect(outputs).toEqual([1, 3]);
  });
});

describe('a composite that is cancellable', () => {
  /** A child that cancels itself for item 2. */
  const cancelsTwo = childOf((item, context) => {
    if (item === 2) {
      context.cancel({ kind: 'user', message: 'not this one' });
      return abortedAsFetchDoes(context.signal);
    }
    return item;
  });

  test('can be cancelled alone: inside it is a cancel, outside one failed item', async () => {
    const outputs: number[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(cancelsTwo, {
        name: 'child',
        from: builder.addSource([1, 2, 3], 'source'),
        cancellable: true,
        errorPolicy: errorPolicy({ on: 'RUN_CANCELLED', then: 'skip' }),
      });
      builder.connect(
        child,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    });

    const result = await runPipeline(Parent);

    expect(outputs).toEqual([1, 3]);
    expect(countsAt(result, 'parent/child')).toMatchObject({ in: 3, out: 2, filtered: 1 });
    expect(countsAt(result, 'parent/child/node')).toMatchObject({ in: 3, out: 2, cancelled: 1, failed: 0 });
    expectBalanced(result);
  });

  test('without a policy fails the run, as RUN_CANCELLED of that item', async () => {
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(cancelsTwo, {
        name: 'child',
        from: builder.addSource([1, 2, 3], 'source'),
        cancellable: true,
      });
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error.code).toBe('RUN_CANCELLED');
    expect(resultOf(error).status).toBe('failed');
    expect(countsAt(resultOf(error), 'parent/child')).toMatchObject({ failed: 1 });
    expectBalanced(resultOf(error));
  });

  test('is cancelled with the run, and that end wins over its own', async () => {
    const controller = new AbortController();
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(
        childOf(async (_item, context) => {
          await aborted(context.signal);
          context.cancel();
          return throwAnything(context.signal.reason);
        }),
        {
          name: 'child',
          from: builder.addSource([1, 2], 'source'),
          cancellable: true,
          errorPolicy: errorPolicy('skip'),
        },
      );
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const run = rejectionOf(runPipeline(Parent, { signal: controller.signal }));
    await nextTurn();
    controller.abort({ kind: 'shutdown' });
    const error = await run;

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'shutdown' });
    expect(resultOf(error).status).toBe('cancelled');
  });

  test('does not hand its cancel to its neighbours that run beside it', async () => {
    const outputs: number[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(
        childOf(async (item, context) => {
          if (item === 2) context.cancel();
          await delay(3);
          return context.signal.aborted ? throwAnything(context.signal.reason) : item;
        }),
        {
          name: 'child',
          from: builder.addSource(range(1, 8), 'source'),
          concurrency: 4,
          cancellable: true,
          errorPolicy: errorPolicy('skip'),
        },
      );
      builder.connect(
        child,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    });

    await runPipeline(Parent);

    expect(outputs).toEqual([1, 3, 4, 5, 6, 7, 8]);
  });
});

describe('after a cancel', () => {
  test('no further item starts, neither at the source nor at any node', async () => {
    let cancelled = false;
    let startedAfter = 0;
    const watch = (): void => {
      if (cancelled) startedAfter += 1;
    };
    async function* source() {
      for (const item of range(1, 1_000)) {
        watch();
        yield await Promise.resolve(item);
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      const first = builder.addTransform(
        async (item: number, context) => {
          watch();
          await nextTurn();
          if (item === 20) {
            context.run.cancel();
            cancelled = true;
          }
          return item;
        },
        { name: 'first', from: builder.addSource(() => source(), 'source'), concurrency: 8 },
      );
      const child = builder.addComposite(
        childOf(async (item) => {
          watch();
          await nextTurn();
          return item;
        }),
        { name: 'child', from: first, concurrency: 8 },
      );
      builder.connect(
        child,
        builder.addSink(() => {
          watch();
        }, 'sink'),
      );
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error.code).toBe('RUN_CANCELLED');
    expect(startedAfter).toBe(0);
    expectBalanced(resultOf(error));
  });
});

describe('200 aborts at random moments, with concurrency 16 and three levels', () => {
  test('each rejects once as cancelled, leaves nothing unhandled, closes its source and runs its disposers', async () => {
    const runner = new PipelineRunner();
    /** A small generator of numbers, so that a failure can be repeated. */
    let seed = 20_251;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };

    const once = async (): Promise<RunResult> => {
      const controller = new AbortController();
      let opened = 0;
      let closed = 0;
      let registered = 0;
      let disposed = 0;
      let startedAfter = 0;
      const enter = (): void => {
        if (controller.signal.aborted) startedAfter += 1;
      };
      const work: Step = async (item, context) => {
        enter();
        registered += 1;
        context.onDispose(() => (disposed += 1));
        const turns = item % 3;
        for (let turn = 0; turn < turns; turn += 1) await nextTurn();
        return item;
      };
      const Inner = childOf(work);
      const Outer = definePipeline<number, number>('outer', (builder) => {
        const inner = builder.addComposite(Inner, {
          name: 'inner',
          from: builder.addCompositeInput(),
          errorPolicy: errorPolicy('skip'),
        });
        const after = builder.addTransform(work, { name: 'after', from: inner, concurrency: 16 });
        builder.connect(after, builder.addCompositeOutput());
      });
      async function* source() {
        opened += 1;
        try {
          for (let item = 1; ; item += 1) yield await Promise.resolve(item);
        } finally {
          closed += 1;
        }
      }
      const Root = definePipeline('root', (builder) => {
        const outer = builder.addComposite(Outer, {
          name: 'outer',
          from: builder.addSource(() => source(), 'source'),
          concurrency: 16,
          errorPolicy: errorPolicy('skip'),
        });
        builder.connect(outer, builder.addSink(enter, 'sink'));
      });

      let ends = 0;
      const run = runner.run(Root, { signal: controller.signal });
      void run.then(
        () => (ends += 1),
        () => (ends += 1),
      );
      const turns = random(12);
      for (let turn = 0; turn < turns; turn += 1) await (random(2) === 0 ? nextTurn() : Promise.resolve());
      controller.abort();
      const error = await rejectionOf(run);

      expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'user' });
      expect(ends).toBe(1);
      expect(closed).toBe(opened);
      expect(disposed).toBe(registered);
      expect(startedAfter).toBe(0);
      return resultOf(error);
    };

    let worked = 0;
    const unhandled = await unhandledDuring(async () => {
      for (let attempt = 0; attempt < 200; attempt += 1) {
        const result = await once();
        expect(result.status).toBe('cancelled');
        expectBalanced(result);
        worked += result.nodes.get('root/outer/inner/node')?.in ?? 0;
      }
    });

    expect(unhandled).toEqual([]);
    expect(worked).toBeGreaterThan(200);
  });

  test('keep nothing alive: no timer of theirs is left', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const controller = new AbortController();
      const Parent = definePipeline('parent', (builder) => {
        const child = builder.addComposite(
          defineStep<number, number>('step', 'node', async (item) => {
            await nextTurn();
            return item;
          }),
          {
            name: 'child',
            from: builder.addSource(range(1, 50), 'source'),
            timeoutMs: 30_000,
            concurrency: 16,
          },
        );
        builder.connect(
          child,
          builder.addSink(() => undefined, 'sink'),
        );
      });
      const run = rejectionOf(
        runPipeline(Parent, { signal: controller.signal, run: { deadline: new Date(Date.now() + 30_000) } }),
      );
      await nextTurn();
      controller.abort();
      await run;
    }
    expect(timers()).toBeLessThanOrEqual(before);
  });
});
