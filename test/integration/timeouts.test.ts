import { describe, expect, test } from 'vitest';
import { errorPolicy, fixed, PipelineRunner, runPipeline, type PipelineContext } from 'heirline';
import { ManualClock } from 'heirline/testing';
import {
  aborted,
  abortedAsFetchDoes,
  countsAt,
  definePipeline,
  delay,
  expectBalanced,
  gate,
  KeptLetters,
  nextTurn,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
  unhandledDuring,
} from './support/harness.js';

type Step = (item: number, context: PipelineContext) => number | Promise<number>;
type Policy = ReturnType<typeof errorPolicy>;

interface Limits {
  readonly timeoutMs: number;
  readonly errorPolicy?: Policy | undefined;
  readonly concurrency?: number | undefined;
}

/** A transform `node` with a limit. */
function limited(step: Step, items: Iterable<number>, limits: Limits, outputs: number[] = []) {
  return definePipeline('parent', (builder) => {
    const node = builder.addTransform(step, {
      name: 'node',
      from: builder.addSource(items, 'source'),
      ...limits,
    });
    builder.connect(
      node,
      builder.addSink((item: number) => outputs.push(item), 'sink'),
    );
  });
}

/** A composite `child` with a limit, whose transform is `node`. */
function limitedChild(step: Step, items: Iterable<number>, limits: Limits, outputs: number[] = []) {
  const Child = definePipeline<number, number>('child-pipeline', (builder) => {
    const node = builder.addTransform(step, { name: 'node', from: builder.addCompositeInput() });
    builder.connect(node, builder.addCompositeOutput());
  });
  return definePipeline('parent', (builder) => {
    const child = builder.addComposite(Child, {
      name: 'child',
      from: builder.addSource(items, 'source'),
      ...limits,
    });
    builder.connect(
      child,
      builder.addSink((item: number) => outputs.push(item), 'sink'),
    );
  });
}

/** Waits for its signal on item 2, as `fetch` would. */
const twoHangs: Step = (item, context) => (item === 2 ? abortedAsFetchDoes(context.signal) : item);

