import { describe, expect, test } from 'vitest';
import {
  runPipeline,
  errorPolicy,
  RunCancelledError,
  TransformNode,
  type CancelReason,
  type PipelineContext,
} from 'heirline';
import {
  aborted,
  abortedAsFetchDoes,
  countsAt,
  definePipeline,
  expectBalanced,
  gate,
  nextTurn,
  rejectionOf,
  resultOf,
} from './support/harness.js';
import { childAround, childNode, rootAround, rootChild, rootNode } from './support/small-graphs.js';

const kinds = ['user', 'deadline', 'budget', 'superseded', 'shutdown', 'failure'] as const;
const skip = errorPolicy('skip');

describe('a deadline', () => {
  test('of a child is the earlier one of its own and its parent’s, at every level', async () => {
    const seen: (number | undefined)[] = [];
    const look = ({ run }: PipelineContext): unknown => seen.push(run.deadline?.getTime());
    const deadline = new Date(Date.now() + 30_000);
    const run = { deadline };
    await runPipeline(
      rootAround(childAround(childNode(look), { timeoutMs: 90_000 }), { timeoutMs: 60_000 }, [1], look),
      { run },
    );
    await runPipeline(rootAround(childAround(childNode(look)), { timeoutMs: 5_000 }, [1], look), { run });
    await runPipeline(
      rootAround(childAround(childNode(look), { timeoutMs: 5_000 }), { timeoutMs: 60_000 }),
      {},
    );

    const [a, b, c = 0, d, e = 0] = seen;
    expect([a, b, d]).toEqual(Array(3).fill(deadline.getTime()));
    for (const shrunk of [c, e]) {
      expect(shrunk).toBeGreaterThan(Date.now());
      expect(shrunk).toBeLessThan(Date.now() + 6_000);
    }
  });

  test('may be given as a moment and as a time: the earlier counts', async () => {
    const seen: number[] = [];
    const Root = rootNode(({ run }) => seen.push(run.deadline?.getTime() ?? 0));
    const soon = Date.now() + 20_000;
    await runPipeline(Root, { run: { deadline: new Date(soon), timeoutMs: 60_000 } });
    await runPipeline(Root, { run: { deadline: new Date(soon + 900_000), timeoutMs: 20_000 } });

    expect(seen[0]).toBe(soon);
    expect(seen[1]).toBeLessThan(soon + 10_000);
  });

  test('cannot be moved by a node, nor by the caller’s date object', async () => {
    const deadline = new Date(Date.now() + 30_000);
    const before = deadline.getTime();
    const seen: unknown[] = [];
    await runPipeline(
      rootNode(({ run }) => {
        deadline.setTime(0);
        run.deadline?.setTime(0);
        seen.push(run.deadline?.getTime(), Reflect.set(run, 'deadline', undefined));
      }),
      { run: { deadline } },
    );

    expect(seen).toEqual([before, false]);
  });

  test('that passes aborts every depth with the reason deadline, and no policy handles it', async () => {
    const reasons: unknown[] = [];
    const wait = async ({ signal }: PipelineContext): Promise<void> => {
      try {
        await abortedAsFetchDoes(signal);
      } finally {
        reasons.push(signal.reason);
      }
    };
    const Root = rootAround(
      childAround(childNode(wait, { errorPolicy: skip }), { errorPolicy: skip, cancellable: true }),
      { errorPolicy: skip, concurrency: 2 },
      [1, 2],
    );
    const error = await rejectionOf(runPipeline(Root, { run: { timeoutMs: 20 } }));

    expect(error).toMatchObject({ name: 'AbortError', code: 'RUN_CANCELLED', kind: 'deadline' });
    expect(reasons).toMatchObject([{ kind: 'deadline' }, { kind: 'deadline' }]);
    expect(resultOf(error).status).toBe('cancelled');
    expectBalanced(resultOf(error));
  });

  test('that is over already ends the run before anything starts', async () => {
    const started: string[] = [];
    class Node extends TransformNode<number, number> {
      constructor() {
        super();
        started.push('constructor');
      }
      override init(): void {
        started.push('init');
      }
      override transform(item: number): number {
        return item;
      }
    }
    const Root = definePipeline('root', (builder) => {
      const source = builder.addSource(() => {
        started.push('source');
        return [1];
      }, 'source');
      builder.connect(
        builder.addTransform(Node, { name: 'node', from: source }),
        builder.addSink(() => started.push('sink'), 'sink'),
      );
    });
    for (const deadline of [new Date(0), new Date(Date.now() - 1)]) {
      const error = await rejectionOf(runPipeline(Root, { run: { deadline } }));
      expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'deadline' });
      expect(resultOf(error)).toMatchObject({ status: 'cancelled', abandoned: [] });
    }

    expect(started).toEqual([]);
  });

  test('of a child fails its item, for the composite’s policy to decide, with a full time for each try', async () => {
    let tries = 0;
    const reasons: unknown[] = [];
    const Root = rootChild(
      async ({ signal }) => {
        if ((tries += 1) > 2) return;
        await aborted(signal);
        reasons.push(signal.reason);
      },
      { timeoutMs: 20, errorPolicy: errorPolicy({ then: { retry: { attempts: 3 } } }) },
    );
    const result = await runPipeline(Root);
    const failing = await rejectionOf(
      runPipeline(rootChild(({ signal }) => aborted(signal), { timeoutMs: 10 })),
    );

    expect(reasons).toMatchObject([{ kind: 'deadline' }, { kind: 'deadline' }]);
    expect(countsAt(result, 'root/child')).toMatchObject({ in: 1, out: 1, retried: 2 });
    expect(failing).toMatchObject({ code: 'NODE_TIMEOUT', path: 'root/child' });
    expect(resultOf(failing).status).toBe('failed');
  });
});

