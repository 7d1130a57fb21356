import { describe, expect, test } from 'vitest';
import { BackgroundQueue, PipelineRunner, withContext, type PipelineContext } from 'heirline';
import { defineStep, gate, nextTurn, rejectionOf, unhandledDuring, type Gate } from './support/harness.js';

/** A queue with room for one waiting item, whose items are in work until the test lets them go. */
function waitingQueue(more: { capacity?: number; concurrency?: number } = {}) {
  const begun: string[] = [];
  const gates = new Map<string, Gate>();
  const tenants: (string | undefined)[] = [];
  const queue = new BackgroundQueue<string>({
    capacity: 1,
    whenFull: 'wait',
    ...more,
    worker: async (item, context) => {
      begun.push(item);
      tenants.push(context?.run.tenantId);
      const held = gate();
      gates.set(item, held);
      await held.opened;
    },
  });
  const accepted: string[] = [];
  const enqueue = async (item: string): Promise<void> => {
    await queue.enqueue(item);
    accepted.push(item);
  };
  const finish = async (item: string): Promise<void> => {
    gates.get(item)?.open();
    await nextTurn();
  };
  return { queue, enqueue, finish, begun, accepted, tenants };
}

const asTenant = (tenantId: string, work: (context: PipelineContext) => unknown): Promise<unknown> =>
  withContext({ run: { tenantId } }, work);

describe("a queue with whenFull: 'wait'", () => {
  test('lets enqueue wait for room, and takes the items in the order of the calls', async () => {
    const { enqueue, finish, begun, accepted, queue } = waitingQueue();
    const all = ['a', 'b', 'c', 'd', 'e'].map(enqueue);
    await nextTurn();
    expect([begun, accepted]).toEqual([['a'], ['a', 'b']]);

    await finish('a');
    expect([begun, accepted]).toEqual([
      ['a', 'b'],
      ['a', 'b', 'c'],
    ]);
    for (const item of ['b', 'c', 'd', 'e']) await finish(item);
    await Promise.all(all);
    expect([begun, accepted]).toEqual([
      ['a', 'b', 'c', 'd', 'e'],
      ['a', 'b', 'c', 'd', 'e'],
    ]);
    expect(await queue.close()).toEqual({ drained: 0, remaining: [] });
  });

  test('takes the context of the call, not of the moment when there is room', async () => {
    const { enqueue, finish, tenants } = waitingQueue();
    const calls = ['a', 'b', 'c', 'd'].map((item) =>
      asTenant(`tenant of ${item}`, ({ parameters }) => {
        const accepted = enqueue(item);
        parameters.set('changed', true);
        return accepted;
      }),
    );
    for (const item of ['a', 'b', 'c', 'd']) {
      await nextTurn();
      await finish(item);
    }
    await Promise.all(calls);

    expect(tenants).toEqual(['a', 'b', 'c', 'd'].map((item) => `tenant of ${item}`));
  });

  test('lets a call go when the signal of its context aborts, and the others keep their places', async () => {
    const { enqueue, finish, begun } = waitingQueue();
    const first = ['a', 'b'].map(enqueue);
    const controller = new AbortController();
    const given = withContext({ signal: controller.signal }, () => enqueue('cancelled'));
    const after = enqueue('c');
    await nextTurn();
    controller.abort();

    expect(await rejectionOf(given)).toMatchObject({ code: 'RUN_CANCELLED' });
    const early = withContext({ signal: controller.signal }, () => enqueue('too late'));
    expect(await rejectionOf(early)).toMatchObject({ code: 'RUN_CANCELLED' });
    for (const item of ['a', 'b', 'c']) await finish(item);
    await Promise.all([...first, after]);
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  test('leaves no listener on the signal of a call that was taken', async () => {
    const { enqueue, finish } = waitingQueue();
    let added = 0;
    await withContext({}, async ({ signal }) => {
      const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
      Object.assign(signal, {
        addEventListener: (...args: Parameters<typeof add>) => {
          added += 1;
          add(...args);
        },
        removeEventListener: (...args: Parameters<typeof remove>) => {
          added -= 1;
          remove(...args);
        },
      });
      const all = ['a', 'b', 'c'].map(enqueue);
      expect(added).toBe(1);
      for (const item of ['a', 'b', 'c']) {
        await nextTurn();
        await finish(item);
      }
      await Promise.all(all);
    });

    expect(added).toBe(0);
  });

  test('refuses its own worker, which would wait for itself, also in a run that the worker starts', async () => {
    const codes: unknown[] = [];
    const note = (error: unknown) => codes.push((error as { code?: unknown }).code);
    const runner = new PipelineRunner();
    const queue = new BackgroundQueue<number>({
      capacity: 1,
      whenFull: 'wait',
      worker: async (item) => {
        if (item > 0) return;
        await queue.enqueue(1); // there is room for one
        await queue.enqueue(2).catch(note);
        await runner
          .runItem(
            defineStep('inner', 'step', async (given: number) => {
              await queue.enqueue(given).catch(note);
              return given;
            }),
            3,
          )
          .catch(note);
      },
    });
    await queue.enqueue(0);
    for (let turn = 0; turn < 20 && codes.length < 2; turn += 1) await nextTurn();
    await queue.close();

    expect(codes).toEqual(['QUEUE_FULL', 'QUEUE_FULL']);
  });

  test('lets what a worker left behind wait, and the worker of another queue', async () => {
    const { queue, enqueue, finish, begun } = waitingQueue();
    let left: Promise<void> | undefined;
    const other = new BackgroundQueue<string>({
      whenFull: 'wait',
      worker: async (item) => {
        left = nextTurn().then(() => enqueue(`${item}, later`));
        await enqueue(item);
      },
    });
    const first = ['a', 'b'].map(enqueue);
    await other.enqueue('other');
    await nextTurn();
    for (const item of ['a', 'b', 'other']) await finish(item);
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    await finish('other, later');
    await Promise.all([...first, left]);
    await other.close();

    expect(begun).toEqual(['a', 'b', 'other', 'other, later']);
    expect(await queue.close()).toEqual({ drained: 0, remaining: [] });
  });

  test('rejects the calls that wait when it is closed; those it has taken are drained', async () => {
    const { queue, enqueue, finish } = waitingQueue();
    const [a, b, c] = ['a', 'b', 'c'].map(enqueue);
    await nextTurn();
    const refusal = rejectionOf(c ?? Promise.resolve());
    const closed = queue.close();

    expect(await refusal).toMatchObject({ code: 'QUEUE_CLOSED' });
    await finish('a');
    await finish('b');
    await Promise.all([a, b]);
    expect(await closed).toEqual({ drained: 2, remaining: [] });
  });

  test('tells onError of a call that waited, was refused, and was not awaited', async () => {
    const told: unknown[] = [];
    const held = gate();
    const queue = new BackgroundQueue<string>({
      capacity: 1,
      whenFull: 'wait',
      worker: () => held.opened,
      onError: (error, item, context) =>
        told.push([(error as { code?: unknown }).code, item, context?.run.tenantId]),
    });
    const unhandled = await unhandledDuring(async () => {
      await asTenant('acme', () => {
        for (const item of ['a', 'b', 'c']) void queue.enqueue(item);
      });
      void queue.close();
      await nextTurn();
    });
    held.open();
    await queue.close();

    expect(unhandled).toEqual([]);
    expect(told).toEqual([['QUEUE_CLOSED', 'c', 'acme']]);
  });
});