describe('a node with a limit', () => {
  test('that is passed fails the item with NODE_TIMEOUT, naming the node', async () => {
    const error = await rejectionOf(runPipeline(limited(twoHangs, [1, 2, 3], { timeoutMs: 10 })));

    expect(error).toMatchObject({ code: 'NODE_TIMEOUT', path: 'parent/node' });
    expect(resultOf(error).status).toBe('failed');
    expect(countsAt(resultOf(error), 'parent/node')).toMatchObject({
      in: 2,
      out: 1,
      failed: 1,
      cancelled: 0,
    });
    expectBalanced(resultOf(error));
  });

  test('leaves the decision to the policy, by its code', async () => {
    const outputs: number[] = [];
    const policy = errorPolicy({ on: 'NODE_TIMEOUT', then: 'skip' });

    const result = await runPipeline(
      limited(twoHangs, [1, 2, 3], { timeoutMs: 10, errorPolicy: policy }, outputs),
    );

    expect(outputs).toEqual([1, 3]);
    expect(countsAt(result, 'parent/node')).toMatchObject({ in: 3, out: 2, filtered: 1 });
  });

  test('may be tried again, each try with its full time', async () => {
    const outputs: number[] = [];
    let tries = 0;
    const policy = errorPolicy({ then: { retry: { attempts: 3, delay: fixed(0) } } });
    const Parent = limited(
      (item, context) => {
        tries += 1;
        return tries < 3 ? abortedAsFetchDoes(context.signal) : item;
      },
      [1],
      { timeoutMs: 10, errorPolicy: policy },
      outputs,
    );

    const result = await runPipeline(Parent);

    expect(outputs).toEqual([1]);
    expect(countsAt(result, 'parent/node')).toMatchObject({ in: 1, out: 1, retried: 2 });
  });

  test('gives each item a signal of its own, which ends with that item’s time only', async () => {
    const signals = new Map<number, AbortSignal>();
    const Parent = limited(
      (item, context) => {
        signals.set(item, context.signal);
        return twoHangs(item, context);
      },
      [1, 2, 3],
      { timeoutMs: 10, errorPolicy: errorPolicy('skip') },
    );

    await runPipeline(Parent);

    expect([...signals.values()].map((signal) => signal.aborted)).toEqual([false, true, false]);
    expect(signals.get(1)).not.toBe(signals.get(2));
    expect(signals.get(2)?.reason).toBeInstanceOf(Error);
  });

  test('whatever it throws once its time is over is the timeout', async () => {
    const error = await rejectionOf(
      runPipeline(
        limited(
          async (_item, context) => {
            await aborted(context.signal);
            return throwAnything(new TypeError('socket closed'));
          },
          [1],
          { timeoutMs: 10 },
        ),
      ),
    );

    expect(error).toMatchObject({ code: 'NODE_TIMEOUT', path: 'parent/node' });
  });

  test('that fails in time is an ordinary failure', async () => {
    const original = new Error('no');
    const error = await rejectionOf(
      runPipeline(limited(() => throwAnything(original), [1], { timeoutMs: 1_000 })),
    );

    expect(error.code).toBe('NODE_FAILED');
    expect(error.cause).toBe(original);
  });

  test('that is never passed changes nothing', async () => {
    const outputs: number[] = [];

    const result = await runPipeline(
      limited(
        async (item) => {
          await nextTurn();
          return item;
        },
        range(1, 50),
        { timeoutMs: 5_000, concurrency: 4 },
        outputs,
      ),
    );

    expect(outputs).toEqual(range(1, 50));
    expect(result.abandoned).toEqual([]);
  });

  test('is cancelled with the run, as a cancel', async () => {
    const controller = new AbortController();
    const run = rejectionOf(
      runPipeline(limited(twoHangs, [2], { timeoutMs: 60_000, errorPolicy: errorPolicy('skip') }), {
        signal: controller.signal,
      }),
    );
    await nextTurn();
    controller.abort();
    const error = await run;

    expect(error.code).toBe('RUN_CANCELLED');
    expect(countsAt(resultOf(error), 'parent/node')).toMatchObject({ in: 1, filtered: 0, cancelled: 1 });
  });

  test('can be a sink', async () => {
    const letters = new KeptLetters();
    const Parent = definePipeline('parent', (builder) => {
      builder.connect(
        builder.addSource([1, 2], 'source'),
        builder.addSink(twoHangs, {
          name: 'save',
          timeoutMs: 10,
          errorPolicy: errorPolicy('deadLetter'),
        }),
      );
    });

    const result = await runPipeline(Parent, { deadLetterSink: letters });

    expect(countsAt(result, 'parent/save')).toMatchObject({ in: 2, out: 1, deadLettered: 1 });
    expect(letters.envelopes[0]?.error.code).toBe('NODE_TIMEOUT');
  });
});

