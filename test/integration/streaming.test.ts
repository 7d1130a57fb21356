import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  fixed,
  runPipeline,
  SKIP,
  StreamSinkNode,
  StreamTransformNode,
  type OutputHandle,
  type PipelineBuilder,
  type PipelineContext,
} from 'heirline';
import {
  countsAt,
  definePipeline,
  defineStep,
  delay,
  expectBalanced,
  nextTurn,
  outcomeOf,
  range,
  rejectionOf,
  resultOf,
  throwAnything,
} from './support/harness.js';

const ignore = (): void => undefined;

/** Batches a stream. */
function batches(size: number) {
  return async function* (items: AsyncIterable<number>): AsyncGenerator<number[]> {
    let batch: number[] = [];
    for await (const item of items) {
      batch.push(item);
      if (batch.length === size) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  };
}

describe('a stream transform', () => {
  test('sees the whole stream and emits what it likes; what it took in counts as out', async () => {
    const outputs: number[][] = [];

    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const batch = builder.addStreamTransform(batches(4), {
          name: 'batch',
          from: builder.addSource(range(1, 10), 'source'),
        });
        builder.connect(
          batch,
          builder.addSink((items: number[]) => outputs.push(items), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10],
    ]);
    expect(countsAt(result, 'parent/batch')).toMatchObject({ in: 10, out: 10, emitted: 3 });
    expect(countsAt(result, 'parent/sink')).toMatchObject({ in: 3, out: 3 });
    expectBalanced(result);
  });

  test('may be a class, and has one instance per execution', async () => {
    class Running extends StreamTransformNode<number, number> {
      private total = 0;
      override async *transform(items: AsyncIterable<number>): AsyncGenerator<number> {
        for await (const item of items) {
          this.total += item;
          yield this.total;
        }
      }
    }
    const outputs: number[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const running = builder.addStreamTransform(Running, { from: builder.addSource([1, 2, 3], 'source') });
      builder.connect(
        running,
        builder.addSink((item: number) => outputs.push(item), 'sink'),
      );
    });

    await runPipeline(Parent);
    await runPipeline(Parent);

    expect(outputs).toEqual([1, 3, 6, 1, 3, 6]);
  });

  test('may emit more than it takes, before the first item and after the last', async () => {
    const outputs: string[] = [];
    await runPipeline(
      definePipeline('parent', (builder) => {
        const frame = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            yield 'header';
            for await (const item of items) yield* [`${String(item)}a`, `${String(item)}b`];
            yield 'footer';
          },
          { name: 'frame', from: builder.addSource([1, 2], 'source') },
        );
        builder.connect(
          frame,
          builder.addSink((line: string) => outputs.push(line), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual(['header', '1a', '1b', '2a', '2b', 'footer']);
  });

  test('sees an empty stream end', async () => {
    const outputs: number[] = [];
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const count = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            const seen: number[] = [];
            for await (const item of items) seen.push(item);
            yield seen.length;
          },
          { name: 'count', from: builder.addSource<number>([], 'source') },
        );
        builder.connect(
          count,
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual([0]);
    expect(countsAt(result, 'parent/count')).toMatchObject({ in: 0, emitted: 1 });
  });

  test('that has seen enough ends an endless source, and closes it', async () => {
    const outputs: number[] = [];
    let closed = false;
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(function* () {
          try {
            for (let item = 1; ; item += 1) yield item;
          } finally {
            closed = true;
          }
        }, 'source');
        const take = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            let left = 3;
            for await (const item of items) {
              yield item;
              left -= 1;
              if (left === 0) return;
            }
          },
          { name: 'take', from: source },
        );
        builder.connect(
          take,
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual([1, 2, 3]);
    expect(closed).toBe(true);
    expect(result.status).toBe('succeeded');
    expectBalanced(result);
  });

  test('that has seen enough leaves the other branches alone', async () => {
    const few: number[] = [];
    const all: number[] = [];
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(range(1, 10), 'source');
        const take = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            for await (const item of items) {
              yield item;
              if (item === 3) return;
            }
          },
          { name: 'take', from: source },
        );
        builder
          .connect(
            take,
            builder.addSink((item: number) => few.push(item), 'few'),
          )
          .connect(
            source,
            builder.addSink((item: number) => all.push(item), 'all'),
          );
      }),
    );

    expect(few).toEqual([1, 2, 3]);
    expect(all).toEqual(range(1, 10));
    expectBalanced(result);
  });

  test('that asks for several items at once gets them in order', async () => {
    const outputs: number[] = [];
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const pairs = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            const iterator = items[Symbol.asyncIterator]();
            for (;;) {
              const steps = await Promise.all([iterator.next(), iterator.next()]);
              for (const step of steps) if (step.done !== true) yield step.value;
              if (steps.some((step) => step.done === true)) return;
            }
          },
          { name: 'pairs', from: builder.addSource(range(1, 11), 'source') },
        );
        builder.connect(
          pairs,
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual(range(1, 11));
    expectBalanced(result);
  });

  test('in a chain of several keeps order and loses nothing', async () => {
    const outputs: number[] = [];
    await runPipeline(
      definePipeline('parent', (builder) => {
        const batch = builder.addStreamTransform(batches(7), {
          name: 'batch',
          from: builder.addSource(range(1, 500), 'source'),
        });
        const flatten = builder.addStreamTransform(
          async function* (groups: AsyncIterable<number[]>) {
            for await (const group of groups) yield* group;
          },
          { name: 'flatten', from: batch },
        );
        const again = builder.addTransform(async (item: number) => Promise.resolve(item), {
          name: 'again',
          from: flatten,
          concurrency: 3,
        });
        builder.connect(
          again,
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual(range(1, 500));
  });

  for (const ending of ['fails', 'is cancelled'] as const) {
    test(`is closed when the run ${ending}: its finally block has run`, async () => {
      const log: string[] = [];
      const Parent = definePipeline('parent', (builder) => {
        const pass = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            try {
              yield* items;
            } finally {
              await nextTurn();
              log.push('closed');
            }
          },
          { name: 'pass', from: builder.addSource(range(1, 10), 'source') },
        );
        builder.connect(
          pass,
          builder.addSink((item: number, context: PipelineContext) => {
            if (item !== 3) return;
            if (ending === 'fails') throw new Error('three');
            context.run.cancel();
          }, 'sink'),
        );
      });

      const error = await rejectionOf(runPipeline(Parent));

      expect(error.code).toBe(ending === 'fails' ? 'NODE_FAILED' : 'RUN_CANCELLED');
      expect(log).toEqual(['closed']);
      expectBalanced(resultOf(error));
    });
  }

  test('that reads on after the run was cancelled gets no further item', async () => {
    const seenAfter: number[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const pass = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>, context) {
          for await (const item of items) {
            if (context.signal.aborted) seenAfter.push(item);
            if (item === 3) context.run.cancel();
            yield item;
          }
        },
        { name: 'pass', from: builder.addSource(range(1, 10), 'source') },
      );
      builder.connect(pass, builder.addSink(ignore, 'sink'));
    });

    await rejectionOf(runPipeline(Parent));

    expect(seenAfter).toEqual([]);
  });

  test('works inside a child that runs once per item, and in one that runs over the whole stream', async () => {
    const Sum = definePipeline<number, number>('sum', (builder) => {
      const sum = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          let total = 0;
          for await (const item of items) total += item;
          yield total;
        },
        { name: 'sum', from: builder.addCompositeInput() },
      );
      builder.connect(sum, builder.addCompositeOutput());
    });
    const sums = async (granularity: 'item' | 'stream'): Promise<number[]> => {
      const outputs: number[] = [];
      await runPipeline(
        definePipeline('parent', (builder) => {
          const sum = builder.addComposite(Sum, {
            from: builder.addSource([1, 2, 3], 'source'),
            granularity,
          });
          builder.connect(
            sum,
            builder.addSink((item: number) => outputs.push(item), 'sink'),
          );
        }),
      );
      return outputs;
    };

    expect(await sums('item')).toEqual([1, 2, 3]);
    expect(await sums('stream')).toEqual([6]);
  });
});

