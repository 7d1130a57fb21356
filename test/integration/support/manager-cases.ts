import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineRunner, RunManager, type RunHandle, type RunManagerOptions, type RunStore } from 'heirline';
import { ManualClock } from 'heirline/testing';
import { describe, expect, it } from 'vitest';
import { busy, failing, FaultyStore } from './faulty-store.js';
import { collect, failureOf, gated, newManager, until, work } from './managed.js';

const quick = work(({ run }) => run.session.set('by', 'quick'), 'Quick');
const short: RunManagerOptions = { leaseMs: 2000, heartbeatMs: 500 };

/**
 * What must be true of managers, whichever store they have: the store of each test is empty, and `open` gives that store
 * again, as another manager of the same or of another process has it.
 */
export function describeManager(create: () => (() => RunStore) | Promise<() => RunStore>): void {
  describe('a manager over it', () => {
    const one = async (options: RunManagerOptions = {}): Promise<RunManager> =>
      newManager({ store: (await create())(), ...options });
    const faulty = async (options: RunManagerOptions = {}) => {
      const open = await create();
      const store = new FaultyStore(open());
      return {
        faults: store,
        behind: open(),
        manager: newManager({ ...short, store: store.store, ...options }),
      };
    };

    it('lets one of 50 starts at once run, and refuses 49', async () => {
      const manager = await one();
      const { definition, open, seen } = gated();
      const starts = await Promise.allSettled(
        Array.from({ length: 50 }, () => manager.start(definition, { threadId: 'a' })),
      );
      const refused = starts.flatMap((start) => (start.status === 'rejected' ? [start.reason as Error] : []));
      expect(refused).toHaveLength(49);
      for (const error of refused) expect(error).toMatchObject({ code: 'RUN_CONFLICT' });
      open();
      await until(() => seen.through === 1, 'the run is through');
      expect([seen.begun, (await manager.list()).length]).toEqual([1, 1]);
    });

    it.each(['interrupt', 'rollback'] as const)(
      '%s: begins after the last write of the old run, whose session is undone',
      async (strategy) => {
        const manager = await one();
        const lines: string[] = [];
        const thread = { threadId: 'a' };
        await (
          await manager.start(quick, thread)
        ).result;
        const slow = work(async ({ run, signal }) => {
          run.session.set('by', 'old');
          lines.push('old');
          await new Promise((resolve) => {
            signal.addEventListener('abort', resolve);
          });
          await sleep(15);
          lines.push('old last');
        });
        const old = await manager.start(slow, thread);
        await until(() => lines.length === 1);
        const look = work(({ run }) => lines.push(`new sees ${String(run.session.get('by'))}`));
        await (
          await manager.start(look, { ...thread, strategy })
        ).result;
        expect(lines).toEqual(['old', 'old last', 'new sees quick']);
        expect(await manager.get(old.id)).toMatchObject({ status: 'interrupted', stopReason: 'superseded' });
        expect(await manager.session('a')).toEqual({ by: 'quick' });
      },
    );

    it('enqueue: first in, first out, up to a cap, and cancellable while it waits', async () => {
      const manager = await one({ maxQueued: 3 });
      const { definition, open } = gated();
      const order: number[] = [];
      const start = (n: number): Promise<RunHandle> =>
        manager.start(
          work(() => order.push(n)),
          { threadId: 'a', strategy: 'enqueue' },
        );
      await manager.start(definition, { threadId: 'a' });
      const waiting = [await start(1), await start(2), await start(3)];
      expect(await failureOf(start(4))).toMatchObject({ code: 'QUEUE_FULL' });
      expect(await waiting[1]?.cancel()).toBe('cancelled');
      open();
      await Promise.all([waiting[0]?.result, waiting[2]?.result]);
      expect(order).toEqual([1, 3]);
    });

    it('gives the same answer to a cancel twice, and says what cannot be cancelled', async () => {
      const manager = await one();
      const { definition } = gated();
      const running = await manager.start(definition);
      expect([await running.cancel(), await running.cancel()]).toEqual(['cancelled', 'cancelled']);
      const done = await manager.start(quick);
      await done.result;
      expect([await done.cancel(), await manager.cancel('unheard-of')]).toEqual([
        'not_cancellable',
        'unknown',
      ]);
    });

    it('in 200 races of a cancel with the end: one of them, and the store agrees', async () => {
      const open = await create();
      const [manager, other] = [newManager({ store: open() }), open()];
      const race = async (index: number): Promise<void> => {
        const handle = await manager.start(work(() => sleep(index % 4)));
        await sleep(index % 5);
        const outcome = await handle.cancel();
        await handle.result.catch(() => undefined);
        const status = (await other.get(handle.id))?.status;
        expect([outcome, status]).toEqual(
          outcome === 'cancelled' ? ['cancelled', 'interrupted'] : ['not_cancellable', 'success'],
        );
      };
      await Promise.all(Array.from({ length: 200 }, (_, index) => race(index)));
      await other.close();
    });

    it('does not start a run twice for one key; the key of another tenant is another one', async () => {
      const open = await create();
      const [manager, other] = [newManager({ store: open() }), newManager({ store: open() })];
      const options = { threadId: 'a', idempotencyKey: 'k' };
      const [first, again] = [await manager.start(quick, options), await other.start(quick, options)];
      expect([again.id, again.isRepeated]).toEqual([first.id, true]);
      expect(await again.result).toMatchObject({ status: 'succeeded' });
      expect(await failureOf(other.start(quick, { ...options, threadId: 'b' }))).toMatchObject({
        code: 'IDEMPOTENCY_CONFLICT',
      });
      expect((await other.start(quick, { ...options, tenantId: 'x' })).isRepeated).toBe(false);
    });

    it('gives the events from k as k+1 to n, and the end once, as the record says', async () => {
      const manager = await one();
      const { definition, open } = gated();
      const handle = await manager.start(definition);
      const reading = collect(handle.events());
      open();
      const all = await reading;
      const record = await manager.wait(handle.id);
      expect(all.map((event) => 'seq' in event && event.seq)).toEqual(all.map((_, index) => index + 1));
      expect(all.at(-1)).toMatchObject({ type: 'runEnded', status: record.status, at: record.endedAt });
      for (const from of [0, 3, all.length - 1, all.length])
        expect(await collect(handle.events({ from }))).toEqual(all.slice(from));
    });

    it('cancels a run whose client leaves, not one that goes on, nor for who came later', async () => {
      const manager = await one();
      const { definition } = gated();
      const cancelled = await manager.start(definition, { onDisconnect: 'cancel' });
      const going = await manager.start(definition);
      const client = cancelled.subscribe();
      cancelled.subscribe().close();
      going.subscribe().close();
      await sleep(20);
      expect([cancelled.record.status, going.record.status]).toEqual(['running', 'running']);
      client.close();
      expect(await manager.wait(cancelled.id)).toMatchObject({ stopReason: 'disconnect' });
      expect((await manager.get(going.id))?.status).toBe('running');
    });

    it('shows a tenant nothing of others', async () => {
      const manager = await one();
      const [lake, hill] = [manager.forTenant('lake'), manager.forTenant('hill')];
      const { definition } = gated();
      const { id } = await lake.start(definition, { threadId: 'a' });
      expect([
        await hill.get(id),
        await hill.cancel(id),
        await hill.hasActive('a'),
        await hill.list(),
      ]).toEqual([undefined, 'unknown', false, []]);
      for (const asked of [hill.wait(id), collect(hill.events(id)), hill.subscribe(id)])
        expect(await failureOf(asked)).toMatchObject({ code: 'RUN_NOT_FOUND' });
      await (
        await hill.start(quick, { threadId: 'a' })
      ).result;
      expect(await hill.forget('a')).toBe(1);
      expect((await lake.get(id))?.status).toBe('running');
    });

    it('closes in time though a run ignores it, and the others keep their real status', async () => {
      const open = await create();
      const manager = new RunManager({ store: open(), runner: new PipelineRunner({ graceMs: 10_000 }) });
      let letGo = (): void => undefined;
      const ignoring = await manager.start(work(() => new Promise<void>((resolve) => (letGo = resolve))));
      const running = await manager.start(gated().definition);
      const done = await manager.start(quick);
      await done.result;
      const started = performance.now();
      expect(await manager.close({ timeoutMs: 500 })).toMatchObject({
        cancelled: [running.id],
        abandoned: [ignoring.id],
        unpersisted: [],
      });
      expect(performance.now() - started).toBeLessThan(1000);
      expect(done.record.status).toBe('success');
      letGo();
    });

    it('whose store refuses an insert shows no such run', async () => {
      const { faults, behind, manager } = await faulty();
      faults.fault = (method) => (method === 'insert' ? failing(() => new Error('disk full')) : undefined);
      expect(await failureOf(manager.start(quick))).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect([faults.count('insert'), await manager.list()]).toEqual([1, []]);
      faults.fault = (method, nth) => (method === 'insert' && nth <= 5 ? failing(busy) : undefined);
      expect(await (await manager.start(quick)).result).toMatchObject({ persisted: true });
      expect(faults.count('insert')).toBe(6);
      await behind.close();
    });

    it('whose store is away at the end says so, and stores the end once the store is back', async () => {
      const { faults, behind, manager } = await faulty({ heartbeatMs: 100 });
      const { definition, open } = gated();
      const handle = await manager.start(definition, { threadId: 'a' });
      faults.fault = (method) => (method === 'update' ? failing(busy) : undefined);
      open();
      expect(await handle.result).toMatchObject({ status: 'succeeded', persisted: false });
      expect((await behind.get(handle.id))?.status).toBe('running');
      faults.fault = () => undefined;
      await until(async () => (await behind.get(handle.id))?.status === 'success', 'the end is stored');
      await behind.close();
    });

    it('with the name of another one neither takes over nor ends what is the other one has', async () => {
      const open = await create();
      const named = { ...short, ownerId: 'service', sweepMs: 50, graceMs: 0 };
      const [manager, other] = [open(), open()].map((store) => newManager({ ...named, store }));
      const { definition, open: letGo, seen } = gated();
      const handle = await manager?.start(definition, { threadId: 'a' });
      await until(() => seen.begun === 1);
      expect(await other?.recover()).toEqual([]);
      expect(await failureOf(other?.start(quick, { threadId: 'a' }) ?? Promise.resolve())).toMatchObject({
        code: 'RUN_CONFLICT',
      });
      expect(await other?.close()).toMatchObject({ cancelled: [], abandoned: [] });
      expect(handle?.record).toMatchObject({ status: 'running', ownerId: 'service' });
      letGo();
      expect(await handle?.result).toMatchObject({ status: 'succeeded', persisted: true });
    });

    it('whose clock stands or goes back keeps the order of the runs, and their leases', async () => {
      const clock = new ManualClock();
      const now = clock.now.bind(clock);
      let backMs = 0;
      clock.now = () => now() - backMs;
      const manager = await one({ runner: new PipelineRunner({ clock }) });
      const ids: string[] = [];
      for (backMs of [0, 0, 3_600_000, 7_200_000]) {
        const handle = await manager.start(quick, { threadId: 'a' });
        expect(await handle.result).toMatchObject({ persisted: true });
        ids.unshift(handle.id);
      }
      const records = await manager.list();
      expect(records.map(({ runId }) => runId)).toEqual(ids);
      expect(records[0]?.createdAt).toBeLessThan((records[3]?.createdAt ?? 0) - 7_000_000);
      expect(await manager.recover()).toEqual([]);
    });
  });
}
