import assert from 'node:assert/strict';
import type { RunRecord } from '../runs/run-record.js';
import type { StoreCase } from './store-samples.js';

const code = (expected: string) => ({ code: expected });

/** What must be true where runs are accepted. */
export const admissionCases: Readonly<Record<string, StoreCase>> = {
  'a record comes back as it was inserted, with owner and lease': async (samples) => {
    const record = samples.record({
      threadId: samples.id('thread'),
      tenantId: samples.id('tenant'),
      definition: 'sample',
      metadata: { text: 'a\u0000b "quoted" \u{1f600}', list: [1.5, null, true, { deep: [] }], zero: 0 },
      idempotencyKey: samples.id('key'),
      followUpToRunId: 'an earlier one',
      onDisconnect: 'cancel',
      strategy: 'reject',
      createdAt: 1_700_000_000_000.25,
    });
    const lease = { ...samples.lease(), ownerId: 'the owner' };
    const stored = await samples.store.insert(record, { lease });
    const { leaseExpiresAt, ...rest } = withoutUndefined(stored);
    assert.deepEqual(rest, { ...record, ownerId: 'the owner' });
    assert.ok(typeof leaseExpiresAt === 'number' && leaseExpiresAt > 0);
    assert.deepEqual(await samples.store.get(record.runId), stored);
  },

  'what is not there is undefined': async ({ store }) => {
    assert.equal(await store.get('unheard of'), undefined);
    assert.equal(await store.byKey(undefined, 'unheard of'), undefined);
    assert.equal(await store.active('unheard of'), undefined);
    assert.equal(await store.loadInput('unheard of'), undefined);
  },

  'neither the given record nor the one that comes back is shared with the store': async (samples) => {
    const metadata = { list: [1] };
    const { runId } = await samples.insert({ metadata });
    metadata.list.push(2);
    const found = await samples.store.get(runId);
    attempt(() => (found?.metadata['list'] as number[]).push(3));
    attempt(() => Object.assign(found ?? {}, { status: 'error' }));
    const again = await samples.store.get(runId);
    assert.deepEqual([again?.metadata, again?.status], [{ list: [1] }, 'running']);
  },

  'the same run inserted again changes nothing, also when it has gone on': async (samples) => {
    const record = samples.record({ threadId: samples.id('thread'), strategy: 'reject' });
    const lease = samples.lease();
    await samples.store.insert(record, { lease });
    assert.equal((await samples.store.insert(record, { lease })).status, 'running');
    await samples.end(record.runId);
    assert.equal((await samples.store.insert(record, { lease })).status, 'success');
    assert.equal((await samples.store.list({ threadId: record.threadId, limit: 9 })).length, 1);
  },

  'ids are compared exactly, whatever is in them': async (samples) => {
    const base = samples.id('id');
    const ids = [
      base,
      `${base} `,
      base.toUpperCase(),
      `${base}%`,
      `${base}'"\\;--`,
      `${base}é`,
      `${base}e\u0301`,
    ];
    const long = base + 'x'.repeat(512 - base.length);
    const all = [...ids, long, `${long.slice(0, 511)}y`];
    for (const id of all) await samples.insert({ runId: id, threadId: id, tenantId: id, idempotencyKey: id });
    for (const id of all) {
      assert.equal((await samples.store.get(id))?.runId, id);
      assert.equal((await samples.store.active(id, id))?.runId, id);
      assert.equal((await samples.store.byKey(id, id))?.runId, id);
      assert.equal((await samples.store.list({ tenantId: id, limit: 9 })).length, 1);
    }
  },

  'ids of 512 characters of any script are told apart': async (samples) => {
    const scattered = Array.from({ length: 512 }, (_, index) => 0x4e00 + ((index * 7919) % 20_000));
    const base = `${samples.id('id')}${String.fromCodePoint(...scattered)}`.slice(0, 511);
    const ids = [`${base}\u4e00`, `${base}\u4e01`];
    for (const id of ids) {
      await samples.insert({
        runId: id,
        threadId: id,
        tenantId: id,
        idempotencyKey: id,
        followUpToRunId: id,
      });
      assert.equal((await samples.store.byKey(id, id))?.followUpToRunId, id);
      assert.equal((await samples.store.active(id, id))?.runId, id);
    }
  },

  'names come back as they are, whatever is in them': async (samples) => {
    for (const name of ['a\0b', '\ud800', '"', '"quoted"', '{}', ' ']) {
      const lease = { ...samples.lease(), ownerId: name };
      const { runId } = await samples.insert({ pipelineName: name, definition: name }, { lease });
      const found = await samples.store.get(runId);
      assert.deepEqual([found?.pipelineName, found?.definition, found?.ownerId], [name, name, name]);
    }
  },

  'reject is refused while the thread has an open run, and leaves nothing': async (samples) => {
    const threadId = samples.id('thread');
    const first = await samples.insert({ threadId });
    const refused = samples.record({ threadId, strategy: 'reject' });
    await assert.rejects(samples.store.insert(refused, { lease: samples.lease() }), code('RUN_CONFLICT'));
    assert.equal(await samples.store.get(refused.runId), undefined);
    await samples.end(first.runId);
    assert.equal((await samples.insert({ threadId, strategy: 'reject' })).status, 'running');
  },

  'reject is refused while a run only waits': async (samples) => {
    const threadId = samples.id('thread');
    const first = await samples.insert({ threadId });
    await samples.insert({ threadId });
    await samples.end(first.runId);
    await assert.rejects(samples.insert({ threadId, strategy: 'reject' }), code('RUN_CONFLICT'));
  },

  'every other strategy makes the run wait where the thread has an open one': async (samples) => {
    const threadId = samples.id('thread');
    await samples.insert({ threadId });
    for (const strategy of ['enqueue', 'interrupt', 'rollback'] as const) {
      const { status, startedAt } = await samples.insert({ threadId, strategy });
      assert.deepEqual([status, startedAt], ['pending', undefined]);
    }
  },

  'maxQueued counts the runs that wait, for enqueue alone': async (samples) => {
    const threadId = samples.id('thread');
    await samples.insert({ threadId }, { maxQueued: 1 });
    await samples.insert({ threadId }, { maxQueued: 1 });
    await assert.rejects(samples.insert({ threadId }, { maxQueued: 1 }), code('QUEUE_FULL'));
    assert.equal(
      (await samples.insert({ threadId, strategy: 'interrupt' }, { maxQueued: 1 })).status,
      'pending',
    );
  },

  'runs without a thread never meet': async (samples) => {
    for (const strategy of ['reject', 'enqueue'] as const) {
      assert.equal((await samples.insert({ strategy })).status, 'running');
    }
  },

  "a thread is a tenant's: others, and nobody, have one of the same id": async (samples) => {
    const threadId = samples.id('thread');
    for (const tenantId of ['a', 'b', undefined]) {
      const { status } = await samples.insert({ threadId, tenantId, strategy: 'reject' });
      assert.equal(status, 'running');
      assert.equal((await samples.store.active(threadId, tenantId))?.tenantId, tenantId);
    }
  },

  'a taken idempotency key is refused, before the thread is looked at': async (samples) => {
    const [threadId, idempotencyKey] = [samples.id('thread'), samples.id('key')];
    const first = await samples.insert({ threadId, idempotencyKey, strategy: 'reject' });
    await assert.rejects(
      samples.insert({ threadId, idempotencyKey, strategy: 'reject' }),
      code('IDEMPOTENCY_CONFLICT'),
    );
    await samples.end(first.runId);
    await assert.rejects(samples.insert({ idempotencyKey }), code('IDEMPOTENCY_CONFLICT'));
    assert.equal((await samples.store.byKey(undefined, idempotencyKey))?.runId, first.runId);
  },

  "an idempotency key is a tenant's": async (samples) => {
    const idempotencyKey = samples.id('key');
    for (const tenantId of ['a', 'b', undefined]) {
      const { runId } = await samples.insert({ tenantId, idempotencyKey });
      assert.equal((await samples.store.byKey(tenantId, idempotencyKey))?.runId, runId);
    }
  },

  'the input of a run comes back': async (samples) => {
    const input = { parameters: { $: 'map', value: [] }, nothing: null };
    const { runId } = await samples.insert({ definition: 'sample' }, { input });
    assert.deepEqual(await samples.store.loadInput(runId), input);
  },

  'of 50 starts at once on one thread one is accepted': async (samples) => {
    const threadId = samples.id('thread');
    const starts = Array.from({ length: 50 }, () => samples.insert({ threadId, strategy: 'reject' }));
    const settled = await Promise.allSettled(starts);
    const refused = settled.filter((start) => start.status === 'rejected');
    assert.equal(refused.length, 49);
    for (const { reason } of refused) assert.equal(Reflect.get(reason as object, 'code'), 'RUN_CONFLICT');
  },

  'of 50 starts at once with one idempotency key one is accepted': async (samples) => {
    const idempotencyKey = samples.id('key');
    const settled = await Promise.allSettled(
      Array.from({ length: 50 }, () => samples.insert({ idempotencyKey })),
    );
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
  },

  'of 50 enqueued at once no more than maxQueued wait': async (samples) => {
    const threadId = samples.id('thread');
    const starts = Array.from({ length: 50 }, () => samples.insert({ threadId }, { maxQueued: 7 }));
    const settled = await Promise.allSettled(starts);
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 8);
  },
};

function withoutUndefined(record: RunRecord): Partial<RunRecord> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

/** Records may be frozen, where the change is refused. */
function attempt(change: () => unknown): void {
  try {
    change();
  } catch (error) {
    assert.match(String(error), /^TypeError/);
  }
}
