import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import {
  BackgroundQueue,
  captureContext,
  currentContext,
  PipelineRunner,
  requireContext,
  runDetached,
  runPipeline,
  withContext,
  type CapturedContext,
  type Logger,
  type NoItem,
  type PipelineContext,
} from 'heirline';
import { isCollected } from './support/garbage.js';
import {
  definePipeline,
  delay,
  gate,
  nextTurn,
  range,
  rejectionOf,
  type DefinitionClass,
} from './support/harness.js';

/** The trace of a request, as a tracing library keeps it. */
const trace = new AsyncLocalStorage<string>();

/** What a writer wrote: for whom it was meant, and under whom it was booked. */
interface Write {
  readonly meant: string;
  readonly run: string | undefined;
  readonly trace: string | undefined;
}

function noteWrite(writes: Write[], meant: string): void {
  writes.push({ meant, run: currentContext()?.run.correlationId, trace: trace.getStore() });
}

const rightly = (writes: readonly Write[]): Write[] =>
  writes.filter((write) => write.run === write.meant && write.trace === write.meant);

/** A background writer as it is usually written: its loop is started when it is first needed. */
class NaiveWriter {
  readonly writes: Write[] = [];
  readonly #waiting: string[] = [];
  #wake = gate();
  #isStarted = false;
  #isStopped = false;

  write(meant: string): void {
    this.#waiting.push(meant);
    if (!this.#isStarted) void this.#work();
    this.#isStarted = true;
    this.#wake.open();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake.open();
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      await this.#wake.opened;
      this.#wake = gate();
      for (const meant of this.#waiting.splice(0)) {
        await nextTurn();
        noteWrite(this.writes, meant);
      }
    }
  }
}

/** 50 requests at once, each a run with a correlation id and a trace of its own; gives what was current in each. */
async function serveRequests(write: (meant: string) => unknown): Promise<WeakRef<PipelineContext>[]> {
  const contexts: WeakRef<PipelineContext>[] = [];
  const Request = definePipeline('request', (builder) => {
    builder.connect(
      builder.addSource([1], 'source'),
      builder.addSink(async (_item: number, context) => {
        contexts.push(new WeakRef(requireContext()));
        await nextTurn();
        await write(context.run.correlationId);
      }, 'sink'),
    );
  });
  const runner = new PipelineRunner();
  await Promise.all(
    range(1, 50).map((request) => {
      const correlationId = `request ${String(request)}`;
      return trace.run(correlationId, () => runner.run(Request, { run: { correlationId } }));
    }),
  );
  return contexts;
}

/** Waits until there are 50 of something. */
async function fifty(things: { readonly length: number }): Promise<void> {
  while (things.length < 50) await nextTurn();
}

describe('a background writer that 50 requests share', () => {
  test('whose worker the first request starts, books 49 of 50 writes under that one', async () => {
    const writer = new NaiveWriter();
    const contexts = await serveRequests((meant) => {
      writer.write(meant);
    });
    await fifty(writer.writes);

    expect(rightly(writer.writes)).toHaveLength(1);
    expect(new Set(writer.writes.map(({ run }) => run)).size).toBe(1);
    expect(await isCollected(...contexts.slice(1))).toBe(true);
    expect(await isCollected(...contexts.slice(0, 1))).toBe(false);
    writer.stop();
  });

  test('that is a BackgroundQueue, books 50 of 50 rightly, and keeps no request alive', async () => {
    const writes: Write[] = [];
    const idle: unknown[] = [];
    const queue = new BackgroundQueue<string>({
      worker: async (meant, context) => {
        if (meant === 'idle') idle.push(context, currentContext(), trace.getStore());
        else {
          await nextTurn();
          noteWrite(writes, meant);
          await nextTurn();
        }
      },
    });
    const contexts = await serveRequests((meant) => queue.enqueue(meant));
    await fifty(writes);
    await nextTurn();

    expect(rightly(writes)).toHaveLength(50);
    expect(contexts).toHaveLength(50);
    expect(await isCollected(...contexts)).toBe(true);
    // Nobody's item finds the worker as it is between requests.
    await queue.enqueue('idle');
    expect(await queue.close()).toMatchObject({ remaining: [] });
    expect(idle).toEqual([undefined, undefined, undefined]);
  });

  test('that is a BackgroundQueue with several workers does so too', async () => {
    const writes: Write[] = [];
    const queue = new BackgroundQueue<string>({
      concurrency: 8,
      worker: async (meant) => {
        await nextTurn();
        noteWrite(writes, meant);
      },
    });
    await serveRequests((meant) => queue.enqueue(meant));
    await queue.close();

    expect(rightly(writes)).toHaveLength(50);
  });
});

