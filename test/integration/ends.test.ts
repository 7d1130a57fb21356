import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  CostLedger,
  PipelineRunner,
  runPipeline,
  SinkNode,
  SourceNode,
  StreamSinkNode,
  type NoItem,
  type PipelineContext,
} from 'heirline';
import {
  aborted,
  countsAt,
  definePipeline,
  delay,
  expectBalanced,
  gate,
  range,
  rejectionOf,
  resultOf,
  type DefinitionClass,
} from './support/harness.js';
import { childAround, childNode, rootAround, rootNode } from './support/small-graphs.js';

/** A sink that has enough after so many items. */
class TakesOnly extends StreamSinkNode<number> {
  readonly got: number[] = [];

  constructor(private readonly most: number) {
    super();
  }

  override async consume(items: AsyncIterable<number>): Promise<void> {
    for await (const item of items) {
      this.got.push(item);
      if (this.got.length === this.most) return;
    }
  }
}

/** A pipeline whose sink takes one item from `root/quick`, while `root/source`, which it reads too, waits. */
function takingOne(
  source: (context: PipelineContext) => Iterable<number> | AsyncIterable<number>,
): DefinitionClass<NoItem, NoItem> {
  return definePipeline('root', (builder) => {
    const sink = builder.addSink(new TakesOnly(1), 'sink');
    builder.connect(builder.addSource(source, 'source'), sink);
    builder.connect(
      builder.addSource(async function* () {
        await delay(5);
        yield 1;
      }, 'quick'),
      sink,
    );
  });
}

const never = new Promise<never>(() => undefined);

