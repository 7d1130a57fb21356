import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { runDetached } from '../../../src/background/run-detached.js';
import { currentContext, runInContext } from '../../../src/context/ambient-context.js';
import type { PipelineContext } from '../../../src/context/pipeline-context.js';
import { isCollected } from '../../integration/support/garbage.js';
import { deferred } from '../support/executions.js';
import { root } from '../support/frames.js';
import { misuse } from '../support/thrown.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('runDetached', () => {
  test('starts a function at once, without a context, for all that it awaits', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const look = (): void => {
      seen.push([currentContext(), storage.getStore()]);
    };
    await storage.run('request', () =>
      runInContext(root(), async () => {
        const detached = runDetached(async () => {
          look();
          await turn();
          look();
        });
        expect(seen).toHaveLength(1);
        await detached;
        expect([currentContext() === undefined, storage.getStore()]).toEqual([false, 'request']);
      }),
    );

    expect(seen).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  test('gives the work that the function starts no context either', async () => {
    const seen: (PipelineContext | undefined)[] = [];
    const look = (): void => {
      seen.push(currentContext());
    };
    await runInContext(root(), () =>
      runDetached(() => {
        queueMicrotask(look);
        process.nextTick(look);
        setImmediate(look);
        void Promise.resolve().then(look);
        setTimeout(look, 1);
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(seen).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  test('gives what the function returns or its promise resolves to', async () => {
    expect(await runDetached(() => 42)).toBe(42);
    expect(await runDetached(async () => 'text')).toBe('text');
  });

  test('rejects with what the function throws, never throws itself', async () => {
    const thrown = new RangeError('no');
    const failed = runDetached(() => {
      throw thrown;
    });

    await expect(failed).rejects.toBe(thrown);
    await expect(runDetached(async () => Promise.reject(thrown))).rejects.toBe(thrown);
    await expect(runDetached(misuse(undefined))).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });

  test('does not show a function what another one entered for good', async () => {
    const storage = new AsyncLocalStorage<string>();
    await runDetached(() => {
      storage.enterWith('left behind');
    });

    expect(await runDetached(() => storage.getStore())).toBeUndefined();
  });

  test('keeps the context of its caller not alive while the work goes on', async () => {
    const waiting = deferred();
    const start = () => {
      const { context, frame } = root();
      const ended = runInContext({ context }, runDetached, () => Promise.race([waiting.promise]));
      return { ended, refs: [new WeakRef<object>(context), new WeakRef<object>(frame)] };
    };
    const { ended, refs } = start();

    expect(await isCollected(...refs)).toBe(true);
    waiting.resolve();
    await ended;
  });
});
