import assert from 'node:assert/strict';
import type { LineageOutcome } from '../ports/lineage-sink.js';
import type { LineageCase } from './lineage-samples.js';

/** Of each kind that a sink can keep as it is. */
const data = {
  texts: ['', 'text', 'a\nb', '"quoted"', 'a\0b', '\ud800'],
  numbers: [0, -0, 1.5, Number.NaN, Infinity, 2 ** 53],
  bigint: 12345678901234567890n,
  date: new Date(5),
  map: new Map<unknown, unknown>([['a', new Set([1, 2])]]),
  nothing: [null, undefined],
};

/** So many records are more than a sink writes or reads at once. */
const MANY = 2000;

/** What must be true of the records that a sink gives back, and of those that it drops. */
export const keepingCases: Readonly<Record<string, LineageCase>> = {
  'a record is given as it was recorded': async (samples) => {
    const hop = samples.hop('orders/check', { outputs: 3, cardinality: 'many', attempts: 2, round: 4 });
    const record = samples.ended('item-1', {
      outcome: 'error',
      traversal: [samples.hop('orders/read'), hop],
      hopsLost: 7,
      contributors: ['item-8', 'item-9'],
      contributorCount: 20,
      error: { code: 'NODE_FAILED', name: 'TypeError', message: 'no price' },
      key: 'order-5',
      tenantId: 'acme',
      pipelineVersion: '1.2.0',
      attempts: 3,
      at: 1_700_000_000_000.25,
      input: data,
      output: [data],
    });
    await samples.record(record);
    assert.deepEqual(await samples.sink.history('item-1'), [record]);
    assert.deepEqual(await samples.sink.terminal('item-1'), record);
  },

  'a record without optional parts is given without them': async (samples) => {
    const record = samples.ended('item-1');
    await samples.record(record);
    const [given] = await samples.sink.history('item-1');
    assert.deepEqual(Object.keys(given ?? {}).sort(), Object.keys(record).sort());
  },

  'every outcome is kept': async (samples) => {
    const outcomes: readonly LineageOutcome[] = [
      ...(['emitted', 'filtered', 'deadLettered', 'error', 'dropped', 'joined', 'aggregated'] as const),
    ];
    for (const outcome of outcomes) await samples.record(samples.ended(outcome, { outcome }));
    for (const outcome of outcomes) assert.equal((await samples.sink.terminal(outcome))?.outcome, outcome);
  },

  'texts of every kind are kept, and found: NUL, half a pair of surrogates, quotes, lines': async (
    samples,
  ) => {
    for (const text of ['a\0b', '\ud800', '"', '"quoted"', 'a\nb', 'é 😀', 'x'.repeat(5000)]) {
      const shown = JSON.stringify(text.slice(0, 9));
      const fields = { path: text, runId: text, tenantId: text, key: text };
      await samples.record(samples.passed(text, text, fields));
      assert.deepEqual(await samples.sink.unresolved(), [text], shown);
      const record = samples.ended(text, fields);
      await samples.record(record);
      assert.deepEqual(await samples.sink.terminal(text), record, shown);
      assert.deepEqual(await samples.through(text), [text], shown);
      assert.equal((await samples.sink.byKey(text)).length, 2, shown);
      assert.equal(await samples.sink.forget({ runId: text, tenantId: text }), 2, shown);
      assert.deepEqual(await samples.sink.history(text), [], shown);
    }
  },

  'records that come at once are all kept, in their order': async (samples) => {
    const ids = Array.from({ length: MANY }, (_, index) => `item-${String(index)}`);
    await Promise.all(ids.map(async (id) => samples.sink.record(samples.ended(id))));
    assert.deepEqual(await samples.through('orders/save'), ids);
    assert.equal(await samples.sink.forget({ runId: 'run-1' }), MANY);
    assert.deepEqual(await samples.through('orders/save'), []);
  },

  'prune drops records of before a moment, and says how many': async (samples) => {
    await samples.record(
      samples.ended('old', { at: 10 }),
      samples.passed('both', 'orders/check', { at: 10 }),
      samples.ended('both', { at: 20 }),
      samples.ended('new', { at: 30 }),
    );
    assert.equal(await samples.sink.prune({ before: 10 }), 0);
    assert.equal(await samples.sink.prune({ before: 20 }), 2);
    assert.deepEqual(await samples.sink.history('old'), []);
    assert.deepEqual(
      (await samples.sink.history('both')).map(({ at }) => at),
      [20],
    );
    assert.deepEqual(await samples.through('orders/save'), ['both', 'new']);
    assert.equal(await samples.sink.prune({ before: 20 }), 0);
  },

  'forget drops the records of a run, of a tenant, or of a tenant in a run': async (samples) => {
    await samples.record(
      samples.ended('a', { runId: 'run-1', tenantId: 'acme', key: 'k' }),
      samples.ended('b', { runId: 'run-2', tenantId: 'acme' }),
      samples.ended('c', { runId: 'run-1', tenantId: 'other' }),
      samples.ended('d', { runId: 'run-2' }),
    );
    assert.equal(await samples.sink.forget({ runId: 'run-1', tenantId: 'acme' }), 1);
    assert.deepEqual(await samples.through('orders/save'), ['b', 'c', 'd']);
    assert.deepEqual(await samples.sink.byKey('k'), []);
    assert.equal(await samples.sink.forget({ tenantId: 'acme' }), 1);
    assert.equal(await samples.sink.forget({ tenantId: 'nobody' }), 0);
    assert.equal(await samples.sink.forget({ runId: 'run-1' }), 1);
    assert.deepEqual(await samples.through('orders/save'), ['d']);
  },

  'forget without a condition, and prune without a moment, are refused and drop nothing': async (samples) => {
    await samples.record(samples.ended('a'));
    const invalid = { code: 'OPTION_INVALID' };
    await assert.rejects(async () => samples.sink.forget({}), invalid);
    await assert.rejects(async () => samples.sink.forget({ runId: '' }), invalid);
    await assert.rejects(async () => samples.sink.prune({} as never), invalid);
    await assert.rejects(async () => samples.sink.prune({ before: new Date() as never }), invalid);
    assert.deepEqual(await samples.through('orders/save'), ['a']);
  },
};

/** What must be true of a sink that can be closed. */
export const closedSinkCases: Readonly<Record<string, LineageCase>> = {
  'a closed sink refuses every call': async (samples) => {
    const { sink } = samples;
    if (sink.close === undefined) return;
    await samples.record(samples.ended('a'));
    await sink.close();
    const calls = {
      record: async () => samples.record(samples.ended('b')),
      history: async () => sink.history('a'),
      terminal: async () => sink.terminal('a'),
      unresolved: async () => sink.unresolved(),
      passedThrough: async () => sink.passedThrough('orders/save'),
      byKey: async () => sink.byKey('k'),
      prune: async () => sink.prune({ before: 1 }),
      forget: async () => sink.forget({ runId: 'run-1' }),
    };
    for (const [name, call] of Object.entries(calls))
      await assert.rejects(call, { code: 'STORE_UNAVAILABLE' }, name);
  },
};
