import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { MemoryRunStore, PipelineRunner, RunManager, type Logger, type RunRecord } from 'heirline';
import { busy, failing, FaultyStore, losing, silent } from './support/faulty-store.js';
import { failureOf, gated, newManager, until, work } from './support/managed.js';

const quick = work(() => undefined, 'Quick');
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
const faultyManager = (
  options: object = {},
): { faulty: FaultyStore; behind: MemoryRunStore; manager: RunManager } => {
  const behind = new MemoryRunStore();
  const faulty = new FaultyStore(behind);
  const manager = newManager({ store: faulty.store, heartbeatMs: 20, leaseMs: 2000, ...options });
  return { faulty, behind, manager };
};

describe('a store that fails', () => {
  test('on insert: the start rejects, no record is visible, and a permanent error is not retried', async () => {
    const { faulty, manager } = faultyManager();
    const cause = new Error('disk full');
    faulty.fault = (method) => (method === 'insert' ? failing(() => cause) : undefined);
    expect(await failureOf(manager.start(quick))).toMatchObject({ code: 'STORE_UNAVAILABLE', cause });
    expect(faulty.count('insert')).toBe(1);
    expect(await manager.list()).toEqual([]);
  });

  test('four times for a moment: the fifth try succeeds', async () => {
    const { faulty, manager } = faultyManager();
    faulty.fault = (method, nth) => (method === 'insert' && nth <= 4 ? failing(busy) : undefined);
    const handle = await manager.start(quick);
    expect(await handle.result).toMatchObject({ persisted: true });
    expect(faulty.count('insert')).toBe(5);
  });

  test('and loses its answers: what was carried out is not done twice', async () => {
    const { faulty, manager } = faultyManager();
    faulty.fault = (_method, nth) => (nth % 2 === 1 ? losing(busy) : undefined);
    let runs = 0;
    const counting = work(({ run }) => {
      runs += 1;
      run.session.set('n', Number(run.session.get('n') ?? 0) + 1);
    });
    for (let n = 0; n < 3; n += 1) {
      const handle = await manager.start(counting, {
        threadId: 'a',
        strategy: 'enqueue',
        idempotencyKey: String(n),
      });
      expect(await handle.result).toMatchObject({ persisted: true });
    }
    expect([runs, await manager.session('a'), (await manager.list()).length]).toEqual([3, { n: 3 }, 3]);
  });

  test('and was lost after an insert that it had carried out: that run ends, and frees its thread', async () => {
    const { faulty, behind, manager } = faultyManager();
    faulty.fault = (method) => (method === 'insert' ? losing(() => new Error('connection lost')) : undefined);
    expect(await failureOf(manager.start(quick, { threadId: 'a' }))).toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    faulty.fault = () => undefined;
    await until(async () => (await behind.active('a')) === undefined, 'the thread is free');
    expect(await behind.list({ limit: 9 })).toMatchObject([{ status: 'interrupted' }]);
  });

  test('at the end: the result says so, and the end is stored once the store is back', async () => {
    const { faulty, behind, manager } = faultyManager();
    const { definition, open } = gated();
    const handle = await manager.start(definition, { threadId: 'a' });
    faulty.fault = (method) => (method === 'update' ? failing(busy) : undefined);
    open();
    expect(await handle.result).toMatchObject({ status: 'succeeded', persisted: false });
    expect([handle.record.status, (await manager.get(handle.id))?.status]).toEqual(['success', 'success']);
    expect((await behind.get(handle.id))?.status).toBe('running');
    faulty.fault = () => undefined;
    await until(async () => (await behind.get(handle.id))?.status === 'success', 'the end is stored');
    expect((await behind.readEvents(handle.id, { after: 0, limit: 99 })).at(-1)).toMatchObject({
      type: 'runEnded',
      status: 'success',
    });
  });

  test('until the close, which says what is left', async () => {
    const { faulty, manager } = faultyManager();
    faulty.fault = (method) => (method === 'update' ? failing(() => new Error('gone')) : undefined);
    const handle = await manager.start(quick);
    expect(await handle.result).toMatchObject({ persisted: false });
    expect(await manager.close({ timeoutMs: 100 })).toMatchObject({ unpersisted: [handle.id] });
  });

  test('and answers nobody: a cancel stops the run all the same', async () => {
    const { faulty, manager } = faultyManager();
    const { definition, seen } = gated();
    const handle = await manager.start(definition);
    await until(() => seen.begun === 1);
    faulty.fault = () => silent;
    let isStopped = false;
    handle.result.catch(() => (isStopped = true));
    expect(await handle.cancel()).toBe('cancelled');
    faulty.fault = () => undefined;
    await until(() => isStopped);
    expect(seen.through).toBe(0);
  });

  test('slowly: a write that was overtaken changes nothing', async () => {
    const { faulty, behind, manager } = faultyManager();
    faulty.fault = (method) =>
      method === 'requestCancel' || method === 'appendEvents'
        ? async (call) => {
            await sleep(30);
            return await call();
          }
        : undefined;
    const { definition, seen } = gated();
    const handle = await manager.start(definition);
    await until(() => seen.begun === 1);
    await handle.cancel();
    await failureOf(handle.result);
    await sleep(50);
    expect(await behind.get(handle.id)).toEqual(handle.record);
    const events = await behind.readEvents(handle.id, { after: 0, limit: 99 });
    expect(events.filter(({ type }) => type === 'runEnded')).toHaveLength(1);
  });

  test('after 200 runs under random faults, the store has what the handles say', async () => {
    const { faulty, behind, manager } = faultyManager({ maxQueued: 500 });
    let turn = 0;
    faulty.fault = () => {
      turn += 1;
      return turn % 13 === 0 ? failing(busy) : turn % 17 === 0 ? losing(busy) : undefined;
    };
    const handles = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        manager.start(quick, { threadId: String(n % 20), strategy: 'enqueue' }),
      ),
    );
    await Promise.all(handles.map(({ result }) => result));
    faulty.fault = () => undefined;
    await until(async () => (await behind.list({ status: ['running', 'pending'], limit: 1 })).length === 0);
    for (const handle of handles) expect(await behind.get(handle.id)).toMatchObject({ status: 'success' });
  });
});

