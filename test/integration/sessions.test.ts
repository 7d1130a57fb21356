import { describe, expect, test } from 'vitest';
import {
  CostLedger,
  createSession,
  PipelineRunner,
  runPipeline,
  SinkNode,
  type PipelineContext,
  type Session,
} from 'heirline';
import { definePipeline, delay, gate, nextTurn, range, rejectionOf, resultOf } from './support/harness.js';
import { childNode, rootAround, rootChild, rootNode } from './support/small-graphs.js';
import { increment, withSession } from './support/conversations.js';

describe('what a run writes to its session', () => {
  test('is kept when the run has succeeded, and not seen outside before', async () => {
    const session = createSession({ topic: 'weather', gone: 1 });
    const before: unknown[] = [];
    await runPipeline(
      rootAround(
        childNode(({ run }, item) => {
          run.session.set('topic', 'sport').set(`turn ${String(item)}`, { item });
          run.session.delete('gone');
          before.push(run.session.get('topic'), session.get('topic'), session.has('gone'));
        }),
        {},
        [1, 2],
        ({ run }) => before.push(run.session.toObject(), session.get('topic')),
      ),
      withSession(session),
    );

    expect(session.toObject()).toEqual({ topic: 'sport', 'turn 1': { item: 1 }, 'turn 2': { item: 2 } });
    expect(before).toEqual([
      ...['sport', 'weather', true],
      ...[{ topic: 'sport', 'turn 1': { item: 1 } }, 'weather'],
      ...['sport', 'weather', true],
      ...[session.toObject(), 'weather'],
    ]);
  });

  test.each<[string, (context: PipelineContext) => unknown, object]>([
    [
      'whose node fails',
      () => {
        throw new RangeError('no');
      },
      {},
    ],
    ['that is cancelled', ({ run }) => run.cancel(), {}],
    ['that passes its deadline', () => delay(100), { timeoutMs: 20 }],
    ['that spends too much', ({ run }) => run.budget.reserve({ tokens: 2 }), { budget: { tokens: 1 } }],
    [
      'whose disposer fails',
      (context) => {
        context.onDispose(() => {
          throw new RangeError('no');
        });
      },
      {},
    ],
    [
      'whose costs are not taken',
      ({ run }) => run.cost.record({ callId: 'a', model: 'm', inputTokens: 1, outputTokens: 0 }),
      { cost: new CostLedger({ onEntry: () => Promise.reject(new RangeError('no')) }) },
    ],
  ])('is dropped for a run %s', async (_title, work, more) => {
    const session = createSession({ topic: 'weather' });
    await rejectionOf(
      runPipeline(
        rootChild(async (context) => {
          increment(context.run.session).set('topic', 'sport');
          await work(context);
        }),
        { run: { session, ...more } },
      ),
    );

    expect(session.toObject()).toEqual({ topic: 'weather' });
  });

  test('includes what is written while sinks are flushed', async () => {
    class Last extends SinkNode<number> {
      override write(): void {
        // Nothing.
      }
      override flush(context: PipelineContext): void {
        context.run.session.set('flushed', true);
      }
    }
    const session = createSession();
    const Root = definePipeline('root', (builder) => {
      builder.connect(builder.addSource([1], 'source'), builder.addSink(Last, 'last'));
    });
    await runPipeline(Root, withSession(session));

    expect(session.toObject()).toEqual({ flushed: true });
  });

  test('ends with the run where it has no session', async () => {
    const seen: unknown[] = [];
    const Root = rootAround(
      childNode(({ run }) => increment(run.session)),
      {},
      [1, 2],
      ({ run }) => seen.push(run.session.get('count')),
    );
    await runPipeline(Root);
    await runPipeline(Root);

    expect(seen).toEqual([1, 2, 1, 2]);
  });

  test('is data of its own: frozen, and free of the caller’s objects', async () => {
    const initial = { list: [{ n: 1 }] };
    const session = createSession({ initial });
    const mine = { map: new Map([['a', { n: 1 }]]), list: [1] };
    await runPipeline(
      rootNode(({ run }) => {
        const read = run.session.get<typeof initial>('initial');
        run.session.set('mine', mine);
        mine.list.push(2);
        expect([Object.isFrozen(read), Object.isFrozen(read?.list[0])]).toEqual([true, true]);
        expect(() => read?.list.push({ n: 2 })).toThrow(TypeError);
        expect(run.session.get<typeof mine>('mine')?.list).toEqual([1]);
        run.session.update<typeof mine>('mine', (draft) => {
          draft.list.push(3);
        });
      }),
      withSession(session),
    );
    initial.list.push({ n: 9 });

    expect(session.toObject()).toEqual({
      initial: { list: [{ n: 1 }] },
      mine: { map: new Map([['a', { n: 1 }]]), list: [1, 3] },
    });
    expect(() => session.get<typeof mine>('mine')?.list.push(4)).toThrow(TypeError);
    expect(() => session.get<typeof mine>('mine')?.map.set('b', { n: 2 })).toThrow();
  });
});