/** A pipeline of one node that does something in a run. */
function once(work: (context: PipelineContext) => unknown): DefinitionClass<NoItem, NoItem> {
  return definePipeline('once', (builder) => {
    builder.connect(
      builder.addSource([1], 'source'),
      builder.addSink(async (_item: number, context) => {
        await work(context);
      }, 'sink'),
    );
  });
}

const user = (): unknown => currentContext()?.parameters.get('user');

describe('an item of a background queue', () => {
  test('that throws leaks nothing into the next one, is handled in its own context, and reported to its run’s logger', async () => {
    const seen: unknown[] = [];
    const lines: unknown[] = [];
    const worker = async (item: string): Promise<void> => {
      seen.push([item, user()]);
      await nextTurn();
      if (item !== 'anonymous') throw new RangeError(item);
    };
    const handled = new BackgroundQueue<string>({
      worker,
      onError: async (_error, item) => {
        await nextTurn();
        seen.push(['onError', item, user()]);
      },
    });
    const logged = new BackgroundQueue<string>({ worker });
    const ignore = (): void => undefined;
    const logger: Logger = {
      ...{ trace: ignore, debug: ignore, info: ignore, warn: ignore },
      error: (fields, message) => lines.push([fields['error'], message, user()]),
    };

    await runPipeline(
      once(async () => {
        await handled.enqueue('alice’s');
        await logged.enqueue('alice’s');
      }),
      { parameters: { user: 'alice' }, logger },
    );
    await handled.enqueue('anonymous');
    await handled.close();
    await logged.close();

    expect(seen.filter((each) => Array.isArray(each) && each.length === 3)).toEqual([
      ['onError', 'alice’s', 'alice'],
    ]);
    expect(seen).toContainEqual(['anonymous', undefined]);
    expect(lines).toEqual([[new RangeError('alice’s'), 'a background item failed', 'alice']]);
  });

  test('runs after its run has ended, may start runs that are linked to it, and outlives its cancel', async () => {
    const seen: unknown[] = [];
    const Inner = once((context) => {
      seen.push(context.parentRunId, context.run.correlationId, context.signal.aborted);
    });
    const ready = gate();
    const queue = new BackgroundQueue<string>({
      worker: async (_item, context) => {
        await ready.opened;
        seen.push(context?.runId, context?.path, context?.signal.aborted, context?.run.deadline);
        await runPipeline(Inner);
      },
    });
    await rejectionOf(
      runPipeline(
        once(async (context) => {
          await queue.enqueue('a');
          context.run.cancel();
        }),
        { run: { runId: 'outer', correlationId: 'c', timeoutMs: 60_000 } },
      ),
    );
    ready.open();
    await queue.close();

    expect(seen).toEqual(['outer', 'once', false, undefined, 'outer', 'c', false]);
  });

  test('hears of the queue’s end, together with the runs that it has started', async () => {
    const heard: unknown[] = [];
    const failures: unknown[] = [];
    const Inner = once(async (context) => {
      context.signal.addEventListener('abort', () => heard.push(context.signal.reason));
      while (!context.signal.aborted) await nextTurn();
    });
    const queue = new BackgroundQueue<string>({
      worker: () => runPipeline(Inner),
      onError: (error) => failures.push(error),
    });
    await runPipeline(
      once(async () => {
        for (const item of ['a', 'b']) await queue.enqueue(item);
      }),
    );

    expect(await queue.close({ timeoutMs: 5 })).toEqual({ drained: 0, remaining: ['a', 'b'] });
    while (failures.length === 0) await nextTurn();
    expect(heard).toMatchObject([{ kind: 'shutdown' }]);
    expect(failures).toMatchObject([{ code: 'RUN_CANCELLED', kind: 'shutdown' }]);
  });
});

