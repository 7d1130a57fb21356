import assert from 'node:assert/strict';
import type { RunStatus } from '../runs/run-status.js';
import type { StoreCase, StoreSamples } from './store-samples.js';

const statuses: readonly RunStatus[] = ['pending', 'running', 'success', 'error', 'timeout', 'interrupted'];

/** The ways that there are; written down here again, so that a store that has lost one is found out. */
const ways: readonly string[] = [
  ...['running', 'interrupted', 'error'].map((to) => `pending ${to}`),
  ...['success', 'error', 'timeout', 'interrupted'].map((to) => `running ${to}`),
];

/** Makes a run with a status; a pending one has its thread for itself. */
async function runWith(samples: StoreSamples, status: RunStatus): Promise<string> {
  if (status !== 'pending') {
    const { runId } = await samples.insert({});
    if (status !== 'running') await samples.store.update(runId, { status: ['running'] }, { status });
    return runId;
  }
  const threadId = samples.id('thread');
  const first = await samples.insert({ threadId });
  const { runId } = await samples.insert({ threadId });
  await samples.end(first.runId);
  return runId;
}

/** What must be true where runs are changed. */
export const changeCases: Readonly<Record<string, StoreCase>> = {
  'a status changes by the table of transitions alone': async (samples) => {
    for (const from of statuses) {
      for (const to of statuses.filter((status) => status !== from)) {
        const runId = await runWith(samples, from);
        const changed = await samples.store.update(runId, { status: [from] }, { status: to });
        const expected = ways.includes(`${from} ${to}`) ? to : from;
        assert.equal(changed?.status, expected === to ? to : undefined, `${from} to ${to}`);
        assert.equal((await samples.store.get(runId))?.status, expected);
      }
    }
  },

  'an update changes what it names, and the end ends the lease': async (samples) => {
    const { runId, createdAt } = await samples.insert({ metadata: { kept: true } });
    const counts = {
      'Sample/numbers': {
        ...{ nodeId: 'numbers', pipelineName: 'Sample', in: 2, out: 2, emitted: 2, recovered: 0, ignored: 0 },
        ...{ filtered: 0, deadLettered: 0, failed: 0, cancelled: 0, retried: 0 },
      },
    };
    const cost = [
      {
        key: 'model',
        currency: 'EUR',
        amount: 0.1,
        inputTokens: 3,
        outputTokens: 4,
        cachedTokens: 0,
        calls: 1,
      },
      { currency: null, amount: null, inputTokens: 3, outputTokens: 4, cachedTokens: 0, calls: 1 },
    ];
    const error = {
      name: 'PipelineError',
      code: 'NODE_FAILED',
      message: 'm',
      cause: { name: 'E', message: '' },
    };
    const changes = { status: 'error', stopReason: 'budget', error, endedAt: 3000.5, cost, counts } as const;
    const changed = await samples.store.update(runId, { status: ['running'] }, changes);
    const found = await samples.store.get(runId);
    assert.deepEqual(found, changed);
    assert.equal(found?.leaseExpiresAt, undefined);
    for (const [name, value] of Object.entries({ ...changes, createdAt, metadata: { kept: true } })) {
      assert.deepEqual(Reflect.get(found ?? {}, name), value, name);
    }
  },

  'an update that does not find what it expects changes nothing': async (samples) => {
    const lease = samples.lease();
    const { runId } = await samples.insert({}, { lease });
    const { store } = samples;
    const end = { status: 'success', endedAt: 5 } as const;
    assert.equal(await store.update(runId, { status: ['pending'] }, end), undefined);
    assert.equal(await store.update(runId, { status: ['running'], lease: samples.lease() }, end), undefined);
    assert.equal(await store.update('unheard of', { status: ['running'] }, end), undefined);
    const found = await store.get(runId);
    assert.deepEqual([found?.status, found?.endedAt], ['running', undefined]);
    assert.equal(
      (await store.update(runId, { status: ['pending', 'running'], lease }, end))?.status,
      'success',
    );
  },

  'a repeat of a change by the same lease gives the record': async (samples) => {
    const lease = samples.lease();
    const { runId } = await samples.insert({}, { lease });
    const end = { status: 'success', endedAt: 5 } as const;
    const expected = { status: ['running'], lease } as const;
    const first = await samples.store.update(runId, expected, end);
    assert.deepEqual(await samples.store.update(runId, expected, end), first);
    assert.equal(await samples.store.update(runId, expected, { ...end, endedAt: 6 }), undefined);
    assert.equal(await samples.store.update(runId, { ...expected, lease: samples.lease() }, end), undefined);
  },

  'the runs of a thread run in the order in which they came': async (samples) => {
    const threadId = samples.id('thread');
    const ids: string[] = [];
    for (let count = 0; count < 4; count += 1) ids.push((await samples.insert({ threadId })).runId);
    const [first = '', second = '', third = '', fourth = ''] = ids;
    const run = async (runId: string) =>
      (await samples.store.update(runId, { status: ['pending'] }, { status: 'running' }))?.status;
    assert.equal(await run(second), undefined);
    await samples.end(first);
    assert.equal((await samples.store.active(threadId))?.runId, second);
    assert.equal(await run(third), undefined);
    await samples.store.update(second, { status: ['pending'] }, { status: 'interrupted' });
    assert.deepEqual([await run(fourth), await run(third)], [undefined, 'running']);
  },

  'a cancel that was requested beats every later end but interrupted': async (samples) => {
    const request = { action: 'rollback', reason: 'superseded' } as const;
    for (const late of ['success', 'error', 'timeout'] as const) {
      const { runId } = await samples.insert({});
      assert.deepEqual((await samples.store.requestCancel(runId, request))?.cancelRequested, request);
      assert.equal(await samples.store.update(runId, { status: ['running'] }, { status: late }), undefined);
      const ended = await samples.store.update(runId, { status: ['running'] }, { status: 'interrupted' });
      assert.equal(ended?.status, 'interrupted');
    }
  },

  'the first request to cancel stays; an ended run is given as it is': async (samples) => {
    const lease = samples.lease();
    const { runId } = await samples.insert({}, { lease });
    const other = await samples.insert({});
    const { store } = samples;
    const first = { action: 'interrupt', reason: 'user' } as const;
    const second = { action: 'rollback', reason: 'shutdown' } as const;
    await store.requestCancel(runId, first);
    await store.requestCancel(other.runId, second);
    assert.deepEqual((await store.requestCancel(runId, second))?.cancelRequested, first);
    assert.deepEqual(await store.cancels(lease), [{ runId, ...first }]);
    await store.update(runId, { status: ['running'] }, { status: 'interrupted' });
    assert.deepEqual(await store.cancels(lease), []);
    const { runId: ended } = await samples.insert({});
    await samples.end(ended);
    const found = await store.requestCancel(ended, second);
    assert.deepEqual([found?.status, found?.cancelRequested], ['success', undefined]);
    assert.equal(await store.requestCancel('unheard of', first), undefined);
  },

  'of 200 races between a cancel and an end one wins each, and they agree': async (samples) => {
    const race = async (index: number): Promise<void> => {
      const { runId } = await samples.insert({});
      const cancel = () => samples.store.requestCancel(runId, { action: 'interrupt', reason: 'user' });
      const end = () => samples.end(runId);
      const [requested, ended] =
        index % 2 === 0
          ? await Promise.all([cancel(), end()])
          : await Promise.all([end(), cancel()]).then(([second, first]) => [first, second]);
      assert.equal(ended === undefined, requested?.cancelRequested !== undefined);
    };
    await Promise.all(Array.from({ length: 200 }, (_, index) => race(index)));
  },

  'a session is stored with the status, or neither is': async (samples) => {
    const thread = { threadId: samples.id('thread'), tenantId: samples.id('tenant') };
    const { store } = samples;
    const lease = samples.lease();
    assert.deepEqual(await store.loadSession(thread), { version: 0, entries: {} });
    const { runId } = await samples.insert(thread, { lease });
    const end = (version: number, entries: Record<string, number>) =>
      store.update(
        runId,
        { status: ['running'], lease },
        { status: 'success', session: { version, entries } },
      );
    await assert.rejects(end(3, { a: 0 }), { code: 'SESSION_CONFLICT' });
    assert.equal((await store.get(runId))?.status, 'running');
    assert.equal((await end(0, { a: 1 }))?.status, 'success');
    assert.deepEqual(await store.loadSession(thread), { version: 1, entries: { a: 1 } });
    assert.equal((await end(0, { a: 1 }))?.status, 'success');
    const { runId: late } = await samples.insert(thread);
    await store.requestCancel(late, { action: 'interrupt', reason: 'user' });
    const session = { version: 1, entries: { a: 2 } };
    assert.equal(
      await store.update(late, { status: ['running'] }, { status: 'success', session }),
      undefined,
    );
    assert.deepEqual(await store.loadSession(thread), { version: 1, entries: { a: 1 } });
    assert.deepEqual(await store.loadSession({ threadId: thread.threadId }), { version: 0, entries: {} });
  },

  'a session is saved by the owner alone, as a whole, from the version it was made from': async (samples) => {
    const thread = { threadId: samples.id('thread') };
    const lease = samples.lease();
    const { runId } = await samples.insert(thread, { lease });
    const { store } = samples;
    await store.saveSession(thread, { version: 0, entries: { a: 1, b: 2 } }, { runId, lease });
    await store.saveSession(
      thread,
      { version: 1, entries: { b: [null, { $: 'date', value: 3 }] } },
      { runId, lease },
    );
    const stored = { version: 2, entries: { b: [null, { $: 'date', value: 3 }] } };
    assert.deepEqual(await store.loadSession(thread), stored);
    const save = (version: number, options: { runId: string; lease: typeof lease }) =>
      store.saveSession(thread, { version, entries: {} }, options);
    await assert.rejects(save(1, { runId, lease }), { code: 'SESSION_CONFLICT' });
    await assert.rejects(save(2, { runId, lease: samples.lease() }), { code: 'LEASE_LOST' });
    await assert.rejects(save(2, { runId: 'unheard of', lease }), { code: 'LEASE_LOST' });
    assert.deepEqual(await store.loadSession(thread), stored);
  },

  'a repeat of a save by the same run is no conflict, and saves nothing more': async (samples) => {
    const thread = { threadId: samples.id('thread') };
    const lease = samples.lease();
    const { runId } = await samples.insert(thread, { lease });
    const save = (version: number, a: number) =>
      samples.store.saveSession(thread, { version, entries: { a } }, { runId, lease });
    for (const version of [0, 1]) {
      await save(version, version);
      await save(version, version);
    }
    await assert.rejects(save(1, 7), { code: 'SESSION_CONFLICT' });
    await assert.rejects(save(0, 0), { code: 'SESSION_CONFLICT' });
    assert.deepEqual(await samples.store.loadSession(thread), { version: 2, entries: { a: 1 } });
  },

  'an update gives the record as it is stored, whatever came before': async (samples) => {
    const lease = samples.lease();
    const { runId } = await samples.insert({}, { lease });
    const { store } = samples;
    await store.renew({ ...lease, ms: 900_000 }, [runId]);
    const begun = await store.update(runId, { status: ['running'], lease }, { startedAt: 7 });
    assert.deepEqual(await store.get(runId), begun);
    await store.requestCancel(runId, { action: 'rollback', reason: 'user' });
    const ended = await store.update(
      runId,
      { status: ['running'], lease },
      { status: 'interrupted', endedAt: 9 },
    );
    assert.deepEqual(await store.get(runId), ended);
    assert.deepEqual([ended?.startedAt, ended?.cancelRequested?.action], [7, 'rollback']);
  },
};
