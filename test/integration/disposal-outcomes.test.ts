import { describe, expect, test, vi } from 'vitest';
import {
  captureContext,
  errorPolicy,
  PipelineRunner,
  runPipeline,
  SinkNode,
  TransformNode,
  type Logger,
  type PipelineBuilder,
  type PipelineContext,
} from 'heirline';
import {
  definePipeline,
  errorOf,
  nextTurn,
  rejectionOf,
  resultOf,
  throwAnything,
} from './support/harness.js';
import { childNode, rootAround, rootChild, rootNode } from './support/small-graphs.js';

const silent = () => undefined;

function loggerWith(error: Logger['error']): Logger {
  return { trace: silent, debug: silent, info: silent, warn: silent, error };
}

describe('a disposer with `withOutcome`', () => {
  test('commits or rolls back per child: told how each execution has ended, one of three items failing', async () => {
    const told: unknown[] = [];
    const Child = childNode(async (context, item) => {
      context.onDispose((outcome) => told.push([item, outcome]), { withOutcome: true });
      context.onDispose((...given: unknown[]) => told.push([item, given.length]));
      await nextTurn();
      if (item === 2) throw new RangeError('no');
    });
    await runPipeline(rootAround(Child, { errorPolicy: errorPolicy('skip') }, [1, 2, 3]));

    expect(told).toEqual([
      [1, 0],
      [1, 'succeeded'],
      [2, 0],
      [2, 'failed'],
      [3, 0],
      [3, 'succeeded'],
    ]);
  });

  test('in lanes each is told its own, and a limit or a cancel is `cancelled`', async () => {
    const told: unknown[] = [];
    const Child = childNode(async (context, item) => {
      context.onDispose((outcome) => told.push([item, outcome]), { withOutcome: true });
      if (item === 2) context.cancel();
      await nextTurn();
    });
    await runPipeline(
      rootAround(Child, { cancellable: true, concurrency: 4, errorPolicy: errorPolicy('skip') }, [1, 2, 3]),
    );

    expect(told).toHaveLength(3);
    expect(told).toEqual(
      expect.arrayContaining([
        [1, 'succeeded'],
        [2, 'cancelled'],
        [3, 'succeeded'],
      ]),
    );
  });

  test('at the root is told what a failing flush or an earlier disposer has made of a success', async () => {
    const told: string[] = [];
    const listen = (context: PipelineContext) => {
      context.onDispose((outcome) => told.push(outcome), { withOutcome: true });
    };
    class FailingFlush extends SinkNode<number> {
      write = (_item: number, context: PipelineContext) => {
        listen(context);
      };
      override flush(): void {
        throw new RangeError('flush');
      }
    }
    const Flushing = definePipeline('root', (builder) => {
      builder.connect(builder.addSource([1]), builder.addSink(FailingFlush));
    });
    await rejectionOf(runPipeline(Flushing));
    await rejectionOf(
      runPipeline(
        rootNode((context) => {
          listen(context);
          context.onDispose(() => throwAnything(new RangeError('disposer')));
        }),
      ),
    );
    await runPipeline(rootNode(listen));

    expect(told).toEqual(['failed', 'failed', 'succeeded']);
  });

  test('must be a function, and knows no other option', async () => {
    const codes: string[] = [];
    await runPipeline(
      rootNode((context) => {
        const disposable = { [Symbol.dispose]: silent } as unknown as () => void;
        const wrong = [
          () => context.onDispose(disposable, { withOutcome: true }),
          () => context.onDispose(silent, { withOutcom: true } as object),
          () => context.onDispose(silent, { withOutcome: 'yes' } as object),
        ];
        codes.push(...wrong.map((call) => errorOf(call).code));
      }),
    );

    expect(codes).toEqual(['OPTION_INVALID', 'OPTION_INVALID', 'OPTION_INVALID']);
  });
});