describe('conversations side by side', () => {
  test('10 of them on one pipeline object, in 5 turns each, never cross', async () => {
    const runner = new PipelineRunner();
    const wrong: unknown[] = [];
    const Root = rootAround(
      childNode(async ({ run }, item) => {
        run.session.update<string[] | undefined>('turns', (turns = []) => [
          ...turns,
          `${run.runId} ${String(item)}`,
        ]);
        await delay(item % 3);
        if (run.session.get('who') !== run.threadId) wrong.push(run.threadId);
      }),
      { concurrency: 3 },
      range(1, 6),
    );
    const sessions = range(1, 10).map((n) => createSession({ who: `conversation ${String(n)}` }));
    await Promise.all(
      sessions.map(async (session) => {
        for (const turn of range(1, 5)) {
          const threadId = session.get<string>('who');
          await runner.run(Root, {
            run: { session, threadId, runId: `${String(threadId)} ${String(turn)}` },
          });
        }
      }),
    );

    expect(wrong).toEqual([]);
    for (const session of sessions) {
      const turns = session.get<string[]>('turns') ?? [];
      expect(turns).toHaveLength(30);
      expect(turns.filter((turn) => !turn.startsWith(`${String(session.get('who'))} `))).toEqual([]);
    }
  });

  test('100 increments at once within one run are 100', async () => {
    const session = createSession({ count: 0 });
    const Root = rootChild(
      async ({ run }, item) => {
        await delay(item % 4);
        increment(run.session);
        await nextTurn();
      },
      { concurrency: 100 },
      range(1, 100),
    );
    await runPipeline(Root, withSession(session));

    expect(session.get('count')).toBe(100);
  });

  test('100 runs at once that increment are as many as were committed, and each other one says SESSION_CONFLICT', async () => {
    const session = createSession({ count: 0 });
    const runner = new PipelineRunner();
    const Root = rootNode(async ({ run }) => {
      await delay(Math.floor(Math.random() * 5));
      increment(run.session);
      await delay(Math.floor(Math.random() * 5));
    });
    const ends = await Promise.allSettled(range(1, 100).map(() => runner.run(Root, withSession(session))));
    const codes = ends.map((end) =>
      end.status === 'fulfilled' ? end.value.status : (end.reason as { code: string }).code,
    );

    expect(new Set(codes).size).toBe(2);
    expect(codes.filter((code) => code === 'succeeded')).toHaveLength(session.get('count') ?? 0);
    expect(codes.filter((code) => code !== 'succeeded' && code !== 'SESSION_CONFLICT')).toEqual([]);
  });

  test('and are 100 where each that lost runs again', async () => {
    const session = createSession({ count: 0 });
    const runner = new PipelineRunner();
    const Root = rootNode(async ({ run }) => {
      await nextTurn();
      increment(run.session);
    });
    const untilKept = async (): Promise<void> => {
      for (;;) {
        try {
          await runner.run(Root, withSession(session));
          return;
        } catch (error) {
          expect(error).toMatchObject({ code: 'SESSION_CONFLICT' });
        }
      }
    };
    await Promise.all(range(1, 100).map(untilKept));

    expect(session.get('count')).toBe(100);
  });

  test('conflict only in the keys that both have written: the later one fails, and keeps nothing', async () => {
    const session = createSession({ a: 0, b: 0 });
    const opened = gate();
    const held = (write: (session: Session) => unknown): Promise<unknown> =>
      runPipeline(
        rootChild(async ({ run }) => {
          run.session.get('a');
          await opened.opened;
          write(run.session);
        }),
        withSession(session),
      );
    const other = held((view) => increment(view, 'b'));
    const reader = held((view) => view.get('a'));
    const loser = rejectionOf(held((view) => increment(view, 'a').set('more', 1)));
    await runPipeline(
      rootNode(({ run }) => increment(run.session, 'a')),
      withSession(session),
    );
    opened.open();
    const error = await loser;
    await Promise.all([other, reader]);

    expect(error.code).toBe('SESSION_CONFLICT');
    expect(error.message).toContain("'a'");
    expect(resultOf(error).status).toBe('failed');
    expect(session.toObject()).toEqual({ a: 1, b: 1 });
  });
});
