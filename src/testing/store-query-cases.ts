import assert from 'node:assert/strict';
import type { RunFilter } from '../runs/run-store.js';
import type { StoreCase, StoreSamples } from './store-samples.js';

async function list(samples: StoreSamples, filter: Partial<RunFilter>): Promise<readonly string[]> {
  return (await samples.store.list({ limit: 100, ...filter })).map(({ runId }) => runId);
}

/** Inserts so many runs of a tenant, which have ended at 1000, 2000 and so on. */
async function endedRuns(samples: StoreSamples, tenantId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let made = 1; made <= count; made += 1) {
    const { runId } = await samples.insert({ tenantId, idempotencyKey: `key ${String(made)}` });
    await samples.end(runId, made * 1000);
    ids.push(runId);
  }
  return ids;
}

/** What must be true where runs are looked up and removed. */
export const queryCases: Readonly<Record<string, StoreCase>> = {
  'runs are listed newest first by their order, not by a time': async (samples) => {
    const tenantId = samples.id('tenant');
    const ids: string[] = [];
    for (const createdAt of [5, 5, 9, 1]) ids.unshift((await samples.insert({ tenantId, createdAt })).runId);
    assert.deepEqual(await list(samples, { tenantId }), ids);
    assert.deepEqual(await list(samples, { tenantId, limit: 2 }), ids.slice(0, 2));
    assert.deepEqual(await list(samples, { tenantId, before: ids[1] }), ids.slice(2));
    assert.deepEqual(await list(samples, { tenantId, before: ids[3] }), []);
  },

  'runs are listed by thread, status and tenant': async (samples) => {
    const [tenantId, threadId] = [samples.id('tenant'), samples.id('thread')];
    const a = await samples.insert({ tenantId, threadId });
    const b = await samples.insert({ tenantId, threadId });
    const c = await samples.insert({ tenantId });
    const d = await samples.insert({ threadId });
    assert.deepEqual(await list(samples, { tenantId, threadId }), [b.runId, a.runId]);
    assert.deepEqual(await list(samples, { tenantId, status: ['running'] }), [c.runId, a.runId]);
    assert.deepEqual(await list(samples, { tenantId, status: ['pending', 'error'] }), [b.runId]);
    assert.deepEqual(await list(samples, { threadId }), [d.runId, b.runId, a.runId]);
    assert.deepEqual(await list(samples, { threadId, tenantId: null }), [d.runId]);
    assert.deepEqual(await list(samples, { tenantId: samples.id('tenant') }), []);
  },

  "a list before a run that is not there, or another tenant's, is refused": async (samples) => {
    const { runId } = await samples.insert({ tenantId: samples.id('tenant') });
    await assert.rejects(list(samples, { before: 'unheard of' }), { code: 'RUN_NOT_FOUND' });
    await assert.rejects(list(samples, { before: runId, tenantId: 'other' }), { code: 'RUN_NOT_FOUND' });
    await assert.rejects(list(samples, { before: runId, tenantId: null }), { code: 'RUN_NOT_FOUND' });
  },

  'the active run of a thread is its eldest open one': async (samples) => {
    const [threadId, tenantId] = [samples.id('thread'), samples.id('tenant')];
    const first = await samples.insert({ threadId, tenantId });
    const second = await samples.insert({ threadId, tenantId });
    assert.equal((await samples.store.active(threadId, tenantId))?.runId, first.runId);
    assert.equal(await samples.store.active(threadId), undefined);
    await samples.end(first.runId);
    assert.equal((await samples.store.active(threadId, tenantId))?.runId, second.runId);
    await samples.store.update(second.runId, { status: ['pending'] }, { status: 'interrupted' });
    assert.equal(await samples.store.active(threadId, tenantId), undefined);
  },

  'prune removes what ended before a moment, with logs and keys': async (samples) => {
    const tenantId = samples.id('tenant');
    const [first = '', second = '', third = ''] = await endedRuns(samples, tenantId, 3);
    const open = await samples.insert({ tenantId });
    assert.equal(await samples.store.prune({ tenantId, endedBefore: 3000 }), 2);
    assert.deepEqual(await list(samples, { tenantId }), [open.runId, third]);
    assert.equal(await samples.store.byKey(tenantId, 'key 1'), undefined);
    for (const runId of [first, second]) {
      assert.equal(await samples.store.get(runId), undefined);
      assert.deepEqual(await samples.store.readEvents(runId, { after: 0, limit: 9 }), []);
    }
    assert.equal((await samples.insert({ tenantId, idempotencyKey: 'key 1' })).status, 'running');
  },

  'prune keeps the newest, of the tenant, and with both conditions removes what meets both': async (
    samples,
  ) => {
    const [tenantId, other] = [samples.id('tenant'), samples.id('tenant')];
    const ids = await endedRuns(samples, tenantId, 4);
    await endedRuns(samples, other, 2);
    assert.equal(await samples.store.prune({ tenantId, keep: 1, endedBefore: 3000 }), 2);
    assert.deepEqual(await list(samples, { tenantId }), [ids[3], ids[2]]);
    assert.equal(await samples.store.prune({ tenantId, keep: 1 }), 1);
    assert.deepEqual(await list(samples, { tenantId }), [ids[3]]);
    assert.equal(await samples.store.prune({ tenantId, keep: 0 }), 1);
    assert.equal((await list(samples, { tenantId: other })).length, 2);
  },

  'prune leaves sessions, and open runs whatever their age': async (samples) => {
    const thread = { threadId: samples.id('thread'), tenantId: samples.id('tenant') };
    const lease = samples.lease();
    const { runId } = await samples.insert(thread, { lease });
    const session = { version: 0, entries: { a: 1 } };
    await samples.store.update(runId, { status: ['running'] }, { status: 'success', endedAt: 5, session });
    const open = await samples.insert(thread);
    assert.equal(await samples.store.prune({ tenantId: thread.tenantId, keep: 0 }), 1);
    assert.deepEqual(await list(samples, thread), [open.runId]);
    assert.deepEqual((await samples.store.loadSession(thread)).entries, { a: 1 });
  },

  'forget removes all of a thread, and of no other': async (samples) => {
    const threadId = samples.id('thread');
    const [mine, theirs] = [{ threadId, tenantId: samples.id('tenant') }, { threadId }];
    const { store } = samples;
    for (const thread of [mine, theirs]) {
      const lease = samples.lease();
      const { runId } = await samples.insert({ ...thread, idempotencyKey: threadId }, { lease });
      await store.saveSession(thread, { version: 0, entries: { a: 1 } }, { runId, lease });
      if (thread === mine) {
        await assert.rejects(store.forget(mine), { code: 'RUN_CONFLICT' });
        await samples.end(runId);
      }
    }
    assert.equal(await store.forget(mine), 1);
    assert.deepEqual(await list(samples, { threadId }), [(await store.active(threadId))?.runId]);
    assert.deepEqual(await store.loadSession(mine), { version: 0, entries: {} });
    assert.equal(await store.byKey(mine.tenantId, threadId), undefined);
    assert.deepEqual((await store.loadSession(theirs)).entries, { a: 1 });
    assert.equal(await store.forget({ threadId: samples.id('thread') }), 0);
  },
};