describe('a disposer that is registered too late', () => {
  test('is called at once, with the outcome there was, and the call throws', async () => {
    const contexts: PipelineContext[] = [];
    await rejectionOf(
      runPipeline(
        rootChild(
          (context, item) => {
            contexts.push(context);
            if (item === 2) throw new RangeError('no');
          },
          {},
          [1, 2],
        ),
      ),
    );
    const told: string[] = [];
    const codes = contexts.map(
      (context) =>
        errorOf(() => {
          context.onDispose((outcome) => told.push(outcome), { withOutcome: true });
        }).code,
    );

    expect(told).toEqual(['succeeded', 'failed']);
    expect(codes).toEqual(['CONTEXT_DISPOSED', 'CONTEXT_DISPOSED']);
  });

  test('has what it throws, at once or later, logged', async () => {
    const error = vi.fn();
    const { context } = await runPipeline(rootNode(silent), { logger: loggerWith(error) });
    const failing = [() => throwAnything('now'), () => Promise.reject(new RangeError('later'))];
    for (const disposer of failing) {
      const thrown = errorOf(() => {
        context.onDispose(disposer);
      });
      expect(thrown).toMatchObject({ code: 'CONTEXT_DISPOSED', path: 'root' });
    }
    await nextTurn();

    expect(error.mock.calls.map(([, message]) => message as string)).toEqual([
      'a disposer failed',
      'a disposer failed',
    ]);
    expect(error.mock.calls[0]?.[0]).toMatchObject({ path: 'root', error: 'now' });
  });

  test('on a captured context is called at once too: that has no end, and tells `cancelled`', async () => {
    const told: string[] = [];
    const codes: string[] = [];
    await runPipeline(
      rootNode(() => {
        const { context } = captureContext();
        codes.push(
          errorOf(() => context?.onDispose((outcome) => told.push(outcome), { withOutcome: true })).code,
        );
        codes.push(errorOf(() => context?.onDispose({ [Symbol.dispose]: () => told.push('disposed') })).code);
      }),
    );

    expect(codes).toEqual(['CONTEXT_DISPOSED', 'CONTEXT_DISPOSED']);
    expect(told).toEqual(['cancelled', 'disposed']);
  });
});

describe('a node class', () => {
  /** A pipeline with a child of three items, whose node is of the class. */
  function around(Node: new () => TransformNode<number, number>, lifetime?: 'run') {
    class Child {
      define(builder: PipelineBuilder<number, number>): void {
        const node = builder.addTransform(Node, {
          name: 'node',
          from: builder.addCompositeInput(),
          lifetime,
        });
        builder.connect(node, builder.addCompositeOutput());
      }
    }
    return rootAround(Child, {}, [1, 2, 3]);
  }

  test.each([[{ after: 0 }], [false]] as const)(
    'is disposed by its Symbol.asyncDispose or Symbol.dispose, per child, with code generation %o',
    async (codeGeneration) => {
      const disposed: string[] = [];
      class Async extends TransformNode<number, number> implements AsyncDisposable {
        transform = (item: number) => item;
        async [Symbol.asyncDispose](): Promise<void> {
          await nextTurn();
          disposed.push('async');
        }
        [Symbol.dispose](): void {
          disposed.push('never');
        }
      }
      class Sync extends TransformNode<number, number> implements Disposable {
        transform = (item: number) => item;
        [Symbol.dispose](): void {
          disposed.push('sync');
        }
      }
      const runner = new PipelineRunner({ codeGeneration });
      for (let turn = 0; turn < 2; turn += 1) {
        await runner.run(around(Async));
        await runner.run(around(Sync));
      }

      expect(disposed).toEqual(
        [...Array<string>(3).fill('async'), ...Array<string>(3).fill('sync')].concat([
          ...Array<string>(3).fill('async'),
          ...Array<string>(3).fill('sync'),
        ]),
      );
    },
  );

  test('with a `dispose` of its own is disposed by that alone; with lifetime run once', async () => {
    const disposed: string[] = [];
    class Both extends TransformNode<number, number> {
      transform = (item: number) => item;
      override dispose(): void {
        disposed.push('dispose');
      }
      [Symbol.dispose](): void {
        disposed.push('never');
      }
    }
    await runPipeline(around(Both, 'run'));

    expect(disposed).toEqual(['dispose']);
  });

  test('whose Symbol.dispose throws fails what succeeded, as its dispose does', async () => {
    class Throwing extends TransformNode<number, number> {
      transform = (item: number) => item;
      [Symbol.dispose](): void {
        throw new RangeError('no');
      }
    }
    const error = await rejectionOf(runPipeline(around(Throwing)));

    expect(error).toMatchObject({ code: 'DISPOSAL_FAILED', path: 'root/child/node' });
    expect(resultOf(error).status).toBe('failed');
  });

  test('handed in as an instance is not disposed: it is the user’s', async () => {
    const disposed: string[] = [];
    class Shared extends SinkNode<number> {
      write = silent;
      [Symbol.dispose](): void {
        disposed.push('sync');
      }
    }
    await runPipeline(
      definePipeline('root', (builder) => {
        builder.connect(builder.addSource([1]), builder.addSink(new Shared()));
      }),
    );

    expect(disposed).toEqual([]);
  });
});