describe('what a call that has outlived its limit may use', () => {
  /** A node whose one call takes longer than its limit, and that says when it ends. */
  const slow = (log: string[]) => async (): Promise<void> => {
    await delay(60);
    log.push('call ended');
  };
  const limited = { timeoutMs: 10, errorPolicy: 'skip' } as const;

  test('is closed after the call, where the node itself has registered it', async () => {
    const log: string[] = [];
    await runPipeline(
      rootNode(
        async (context) => {
          context.onDispose(() => log.push('closed'));
          await slow(log)();
        },
        [1],
        limited,
      ),
    );

    expect(log).toEqual(['call ended', 'closed']);
  });

  test('is closed after the call at every level above it, the innermost first, and the stream goes on meanwhile', async () => {
    const log: string[] = [];
    const node = childNode(async (context, item) => {
      if (item === 1) await slow(log)();
      else log.push(`item ${String(item)}`);
      context.onDispose(() => log.push(`leaf ${String(item)}`));
    }, limited);
    const opening = (name: string, inner: DefinitionClass<number, number>) =>
      definePipeline<number, number>(name, (builder) => {
        const first = builder.addTransform(
          (item: number, context) => {
            if (item === 1) context.onDispose(() => log.push(name));
            return item;
          },
          { name: 'open', from: builder.addCompositeInput() },
        );
        const composite = builder.addComposite(inner, { name: 'inner', from: first });
        builder.connect(composite, builder.addCompositeOutput());
      });
    await runPipeline(rootAround(opening('outer', opening('middle', node)), { output: 'optional' }, [1, 2]));

    expect(log).toEqual(['item 2', 'leaf 2', 'call ended', 'leaf 1', 'middle', 'outer']);
  });

  test('is closed after the call where a composite has the limit', async () => {
    const log: string[] = [];
    const child = childNode(async (context) => {
      context.onDispose(() => log.push('closed'));
      await slow(log)();
    });
    await runPipeline(rootAround(child, limited));

    expect(log).toEqual(['call ended', 'closed']);
  });

  test('includes a node of a class, which is disposed after its own call', async () => {
    const log: string[] = [];
    class Slow {
      async transform(item: number): Promise<number> {
        await slow(log)();
        return item;
      }
      dispose(): void {
        log.push('disposed');
      }
    }
    const child = definePipeline<number, number>('child-pipeline', (builder) => {
      const node = builder.addTransform(Slow, {
        name: 'slow',
        from: builder.addCompositeInput(),
        ...limited,
      });
      builder.connect(node, builder.addCompositeOutput());
    });
    await runPipeline(rootAround(child, { output: 'optional' }));

    expect(log).toEqual(['call ended', 'disposed']);
  });

  test('is closed when the grace period is over where the call never ends, and the node is named, not the composite', async () => {
    const log: string[] = [];
    const child = childNode((context) => {
      context.onDispose(() => log.push('closed'));
      return never;
    }, limited);
    const startedAt = performance.now();
    const { abandoned, status } = await new PipelineRunner({ graceMs: 50 }).run(
      rootAround(childAround(child, { output: 'optional' }), { output: 'optional' }),
    );

    expect({ log, abandoned, status }).toEqual({
      log: ['closed'],
      abandoned: ['root/child/inner/node'],
      status: 'succeeded',
    });
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});

describe('a call of a child that never ends', () => {
  const twoBranches = (hangs: (context: PipelineContext) => unknown, fails: () => void) =>
    definePipeline<number, number>('child-pipeline', (builder) => {
      const input = builder.addCompositeInput();
      builder.connect(
        input,
        builder.addSink((_: number, context) => hangs(context), 'hangs'),
      );
      const other = builder.addTransform(
        (item: number) => {
          fails();
          return item;
        },
        { name: 'fails', from: input },
      );
      builder.connect(other, builder.addCompositeOutput());
    });

  test('is left after the grace period where a branch beside it has failed already', async () => {
    const child = twoBranches(
      () => never,
      () => {
        throw new Error('fails at once');
      },
    );
    const result = await new PipelineRunner({ graceMs: 20 }).run(
      rootAround(child, { output: 'optional', errorPolicy: 'skip' }),
    );

    expect(result).toMatchObject({ status: 'succeeded', abandoned: ['root/child/hangs'] });
    expect(countsAt(result, 'root/child')).toMatchObject({ in: 1, filtered: 1 });
    expectBalanced(result);
  });

  test.each(['alone', 'beside another branch', 'with a limit'])(
    'is left after the grace period where it has cancelled its child, %s',
    async (where) => {
      const hangs = (context: PipelineContext): Promise<never> => {
        context.cancel();
        return never;
      };
      const child =
        where === 'beside another branch' ? twoBranches(hangs, () => undefined) : childNode(hangs);
      const timeoutMs = where === 'with a limit' ? 60_000 : undefined;
      const result = await new PipelineRunner({ graceMs: 20 }).run(
        rootAround(child, { output: 'optional', errorPolicy: 'skip', cancellable: true, timeoutMs }),
      );

      expect(result.status).toBe('succeeded');
      expect(result.abandoned).toHaveLength(1);
      expect(countsAt(result, 'root/child')).toMatchObject({ in: 1, filtered: 1 });
      expectBalanced(result);
    },
  );
});

describe('the end of a run', () => {
  test('disposes and tells its end before it settles, though a call lingers and a bill is never answered', async () => {
    const log: string[] = [];
    const limited = rootNode(
      (context) => {
        context.onDispose(() => log.push('closed'));
        context.run.cost.record({ callId: 'call', model: 'm', inputTokens: 1, outputTokens: 0 });
        return never;
      },
      [1],
      { timeoutMs: 5, errorPolicy: 'skip' },
    );
    const error = await rejectionOf(
      new PipelineRunner({
        graceMs: 30,
        executionObserver: { pipelineFailed: () => log.push('told') },
      }).run(limited, { run: { cost: new CostLedger({ onEntry: () => never }) } }),
    );

    expect(error.code).toBe('SINK_REJECTED');
    expect(log).toEqual(['closed', 'told']);
  });

  test('waits for the call of an item that came late, and that cancels the run itself', async () => {
    const log: string[] = [];
    const error = await rejectionOf(
      runPipeline(
        definePipeline('root', (builder) => {
          const node = builder.addTransform(
            async (item: number, context) => {
              context.run.cancel();
              await delay(10);
              log.push('call ended');
              return item;
            },
            { name: 'node', from: builder.addSource([Promise.resolve(1)] as unknown as number[], 'source') },
          );
          builder.connect(
            node,
            builder.addSink(() => undefined, 'sink'),
          );
        }),
      ),
    );

    expect(log).toEqual(['call ended']);
    expect(countsAt(resultOf(error), 'root/node')).toMatchObject({ in: 1, out: 1, cancelled: 0 });
    expect(countsAt(resultOf(error), 'root/sink')).toMatchObject({ in: 1, cancelled: 1 });
  });

  test('has one deadline: what ignores a cancel is waited for once, at all levels together', async () => {
    const ignores = childNode((context) => {
      context.onDispose(() => never);
      return never;
    });
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort();
    }, 10);
    const startedAt = performance.now();
    const error = await rejectionOf(
      new PipelineRunner({ graceMs: 200 }).run(rootAround(childAround(ignores)), {
        signal: controller.signal,
      }),
    );
    const took = performance.now() - startedAt;

    expect(resultOf(error).abandoned).toContain('root/child/inner/node');
    expectBalanced(resultOf(error));
    expect(took).toBeGreaterThan(190);
    expect(took).toBeLessThan(390);
  });

  test('is a failure where a flush never answers, and says so', async () => {
    class Hanging extends SinkNode<number> {
      override write(): void {
        // Takes everything.
      }

      override flush(): Promise<never> {
        return never;
      }
    }
    const Hangs = definePipeline('root', (builder) => {
      builder.connect(builder.addSource([1], 'source'), builder.addSink(Hanging, 'sink'));
    });

    const error = await rejectionOf(new PipelineRunner({ graceMs: 30 }).run(Hangs));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/sink' });
    expect(error.message).toContain('graceMs');
    expect(resultOf(error).abandoned).toEqual(['root/sink']);
  });

  test('is a failure where a disposer never answers, and says so', async () => {
    const error = await rejectionOf(
      new PipelineRunner({ graceMs: 30 }).run(
        rootNode((context) => {
          context.onDispose(() => never);
        }),
      ),
    );

    expect(error.code).toBe('DISPOSAL_FAILED');
    expect(error.message).toContain('graceMs');
  });

  test('calls 100,000 disposers, and lets others go on meanwhile', async () => {
    let disposed = 0;
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await runPipeline(
      rootNode((context) => {
        for (let count = 0; count < 100_000; count += 1)
          context.onDispose(() => {
            disposed += 1;
            if (count % 1000 === 0) for (const until = performance.now() + 1; performance.now() < until;);
          });
      }),
    );
    clearInterval(timer);

    expect(disposed).toBe(100_000);
    expect(turns).toBeGreaterThan(1);
  });
});