describe('a cancel', () => {
  test.each(kinds)(
    'with the reason %s reaches every depth as data, and is what the run rejects with',
    async (kind) => {
      const reasons: unknown[] = [];
      const ready = gate();
      let waiting = 0;
      const wait = async (context: PipelineContext): Promise<void> => {
        if ((waiting += 1) === 3) ready.open();
        await aborted(context.signal);
        reasons.push(context.signal.reason, context.run.signal.reason);
      };
      const Root = definePipeline('root', (builder) => {
        const source = builder.addSource([1], 'source');
        const deep = builder.addComposite(childAround(childNode(wait), { cancellable: true }), {
          name: 'deep',
        });
        const flat = builder.addComposite(childNode(wait), { name: 'flat', timeoutMs: 60_000 });
        const end = builder.addSink(() => undefined, 'end');
        builder.connect(source, deep).connect(source, flat).connect(deep, end).connect(flat, end);
        builder.connect(
          source,
          builder.addSink(async (_item: number, context) => {
            void ready.opened.then(() => context.run.cancel({ kind, message: 'enough', path: 'here' }));
            await wait(context);
          }, 'sink'),
        );
      });
      const error = await rejectionOf(runPipeline(Root));

      expect(reasons).toHaveLength(6);
      for (const reason of [...reasons, error]) {
        expect(reason).toBeInstanceOf(RunCancelledError);
        expect(reason).toMatchObject({
          name: 'AbortError',
          kind,
          path: 'here',
          reason: { kind, message: 'enough' },
        });
        expect((reason as Error).message).toContain('enough');
      }
      expect(resultOf(error).status).toBe('cancelled');
    },
  );

  test('is idempotent and never throws: the first reason wins, whatever is given after it', async () => {
    const anything: unknown[] = [
      undefined,
      null,
      'text',
      42,
      { kind: 'nonsense' },
      new Error('x'),
      Symbol('s'),
    ];
    const cancelled = async (first: unknown): Promise<unknown> =>
      rejectionOf(
        runPipeline(
          rootChild((context) => {
            context.run.cancel(first as CancelReason);
            for (const later of anything) {
              context.run.cancel(later as CancelReason);
              context.cancel(later as CancelReason);
            }
            context.run.cancel({ kind: 'shutdown' });
          }),
        ),
      );

    expect(await cancelled({ kind: 'superseded', message: 'first' })).toMatchObject({
      code: 'RUN_CANCELLED',
      reason: { kind: 'superseded', message: 'first' },
    });
    for (const first of anything)
      expect(await cancelled(first)).toMatchObject({ code: 'RUN_CANCELLED', kind: 'user' });
  });

  test('by a caller’s signal keeps a reason that is one, else it is of the user with the given one as cause', async () => {
    const waiting = rootChild(({ signal }) => aborted(signal));
    const cancelledBy = async (given: unknown): Promise<unknown> => {
      const controller = new AbortController();
      const run = rejectionOf(runPipeline(waiting, { run: { signal: controller.signal } }));
      await nextTurn();
      controller.abort(given);
      return run;
    };
    const given = new RangeError('mine');

    expect(await cancelledBy({ kind: 'superseded', message: 'm' })).toMatchObject({
      reason: { kind: 'superseded', message: 'm' },
    });
    expect(await cancelledBy(given)).toMatchObject({ kind: 'user', cause: given });
    expect(await cancelledBy('a text')).toMatchObject({ kind: 'user', cause: 'a text' });
  });

  test('after the end does nothing: not to a run that succeeded, nor to one that failed', async () => {
    const contexts: PipelineContext[] = [];
    const good = await runPipeline(rootChild((context) => contexts.push(context)));
    const bad = await rejectionOf(
      runPipeline(
        rootChild((context) => {
          contexts.push(context);
          throw new RangeError('no');
        }),
      ),
    );
    for (const context of contexts) {
      context.run.cancel();
      context.cancel();
    }

    expect([good.status, resultOf(bad).status, bad.code]).toEqual(['succeeded', 'failed', 'NODE_FAILED']);
    expect(contexts[0]?.signal.aborted).toBe(false);
  });

  test('of a cancellable child ends it alone: its item fails, its neighbours and the run go on', async () => {
    const seen: unknown[] = [];
    const Root = rootAround(
      childNode(async (context, item) => {
        if (item !== 2) return nextTurn();
        context.cancel({ kind: 'superseded' });
        seen.push([context.signal.aborted, (context.signal.reason as RunCancelledError).kind]);
      }),
      { cancellable: true, concurrency: 3, errorPolicy: errorPolicy({ on: 'RUN_CANCELLED', then: 'skip' }) },
      [1, 2, 3],
      ({ signal }) => seen.push(signal.aborted),
    );
    const result = await runPipeline(Root);

    expect(seen).toEqual([[true, 'superseded'], false, false]);
    expect(countsAt(result, 'root/child')).toMatchObject({ in: 3, out: 2, filtered: 1 });
  });

  test('of the run wins over the end of a child’s own scope', async () => {
    const error = await rejectionOf(
      runPipeline(
        rootChild(
          (context) => {
            context.cancel({ kind: 'superseded' });
            context.run.cancel({ kind: 'shutdown' });
          },
          { cancellable: true, errorPolicy: skip },
        ),
      ),
    );

    expect(error).toMatchObject({ code: 'RUN_CANCELLED', kind: 'shutdown' });
  });
});