describe('a session that somebody else has saved meanwhile', () => {
  const meanwhile = async (key: string): Promise<{ code?: string; session: unknown }> => {
    const { faulty, behind, manager } = faultyManager();
    const handle = await manager.start(
      work(async ({ run }) => {
        run.session.set('mine', 1);
        // As if the lease had gone to another owner and back.
        const [call] = faulty.calls.length > 0 ? [behind] : [];
        const stored = await call?.loadSession({ threadId: 'a' });
        const theirs = { version: stored?.version ?? 0, entries: { [key]: 2 } };
        await saveAsOwner(behind, theirs);
      }),
      { threadId: 'a' },
    );
    const code = await handle.result.then(
      () => ({}),
      (error: unknown) => error as { code: string },
    );
    return { ...code, session: await manager.session('a') };
  };

  /** A version is saved by the owner's token alone: an ended run of the thread keeps that of its own. */
  const saveAsOwner = async (
    store: MemoryRunStore,
    session: { version: number; entries: Record<string, number> },
  ): Promise<void> => {
    const lease = { token: 'theirs', ownerId: 'they', ms: 1000 };
    const record = { ...foreign, runId: `theirs ${String(Math.random())}` };
    await store.insert(record, { lease });
    await store.saveSession({ threadId: 'a' }, session, { runId: record.runId, lease });
  };

  test('is a conflict for keys that both have written', async () => {
    expect(await meanwhile('mine')).toMatchObject({ code: 'SESSION_CONFLICT', session: { mine: 2 } });
  });

  test('is merged where the keys differ', async () => {
    expect(await meanwhile('theirs')).toEqual({ session: { mine: 1, theirs: 2 } });
  });
});