describe('a stream sink', () => {
  test('consumes the whole stream', async () => {
    const seen: number[] = [];
    class Collect extends StreamSinkNode<number> {
      override async consume(items: AsyncIterable<number>): Promise<void> {
        for await (const item of items) seen.push(item);
        seen.push(-1);
      }
    }
    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        builder.connect(builder.addSource(range(1, 5), 'source'), builder.addSink(Collect, 'collect'));
      }),
    );

    expect(seen).toEqual([1, 2, 3, 4, 5, -1]);
    expect(countsAt(result, 'parent/collect')).toMatchObject({ in: 5, out: 5 });
    expectBalanced(result);
  });

  test('that fails ends the run and closes the source', async () => {
    let closed = false;
    class Broken extends StreamSinkNode<number> {
      override async consume(items: AsyncIterable<number>): Promise<void> {
        for await (const item of items) if (item === 3) throwAnything(new Error('three'));
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(function* () {
        try {
          yield* range(1, 100);
        } finally {
          closed = true;
        }
      }, 'source');
      builder.connect(source, builder.addSink(Broken, 'broken'));
    });

    const error = await rejectionOf(runPipeline(Parent));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'parent/broken' });
    expect(closed).toBe(true);
    expectBalanced(resultOf(error));
  });
});

describe('what can be a source', () => {
  const collect = async (source: Iterable<number> | AsyncIterable<number>): Promise<number[]> => {
    const outputs: number[] = [];
    await runPipeline(
      definePipeline('parent', (builder) => {
        builder.connect(
          builder.addSource(source, 'source'),
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      }),
    );
    return outputs;
  };

  test('an array, a set, a generator, an async generator, a stream of Node and a stream of the web', async () => {
    function* generator() {
      yield* [1, 2, 3];
    }
    async function* asyncGenerator() {
      for (const item of [1, 2, 3]) yield await Promise.resolve(item);
    }

    expect(await collect([1, 2, 3])).toEqual([1, 2, 3]);
    expect(await collect(new Set([1, 2, 3]))).toEqual([1, 2, 3]);
    expect(await collect(generator())).toEqual([1, 2, 3]);
    expect(await collect(asyncGenerator())).toEqual([1, 2, 3]);
    expect(await collect(Readable.from([1, 2, 3]) as AsyncIterable<number>)).toEqual([1, 2, 3]);
    expect(await collect(new Blob(['x']).stream() as unknown as AsyncIterable<number>)).toHaveLength(1);
  });

  test('a function that gives one, or a promise of one', async () => {
    const outputs: number[] = [];
    await runPipeline(
      definePipeline('parent', (builder) => {
        const sink = builder.addSink((item: number) => outputs.push(item), 'sink');
        builder
          .connect(
            builder.addSource(() => [1], 'one'),
            sink,
          )
          .connect(
            builder.addSource(() => Promise.resolve(new Set([2])), 'two'),
            sink,
          )
          .connect(
            builder.addSource(async function* () {
              yield await Promise.resolve(3);
            }, 'three'),
            sink,
          );
      }),
    );

    expect([...outputs].sort()).toEqual([1, 2, 3]);
  });

  test('null and undefined are ordinary items', async () => {
    const outputs: unknown[] = [];
    await runPipeline(
      definePipeline('parent', (builder) => {
        const pass = builder.addTransform((item: number | null | undefined) => item, {
          name: 'pass',
          from: builder.addSource([1, null, undefined, 0], 'source'),
        });
        const stream = builder.addStreamTransform(
          async function* (items: AsyncIterable<number | null | undefined>) {
            yield* items;
          },
          { name: 'stream', from: pass },
        );
        builder.connect(
          stream,
          builder.addSink((item: number | null | undefined) => outputs.push(item), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual([1, null, undefined, 0]);
  });

  test('a promise of SKIP filters as SKIP itself does', async () => {
    const outputs: unknown[] = [];
    await runPipeline(
      definePipeline('parent', (builder) => {
        const skip = builder.addTransform((item: number) => (item === 2 ? Promise.resolve(SKIP) : item), {
          name: 'skip',
          from: builder.addSource([1, 2, 3], 'source'),
        });
        builder.connect(
          skip,
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      }),
    );

    expect(outputs).toEqual([1, 3]);
  });
});

describe('backpressure', () => {
  test('a slow sink holds the source: items are pulled one at a time', async () => {
    let pulled = 0;
    let written = 0;
    let most = 0;
    await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(function* () {
          for (const item of range(1, 50)) {
            pulled += 1;
            most = Math.max(most, pulled - written);
            yield item;
          }
        }, 'source');
        builder.connect(
          source,
          builder.addSink(async () => {
            await nextTurn();
            written += 1;
          }, 'sink'),
        );
      }),
    );

    expect(most).toBe(1);
    expect(written).toBe(50);
  });

  test('with concurrency no more is pulled than may be under way and held', async () => {
    let pulled = 0;
    let written = 0;
    let most = 0;
    await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(function* () {
          for (const item of range(1, 200)) {
            pulled += 1;
            most = Math.max(most, pulled - written);
            yield item;
          }
        }, 'source');
        const node = builder.addTransform(
          async (item: number) => {
            await (item % 10 === 0 ? delay(3) : nextTurn());
            return item;
          },
          { name: 'node', from: source, concurrency: 8, readAhead: 12 },
        );
        builder.connect(
          node,
          builder.addSink(() => (written += 1), 'sink'),
        );
      }),
    );

    expect(most).toBeLessThanOrEqual(12);
  });

  test('passes through stream transforms', async () => {
    let pulled = 0;
    let written = 0;
    let most = 0;
    await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(function* () {
          for (const item of range(1, 100)) {
            pulled += 1;
            most = Math.max(most, pulled - written);
            yield item;
          }
        }, 'source');
        const one = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            yield* items;
          },
          { name: 'one', from: source },
        );
        const two = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            yield* items;
          },
          { name: 'two', from: one },
        );
        builder.connect(
          two,
          builder.addSink(async () => {
            await nextTurn();
            written += 1;
          }, 'sink'),
        );
      }),
    );

    expect(most).toBeLessThanOrEqual(6);
    expect(written).toBe(100);
  });

  test('a stream transform has let an item go when it asks for its next', async () => {
    const log: string[] = [];
    await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(function* () {
          for (const item of [1, 2]) {
            log.push(`pull ${String(item)}`);
            yield item;
          }
        }, 'source');
        const pass = builder.addStreamTransform(
          async function* (items: AsyncIterable<number>) {
            for await (const item of items) {
              log.push(`take ${String(item)}`);
              yield item;
              log.push(`let go ${String(item)}`);
            }
          },
          { name: 'pass', from: source },
        );
        builder.connect(
          pass,
          builder.addSink(async (item: number) => {
            await nextTurn();
            log.push(`sink ${String(item)}`);
          }, 'sink'),
        );
      }),
    );

    expect(log).toEqual([
      ...['pull 1', 'take 1', 'sink 1', 'let go 1'],
      ...['pull 2', 'take 2', 'sink 2', 'let go 2'],
    ]);
  });
});

