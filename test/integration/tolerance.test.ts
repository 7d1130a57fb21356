// builder.tolerate: how many items a pipeline may lose before it fails, and what counts as lost.

import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  MemoryDeadLetterSink,
  PipelineBuilder,
  PipelineRunner,
  replayDeadLetters,
  runPipeline,
  SinkNode,
  SKIP,
  type FinalDecision,
  type PipelineRunnerOptions,
  type RunResult,
  type SinkHandle,
  type ToleranceOptions,
  type TransformHandle,
} from 'heirline';
import {
  countsAt,
  definePipeline,
  expectBalanced,
  KeptLetters,
  KeptLineage,
  outcomeOf,
  range,
  rejectionOf,
  resultOf,
} from './support/harness.js';

class BadItem extends Error {}

class UnflushableSink extends SinkNode<number> {
  write(): void {
    // Takes everything.
  }

  override flush(): void {
    throw new BadItem('disk full');
  }
}

/** Fails on multiples of a number. */
const failsOn =
  (divisor: number) =>
  (item: number): number => {
    if (item % divisor === 0) throw new BadItem(`bad ${item}`);
    return item;
  };

interface Flat {
  readonly items?: number;
  readonly policy?: FinalDecision;
  readonly isAsync?: boolean;
}

/** Source → `work`, which fails on every tenth item → sink. */
function flat(limit: ToleranceOptions, { items = 100, policy, isAsync = false }: Flat = {}) {
  const taken: number[] = [];
  const work = failsOn(10);
  const Root = definePipeline('root', (builder) => {
    builder.tolerate(limit);
    const worked = builder.addTransform(isAsync ? (item: number) => Promise.resolve(item).then(work) : work, {
      name: 'work',
      from: builder.addSource(range(1, items), 'source'),
      errorPolicy: policy,
    });
    builder.addSink((item) => taken.push(item), { name: 'sink', from: worked });
  });
  return { Root, taken };
}

describe('a number of items', () => {
  test('may fail: the run succeeds without them, and lists them', async () => {
    const { Root, taken } = flat({ count: 10 });
    const result = await runPipeline(Root);
    expect(taken).toEqual(range(1, 100).filter((item) => item % 10 !== 0));
    expect(countsAt(result, 'root/work')).toMatchObject({ in: 100, out: 90, failed: 10, cancelled: 0 });
    expect(result.failures.total).toBe(10);
    expect(result.failures.shown[0]).toMatchObject({
      path: 'root/work',
      code: 'NODE_FAILED',
      cause: { name: 'Error', message: 'bad 10' },
    });
  });

  test('is passed by one more: the run ends at once, with all of them in its error', async () => {
    const { Root, taken } = flat({ count: 2 });
    const error = await rejectionOf(runPipeline(Root));
    expect(error).toMatchObject({
      code: 'TOLERANCE_EXCEEDED',
      path: 'root',
      cause: { errors: [{ message: 'bad 10' }, { message: 'bad 20' }, { message: 'bad 30' }] },
    });
    expect(error.message).toContain(
      '3 items were lost (failed), more than the 2 that the pipeline tolerates',
    );
    expect(taken.at(-1)).toBe(29);
    const result = resultOf(error);
    expect(result.status).toBe('failed');
    expect(result.failures.total).toBe(3);
    expectBalanced(result);
  });

  test('that is 0 lets the first failed item end the run', async () => {
    const error = await rejectionOf(runPipeline(flat({ count: 0 }).Root));
    expect(error.message).toContain('One item was lost');
  });

  test('lists the first hundred, and counts all', async () => {
    const { Root } = flat({ count: 150 }, { items: 2000 });
    const error = await rejectionOf(runPipeline(Root));
    const { failures } = resultOf(error);
    expect([failures.shown.length, failures.total]).toEqual([100, 151]);
    expect((error.cause as AggregateError).errors).toHaveLength(100);
  });

  test.each([true, false])('is the same in written-out code: %s', async (codeGeneration) => {
    const { Root } = flat({ count: 700 }, { items: 10_000 });
    const runner = new PipelineRunner({ codeGeneration });
    for (const isFirst of [true, false]) {
      const error = await rejectionOf(runner.run(Root));
      expect([isFirst, countsAt(resultOf(error), 'root/work')]).toMatchObject([
        isFirst,
        { in: 7010, out: 6309, failed: 701 },
      ]);
    }
  });

  test('holds for nodes that wait, and that work on several items', async () => {
    const taken: number[] = [];
    const Root = definePipeline('root', (builder) => {
      builder.tolerate({ count: 10 });
      const worked = builder.addTransform(async (item: number) => Promise.resolve(item).then(failsOn(10)), {
        name: 'work',
        from: builder.addSource(range(1, 100)),
        concurrency: 7,
      });
      builder.addSink((item) => taken.push(item), { from: worked });
    });
    const result = await runPipeline(Root);
    expect(taken).toEqual(range(1, 100).filter((item) => item % 10 !== 0));
    expect(countsAt(result, 'root/work').failed).toBe(10);
  });
});

