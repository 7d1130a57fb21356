import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BackgroundQueue } from '../../../src/background/background-queue.js';
import type { BackgroundQueueOptions } from '../../../src/background/background-queue-options.js';
import { currentContext, runInContext } from '../../../src/context/ambient-context.js';
import type { PipelineContext } from '../../../src/context/pipeline-context.js';
import { PipelineError } from '../../../src/errors/pipeline-error.js';
import type { RunCancelledError } from '../../../src/errors/run-cancelled-error.js';
import { silentLogger } from '../../../src/ports/logger.js';
import { isCollected } from '../../integration/support/garbage.js';
import { deferred, settled } from '../support/executions.js';
import type { Deferred } from '../support/executions.js';
import { root } from '../support/frames.js';
import { errorOf, misuse, throws } from '../support/thrown.js';

type Options = BackgroundQueueOptions<unknown>;

const user = (): unknown => currentContext()?.parameters.get('user');
const as = (name: string) => root({ parameters: { user: name } });

/** A queue whose items wait until the test lets them go, and what it has begun. */
function heldQueue(options: { concurrency?: number; capacity?: number } = {}) {
  const begun: string[] = [];
  const gates = new Map<string, Deferred>();
  const queue = new BackgroundQueue<string>({
    ...options,
    worker: async (item) => {
      begun.push(item);
      const gate = deferred();
      gates.set(item, gate);
      await gate.promise;
    },
  });
  return { queue, begun, release: (item: string) => gates.get(item)?.resolve() };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a background queue', () => {
  test('refuses wrong options, all at once', () => {
    const error = errorOf(
      () => new BackgroundQueue(misuse<Options>({ concurrency: 0, capacity: 1.5, onError: true, size: 1 })),
    );

    expect(error.code).toBe('OPTION_INVALID');
    for (const name of ['concurrency', 'capacity', 'onError', 'size', 'worker']) {
      expect(error.message).toContain(`'${name}'`);
    }
    expect(errorOf(() => new BackgroundQueue(misuse<Options>(undefined))).code).toBe('OPTION_INVALID');
  });

  test('works on items in their order, as many at once as it may', async () => {
    const { queue, begun, release } = heldQueue({ concurrency: 2 });
    for (const item of ['a', 'b', 'c', 'd']) await queue.enqueue(item);
    await settled();
    expect(begun).toEqual(['a', 'b']);

    release('b');
    await settled();
    expect(begun).toEqual(['a', 'b', 'c']);
    for (const item of ['a', 'c']) release(item);
    await settled();
    release('d');
    expect(await queue.close()).toEqual({ drained: 1, remaining: [] });
  });

  test('calls no worker inside enqueue, and does not wait for one', async () => {
    const { queue, begun, release } = heldQueue();
    const accepted = queue.enqueue('a');
    expect(begun).toEqual([]);
    await accepted;
    await settled();

    expect(begun).toEqual(['a']);
    release('a');
  });

  test('refuses more than its capacity, not counting what is in work, and keeps nothing of it', async () => {
    const { queue, begun, release } = heldQueue({ capacity: 2 });
    for (const item of ['a', 'b', 'c']) await queue.enqueue(item);
    let code: unknown;
    const refuse = () => {
      const { context } = as('alice');
      void runInContext({ context }, () =>
        queue.enqueue('d').catch((error: unknown) => {
          code = error instanceof PipelineError && error.code;
        }),
      );
      return new WeakRef<object>(context);
    };
    const ref = refuse();

    await settled();
    expect(code).toBe('QUEUE_FULL');
    release('a');
    await settled();
    await queue.enqueue('e');
    for (const item of ['b', 'c', 'e']) {
      release(item);
      await settled();
    }
    expect(begun).toEqual(['a', 'b', 'c', 'e']);
    expect(await isCollected(ref)).toBe(true);
  });

  test('takes 1,000 waiting items when it is not told otherwise', async () => {
    const { queue } = heldQueue();
    for (let item = 0; item <= 1000; item += 1) await queue.enqueue(String(item));

    await expect(queue.enqueue('more')).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  });
});