describe('a source that nobody reads any more', () => {
  test('ends at once where it heeds its signal, and the run succeeds', async () => {
    let reason: unknown;
    const startedAt = performance.now();
    const result = await runPipeline(
      takingOne(async function* (context): AsyncGenerator<number> {
        await aborted(context.signal);
        reason = context.signal.reason;
      }),
    );

    expect(result).toMatchObject({ status: 'succeeded', abandoned: [] });
    expect(reason).toMatchObject({ code: 'RUN_CANCELLED', kind: 'finished', path: 'root/source' });
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  test('is named after the grace period where it waits for ever, and the run succeeds', async () => {
    const result = await new PipelineRunner({ graceMs: 30 }).run(
      takingOne(async function* () {
        await never;
        yield 1;
      }),
    );

    expect(result).toMatchObject({ status: 'succeeded', abandoned: ['root/source'] });
    expect(countsAt(result, 'root/source')).toMatchObject({ in: 0, out: 0 });
  });

  test('is no cancel: listeners, other nodes and the result see nothing of it', async () => {
    const heard: unknown[] = [];
    const result = await runPipeline(
      takingOne(async function* (context): AsyncGenerator<number> {
        context.run.onCancel((reason) => heard.push(reason));
        await aborted(context.signal);
        throw new Error('what it says to that is of no interest');
      }),
    );

    expect(result.status).toBe('succeeded');
    expect(heard).toEqual([]);
  });

  test('is destroyed where it is an idle Node stream, cancelled where it is an idle web stream', async () => {
    const node = new Readable({ objectMode: true, read: () => undefined });
    let isCancelled = false;
    const web = new ReadableStream<number>({
      cancel: () => {
        isCancelled = true;
      },
    });
    for (const source of [() => node, () => web as AsyncIterable<number>]) {
      const result = await runPipeline(takingOne(source));
      expect(result).toMatchObject({ status: 'succeeded', abandoned: [] });
    }

    expect(node.destroyed).toBe(true);
    expect(isCancelled).toBe(true);
  });

  test('is closed in a child as well', async () => {
    const closed: number[] = [];
    const child = definePipeline<number, number>('child-pipeline', (builder) => {
      const own = builder.addSource(async function* (context) {
        try {
          yield 10;
          await aborted(context.signal);
        } finally {
          closed.push(1);
        }
      }, 'own');
      const first = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>) {
          for await (const item of items) {
            yield item;
            return;
          }
        },
        { name: 'first', from: own },
      );
      builder.connect(first, builder.addCompositeOutput());
      builder.connect(
        builder.addCompositeInput(),
        builder.addSink(() => undefined, 'drop'),
      );
    });
    const result = await runPipeline(rootAround(child, { concurrency: 4 }, range(1, 8)));

    expect(result).toMatchObject({ status: 'succeeded', abandoned: [] });
    expect(closed).toHaveLength(8);
  });
});