describe('a ratio of items', () => {
  test('is judged at the end however few items there were', async () => {
    const share = (ratio: number) => outcomeOf(runPipeline(flat({ ratio }, { items: 10 }).Root));
    expect((await share(0.1)).code).toBe('none');
    const { code, result } = await share(0.09);
    expect(code).toBe('TOLERANCE_EXCEEDED');
    expect(countsAt(result, 'root/work')).toMatchObject({ in: 10, out: 9, failed: 1 });
  });

  test.each<[boolean, PipelineRunnerOptions]>([
    [false, {}],
    [true, {}],
    [false, { codeGeneration: false }],
  ])(
    'ends the run once atLeast so many items have ended (asynchronous: %s, %o)',
    async (isAsync, options) => {
      const { Root } = flat({ ratio: 0.05, atLeast: 40 }, { items: 5000, isAsync });
      const { code, result } = await outcomeOf(new PipelineRunner(options).run(Root));
      expect(code).toBe('TOLERANCE_EXCEEDED');
      expect(countsAt(result, 'root/work')).toMatchObject({ in: 40, failed: 4 });
    },
  );

  test('waits for 100 items where atLeast is not given', async () => {
    const { result } = await outcomeOf(runPipeline(flat({ ratio: 0.05 }, { items: 5000 }).Root));
    expect(countsAt(result, 'root/work').in).toBe(100);
  });

  test.each<[number, string]>([
    [0, 'TOLERANCE_EXCEEDED'],
    [1, 'none'],
  ])('of %s tolerates none or all', async (ratio, expected) => {
    const Root = definePipeline('root', (builder) => {
      builder.tolerate({ ratio });
      const work = builder.addTransform(failsOn(1), { from: builder.addSource(range(1, 300)) });
      builder.addSink(() => undefined, { from: work });
    });
    expect((await outcomeOf(runPipeline(Root))).code).toBe(expected);
  });

  const batches = async function* (items: AsyncIterable<number>) {
    const batch: number[] = [];
    for await (const item of items) if (batch.push(item) === 10) yield batch.splice(0);
    if (batch.length > 0) yield batch;
  };
  const copies = async function* (items: AsyncIterable<number>) {
    for await (const item of items) yield* Array.from({ length: 10 }, () => item);
  };
  const odd = async function* (items: AsyncIterable<number>) {
    for await (const item of items) if (item % 2 === 1) yield item;
  };
  const Copies = definePipeline<number, number>('copies', (builder) => {
    const many = builder.addStreamTransform(copies, { from: builder.addCompositeInput() });
    builder.connect(many, builder.addCompositeOutput());
  });
  const behind: Record<
    string,
    (builder: PipelineBuilder, worked: TransformHandle<number, number>) => TransformHandle<never, unknown>
  > = {
    'a batch': (builder, from) => builder.addStreamTransform(batches, { from }),
    'a flatten': (builder, from) => builder.addStreamTransform(copies, { from }),
    'a stream transform that leaves out': (builder, from) => builder.addStreamTransform(odd, { from }),
    'a transform that leaves out': (builder, from) => builder.addTransform((item: number) => item, { from }),
    'a composite with many outputs': (builder, from) =>
      builder.addComposite(Copies, { from, output: 'many' }),
    'a stream composite': (builder, from) => builder.addComposite(Copies, { from, granularity: 'stream' }),
  };

  test.each(Object.keys(behind))('of five in a hundred reads as that before %s', async (what) => {
    const share = (ratio: number) => {
      const Root = definePipeline('root', (builder) => {
        builder.tolerate({ ratio });
        const work = builder.addTransform(failsOn(20), { from: builder.addSource(range(1, 1000)) });
        builder.addSink(() => undefined, { from: behind[what]?.(builder, work) });
      });
      return outcomeOf(runPipeline(Root));
    };
    expect([(await share(0.05)).code, (await share(0.0499)).code]).toEqual(['none', 'TOLERANCE_EXCEEDED']);
  });

  test.each<[string, (items: AsyncIterable<number>) => AsyncIterable<number>, number]>([
    ['a flatten', copies, 100],
    ['a stream transform that leaves out', odd, 2000],
  ])('of five in a hundred reads as that behind %s', async (_what, transform, items) => {
    let calls = 0;
    const share = (ratio: number) => {
      calls = 0;
      const Root = definePipeline('root', (builder) => {
        builder.tolerate({ ratio });
        const from = builder.addStreamTransform(transform, { from: builder.addSource(range(1, items)) });
        const work = builder.addTransform(() => failsOn(20)((calls += 1)), { from });
        builder.addSink(() => undefined, { from: work });
      });
      return outcomeOf(runPipeline(Root));
    };
    expect([(await share(0.05)).code, (await share(0.0499)).code]).toEqual(['none', 'TOLERANCE_EXCEEDED']);
  });

  test.each([true, false])(
    'counts what was left out before, written out or not: %s',
    async (codeGeneration) => {
      const Child = definePipeline<number, number>('child', (builder) => {
        const input = builder.addCompositeInput();
        const work = builder.addTransform(failsOn(20), { from: input, errorPolicy: 'skip' });
        builder.connect(work, builder.addCompositeOutput());
      });
      const Root = definePipeline('root', (builder) => {
        builder.tolerate({ ratio: 0.0251, counts: ['skipped'] });
        const source = builder.addSource(range(1, 20_000));
        // Leaves out the half of the items, none of which would fail.
        const half = builder.addTransform((item: number) => (item % 40 >= 20 ? SKIP : item % 20), {
          from: source,
        });
        const child = builder.addComposite(Child, { from: half });
        builder.addSink(() => undefined, { from: child });
      });
      const runner = new PipelineRunner({ codeGeneration });
      for (let run = 0; run < 3; run += 1) expect((await runner.run(Root)).status).toBe('succeeded');
    },
  );

  test('counts an item once per branch', async () => {
    const share = (ratio: number) => {
      const Root = definePipeline('root', (builder) => {
        builder.tolerate({ ratio, atLeast: 10_000 });
        const source = builder.addSource(range(1, 1000));
        const work = builder.addTransform(failsOn(20), { from: source });
        builder.addSink(() => undefined, { from: work });
        builder.addSink(() => undefined, { from: source });
      });
      return outcomeOf(runPipeline(Root));
    };
    expect([(await share(0.025)).code, (await share(0.0249)).code]).toEqual(['none', 'TOLERANCE_EXCEEDED']);
  });
});