describe('an item of a background queue', () => {
  test('is worked on in a copy of the context it was enqueued in, with all other storages', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const queue = new BackgroundQueue<string>({
      worker: async (item, context) => {
        const before = [user(), storage.getStore()];
        await settled();
        seen.push([item, context === currentContext(), before, [user(), storage.getStore()]]);
      },
    });
    for (const name of ['alice', 'bob']) {
      const { context } = as(name);
      await storage.run(`of ${name}`, () => runInContext({ context }, () => queue.enqueue(name)));
      context.parameters.set('user', 'changed since');
    }
    await queue.enqueue('nobody');
    await queue.close();

    expect(seen).toEqual([
      ['alice', true, ['alice', 'of alice'], ['alice', 'of alice']],
      ['bob', true, ['bob', 'of bob'], ['bob', 'of bob']],
      ['nobody', true, [undefined, undefined], [undefined, undefined]],
    ]);
  });

  test('has its context also in a promise-like that works only when it is awaited', async () => {
    const seen: unknown[] = [];
    const queue = new BackgroundQueue<string>({
      worker: () => ({
        then(resolve: (value: unknown) => void) {
          seen.push(user());
          resolve(undefined);
        },
      }),
    });
    await runInContext(as('alice'), () => queue.enqueue('a'));
    await queue.close();

    expect(seen).toEqual(['alice']);
  });

  test('runs although its run has ended, and may cancel itself but no other one', async () => {
    const aborted: unknown[] = [];
    const contexts: (PipelineContext | undefined)[] = [];
    const queue = new BackgroundQueue<string>({
      worker: (item, context) => {
        contexts.push(context);
        aborted.push(context?.signal.aborted);
        if (item === 'a') context?.run.cancel();
      },
    });
    const { context } = as('alice');
    const enqueue = (item: string) => runInContext({ context }, () => queue.enqueue(item));
    const first = enqueue('a');
    context.run.cancel();
    await Promise.all([first, enqueue('b')]);
    await queue.close();

    expect(aborted).toEqual([false, false]);
    expect(contexts.map((each) => each?.signal.aborted)).toEqual([true, false]);
    contexts[1]?.run.cancel();
    expect(contexts[1]?.signal.aborted).toBe(false);
  });

  test('that fails leaks nothing into the next one, and its failure is handled in its own context', async () => {
    const storage = new AsyncLocalStorage<string>();
    const log: unknown[] = [];
    const queue = new BackgroundQueue<string>({
      worker: (item, context) => {
        log.push([item, user(), storage.getStore(), context?.parameters.get('user')]);
        if (item === 'throws') throw new RangeError(item);
        return item === 'rejects' ? Promise.reject(new RangeError(item)) : undefined;
      },
      onError: async (error, item, context) => {
        await settled();
        log.push(['onError', item, String(error), user(), storage.getStore(), context === currentContext()]);
      },
    });
    for (const item of ['throws', 'rejects']) {
      await storage.run(`of ${item}`, () => runInContext(as(item), () => queue.enqueue(item)));
    }
    await queue.enqueue('anonymous');
    expect(await queue.close()).toEqual({ drained: 3, remaining: [] });

    expect(log).toEqual([
      ['throws', 'throws', 'of throws', 'throws'],
      ['onError', 'throws', 'RangeError: throws', 'throws', 'of throws', true],
      ['rejects', 'rejects', 'of rejects', 'rejects'],
      ['onError', 'rejects', 'RangeError: rejects', 'rejects', 'of rejects', true],
      ['anonymous', undefined, undefined, undefined],
    ]);
  });

  test('reports its failure to the logger of its context where nobody handles it', async () => {
    const lines: unknown[] = [];
    const logger = {
      ...silentLogger,
      error: (fields: object, message: string) => {
        lines.push([fields, message, user()]);
        throw new Error('the logger is broken too');
      },
    };
    const thrown = new RangeError('no');
    const queue = new BackgroundQueue<string>({ worker: throws(thrown) });
    await runInContext(root({ parameters: { user: 'alice' }, logger }), () => queue.enqueue('a'));

    expect(await queue.close()).toEqual({ drained: 1, remaining: [] });
    expect(lines).toEqual([
      [expect.objectContaining({ error: thrown }), 'a background item failed', 'alice'],
    ]);
  });

  test('lets the process warn of its failure where it has no context', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const queue = new BackgroundQueue<unknown>({
      worker: (item) => {
        throw item;
      },
    });
    await queue.enqueue(new RangeError('no'));
    await queue.enqueue('text');
    await queue.close();

    expect(warned.mock.calls).toEqual([
      ['a background item failed: no', { detail: expect.stringContaining('RangeError: no') as string }],
      ['a background item failed: text', { detail: undefined }],
    ]);
  });

  test('reports what its onError throws too, and the queue goes on', async () => {
    const lines: unknown[] = [];
    const logger = {
      ...silentLogger,
      error: ({ error }: { error?: unknown }, message: string) => lines.push([message, error]),
    };
    const queue = new BackgroundQueue<string>({
      worker: async (item) => {
        await settled();
        throws(`worker: ${item}`)();
      },
      onError: async (_error, item) => throws(`onError: ${item}`)(),
    });
    await runInContext(root({ logger }), async () => {
      await queue.enqueue('a');
      await queue.enqueue('b');
    });

    expect(await queue.close()).toEqual({ drained: 2, remaining: [] });
    expect(lines).toEqual(
      ['a', 'b'].flatMap((item) => [
        ['a background item failed', `worker: ${item}`],
        ['the onError of a background item failed', `onError: ${item}`],
      ]),
    );
  });

  test('leaves nothing of its context behind, neither in an idle queue nor in one that goes on', async () => {
    const { queue, begun, release } = heldQueue();
    const enqueue = (item: string) => {
      const { context } = as(item);
      void runInContext({ context }, () => queue.enqueue(item));
      return new WeakRef<object>(context);
    };
    const copies: WeakRef<object>[] = [];
    const copying = new BackgroundQueue<string>({
      worker: (_item, context) => {
        if (context !== undefined) copies.push(new WeakRef<object>(context));
      },
    });
    void runInContext(as('copy'), () => copying.enqueue('copy'));
    const [first, second] = [enqueue('first'), enqueue('second')];
    await settled();
    release('first');
    await settled();
    expect(begun).toEqual(['first', 'second']);

    expect(await isCollected(first)).toBe(true);
    release('second');
    expect(await isCollected(second)).toBe(true);
    expect(copies).toHaveLength(1);
    expect(await isCollected(...copies)).toBe(true);
  });

  test('keeps only the copy alive, not the execution that it was enqueued in, while it waits', async () => {
    const { queue, release } = heldQueue();
    const enqueue = () => {
      const { context, frame } = as('alice');
      void runInContext({ context }, () => queue.enqueue('a'));
      void runInContext({ context }, () => queue.enqueue('b'));
      return [context, frame, frame.scope].map((held) => new WeakRef<object>(held));
    };
    const refs = enqueue();
    await settled();

    expect(await isCollected(...refs)).toBe(true);
    release('a');
    await settled();
    release('b');
    expect(await queue.close()).toEqual({ drained: 1, remaining: [] });
  });
});