describe('what gives its items once', () => {
  const reading = (source: () => AsyncIterable<number>, got: number[]) =>
    definePipeline('root', (builder) => {
      builder.connect(
        builder.addSource(source, 'source'),
        builder.addSink((item: number) => got.push(item), 'sink'),
      );
    });

  test('is not closed by a run that is refused it: another one reads it to its end', async () => {
    const stream = new Readable({ objectMode: true, read: () => undefined });
    const got: number[] = [];
    const Reads = reading(() => stream as AsyncIterable<number>, got);
    const first = runPipeline(Reads);
    stream.push(1);
    const refused = await rejectionOf(runPipeline(Reads));
    stream.push(2);
    stream.push(null);
    const result = await first;

    expect(refused).toMatchObject({ code: 'SOURCE_EXHAUSTED', path: 'root/source' });
    expect(result.status).toBe('succeeded');
    expect(got).toEqual([1, 2]);
  });

  test('is not closed by a stream transform that is refused it either', async () => {
    const stream = new Readable({ objectMode: true, read: () => undefined });
    const got: number[] = [];
    const first = runPipeline(reading(() => stream as AsyncIterable<number>, got));
    stream.push(1);
    const refused = await rejectionOf(
      runPipeline(
        definePipeline('root', (builder) => {
          const source = builder.addSource([1], 'source');
          const transform = builder.addStreamTransform(() => stream as AsyncIterable<number>, {
            name: 'transform',
            from: source,
          });
          builder.connect(
            transform,
            builder.addSink(() => undefined, 'sink'),
          );
        }),
      ),
    );
    stream.push(2);
    stream.push(null);
    await first;

    expect(refused).toMatchObject({ code: 'NODE_FAILED', cause: { code: 'SOURCE_EXHAUSTED' } });
    expect(got).toEqual([1, 2]);
  });
});

describe('a stream transform whose iterator breaks', () => {
  const giving = (next: () => unknown, returned: () => void) =>
    definePipeline('root', (builder) => {
      const given = {
        [Symbol.asyncIterator]: () => ({
          next: () => Promise.resolve().then(next),
          return: () => {
            returned();
            return Promise.resolve({ done: true, value: undefined });
          },
        }),
      };
      const source = builder.addSource([1], 'source');
      const transform = builder.addStreamTransform(() => given as AsyncIterable<number>, {
        name: 'transform',
        from: source,
      });
      builder.connect(
        transform,
        builder.addSink(() => undefined, 'sink'),
      );
    });

  test('is not told to end once its iterator has thrown, as in any loop over an iterable', async () => {
    let returned = 0;
    const error = await rejectionOf(
      runPipeline(
        giving(
          () => {
            throw new Error('broken');
          },
          () => (returned += 1),
        ),
      ),
    );

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/transform' });
    expect(returned).toBe(0);
  });

  test('fails in the words of a source where its iterator gives no result', async () => {
    const error = await rejectionOf(
      runPipeline(
        giving(
          () => undefined,
          () => undefined,
        ),
      ),
    );

    expect(error).toMatchObject({
      code: 'NODE_FAILED',
      cause: { message: 'the iterator gave no result object' },
    });
  });
});