describe('a long synchronous run', () => {
  test('lets timers and other runs proceed', async () => {
    let fired = 0;
    const timer = setInterval(() => {
      fired += 1;
    }, 5);
    const busy = definePipeline('busy', (builder) => {
      const work = builder.addTransform(
        (item: number) => {
          let sum = item;
          for (let turn = 0; turn < 2_000; turn += 1) sum = (sum * 31 + turn) % 1_000_003;
          return sum;
        },
        { name: 'work', from: builder.addSource(range(1, 30_000), 'source') },
      );
      builder.connect(work, builder.addSink(ignore, 'sink'));
    });
    const quick = definePipeline('quick', (builder) => {
      builder.connect(builder.addSource([1], 'source'), builder.addSink(ignore, 'sink'));
    });

    const order: string[] = [];
    await Promise.all([
      runPipeline(busy).then(() => order.push('busy')),
      nextTurn().then(async () => {
        await runPipeline(quick);
        order.push('quick');
      }),
    ]);
    clearInterval(timer);

    expect(fired).toBeGreaterThanOrEqual(3);
    expect(order).toEqual(['quick', 'busy']);
  });

  /** Keeps the process busy, as parsing or hashing does. */
  const busy = (ms: number): void => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };
  /** Counts for at most a second and a half, so that a run that cannot be cancelled fails instead of hanging. */
  function* almostEndless() {
    const end = performance.now() + 1_500;
    for (let count = 0; performance.now() < end; count += 1) yield count;
  }
  /** Emits almost endlessly for each item. */
  async function* pour(items: AsyncIterable<number>) {
    for await (const item of items) for (const count of almostEndless()) yield item + count;
  }
  const Pouring = definePipeline<number, number>('pouring', (builder) => {
    const pouring = builder.addStreamTransform(pour, { name: 'pour', from: builder.addCompositeInput() });
    builder.connect(pouring, builder.addCompositeOutput());
  });
  const Passing = definePipeline<number, number>('passing', (builder) => {
    builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
  });
  const failing = () => {
    const end = performance.now() + 1_500;
    return (item: number): number => (performance.now() < end ? throwAnything(new Error('busy')) : item);
  };
  const again = errorPolicy({ then: { retry: { attempts: 1_000_000_000, delay: fixed(0) } } });

  const stretches: Record<string, (builder: PipelineBuilder) => OutputHandle<number>> = {
    'of a source that is slow in itself': (builder) =>
      builder.addSource(function* () {
        for (const count of almostEndless()) {
          busy(3);
          yield count;
        }
      }),
    'of a node that is slow in itself': (builder) =>
      builder.addTransform(
        (item: number) => {
          busy(3);
          return item;
        },
        { from: builder.addSource(() => almostEndless()) },
      ),
    'of an async source that never really waits': (builder) =>
      builder.addSource(async function* () {
        for (const count of almostEndless()) yield await Promise.resolve(count);
      }),
    'of async nodes side by side that never really wait': (builder) =>
      builder.addTransform((item: number) => Promise.resolve(item), {
        from: builder.addSource(() => almostEndless()),
        concurrency: 8,
      }),
    'of items that are all left out': (builder) =>
      builder.addTransform((): number | typeof SKIP => SKIP, {
        from: builder.addSource(() => almostEndless()),
      }),
    'of children': (builder) =>
      builder.addComposite(Passing, { from: builder.addSource(() => almostEndless()) }),
    'of a stream transform that emits much for one item': (builder) =>
      builder.addStreamTransform(pour, { from: builder.addSource([1]) }),
    'of one child with many outputs': (builder) =>
      builder.addComposite(Pouring, { output: 'many', from: builder.addSource([1]) }),
    'of retries without a wait': (builder) =>
      builder.addTransform(failing(), { from: builder.addSource([1]), errorPolicy: again }),
    'of retries of a child without a wait': (builder) =>
      builder.addComposite(defineStep<number, number>('failing', 'node', failing()), {
        from: builder.addSource([1]),
        errorPolicy: again,
      }),
  };
  for (const [title, draw] of Object.entries(stretches)) {
    test(`${title} can be cancelled by a timer`, async () => {
      const controller = new AbortController();
      const Parent = definePipeline('parent', (builder) => {
        builder.connect(draw(builder), builder.addSink(ignore, 'sink'));
      });
      setTimeout(() => {
        controller.abort();
      }, 15);

      const started = performance.now();
      const outcome = await outcomeOf(runPipeline(Parent, { signal: controller.signal }));

      expect(outcome.code).toBe('RUN_CANCELLED');
      expect(performance.now() - started).toBeLessThan(1_000);
      expectBalanced(outcome.result);
    });
  }

  test('lets timers proceed also where every item is a promise that has settled', async () => {
    const promises = Array.from({ length: 300_000 }, (_, index) => Promise.resolve(index));
    let written = 0;
    class Endless {
      define(builder: PipelineBuilder) {
        const items = builder.addSource(() => promises, 'promises');
        builder.addSink(() => void (written += 1), { name: 'sink', from: items });
      }
    }
    const error = await rejectionOf(runPipeline(Endless, { run: { timeoutMs: 20 } }));

    expect(error).toMatchObject({ code: 'RUN_CANCELLED' });
    expect(written).toBeLessThan(promises.length);
  });

  test('does not overflow the stack, however long it is', async () => {
    const total = 200_000;
    let written = 0;

    const result = await runPipeline(
      definePipeline('parent', (builder) => {
        const source = builder.addSource(function* () {
          for (let item = 0; item < total; item += 1) yield item;
        }, 'source');
        const skip = builder.addTransform((item: number) => (item % 2 === 0 ? item : SKIP), {
          name: 'skip',
          from: source,
        });
        builder.connect(
          skip,
          builder.addSink(() => (written += 1), 'sink'),
        );
      }),
    );

    expect(written).toBe(total / 2);
    expect(countsAt(result, 'parent/skip')).toMatchObject({ in: total, out: total / 2, filtered: total / 2 });
  });
});