describe('a node that ignores its signal', () => {
  test('fails at the limit at once, and is awaited only at the end of the run', async () => {
    const log: string[] = [];
    const release = gate();
    const Parent = definePipeline('parent', (builder) => {
      const deaf = builder.addTransform(
        async (item: number) => {
          if (item === 1) {
            await release.opened;
            await nextTurn();
            log.push('1 came back');
          }
          return item;
        },
        {
          name: 'deaf',
          from: builder.addSource([1, 2, 3], 'source'),
          timeoutMs: 10,
          errorPolicy: errorPolicy('skip'),
        },
      );
      builder.connect(
        deaf,
        builder.addSink((item: number) => {
          log.push(`sink got ${String(item)}`);
          if (item === 3) release.open();
        }, 'sink'),
      );
    });

    const result = await runPipeline(Parent);
    log.push('run ended');

    expect(log).toEqual(['sink got 2', 'sink got 3', '1 came back', 'run ended']);
    expect(countsAt(result, 'parent/deaf')).toMatchObject({ in: 3, out: 2, filtered: 1 });
    expectBalanced(result);
  });

  test('is waited for at most the grace time, then named in abandoned', async () => {
    const release = gate();
    const Parent = limited(
      async (item) => {
        if (item === 1) await release.opened;
        return item;
      },
      [1, 2],
      { timeoutMs: 5, errorPolicy: errorPolicy('skip') },
    );

    const result = await new PipelineRunner({ graceMs: 20 }).run(Parent);

    expect(result.status).toBe('succeeded');
    expect(result.abandoned).toEqual(['parent/node']);
    release.open();
  });

  test('and rejects afterwards disturbs nobody', async () => {
    const unhandled = await unhandledDuring(async () => {
      await runPipeline(
        limited(
          async (_item) => {
            await delay(15);
            return throwAnything(new Error('too late'));
          },
          [1, 2],
          { timeoutMs: 5, errorPolicy: errorPolicy('skip') },
        ),
      );
    });

    expect(unhandled).toEqual([]);
  });

  test('lingers at most 16 times: then the node waits for one of them', async () => {
    const release = gate();
    let lingering = 0;
    let most = 0;
    const Parent = limited(
      async (item) => {
        lingering += 1;
        most = Math.max(most, lingering);
        if (item === 16) setTimeout(release.open, 20);
        await release.opened;
        lingering -= 1;
        return item;
      },
      range(1, 20),
      { timeoutMs: 1, errorPolicy: errorPolicy('skip') },
    );

    const result = await runPipeline(Parent);

    expect(most).toBeLessThanOrEqual(17);
    expect(most).toBeGreaterThanOrEqual(16);
    expect(countsAt(result, 'parent/node').in).toBe(20);
    expectBalanced(result);
  });

  test('has its late result dropped', async () => {
    const outputs: number[] = [];

    await runPipeline(
      limited(
        async (item) => {
          await delay(item === 1 ? 20 : 0);
          return item;
        },
        [1, 2],
        { timeoutMs: 10, errorPolicy: errorPolicy('skip') },
        outputs,
      ),
    );

    expect(outputs).toEqual([2]);
  });
});

