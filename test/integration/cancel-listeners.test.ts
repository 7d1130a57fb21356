import { describe, expect, test } from 'vitest';
import { PipelineRunner, runPipeline, currentContext, errorPolicy, type PipelineContext } from 'heirline';
import {
  aborted,
  definePipeline,
  delay,
  errorOf,
  gate,
  nextTurn,
  rejectionOf,
  unhandledDuring,
} from './support/harness.js';
import { childAround, childNode, rootChild, rootNode } from './support/small-graphs.js';

/** Uncaught errors and unhandled rejections while a piece of work ran. */
async function uncaughtDuring(work: () => Promise<unknown>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => {
    uncaught.push(error);
  };
  process.on('uncaughtException', note);
  try {
    return [
      ...(await unhandledDuring(async () => {
        await work();
        await delay(5);
      })),
      ...uncaught,
    ];
  } finally {
    process.off('uncaughtException', note);
  }
}

describe('a listener of `onCancel`', () => {
  test('gets the reason as data, once', async () => {
    const heard: unknown[] = [];
    await rejectionOf(
      runPipeline(
        rootChild((context) => {
          context.run.onCancel((reason) => heard.push(reason));
          context.run.cancel({ kind: 'superseded', message: 'a newer one' });
          context.run.cancel({ kind: 'shutdown' });
        }),
      ),
    );

    expect(heard).toMatchObject([{ kind: 'superseded', message: 'a newer one' }]);
    expect(heard[0]).not.toBeInstanceOf(Error);
    expect(JSON.parse(JSON.stringify(heard[0]))).toMatchObject({ kind: 'superseded' });
  });

  test('runs in the context in which it was registered, whoever cancels, also after a wait', async () => {
    const heard: unknown[] = [];
    const ready = gate();
    const done = gate();
    let registered = 0;
    const Root = rootChild(
      async (context, item) => {
        context.run.onCancel(async () => {
          const [before] = [currentContext()?.pipelineId];
          await nextTurn();
          heard.push([item, before === context.pipelineId, currentContext()?.pipelineId === before]);
          if (heard.length === 6) done.open();
        });
        if ((registered += 1) === 6) ready.open();
        await aborted(context.signal);
      },
      { concurrency: 3 },
      [1, 2, 3],
    );
    const runner = new PipelineRunner();
    const controller = new AbortController();
    const runs = ['a', 'b'].map((runId) =>
      rejectionOf(runner.run(Root, { run: { runId, signal: controller.signal } })),
    );
    await ready.opened;
    await runner.run(
      rootNode(() => controller.abort()),
      { run: { runId: 'the one that cancels' } },
    );
    await Promise.all([...runs, done.opened]);

    expect(heard.sort()).toEqual([1, 1, 2, 2, 3, 3].map((item) => [item, true, true]));
  });

  test('harms nobody when it throws or rejects: others hear of it, the run ends as it would, and it is logged', async () => {
    const heard: string[] = [];
    const lines: unknown[] = [];
    let code = '';
    const write = (): void => undefined;
    const logger = {
      ...{ trace: write, debug: write, info: write, warn: write },
      error: (fields: object) => lines.push(fields),
    };
    const uncaught = await uncaughtDuring(async () => {
      const error = await rejectionOf(
        runPipeline(
          rootChild((context) => {
            const { run } = context;
            run.onCancel(() => heard.push('first'));
            run.onCancel(() => {
              throw new RangeError('thrown');
            });
            run.onCancel(() => Promise.reject(new RangeError('rejected')));
            run.onCancel(() => heard.push('last'));
            context.run.cancel({ kind: 'shutdown' });
          }),
          { logger },
        ),
      );
      ({ code } = error);
    });

    expect({ heard, uncaught, code }).toEqual({
      heard: ['first', 'last'],
      uncaught: [],
      code: 'RUN_CANCELLED',
    });
    expect(lines).toHaveLength(2);
  });

  test('that is disposed hears nothing, and disposing twice or after the end does nothing', async () => {
    const heard: string[] = [];
    const disposables: Disposable[] = [];
    await rejectionOf(
      runPipeline(
        rootChild(({ run }) => {
          const first = run.onCancel(() => heard.push('disposed'));
          disposables.push(
            first,
            run.onCancel(() => heard.push('kept')),
          );
          first[Symbol.dispose]();
          first[Symbol.dispose]();
          run.cancel();
        }),
      ),
    );
    for (const each of disposables) each[Symbol.dispose]();

    expect(heard).toEqual(['kept']);
  });

  test('may dispose another, or register one, while it is called', async () => {
    const heard: string[] = [];
    await rejectionOf(
      runPipeline(
        rootChild(({ run }) => {
          const others: Disposable[] = [];
          run.onCancel(() => {
            others[0]?.[Symbol.dispose]();
            run.onCancel(() => heard.push('registered meanwhile'));
            heard.push('first');
          });
          others.push(run.onCancel(() => heard.push('disposed meanwhile')));
          run.cancel();
        }),
      ),
    );

    expect(heard.sort()).toEqual(['first', 'registered meanwhile']);
  });

  test('is called at once where the work is cancelled already', async () => {
    const heard: unknown[] = [];
    await rejectionOf(
      runPipeline(
        rootChild(({ run }) => {
          run.cancel({ kind: 'shutdown' });
          run.onCancel((reason) => heard.push(reason.kind));
          heard.push('after');
        }),
      ),
    );

    expect(heard).toEqual(['shutdown', 'after']);
  });

  test('is removed when the run ends: later cancels are not heard', async () => {
    const heard: unknown[] = [];
    const contexts: PipelineContext[] = [];
    const controller = new AbortController();
    await runPipeline(
      rootChild((context) => {
        contexts.push(context);
        context.run.onCancel(() => heard.push('late'));
      }),
      { run: { signal: controller.signal } },
    );
    for (const { run } of contexts) run.cancel();
    controller.abort();
    await nextTurn();

    expect(heard).toEqual([]);
  });

  test('of a scope hears of the end of that scope, and of those around', async () => {
    const heard: unknown[] = [];
    const listen = (context: PipelineContext, item: number): unknown => {
      context.run.onCancel(({ kind }) => heard.push([item, kind]));
      if (item === 1) {
        context.cancel({ kind: 'superseded' });
        return;
      }
      if (item === 3) context.run.cancel({ kind: 'shutdown' });
      return aborted(context.signal);
    };
    await rejectionOf(
      runPipeline(
        rootChild(listen, { cancellable: true, concurrency: 3, errorPolicy: errorPolicy('skip') }, [1, 2, 3]),
      ),
    );

    expect(heard).toHaveLength(3);
    expect(heard).toEqual(
      expect.arrayContaining([
        [1, 'superseded'],
        [2, 'shutdown'],
        [3, 'shutdown'],
      ]),
    );
  });

  test('must be a function', async () => {
    await runPipeline(
      rootNode(({ run }) => {
        expect(errorOf(() => run.onCancel('no' as never)).code).toBe('OPTION_INVALID');
      }),
    );
  });
});

