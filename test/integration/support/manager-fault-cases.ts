import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease, RunManager, RunManagerOptions, RunRecord, RunStore } from 'heirline';
import { describe, expect, it } from 'vitest';
import { busy, failing, FaultyStore } from './faulty-store.js';
import { collect, failureOf, gated, newManager, noisy, until, work } from './managed.js';

const quick = work(({ run }) => run.session.set('by', 'quick'), 'Quick');
const short: RunManagerOptions = { leaseMs: 5000, heartbeatMs: 100 };
const dead: Lease = { token: 'the dead', ownerId: 'the dead', ms: 1 };

/** A record as another manager would insert it. */
const foreign: Omit<RunRecord, 'runId'> = {
  pipelineName: 'P',
  status: 'running',
  strategy: 'enqueue',
  onDisconnect: 'continue',
  metadata: {},
  ownerId: '',
  createdAt: 0,
  startedAt: 0,
  cost: [],
  counts: {},
};

/** What must be true of managers, whichever store they have, where calls come late, fail, or cross those of others. */
export function describeManagerFaults(create: () => (() => RunStore) | Promise<() => RunStore>): void {
  describe('a manager over it, where calls come late or fail,', () => {
    const pair = async (options: RunManagerOptions = {}): Promise<readonly [RunManager, RunManager]> => {
      const open = await create();
      return [
        newManager({ ...short, ...options, store: open() }),
        newManager({ ...short, ...options, store: open() }),
      ];
    };
    const faulty = async (options: RunManagerOptions = {}) => {
      const open = await create();
      const faults = new FaultyStore(open());
      return {
        faults,
        behind: open(),
        manager: newManager({ ...short, store: faults.store, ...options }),
      };
    };

    it('refuses an unknown strategy or action before it asks the store', async () => {
      const { faults, behind, manager } = await faulty();
      expect(await failureOf(manager.start(quick, { strategy: 'maybe' as never }))).toMatchObject({
        code: 'STRATEGY_UNKNOWN',
      });
      expect(await failureOf(manager.cancel('any', { action: 'explode' as never }))).toMatchObject({
        code: 'ACTION_UNKNOWN',
      });
      expect(faults.calls).toEqual([]);
      await behind.close();
    });

    it('never begins a run that is cancelled before its work is attached', async () => {
      const { faults, behind, manager } = await faulty();
      let attach = (): void => undefined;
      const attached = new Promise<void>((resolve) => (attach = resolve));
      faults.fault = (method) => (method === 'loadSession' ? (call) => attached.then(call) : undefined);
      const { definition, seen } = gated();
      const handle = await manager.start(definition, { threadId: 'a' });
      expect(await handle.cancel()).toBe('cancelled');
      attach();
      expect(await failureOf(handle.result)).toMatchObject({ code: 'RUN_CANCELLED' });
      expect([seen.begun, (await behind.get(handle.id))?.status]).toEqual([0, 'interrupted']);
      await behind.close();
    });

    it('ends a run as interrupted that succeeds after its cancel, and keeps nothing of its session', async () => {
      const { behind, manager } = await faulty();
      let isReady = false;
      const stubborn = work(async ({ run, signal }) => {
        isReady = true;
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        run.session.set('late', true);
      });
      const handle = await manager.start(stubborn, { threadId: 'a' });
      await until(() => isReady);
      expect(await handle.cancel()).toBe('cancelled');
      expect(await failureOf(handle.result)).toMatchObject({ code: 'RUN_CANCELLED' });
      expect(handle.record.status).toBe('interrupted');
      expect(await behind.get(handle.id)).toEqual(handle.record);
      expect(await manager.session('a')).toEqual({});
      await behind.close();
    });

    it('lets the first of two actions stay, whichever manager is asked', async () => {
      const [owner, other] = await pair();
      const { definition, seen } = gated();
      const handle = await owner.start(definition);
      await until(() => seen.begun === 1);
      const first = { action: 'rollback', reason: { kind: 'superseded' } } as const;
      expect(await other.cancel(handle.id, first)).toBe('requested');
      await other.cancel(handle.id);
      expect(await failureOf(handle.result)).toMatchObject({ code: 'RUN_CANCELLED', kind: 'superseded' });
      expect(await other.get(handle.id)).toMatchObject({
        status: 'interrupted',
        stopReason: 'superseded',
        cancelRequested: { action: 'rollback', reason: 'superseded' },
      });
    });

    it('keeps what a run has come to where its slow insert arrives once more after its end', async () => {
      const { faults, behind, manager } = await faulty();
      let arrive = (): void => undefined;
      const arrived = new Promise<void>((resolve) => (arrive = resolve));
      let late: Promise<unknown> | undefined;
      faults.fault = (method, nth) =>
        method === 'insert' && nth === 1 ? (call) => (late = arrived.then(call)) : undefined;
      const handle = await manager.start(quick, { threadId: 'a' });
      await handle.result;
      arrive();
      expect(await late).toMatchObject({ status: 'success' });
      expect(await behind.get(handle.id)).toEqual(handle.record);
      expect(await manager.list()).toEqual([handle.record]);
      await behind.close();
    });

    it('obeys a cancel that overtakes the answer to its insert', async () => {
      const { faults, behind, manager } = await faulty();
      faults.fault = (method) =>
        method === 'insert'
          ? async (call) => {
              const stored = (await call()) as RunRecord;
              await behind.requestCancel(stored.runId, { action: 'interrupt', reason: 'user' });
              return stored;
            }
          : undefined;
      const handle = await manager.start(gated().definition);
      expect(await failureOf(handle.result)).toMatchObject({ code: 'RUN_CANCELLED' });
      expect(handle.record).toMatchObject({ status: 'interrupted', stopReason: 'user' });
      expect(await behind.get(handle.id)).toEqual(handle.record);
      await behind.close();
    });

    it('says at its close which ends are not stored', async () => {
      const { faults, behind, manager } = await faulty();
      faults.fault = (method) => (method === 'update' ? failing(() => new Error('gone')) : undefined);
      const handle = await manager.start(quick);
      expect(await handle.result).toMatchObject({ persisted: false });
      expect(await manager.close({ timeoutMs: 100 })).toMatchObject({ unpersisted: [handle.id] });
      expect((await behind.get(handle.id))?.status).toBe('running');
      await behind.close();
    });

    it('stops a run whose lease it cannot confirm, and writes nothing more', async () => {
      const { faults, behind, manager } = await faulty({ leaseMs: 300, heartbeatMs: 50 });
      const { definition, seen } = gated();
      const handle = await manager.start(definition, { threadId: 'a' });
      await until(() => seen.begun === 1);
      faults.fault = () => failing(busy);
      expect(await failureOf(handle.result)).toMatchObject({ code: 'LEASE_LOST' });
      faults.fault = () => undefined;
      faults.calls.length = 0;
      await sleep(100);
      expect(faults.calls.filter((method) => /^(update|appendEvents|saveSession)$/.test(method))).toEqual([]);
      expect([seen.through, (await behind.get(handle.id))?.status]).toEqual([0, 'running']);
      await behind.close();
    });

    it('stops a run that another one has claimed, and tells of it as that one has ended it', async () => {
      const { behind, manager } = await faulty();
      const { definition, seen } = gated();
      const handle = await manager.start(definition);
      await until(() => seen.begun === 1);
      const thief = { token: 'thief', ownerId: 'thief', ms: 60_000 };
      const claim = { lease: thief, graceMs: -1e9, limit: 1, definitions: [], runId: handle.id };
      expect(await behind.claimExpired(claim)).toHaveLength(1);
      const orphaned = { status: 'error', stopReason: 'orphan_recovered', endedAt: 1 } as const;
      const ended = await behind.update(handle.id, { status: ['running'], lease: thief }, orphaned);
      expect(await failureOf(handle.result)).toMatchObject({ code: 'LEASE_LOST' });
      expect([handle.record, await behind.get(handle.id)]).toEqual([ended, ended]);
      expect(seen.through).toBe(0);
      await behind.close();
    });

    it('recovers an orphan once, however many sweep', async () => {
      const open = await create();
      const store = open();
      for (const runId of ['first', 'second']) await store.insert({ ...foreign, runId }, { lease: dead });
      await sleep(20);
      const managers = [1, 2, 3].map(() => newManager({ ...short, graceMs: 0, store: open() }));
      const swept = await Promise.all(managers.map((manager) => manager.recover()));
      expect(
        swept
          .flat()
          .map(({ runId, status, stopReason }) => [runId, status, stopReason])
          .sort(),
      ).toEqual([
        ['first', 'error', 'orphan_recovered'],
        ['second', 'error', 'orphan_recovered'],
      ]);
      await store.close();
    });

    it('leaves what waits by name to another one when it is closed', async () => {
      const ran: unknown[] = [];
      const definitions = {
        named: work(({ run, parameters }) => ran.push([run.runId, parameters.get('n')])),
      };
      const [manager, other] = await pair({ definitions, sweepMs: 50 });
      await manager.start(gated().definition, { threadId: 'a' });
      const context = { parameters: { n: 7 } };
      const waiting = await manager.start('named', { threadId: 'a', strategy: 'enqueue', context });
      const left = failureOf(waiting.result);
      await manager.close();
      expect(await left).toMatchObject({ code: 'MANAGER_CLOSED' });
      expect((await other.wait(waiting.id)).status).toBe('success');
      expect(ran).toEqual([[waiting.id, 7]]);
    });

    it('gives a gap in place of events that are no longer there, and the end', async () => {
      const { behind, manager } = await faulty();
      const handle = await manager.start(noisy(6000));
      await handle.result;
      const events = await collect(handle.events({ from: 2 }));
      expect(events[0]).toMatchObject({ type: 'gap', from: 3 });
      // The latest write may still remove old events: then there is a gap in the middle, too.
      let next = 3;
      for (const event of events) {
        expect(event.type === 'gap' ? event.from : event.seq).toBe(next);
        next = (event.type === 'gap' ? event.to : next) + 1;
      }
      expect(events.filter(({ type }) => type !== 'gap').length).toBeGreaterThanOrEqual(10_000);
      expect(events.at(-1)).toMatchObject({ type: 'runEnded', status: 'success', at: handle.record.endedAt });
      await behind.close();
    }, 30_000);
  });
}