describe('a composite with a limit', () => {
  test('ends a child that is too slow: inside it is a cancel, outside one failed item with NODE_TIMEOUT', async () => {
    const reasons: unknown[] = [];
    const step: Step = async (item, context) => {
      if (item !== 2) return item;
      await aborted(context.signal);
      reasons.push(context.signal.reason);
      return throwAnything(context.signal.reason);
    };

    const error = await rejectionOf(runPipeline(limitedChild(step, [1, 2, 3], { timeoutMs: 10 })));

    expect(error).toMatchObject({ code: 'NODE_TIMEOUT', path: 'parent/child' });
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toBeInstanceOf(Error);
    expect(resultOf(error).status).toBe('failed');
    expect(countsAt(resultOf(error), 'parent/child')).toMatchObject({ in: 2, out: 1, failed: 1 });
    expect(countsAt(resultOf(error), 'parent/child/node')).toMatchObject({
      in: 2,
      out: 1,
      failed: 0,
      cancelled: 1,
    });
    expectBalanced(resultOf(error));
  });

  test('lets its policy decide, and no policy inside sees the end of the scope', async () => {
    const outputs: number[] = [];
    let tries = 0;
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform(
        (item: number, context) => {
          if (item === 2) tries += 1;
          return twoHangs(item, context);
        },
        {
          name: 'node',
          from: builder.addCompositeInput(),
          errorPolicy: errorPolicy({ then: { retry: { attempts: 5, delay: fixed(0), exhausted: 'skip' } } }),
        },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([1, 2, 3], 'source'),
        timeoutMs: 10,
        errorPolicy: errorPolicy({ on: 'NODE_TIMEOUT', then: 'skip' }),
      });
      builder.connect(
        child,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    });

    const result = await runPipeline(Parent);

    expect(outputs).toEqual([1, 3]);
    expect(tries).toBe(1);
    expect(countsAt(result, 'parent/child')).toMatchObject({ in: 3, out: 2, filtered: 1 });
    expectBalanced(result);
  });

  test('disposes what a timed-out child registered when its last call has ended', async () => {
    const log: string[] = [];
    const release = gate();
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform(
        async (item: number, context) => {
          context.onDispose(() => log.push(`${String(item)} disposed`));
          if (item === 1) {
            await release.opened;
            log.push('1 came back');
          }
          return item;
        },
        { name: 'node', from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([1, 2], 'source'),
        timeoutMs: 10,
        errorPolicy: errorPolicy('skip'),
      });
      builder.connect(
        child,
        builder.addSink((item: number) => {
          log.push(`sink got ${String(item)}`);
          release.open();
        }, 'sink'),
      );
    });

    await runPipeline(Parent);

    expect([...log].sort()).toEqual(['1 came back', '1 disposed', '2 disposed', 'sink got 2'].sort());
    expect(log.indexOf('1 disposed')).toBeGreaterThan(log.indexOf('1 came back'));
  });

  test('inside another: the outer end wins', async () => {
    const Inner = definePipeline<number, number>('inner', (builder) => {
      const node = builder.addTransform(twoHangs, { name: 'node', from: builder.addCompositeInput() });
      builder.connect(node, builder.addCompositeOutput());
    });
    const Outer = definePipeline<number, number>('outer', (builder) => {
      const inner = builder.addComposite(Inner, {
        name: 'inner',
        from: builder.addCompositeInput(),
        timeoutMs: 60_000,
        errorPolicy: errorPolicy('skip'),
      });
      builder.connect(inner, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const outer = builder.addComposite(Outer, {
        name: 'outer',
        from: builder.addSource([2], 'source'),
        timeoutMs: 10,
      });
      builder.connect(
        outer,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error).toMatchObject({ code: 'NODE_TIMEOUT', path: 'parent/outer' });
    expectBalanced(resultOf(error));
  });

  test('gives its child a deadline of its own, the earlier one', async () => {
    const deadlines: (number | undefined)[] = [];
    const step: Step = (item, context) => {
      deadlines.push(context.run.deadline?.getTime());
      return item;
    };
    const before = Date.now();
    const far = new Date(before + 600_000);
    const near = new Date(before + 60_000);

    await runPipeline(limitedChild(step, [1], { timeoutMs: 120_000 }), { run: { deadline: far } });
    await runPipeline(limitedChild(step, [1], { timeoutMs: 120_000 }), { run: { deadline: near } });

    const [own = 0, parents] = deadlines;
    expect(own).toBeGreaterThanOrEqual(before + 120_000 - 5);
    expect(own).toBeLessThan(far.getTime());
    expect(parents).toBe(near.getTime());
  });

  test('side by side: only the slow ones are ended', async () => {
    const outputs: number[] = [];
    const step: Step = async (item, context) => {
      if (item % 5 === 0) return abortedAsFetchDoes(context.signal);
      await nextTurn();
      return item;
    };

    const clock = new ManualClock();
    const running = new PipelineRunner({ clock }).run(
      limitedChild(
        step,
        range(1, 20),
        { timeoutMs: 20, concurrency: 8, errorPolicy: errorPolicy('skip') },
        outputs,
      ),
    );
    await clock.advance(100);
    const result = await running;

    expect(outputs).toEqual(range(1, 20).filter((item) => item % 5 !== 0));
    expect(countsAt(result, 'parent/child')).toMatchObject({ in: 20, out: 16, filtered: 4 });
    expectBalanced(result);
  });
});