describe('a signal', () => {
  test('is one and the same through the context and its run: in every kind of node and scope', async () => {
    const same: boolean[] = [];
    const look = (context: PipelineContext): void => {
      same.push(context.signal === context.run.signal, context.signal === context.signal);
    };
    const Child = childAround(childNode(look, { timeoutMs: 60_000 }), { cancellable: true });
    const Root = definePipeline('root', (builder) => {
      const source = builder.addSource((context) => {
        look(context);
        return [1];
      }, 'source');
      const stream = builder.addStreamTransform(
        async function* (items: AsyncIterable<number>, context) {
          look(context);
          yield* items;
        },
        { name: 'stream', from: source },
      );
      const child = builder.addComposite(Child, { name: 'child', from: stream, timeoutMs: 60_000 });
      const sink = builder.addSink(
        (_item: number, context) => {
          look(context);
          look(currentContext() ?? context);
        },
        { name: 'sink', timeoutMs: 60_000 },
      );
      builder.connect(child, sink);
    });
    await runPipeline(Root);

    expect(same).toEqual(Array(10).fill(true));
  });

  test('dispatches in the cancelled run’s own context, whoever cancels it', async () => {
    const heard: unknown[] = [];
    const controller = new AbortController();
    const ready = gate();
    const Waiting = rootChild(async ({ signal }) => {
      signal.addEventListener('abort', () => heard.push(currentContext()?.runId));
      ready.open();
      await aborted(signal);
    });
    const run = rejectionOf(runPipeline(Waiting, { run: { runId: 'cancelled', signal: controller.signal } }));
    await ready.opened;
    await runPipeline(
      rootNode(() => controller.abort()),
      { run: { runId: 'the one that cancels' } },
    );
    await run;

    expect(heard).toEqual(['cancelled']);
  });
});