describe('closing a background queue', () => {
  test('refuses new items, drains the others, and tells how many', async () => {
    const { queue, release } = heldQueue();
    for (const item of ['a', 'b', 'c']) await queue.enqueue(item);
    await settled();
    release('a');
    await settled();
    const closed = queue.close();

    await expect(queue.enqueue('d')).rejects.toMatchObject({ code: 'QUEUE_CLOSED' });
    for (const item of ['b', 'c']) {
      release(item);
      await settled();
    }
    expect(await closed).toEqual({ drained: 2, remaining: [] });
    expect(queue.close({ timeoutMs: 0 })).toBe(closed);
  });

  test('ends at once when nothing is left, and leaves no timer', async () => {
    vi.useFakeTimers();
    const { queue } = heldQueue();

    expect(await queue.close({ timeoutMs: 1000 })).toEqual({ drained: 0, remaining: [] });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('calls its timer off when it has drained in time', async () => {
    const { queue, release } = heldQueue();
    await queue.enqueue('a');
    await settled();
    vi.useFakeTimers();
    const closed = queue.close({ timeoutMs: 1000 });
    expect(vi.getTimerCount()).toBe(1);
    release('a');

    expect(await closed).toEqual({ drained: 1, remaining: [] });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('gives up after its limit: aborts what is in work, drops what waits, and names all of it in order', async () => {
    vi.useFakeTimers();
    const begun: string[] = [];
    const heard: unknown[] = [];
    const failures: unknown[] = [];
    const quick = deferred();
    const queue = new BackgroundQueue<string>({
      concurrency: 3,
      worker: async (item, context) => {
        begun.push(item);
        const gate = item === 'quick' ? quick : deferred();
        const signal = context?.signal ?? new AbortController().signal;
        signal.addEventListener('abort', () => {
          heard.push([item, user(), currentContext() === context]);
          gate.reject(signal.reason);
        });
        await gate.promise;
      },
      onError: (error, item) => failures.push([item, error]),
    });
    for (const item of ['a', 'b', 'quick', 'c', 'd', 'e']) {
      await runInContext(as(item), () => queue.enqueue(item));
    }
    const closed = queue.close({ timeoutMs: 50 });
    quick.resolve();
    await vi.advanceTimersByTimeAsync(49);
    expect(heard).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);

    expect(await closed).toEqual({ drained: 1, remaining: ['a', 'b', 'c', 'd', 'e'] });
    await vi.advanceTimersByTimeAsync(1000);
    expect(heard).toEqual(['a', 'b', 'c'].map((item) => [item, item, true]));
    const shutDown = expect.objectContaining({ kind: 'shutdown', name: 'AbortError' }) as RunCancelledError;
    expect(failures).toEqual(['a', 'b', 'c'].map((item) => [item, shutDown]));
    expect(begun).toEqual(['a', 'b', 'quick', 'c']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not end at once for a limit further away than a timer reaches', async () => {
    vi.useFakeTimers();
    const { queue, release } = heldQueue();
    await queue.enqueue('a');
    const closed = queue.close({ timeoutMs: 1e12 });
    await vi.advanceTimersByTimeAsync(2 ** 31);
    release('a');

    expect(await closed).toEqual({ drained: 1, remaining: [] });
  });

  test('refuses a wrong limit, and stays open', async () => {
    const { queue } = heldQueue();

    await expect(queue.close({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    await expect(queue.close(misuse({ timeout: 1 }))).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    await queue.enqueue('a');
  });

  test('inside a run keeps that run not alive, neither by its timer nor by its promise', async () => {
    const { queue, release } = heldQueue();
    await queue.enqueue('a');
    await settled();
    const close = () => {
      const { context } = as('alice');
      void runInContext({ context }, () => queue.close({ timeoutMs: 60_000 }));
      return new WeakRef<object>(context);
    };
    const ref = close();

    expect(await isCollected(ref)).toBe(true);
    release('a');
    expect(await queue.close()).toEqual({ drained: 1, remaining: [] });
  });

  test('is what disposing it does', async () => {
    const { queue, release } = heldQueue();
    await queue.enqueue('a');
    await settled();
    const disposed = queue[Symbol.asyncDispose]();
    await expect(queue.enqueue('b')).rejects.toMatchObject({ code: 'QUEUE_CLOSED' });
    release('a');

    await expect(disposed).resolves.toBeUndefined();
  });
});