describe('ownership', () => {
  const lost = { token: 'the dead', ownerId: 'the dead', ms: 1 };
  test('the runs of a dead owner end as orphans, told to onRecovered; what waits by name is queued here', async () => {
    const store = new MemoryRunStore();
    await store.insert({ ...foreign, runId: 'ran', threadId: 'a' }, { lease: lost });
    const input = { parameters: {}, properties: {}, run: {}, links: {} };
    await store.insert(
      { ...foreign, runId: 'named', threadId: 'a', definition: 'quick' },
      { lease: lost, input },
    );
    await store.insert({ ...foreign, runId: 'class', threadId: 'a' }, { lease: lost });
    await store.insert({ ...foreign, runId: 'other', threadId: 'b', definition: 'other' }, { lease: lost });
    await store.insert({ ...foreign, runId: 'cancelled' }, { lease: lost });
    await store.requestCancel('cancelled', { action: 'interrupt', reason: 'user' });
    await sleep(10);
    const onRecovered = vi.fn();
    const manager = newManager({ store, graceMs: 0, definitions: { quick }, onRecovered });
    const recovered = await manager.recover();
    expect(recovered.map(({ runId, status, stopReason }) => [runId, status, stopReason])).toEqual([
      ['ran', 'error', 'orphan_recovered'],
      ['class', 'error', 'orphan_recovered'],
      ['other', 'error', 'orphan_recovered'],
      ['cancelled', 'interrupted', 'user'],
    ]);
    expect(onRecovered).toHaveBeenCalledExactlyOnceWith(recovered);
    expect((await manager.wait('named')).status).toBe('success');
    expect(await manager.recover()).toEqual([]);
  });

  test('a sweep comes by itself, and says which definition no manager has', async () => {
    const store = new MemoryRunStore();
    await store.insert({ ...foreign, runId: 'held', threadId: 'a' }, { lease: { ...lost, ms: 60_000 } });
    await store.insert({ ...foreign, runId: 'other', threadId: 'a', definition: 'gone' }, { lease: lost });
    await store.insert({ ...foreign, runId: 'dead' }, { lease: lost });
    const lines: unknown[] = [];
    const line = (fields: object): void => {
      lines.push(fields);
    };
    const logger: Logger = { trace: line, debug: line, info: line, warn: line, error: line };
    newManager({ store, graceMs: 0, sweepMs: 10, runner: new PipelineRunner({ logger }) });
    await until(async () => (await store.get('dead'))?.status === 'error');
    await until(() => lines.length > 0);
    expect(lines[0]).toMatchObject({ runId: 'other', definition: 'gone' });
    expect((await store.get('held'))?.status).toBe('running');
  });

  test('a cancel of a run whose owner is dead takes it over', async () => {
    const store = new MemoryRunStore();
    await store.insert({ ...foreign, runId: 'dead' }, { lease: lost });
    await sleep(10);
    const manager = newManager({ store, graceMs: 0 });
    expect(await manager.cancel('dead')).toBe('taken_over');
    expect(await store.get('dead')).toMatchObject({ status: 'interrupted', stopReason: 'user' });
  });

  test('a lease that is renewed is never claimed', async () => {
    const store = new MemoryRunStore();
    const one = newManager({ store, leaseMs: 60, heartbeatMs: 15, graceMs: 0 });
    const other = newManager({ store, leaseMs: 60, heartbeatMs: 15, graceMs: 0, sweepMs: 10 });
    const { definition, open } = gated();
    const handle = await one.start(definition);
    await sleep(200);
    expect(await other.recover()).toEqual([]);
    open();
    expect(await handle.result).toMatchObject({ persisted: true });
  });

  test('an owner that cannot confirm its lease stops its run, and writes nothing more', async () => {
    const { faulty, behind, manager } = faultyManager({ leaseMs: 80, heartbeatMs: 20 });
    const { definition, seen } = gated();
    const handle = await manager.start(definition, { threadId: 'a' });
    await until(() => seen.begun === 1);
    faulty.fault = () => failing(busy);
    const started = performance.now();
    expect(await failureOf(handle.result)).toMatchObject({ code: 'LEASE_LOST' });
    expect(performance.now() - started).toBeLessThan(500);
    expect(seen.through).toBe(0);
    faulty.fault = () => undefined;
    faulty.calls.length = 0;
    await sleep(60);
    expect(faulty.calls.filter((method) => method === 'update' || method === 'appendEvents')).toEqual([]);
    expect((await behind.get(handle.id))?.status).toBe('running');
  });

  test('a run that was claimed by another owner is stopped here at the next beat; its record is the stored one', async () => {
    const { behind, manager } = faultyManager({ heartbeatMs: 10, leaseMs: 1000 });
    const { definition, seen } = gated();
    const handle = await manager.start(definition);
    await until(() => seen.begun === 1);
    const thief = { token: 'thief', ownerId: 'thief', ms: 60_000 };
    await behind.renew({ ...thief, ms: 0 }, []);
    await behind.claimExpired({ lease: thief, graceMs: -1e9, limit: 1, definitions: [], runId: handle.id });
    await behind.update(
      handle.id,
      { status: ['running'], lease: thief },
      { status: 'error', stopReason: 'orphan_recovered' },
    );
    expect(await failureOf(handle.result)).toMatchObject({ code: 'LEASE_LOST' });
    expect(handle.record).toMatchObject({
      status: 'error',
      stopReason: 'orphan_recovered',
      ownerId: 'thief',
    });
    expect(seen.through).toBe(0);
  });

  test('a process that was held up asks first, and goes on where the lease still holds', async () => {
    const manager = newManager({ leaseMs: 50, heartbeatMs: 20 });
    const { definition, open, seen } = gated();
    const handle = await manager.start(definition);
    await until(() => seen.begun === 1);
    const until100 = performance.now() + 100;
    while (performance.now() < until100);
    await sleep(30);
    open();
    expect(await handle.result).toMatchObject({ status: 'succeeded', persisted: true });
  });

  test('after a jump of the clock a sweep is skipped', async () => {
    const store = new MemoryRunStore();
    await store.insert({ ...foreign, runId: 'dead' }, { lease: lost });
    await sleep(10);
    const manager = newManager({ store, graceMs: 1 });
    const now = Date.now.bind(Date);
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000);
    expect(await manager.recover()).toEqual([]);
    clock.mockRestore();
  });

  test('heartbeatMs must be less than leaseMs', () => {
    expect(() => new RunManager({ leaseMs: 10, heartbeatMs: 10 })).toThrow(/must be less than 'leaseMs'/);
    expect(() => new RunManager({ store: {} as never })).toThrow(/'store' must be an object with 'insert'/);
    for (const definitions of [{ '': quick }, [quick] as never])
      expect(() => new RunManager({ definitions })).toThrow(/'definitions' must be/);
  });
});
