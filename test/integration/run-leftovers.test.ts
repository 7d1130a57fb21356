import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { cooperate, PipelineRunner, runPipeline } from 'heirline';
import { delay, errorOf, nextTurn, range, rejectionOf, resultOf } from './support/harness.js';
import { childAround, childNode, rootAround, rootChild, rootNode } from './support/small-graphs.js';

describe('cooperate', () => {
  test('ends a long loop soon after a cancel, from outside or by a deadline, and lets others go on', async () => {
    for (const cancel of ['signal', 'deadline'] as const) {
      let [rounds, ticks] = [0, 0];
      const controller = new AbortController();
      const timer = setInterval(() => (ticks += 1), 1);
      if (cancel === 'signal') setTimeout(() => controller.abort(), 50);
      const error = await rejectionOf(
        runPipeline(
          rootChild(async ({ signal }) => {
            const pause = cooperate(signal, { everyMs: 2 });
            for (;;) {
              rounds += 1;
              const paused = pause();
              if (paused !== undefined) await paused;
            }
          }),
          { run: cancel === 'signal' ? { signal: controller.signal } : { timeoutMs: 50 } },
        ),
      );
      clearInterval(timer);

      expect(error).toMatchObject({ kind: cancel === 'signal' ? 'user' : 'deadline' });
      expect(resultOf(error).abandoned).toEqual([]);
      expect(rounds).toBeGreaterThan(100);
      expect(ticks).toBeGreaterThan(2);
    }
  });

  test('throws the reason at the first call where the work is cancelled already', async () => {
    const thrown: unknown[] = [];
    await rejectionOf(
      runPipeline(
        rootNode((context) => {
          context.run.cancel({ kind: 'shutdown' });
          thrown.push(errorOf(() => cooperate(context.signal)()));
        }),
      ),
    );

    expect(thrown).toMatchObject([{ code: 'RUN_CANCELLED', kind: 'shutdown' }]);
  });
});

describe('whatever its end, a run leaves nothing that keeps the process alive', () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

  test.each(['succeeds', 'fails', 'is cancelled', 'spends too much'] as const)('when it %s', async (end) => {
    const before = timers();
    const Root = rootAround(
      childAround(
        childNode(
          async (context, item) => {
            context.run.onCancel(() => undefined);
            await nextTurn();
            if (item < 40) return;
            if (end === 'fails') throw new RangeError('no');
            if (end === 'is cancelled') context.run.cancel();
            if (end === 'spends too much') context.run.budget.reserve({ tokens: 2 });
          },
          { timeoutMs: 60_000 },
        ),
        { timeoutMs: 60_000 },
      ),
      { cancellable: true, budget: { calls: 9 }, concurrency: 8 },
      range(1, 50),
    );
    const run = { timeoutMs: 600_000, deadline: new Date(Date.now() + 500_000), budget: { tokens: 1 } };
    await runPipeline(Root, { run }).then(
      () => expect(end).toBe('succeeds'),
      () => expect(end).not.toBe('succeeds'),
    );
    await delay(0);

    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('the caller’s signal', () => {
  /** A signal that counts the listeners on it. */
  function counting(): {
    controller: AbortController;
    added: () => number;
    now: () => number;
    most: () => number;
  } {
    const controller = new AbortController();
    const { signal } = controller;
    const live = new Set<unknown>();
    let [added, most] = [0, 0];
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (type: 'abort', listener: () => void, options?: object): void => {
      added += 1;
      live.add(listener);
      most = Math.max(most, live.size);
      add(type, listener, options);
    };
    signal.removeEventListener = (type: 'abort', listener: () => void, options?: object): void => {
      live.delete(listener);
      remove(type, listener, options);
    };
    add('abort', () => live.clear(), { once: true });
    return { controller, added: () => added, now: () => live.size, most: () => most };
  }

  test.each(['succeeds', 'fails', 'is cancelled'] as const)(
    'has one listener, whatever the number of children, and none at the end of a run that %s',
    async (end) => {
      const { controller, added, now, most } = counting();
      const Root = rootAround(
        childAround(
          childNode(async (context, item) => {
            context.run.onCancel(() => undefined);
            expect(context.signal.aborted).toBe(false);
            await nextTurn();
            if (item < 150) return;
            if (end === 'fails') throw new RangeError('no');
            if (end === 'is cancelled') controller.abort();
          }),
          { timeoutMs: 60_000, cancellable: true },
        ),
        { timeoutMs: 60_000, cancellable: true, budget: { calls: 5 }, concurrency: 16 },
        range(1, 200),
      );
      await runPipeline(Root, { run: { signal: controller.signal } }).then(
        () => expect(end).toBe('succeeds'),
        () => expect(end).not.toBe('succeeds'),
      );

      expect({ added: added(), most: most(), now: now() }).toEqual({ added: 1, most: 1, now: 0 });
    },
  );

  test('shared by 50 runs has one listener for each while they run, and none when they have ended', async () => {
    const { controller, now, most } = counting();
    const Root = rootChild(() => delay(2), { cancellable: true }, [1, 2]);
    const runner = new PipelineRunner();
    await Promise.all(range(1, 50).map(() => runner.run(Root, { run: { signal: controller.signal } })));

    expect({ most: most(), now: now() }).toEqual({ most: 50, now: 0 });
  });
});

describe('a process', () => {
  test('exits by itself when its runs have ended, whatever limits they had and whoever still owes an answer', async () => {
    const script = `
      import { BackgroundQueue, createSession, runPipeline } from 'heirline';
      const root = (work) => class { define(builder) {
        builder.connect(builder.addSource([1], 'source'), builder.addSink((_item, context) => work(context), 'node'));
      } };
      const silent = { resolve: () => new Promise(() => undefined) };
      const limits = { timeoutMs: 3_600_000, budget: { tokens: 9 }, session: createSession(), secrets: silent };
      const queue = new BackgroundQueue({ worker: () => undefined });
      const cancelled = async (context) => {
        setTimeout(() => context.run.cancel(), 5);
        await context.run.secrets.get('NEVER');
      };
      const late = runPipeline(root(({ run }) => run.secrets.get('NEVER')), { run: { secrets: silent, timeoutMs: 20 } }).catch((error) => error.code);
      await runPipeline(root(async ({ run }) => { run.onCancel(() => undefined); await queue.enqueue(1); }), { run: limits });
      await runPipeline(root(cancelled), { run: limits }).catch((error) => console.log(error.code));
      console.log(await late);
      console.log('done');
    `;
    const args = [
      '--import',
      'tsx',
      '--conditions=@heirline/source',
      '--input-type=module',
      '--eval',
      script,
    ];
    const cwd = new URL('../../', import.meta.url);
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 10_000 });

    expect(stdout.split('\n')).toEqual(['RUN_CANCELLED', 'RUN_CANCELLED', 'done', '']);
  });
});