describe('what counts', () => {
  const lostBy = async (policy: FinalDecision, counts?: ToleranceOptions['counts']) => {
    const { Root } = flat({ count: 3, counts }, { policy });
    return outcomeOf(runPipeline(Root, { deadLetterSink: new KeptLetters() }));
  };

  test('items that a policy has left out do not, unless they are named', async () => {
    expect((await lostBy('skip')).code).toBe('none');
    expect((await lostBy('deadLetter')).code).toBe('none');
    expect((await lostBy('skip', ['deadLettered'])).code).toBe('none');
    expect((await lostBy('deadLetter', ['skipped'])).code).toBe('none');
  });

  test.each<[FinalDecision, 'skipped' | 'deadLettered']>([
    ['skip', 'skipped'],
    ['deadLetter', 'deadLettered'],
  ])(
    '%s does as %s; since no list has such items, the failures hold the end itself',
    async (policy, kind) => {
      const { code, result } = await lostBy(policy, [kind]);
      expect(code).toBe('TOLERANCE_EXCEEDED');
      expect(countsAt(result, 'root/work').in).toBe(40);
      expect(result.failures.shown).toMatchObject([{ code: 'TOLERANCE_EXCEEDED', path: 'root' }]);
    },
  );

  test('failed items always do', async () => {
    const { Root } = flat({ count: 3, counts: [] });
    expect((await outcomeOf(runPipeline(Root))).code).toBe('TOLERANCE_EXCEEDED');
  });

  test('items that are filtered do not', async () => {
    const Root = definePipeline('root', (builder) => {
      builder.tolerate({ count: 0, counts: ['skipped', 'deadLettered'] });
      const Odd = definePipeline<number, number>('odd', (inner) => {
        const input = inner.addCompositeInput();
        const odd = inner.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            for await (const item of items) if (item % 2 === 1) yield item;
          },
          { from: input },
        );
        inner.connect(odd, inner.addCompositeOutput());
      });
      const from = builder.addSource(range(1, 10));
      builder.addSink(() => undefined, { from: builder.addComposite(Odd, { from, output: 'optional' }) });
    });
    expect((await runPipeline(Root)).status).toBe('succeeded');
  });

  test('collected items do not: they fail the run at its end', async () => {
    const { Root } = flat({ count: 0 }, { policy: 'collect' });
    const error = await rejectionOf(runPipeline(Root));
    expect(error.code).toBe('ITEMS_FAILED');
    expect(countsAt(resultOf(error), 'root/work').in).toBe(100);
  });

  const wholes: Record<string, (builder: PipelineBuilder) => SinkHandle<never> | undefined> = {
    'a source': (builder) =>
      builder.addSink(() => undefined, {
        from: builder.addSource(function* () {
          yield 1;
          throw new BadItem('no more');
        }),
      }),
    'a stream transform': (builder) =>
      builder.addSink(() => undefined, {
        from: builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            for await (const item of items) throw new BadItem(String(item));
          },
          { from: builder.addSource([1]) },
        ),
      }),
    'a flush': (builder) => builder.addSink(UnflushableSink, { from: builder.addSource([1]) }),
    'a refused dead letter': (builder) =>
      builder.addSink(failsOn(1), { from: builder.addSource([1]), errorPolicy: 'deadLetter' }),
  };
  test.each(Object.keys(wholes))('%s that fails is no item', async (what) => {
    const Root = definePipeline('root', (builder) => {
      builder.tolerate({ count: 1000 });
      wholes[what]?.(builder);
    });
    const refusing = {
      write: () => {
        throw new BadItem('full');
      },
    };
    const error = await rejectionOf(runPipeline(Root, { deadLetterSink: refusing }));
    expect(error.code).toBe(what === 'a refused dead letter' ? 'SINK_REJECTED' : 'NODE_FAILED');
  });

  test('a cancel is no failure', async () => {
    const Root = definePipeline('root', (builder) => {
      builder.tolerate({ count: 1000 });
      const work = builder.addTransform(
        (item: number, context) => {
          if (item === 3) context.run.cancel();
          context.signal.throwIfAborted();
          return item;
        },
        { name: 'work', from: builder.addSource(range(1, 10)) },
      );
      builder.addSink(() => undefined, { from: work });
    });
    const error = await rejectionOf(runPipeline(Root));
    expect(error.code).toBe('RUN_CANCELLED');
    expect(resultOf(error).failures.total).toBe(0);
  });
});

