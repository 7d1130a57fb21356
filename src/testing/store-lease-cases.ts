import assert from 'node:assert/strict';
import type { StoredRunEvent } from '../runs/run-event.js';
import type { ClaimOptions } from '../runs/run-store.js';
import { passMs } from './store-samples.js';
import type { StoreCase, StoreSamples } from './store-samples.js';

/** Long enough that a lease of {@link SHORT_MS} is over. */
const OVER_MS = 40;
const SHORT_MS = 10;

const event = (seq: number): StoredRunEvent => ({ seq, at: 1000 + seq, type: 'runStarted' });

async function claim(samples: StoreSamples, options: Partial<ClaimOptions> = {}): Promise<readonly string[]> {
  const claimed = await samples.store.claimExpired({
    ...{ lease: samples.lease(), graceMs: 0, limit: 1000, definitions: [] },
    ...options,
  });
  return claimed.map(({ runId }) => runId);
}

/** What must be true of ownership and logs. */
export const leaseCases: Readonly<Record<string, StoreCase>> = {
  'a lease that holds is never claimed, nor one within its grace': async (samples) => {
    const { runId: held } = await samples.insert({});
    const { runId: expired } = await samples.insert({}, { lease: samples.lease(SHORT_MS) });
    await passMs(OVER_MS);
    assert.ok(!(await claim(samples, { graceMs: 600_000 })).includes(expired));
    const claimed = await claim(samples);
    assert.deepEqual([claimed.includes(held), claimed.includes(expired)], [false, true]);
  },

  'a claimed run belongs to the new lease, and the old owner changes nothing more': async (samples) => {
    const { store } = samples;
    const [old, next] = [samples.lease(SHORT_MS), { ...samples.lease(), ownerId: 'the next' }];
    const { runId } = await samples.insert({}, { lease: old });
    await passMs(OVER_MS);
    assert.deepEqual(await claim(samples, { lease: next, runId }), [runId]);
    assert.equal((await store.get(runId))?.ownerId, 'the next');
    assert.deepEqual(await store.renew(old, [runId]), []);
    assert.equal(
      await store.update(runId, { status: ['running'], lease: old }, { status: 'success' }),
      undefined,
    );
    await assert.rejects(store.appendEvents(runId, [event(1)], { lease: old }), { code: 'LEASE_LOST' });
    assert.deepEqual(await claim(samples, { lease: next, runId }), []);
    assert.ok(await store.update(runId, { status: ['running'], lease: next }, { status: 'error' }));
  },

  'of several that claim at once one gets each run': async (samples) => {
    const lease = samples.lease(SHORT_MS);
    const ids: string[] = [];
    for (let count = 0; count < 20; count += 1) ids.push((await samples.insert({}, { lease })).runId);
    await passMs(OVER_MS);
    const claims = await Promise.all(Array.from({ length: 10 }, () => claim(samples)));
    const mine = claims.flat().filter((runId) => ids.includes(runId));
    assert.deepEqual(mine.sort(), ids.sort());
  },

  'an expired lease that is renewed holds again': async (samples) => {
    const lease = samples.lease(SHORT_MS);
    const { runId } = await samples.insert({}, { lease });
    await passMs(OVER_MS);
    assert.deepEqual(await samples.store.renew({ ...lease, ms: 600_000 }, [runId]), [runId]);
    assert.deepEqual(await claim(samples, { runId }), []);
  },

  'only open runs of the lease are renewed': async (samples) => {
    const lease = samples.lease();
    const { runId: open } = await samples.insert({}, { lease });
    const { runId: ended } = await samples.insert({}, { lease });
    const { runId: foreign } = await samples.insert({});
    await samples.end(ended);
    assert.deepEqual(await samples.store.renew(lease, [ended, open, foreign, 'unheard of']), [open]);
    assert.deepEqual(await samples.store.renew(lease, []), []);
    assert.equal((await samples.store.get(ended))?.leaseExpiresAt, undefined);
  },

  'a run that is given back can be claimed at once': async (samples) => {
    const lease = samples.lease();
    const { runId } = await samples.insert({}, { lease });
    assert.deepEqual(await samples.store.renew({ ...lease, ms: 0 }, [runId]), [runId]);
    assert.deepEqual(await claim(samples, { runId, graceMs: 600_000 }), [runId]);
  },

  'pending runs of other definitions are left alone, unless one is asked for by id': async (samples) => {
    const threadId = samples.id('thread');
    const short = { lease: samples.lease(SHORT_MS) };
    const running = await samples.insert({ threadId, definition: 'other' }, short);
    const other = await samples.insert({ threadId, definition: 'other' }, short);
    const known = await samples.insert({ threadId, definition: 'known' }, short);
    const byClass = await samples.insert({ threadId }, short);
    await passMs(OVER_MS);
    const claimed = await claim(samples, { definitions: ['known'] });
    const found = [running, other, known, byClass].map(({ runId }) => claimed.includes(runId));
    assert.deepEqual(found, [true, false, true, true]);
    assert.deepEqual(await claim(samples, { runId: other.runId }), [other.runId]);
  },

  'no more runs are claimed than asked for, the eldest first': async (samples) => {
    const lease = samples.lease(SHORT_MS);
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.push((await samples.insert({}, { lease })).runId);
    await passMs(OVER_MS);
    const claimed = await claim(samples, { limit: 3 });
    assert.ok(claimed.length <= 3);
    const rest = await claim(samples);
    const mine = [...claimed, ...rest].filter((runId) => ids.includes(runId));
    assert.deepEqual(mine, ids);
  },

  'events come back in their order, above a number, up to a limit': async (samples) => {
    const lease = samples.lease();
    const { runId } = await samples.insert({}, { lease });
    const { store } = samples;
    await store.appendEvents(runId, [event(1), event(2)], { lease });
    await store.appendEvents(runId, [event(2), event(3), event(4)], { lease });
    await store.appendEvents(runId, [], { lease });
    const read = async (after: number, limit = 100) =>
      (await store.readEvents(runId, { after, limit })).map(({ seq }) => seq);
    assert.deepEqual(await read(0), [1, 2, 3, 4]);
    assert.deepEqual(await read(2), [3, 4]);
    assert.deepEqual(await read(1, 2), [2, 3]);
    assert.deepEqual([await read(4), await read(99)], [[], []]);
    assert.deepEqual(await store.readEvents('unheard of', { after: 0, limit: 9 }), []);
  },

  'an event comes back as it was appended, also after the end of the run': async (samples) => {
    const lease = samples.lease();
    const { runId } = await samples.insert({}, { lease });
    await samples.end(runId);
    const events: StoredRunEvent[] = [
      { seq: 7, at: 5.5, type: 'runEnded', status: 'error', error: { name: 'E', message: '\u0000 "' } },
    ];
    await samples.store.appendEvents(runId, events, { lease });
    assert.deepEqual(await samples.store.readEvents(runId, { after: 0, limit: 9 }), events);
  },

  'events are stored with the status, or neither is': async (samples) => {
    const { store } = samples;
    const thread = { threadId: samples.id('thread') };
    const lease = samples.lease();
    const { runId } = await samples.insert(thread, { lease });
    const read = async () => (await store.readEvents(runId, { after: 0, limit: 9 })).map(({ seq }) => seq);
    const end = (by: typeof lease, version = 0) =>
      store.update(
        runId,
        { status: ['running'], lease: by },
        { status: 'success', session: { version, entries: {} }, events: [event(2), event(3), event(4)] },
      );
    await store.appendEvents(runId, [event(1), event(2)], { lease });
    assert.equal(await end(samples.lease()), undefined);
    await assert.rejects(end(lease, 3), { code: 'SESSION_CONFLICT' });
    assert.deepEqual(await read(), [1, 2]);
    const ended = await end(lease);
    assert.deepEqual([ended?.status, await read()], ['success', [1, 2, 3, 4]]);
    assert.deepEqual(await end(lease), ended);
    assert.deepEqual(await read(), [1, 2, 3, 4]);
    const { runId: other } = await samples.insert({}, { lease });
    const begun = { startedAt: 7, events: [event(1)] };
    assert.equal((await store.update(other, { status: ['running'], lease }, begun))?.startedAt, 7);
    assert.deepEqual(await store.readEvents(other, { after: 0, limit: 9 }), [event(1)]);
  },

  'what a log gets before, with and after the end is read in its order, each number once': async (
    samples,
  ) => {
    const { store } = samples;
    const lease = samples.lease();
    const { runId } = await samples.insert({}, { lease });
    await store.appendEvents(runId, [event(1), event(2)], { lease });
    const end = { status: 'success', events: [event(2), event(3), event(4)] } as const;
    await store.update(runId, { status: ['running'], lease }, end);
    await store.appendEvents(runId, [event(4), event(5)], { lease });
    const pages: number[][] = [];
    for (let after = 0; after < 5; after = pages.at(-1)?.at(-1) ?? 5)
      pages.push((await store.readEvents(runId, { after, limit: 2 })).map(({ seq }) => seq));
    assert.deepEqual(pages, [[1, 2], [3, 4], [5]]);
    assert.deepEqual(
      (await store.readEvents(runId, { after: 0, limit: 9 })).map(({ seq }) => seq),
      [1, 2, 3, 4, 5],
    );
  },

  'events may come in any number with a status': async (samples) => {
    const lease = samples.lease();
    const { runId } = await samples.insert({}, { lease });
    const events = Array.from({ length: 12_000 }, (_, index) => event(index + 1));
    const expected = { status: ['running'], lease } as const;
    await samples.store.update(runId, expected, { status: 'success', events: [] });
    assert.deepEqual(await samples.store.readEvents(runId, { after: 0, limit: 9 }), []);
    const { runId: long } = await samples.insert({}, { lease });
    await samples.store.update(long, expected, { status: 'success', events });
    const found = await samples.store.readEvents(long, { after: 2000, limit: 20_000 });
    assert.deepEqual([found.length, found.at(-1)?.seq], [10_000, 12_000]);
  },

  'the latest 10,000 events of a run are kept': async (samples) => {
    const lease = samples.lease();
    const { runId } = await samples.insert({}, { lease });
    for (let first = 1; first <= 12_000; first += 2000) {
      const batch = Array.from({ length: 2000 }, (_, index) => event(first + index));
      await samples.store.appendEvents(runId, batch, { lease });
    }
    const found = await samples.store.readEvents(runId, { after: 2000, limit: 20_000 });
    assert.deepEqual([found.length, found[0]?.seq, found.at(-1)?.seq], [10_000, 2001, 12_000]);
  },
};