describe('a source that was opened', () => {
  const handles = async (): Promise<number> => {
    const { readdir } = await import('node:fs/promises');
    return (await readdir('/proc/self/fd')).length;
  };

  test('is closed where it answers after the run was cancelled', async () => {
    const controller = new AbortController();
    const asked = gate();
    const answer = gate();
    const before = await handles();
    class Late extends SourceNode<Buffer> {
      async open(): Promise<Readable> {
        asked.open();
        await answer.opened;
        const file = await open(import.meta.filename);
        return file.createReadStream();
      }
    }
    const run = rejectionOf(
      runPipeline(
        definePipeline('root', (builder) => {
          builder.connect(
            builder.addSource(Late, 'late'),
            builder.addSink(() => undefined, 'sink'),
          );
        }),
        { signal: controller.signal },
      ),
    );
    await asked.opened;
    controller.abort();
    answer.open();
    const error = await run;
    for (let turn = 0; turn < 50 && (await handles()) > before; turn += 1) await delay(2);

    expect(error.code).toBe('RUN_CANCELLED');
    expect(resultOf(error).abandoned).toEqual([]);
    expect(await handles()).toBe(before);
  });

  test('is closed where a sibling fails before anything was read from it', async () => {
    const log: string[] = [];
    class Slow extends SourceNode<number> {
      override async open(): Promise<AsyncIterable<number>> {
        await delay(20);
        const opened = {
          [Symbol.asyncIterator]: () => ({ next: () => never }),
          [Symbol.asyncDispose]: async () => {
            await delay(1);
            log.push('closed');
          },
        };
        return opened;
      }
    }
    const error = await rejectionOf(
      new PipelineRunner({ graceMs: 100 }).run(
        definePipeline('root', (builder) => {
          builder.connect(
            builder.addSource(Slow, 'slow'),
            builder.addSink(() => undefined, 'sink'),
          );
          builder.connect(
            builder.addSource([1], 'quick'),
            builder.addSink(() => {
              throw new Error('fails');
            }, 'fails'),
          );
        }),
      ),
    );

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/fails' });
    expect(log).toEqual(['closed']);
  });

  test('is not even asked where the signal was aborted before, and what was handed in stays the caller’s', async () => {
    let opened = 0;
    const stream = Readable.from([1, 2]);
    const error = await rejectionOf(
      runPipeline(
        definePipeline('root', (builder) => {
          builder.connect(
            builder.addSource(() => {
              opened += 1;
              return [1];
            }, 'asked'),
            builder.addSink(() => undefined, 'sink'),
          );
          builder.connect(
            builder.addSource(stream as AsyncIterable<number>, 'given'),
            builder.addSink(() => undefined, 'sink-2'),
          );
        }),
        { signal: AbortSignal.abort() },
      ),
    );

    expect(error.code).toBe('RUN_CANCELLED');
    expect(opened).toBe(0);
    expect(stream.destroyed).toBe(false);
    expect(await stream.toArray()).toEqual([1, 2]);
  });
});

describe("a composite's limit", () => {
  const twice = definePipeline<number, number>('twice', (builder) => {
    const both = builder.addStreamTransform(
      async function* (items: AsyncIterable<number>) {
        for await (const item of items) {
          yield item;
          yield item;
        }
      },
      { name: 'both', from: builder.addCompositeInput() },
    );
    builder.connect(both, builder.addCompositeOutput());
  });

  test('stands still while its outputs are with a slow node behind it', async () => {
    const result = await runPipeline(
      rootAround(twice, { output: 'many', timeoutMs: 40 }, [1, 2], () => delay(30)),
    );

    expect(countsAt(result, 'root/child')).toMatchObject({ in: 2, out: 2, emitted: 4 });
  });

  test('stands still while its outputs wait for their turn', async () => {
    const result = await runPipeline(
      rootAround(twice, { output: 'many', timeoutMs: 50, concurrency: 4 }, range(1, 4), async (_, item) => {
        if (item === 1) await delay(40);
      }),
    );

    expect(countsAt(result, 'root/child')).toMatchObject({ in: 4, out: 4, emitted: 8 });
  });

  test('counts the own work of the child all the same', async () => {
    const slow = definePipeline<number, number>('slow', (builder) => {
      const node = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>, { signal }) {
          for await (const item of items) {
            yield item;
            await aborted(signal);
          }
        },
        { name: 'slow', from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });

    const error = await rejectionOf(
      runPipeline(rootAround(slow, { output: 'many', timeoutMs: 30 }, [1], () => delay(5))),
    );

    expect(error).toMatchObject({ code: 'NODE_TIMEOUT', path: 'root/child' });
  });
});