describe('in children', () => {
  interface Levels {
    readonly root?: ToleranceOptions;
    readonly middle?: ToleranceOptions;
    readonly inner?: ToleranceOptions;
    readonly work?: FinalDecision;
    readonly composite?: FinalDecision | ReturnType<typeof errorPolicy>;
    readonly divisor?: number;
  }
  const tolerating = (builder: { tolerate(limit: ToleranceOptions): unknown }, limit?: ToleranceOptions) => {
    if (limit !== undefined) builder.tolerate(limit);
  };

  /** root/middle/inner/work, with a run of it over the items 1 to 20. */
  async function nested(levels: Levels): Promise<{ code: string; result: RunResult; taken: number[] }> {
    const taken: number[] = [];
    const Inner = definePipeline<number, number>('inner-pipeline', (builder) => {
      tolerating(builder, levels.inner);
      const work = builder.addTransform(failsOn(levels.divisor ?? 5), {
        name: 'work',
        from: builder.addCompositeInput(),
        errorPolicy: levels.work,
      });
      builder.connect(work, builder.addCompositeOutput());
    });
    const Middle = definePipeline<number, number>('middle-pipeline', (builder) => {
      tolerating(builder, levels.middle);
      const inner = builder.addComposite(Inner, {
        name: 'inner',
        from: builder.addCompositeInput(),
        errorPolicy: levels.composite,
      });
      builder.connect(inner, builder.addCompositeOutput());
    });
    const Root = definePipeline('root', (builder) => {
      tolerating(builder, levels.root);
      const middle = builder.addComposite(Middle, {
        name: 'middle',
        from: builder.addSource(range(1, 20), 'source'),
      });
      builder.addSink((item) => taken.push(item), { name: 'sink', from: middle });
    });
    const outcome = await outcomeOf(runPipeline(Root, { deadLetterSink: new KeptLetters() }));
    expectBalanced(outcome.result);
    return { ...outcome, taken };
  }

  test('an item that a child tolerates is left out of the parent too', async () => {
    const { code, result, taken } = await nested({ inner: { count: 1 } });
    expect(code).toBe('none');
    expect(taken).toEqual(range(1, 20).filter((item) => item % 5 !== 0));
    expect(countsAt(result, 'root/middle/inner/work')).toMatchObject({ out: 16, failed: 4 });
    expect(countsAt(result, 'root/middle')).toMatchObject({ out: 16, filtered: 4, failed: 0 });
    expect(result.failures.total).toBe(4);
  });

  test('an item that fails a child is a failed item of the parent, which may tolerate it', async () => {
    const { code, result } = await nested({ root: { count: 4 } });
    expect(code).toBe('none');
    expect(countsAt(result, 'root/middle')).toMatchObject({ out: 16, failed: 4 });
    expect(result.failures.total).toBe(4);
  });

  test.each<[string, Levels]>([
    ['fail', { inner: { count: 1 } }],
    ['fail and are skipped by the composite', { composite: 'skip', root: { count: 3, counts: ['skipped'] } }],
    ['are skipped', { work: 'skip', root: { count: 3, counts: ['skipped'] } }],
    ['are dead letters', { work: 'deadLetter', root: { count: 3, counts: ['deadLettered'] } }],
    [
      'are dead letters of every level',
      {
        work: 'deadLetter',
        root: { count: 3, counts: ['deadLettered', 'skipped'] },
        middle: { count: 1, counts: ['deadLettered', 'skipped'] },
        inner: { count: 1, counts: ['deadLettered', 'skipped'] },
      },
    ],
  ])('items that %s inside count once in every execution around', async (_how, levels) => {
    const limit = levels.root ?? { count: 3 };
    const around = { ...levels, root: limit };
    const passed = await nested(around);
    expect(passed.code).toBe('TOLERANCE_EXCEEDED');
    expect(countsAt(passed.result, 'root/source').in).toBe(20);
    expect((await nested({ ...around, root: { ...limit, count: 4 } as ToleranceOptions })).code).toBe('none');
  });

  test('a ratio counts what is lost inside', async () => {
    const share = (ratio: number) =>
      nested({ work: 'deadLetter', root: { ratio, atLeast: 1, counts: ['deadLettered'] } });
    expect((await share(0.2)).code).toBe('none');
    expect((await share(0.19)).code).toBe('TOLERANCE_EXCEEDED');
  });

  test("a child that has lost too many fails by that, for its composite's policy to decide", async () => {
    const { code, result } = await nested({
      inner: { count: 0 },
      composite: errorPolicy({ on: 'TOLERANCE_EXCEEDED', then: 'skip' }),
    });
    expect(code).toBe('none');
    expect(countsAt(result, 'root/middle/inner')).toMatchObject({ out: 16, filtered: 4 });
    expect(result.failures.total).toBe(0);
  });

  test('what is lost in a try that is repeated does not count', async () => {
    let tries = 0;
    const Child = definePipeline<number, number>('child', (builder) => {
      const input = builder.addCompositeInput();
      const lost = builder.addTransform(failsOn(1), { from: input, errorPolicy: 'skip' });
      builder.addSink(() => undefined, { from: lost });
      const later = builder.addTransform(
        (item: number) => {
          tries += 1;
          if (tries < 3) throw new BadItem('busy');
          return item;
        },
        { from: input },
      );
      builder.connect(later, builder.addCompositeOutput());
    });
    const run = (count: number) => {
      tries = 0;
      const Root = definePipeline('root', (builder) => {
        builder.tolerate({ count, counts: ['skipped'] });
        const child = builder.addComposite(Child, {
          from: builder.addSource([1]),
          errorPolicy: errorPolicy({ then: { retry: { attempts: 3 } } }),
        });
        builder.addSink(() => undefined, { from: child });
      });
      return outcomeOf(runPipeline(Root));
    };
    expect([(await run(1)).code, (await run(0)).code]).toEqual(['none', 'TOLERANCE_EXCEEDED']);
  });

  test('what is lost in a stream composite ends the pipeline around it while the stream goes on', async () => {
    const Child = definePipeline<number, number>('child', (builder) => {
      const work = builder.addTransform(failsOn(10), {
        from: builder.addCompositeInput(),
        errorPolicy: 'skip',
      });
      builder.connect(work, builder.addCompositeOutput());
    });
    const run = (limit: ToleranceOptions) => {
      const Root = definePipeline('root', (builder) => {
        builder.tolerate({ ...limit, counts: ['skipped'] });
        const child = builder.addComposite(Child, {
          name: 'child',
          from: builder.addSource(range(1, 1000)),
          granularity: 'stream',
        });
        builder.addSink(() => undefined, { from: child });
      });
      return outcomeOf(runPipeline(Root));
    };
    const { code, result } = await run({ count: 4 });
    expect(code).toBe('TOLERANCE_EXCEEDED');
    expect(countsAt(result, 'root/child').in).toBe(50);
    expect((await run({ ratio: 0.1 })).code).toBe('none');
    expect((await run({ ratio: 0.09 })).code).toBe('TOLERANCE_EXCEEDED');
  });

  test('each child is judged by its own items, also beside others', async () => {
    const Child = definePipeline<number, number>('child', (builder) => {
      builder.tolerate({ ratio: 0.5, atLeast: 1000 });
      const own = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items)
            for (const each of range(1, 4)) {
              await Promise.resolve();
              yield each <= item ? 0 : 1;
            }
        },
        { from: builder.addCompositeInput() },
      );
      const work = builder.addTransform(failsOn(1000), { name: 'work', from: own });
      builder.connect(work, builder.addCompositeOutput());
    });
    const Root = definePipeline('root', (builder) => {
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]),
        output: 'many',
        concurrency: 10,
        errorPolicy: errorPolicy({ on: 'TOLERANCE_EXCEEDED', then: 'skip' }),
      });
      builder.addSink(() => undefined, { name: 'sink', from: child });
    });
    const result = await runPipeline(Root);
    // So many of four items fail in a child: up to two are tolerated.
    expect(countsAt(result, 'root/child')).toMatchObject({ in: 10, out: 6, filtered: 4 });
    expect(countsAt(result, 'root/sink').in).toBe(2 * (4 + 3 + 2));
    expect(countsAt(result, 'root/child/work')).toMatchObject({ in: 40, failed: 20, out: 20 });
    expectBalanced(result);
  });

  test('a child with many outputs that fails has given none, since the pipeline goes on', async () => {
    const Child = definePipeline<number, number>('child', (builder) => {
      const copies = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items) {
            yield item;
            yield failsOn(2)(item);
          }
        },
        { from: builder.addCompositeInput() },
      );
      builder.connect(copies, builder.addCompositeOutput());
    });
    const taken: number[] = [];
    const Root = definePipeline('root', (builder) => {
      builder.tolerate({ count: 2 });
      const child = builder.addComposite(Child, {
        from: builder.addSource(range(1, 4)),
        output: 'many',
      });
      builder.addSink((item) => taken.push(item), { from: child });
    });
    await runPipeline(Root);
    expect(taken).toEqual([1, 1, 3, 3]);
  });

  test('one item that is run alone and lost is no output', async () => {
    const Child = definePipeline<number, number>('child', (builder) => {
      builder.tolerate({ count: 1 });
      const work = builder.addTransform(failsOn(1), { name: 'work', from: builder.addCompositeInput() });
      builder.connect(work, builder.addCompositeOutput());
    });
    const runner = new PipelineRunner();
    const error = await rejectionOf(runner.runItem(Child, 1));
    expect(error).toMatchObject({
      code: 'COMPOSITE_NO_OUTPUT',
      path: 'child/work',
      cause: { message: 'bad 1' },
    });
    expect(await runner.runItem(Child, 1, undefined, { output: 'optional' })).toBeUndefined();
  });
});