describe('a full background queue', () => {
  test('refuses with an error that the node sees, and leaves nothing behind', async () => {
    const begun: string[] = [];
    const ready = gate();
    const queue = new BackgroundQueue<string>({
      capacity: 1,
      worker: async (item) => {
        begun.push(item);
        await ready.opened;
      },
    });
    const error = await rejectionOf(
      runPipeline(
        once(async () => {
          for (const item of ['a', 'b', 'c']) await queue.enqueue(item);
        }),
      ),
    );

    expect(error).toMatchObject({ code: 'NODE_FAILED', cause: { code: 'QUEUE_FULL' } });
    const closed = queue.close();
    ready.open();
    expect(await closed).toEqual({ drained: 2, remaining: [] });
    expect(begun).toEqual(['a', 'b']);
    expect(await rejectionOf(queue.enqueue('d'))).toMatchObject({ code: 'QUEUE_CLOSED' });
  });
});

describe('runDetached', () => {
  test('starts with no context, cuts the link between runs, and keeps no run alive', async () => {
    const seen: unknown[] = [];
    const contexts: WeakRef<PipelineContext>[] = [];
    const ready = gate();
    const Inner = once((context) => {
      seen.push(context.parentRunId);
    });
    const timers: NodeJS.Timeout[] = [];
    const ends: unknown[] = [];
    await (async () => {
      await runPipeline(
        once(() => {
          contexts.push(new WeakRef(requireContext()));
          void runDetached(async () => {
            seen.push(currentContext());
            timers.push(setInterval(() => seen.push(currentContext()), 1));
            await runPipeline(Inner);
            await ready.opened;
            ends.push(currentContext());
          });
        }),
      );
    })();
    await delay(10);

    expect(await isCollected(...contexts)).toBe(true);
    for (const timer of timers) clearInterval(timer);
    ready.open();
    await nextTurn();
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.filter((each) => each !== undefined)).toEqual([]);
    expect(ends).toEqual([undefined]);
  });
});

describe('captureContext', () => {
  test('copies by value: of each child of a run, what it had at that moment', async () => {
    const captured: CapturedContext[] = [];
    const contexts: WeakRef<PipelineContext>[] = [];
    const Child = definePipeline<string, string>('child', (builder) => {
      const node = builder.addTransform(
        (item: string, context) => {
          context.parameters.set('user', item);
          captured.push(captureContext());
          contexts.push(new WeakRef(requireContext()));
          context.parameters.set('user', 'changed since');
          return item;
        },
        { name: 'node', from: builder.addCompositeInput() },
      );
      builder.connect(node, builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const source = builder.addSource(['alice', 'bob'], 'source');
      const child = builder.addComposite(Child, { name: 'step', from: source });
      builder.connect(
        child,
        builder.addSink(() => undefined, 'sink'),
      );
    });
    await (async () => {
      await runPipeline(Parent, { run: { runId: 'r' } });
    })();

    const seen = await withContext({ parameters: { user: 'carol' } }, () =>
      Promise.all(
        captured.map((each) =>
          each.run(async () => {
            await nextTurn();
            const context = currentContext();
            return [user(), context?.runId, context?.path, context?.parent?.nodeId];
          }),
        ),
      ),
    );
    expect(seen).toEqual(['alice', 'bob'].map((name) => [name, 'r', 'parent/step', 'step']));
    expect(captured[0]?.context?.pipelineId).not.toBe(captured[1]?.context?.pipelineId);
    expect(await isCollected(...contexts)).toBe(true);
    expect(captured).toHaveLength(2);
  });

  test('of no context is none, also inside a run: anonymous after alice stays anonymous', async () => {
    const anonymous = captureContext();
    const seen: unknown[] = [];
    await runPipeline(
      once(async () => {
        seen.push(user());
        await anonymous.run(async () => {
          seen.push(currentContext());
          await nextTurn();
          seen.push(currentContext());
        });
        seen.push(user());
      }),
      { parameters: { user: 'alice' } },
    );

    expect(seen).toEqual(['alice', undefined, undefined, 'alice']);
  });
});