test('a dead letter that fails again when it is replayed is not tolerated', async () => {
  const sink = new MemoryDeadLetterSink();
  await runPipeline(flat({ count: 10 }, { policy: 'deadLetter' }).Root, { deadLetterSink: sink });
  const { Root } = flat({ count: 10 });
  expect(await replayDeadLetters(sink, { definition: Root })).toEqual({
    replayed: 10,
    succeeded: 0,
    failedAgain: 10,
  });
});

test('the lineage of an item that is tolerated ends with an error, at the node that failed', async () => {
  const lineage = new KeptLineage();
  const Child = definePipeline<number, number>('child-pipeline', (builder) => {
    builder.tolerate({ count: 1 });
    const work = builder.addTransform(failsOn(2), { name: 'work', from: builder.addCompositeInput() });
    builder.connect(work, builder.addCompositeOutput());
  });
  const Root = definePipeline('root', (builder) => {
    const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1, 2]) });
    builder.addSink(() => undefined, { name: 'sink', from: child });
  });
  await runPipeline(Root, { lineageSink: lineage });
  expect(lineage.records.map(({ outcome, path }) => [outcome, path])).toEqual([
    ['emitted', 'root/sink'],
    ['error', 'root/child/work'],
  ]);
});

describe('a builder', () => {
  test.each<[string, object, string]>([
    ['no limit', {}, "'count' or 'ratio' is missing"],
    ['both limits', { count: 1, ratio: 0.1 }, "'count' and 'ratio' cannot both decide"],
    ['atLeast beside count', { count: 1, atLeast: 5 }, "'atLeast' belongs to 'ratio'"],
    ['a negative count', { count: -1 }, "'count' must be a whole number, 0 or more"],
    ['no number', { count: Number.NaN }, "'count' must be a whole number, 0 or more"],
    ['a part of an item', { count: 1.5 }, "'count' must be a whole number, 0 or more"],
    ['a ratio above 1', { ratio: 5 }, "'ratio' must be a number from 0 to 1"],
    ['atLeast 0', { ratio: 0.1, atLeast: 0 }, "'atLeast' must be a whole number above 0"],
    ['an unknown kind', { count: 1, counts: ['cancelled'] }, "'counts' must be a list of"],
    ['an unknown option', { counted: 1 }, "there is no option 'counted'"],
  ])('refuses %s', (_what, limit, words) => {
    const builder = new PipelineBuilder();
    builder.connect(
      builder.addSource([1]),
      builder.addSink(() => undefined),
    );
    builder.tolerate(limit as ToleranceOptions);
    const { errors } = builder.validate();
    expect(errors).toMatchObject([{ code: 'OPTION_INVALID', path: 'pipeline' }]);
    expect(errors[0]?.message).toContain(words);
  });

  test('refuses a second limit, and shows the first', () => {
    const builder = new PipelineBuilder();
    builder.connect(
      builder.addSource([1], 'source'),
      builder.addSink(() => undefined, 'sink'),
    );
    builder.tolerate({ count: 3 });
    expect(builder.build().describe()).toContain('pipeline [tolerate=3 items failed]');

    const again = new PipelineBuilder();
    again.tolerate({ count: 3 }).tolerate({ count: 3 });
    expect(
      again
        .validate()
        .errors.map(({ message }) => message)
        .join(),
    ).toContain('can be called once');
  });
});
