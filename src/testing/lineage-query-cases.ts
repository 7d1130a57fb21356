import assert from 'node:assert/strict';
import type { LineageCase } from './lineage-samples.js';

/** What must be true of the answers of a sink. */
export const lineageQueryCases: Readonly<Record<string, LineageCase>> = {
  'an empty sink knows nothing': async ({ sink }) => {
    assert.deepEqual(await sink.history('a'), []);
    assert.equal(await sink.terminal('a'), undefined);
    assert.deepEqual(await sink.unresolved(), []);
    assert.deepEqual(await sink.passedThrough('orders/save'), []);
    assert.deepEqual(await sink.byKey('k'), []);
  },

  'the history of an item is all of its records, and of no other, the eldest first': async (samples) => {
    const records = [samples.passed('a', 'orders/read'), samples.passed('a', 'orders/check')];
    await samples.record(...records, samples.ended('b'));
    assert.deepEqual(await samples.sink.history('a'), records);
    assert.equal(await samples.sink.terminal('a'), undefined);
    const end = samples.ended('a', { outcome: 'filtered' });
    await samples.record(end);
    assert.deepEqual(await samples.sink.history('a'), [...records, end]);
    assert.deepEqual(await samples.sink.terminal('a'), end);
  },

  'the latest end counts, where an item has ended again in a replay': async (samples) => {
    const again = samples.ended('a', { runId: 'run-2' });
    await samples.record(samples.ended('a', { outcome: 'deadLettered' }), again);
    assert.deepEqual(await samples.sink.terminal('a'), again);
    assert.equal((await samples.sink.history('a')).length, 2);
  },

  'items without an end are unresolved, each once, and are not when they end': async (samples) => {
    await samples.record(
      samples.passed('a', 'orders/read'),
      samples.passed('b', 'orders/read'),
      samples.ended('c'),
      samples.passed('a', 'orders/check'),
    );
    assert.deepEqual(await samples.sink.unresolved(), ['a', 'b']);
    await samples.record(samples.ended('a'));
    assert.deepEqual(await samples.sink.unresolved(), ['b']);
  },

  'items are found by each node that they passed, and where they ended': async (samples) => {
    const way = ['orders/read', 'orders/price/ask'].map((path) => samples.hop(path));
    await samples.record(
      samples.ended('a', { path: 'orders/price/ask', outcome: 'error', traversal: way }),
      samples.ended('b'),
      samples.ended('c', { path: 'orders/lost', outcome: 'dropped', traversal: way }),
    );
    assert.deepEqual(await samples.through('orders/read'), ['a', 'b', 'c']);
    assert.deepEqual(await samples.through('orders/price/ask'), ['a', 'c']);
    assert.deepEqual(await samples.through('orders/save'), ['b']);
    assert.deepEqual(await samples.through('orders/lost'), ['c']);
    assert.deepEqual(await samples.through('orders/price'), []);
    assert.deepEqual(await samples.through('orders'), []);
  },

  'of each item that passed a node its latest record is given, in the order of these': async (samples) => {
    const end = samples.ended('a', { path: 'orders/far', traversal: [samples.hop('orders/far')] });
    const onItsWay = samples.passed('b', 'orders/check');
    await samples.record(samples.passed('a', 'orders/check'), onItsWay, end);
    assert.deepEqual(await samples.sink.passedThrough('orders/check'), [onItsWay, end]);
  },

  'records are found by their keys, of which several items may have one': async (samples) => {
    const first = samples.ended('a', { key: 'order-5' });
    const second = samples.ended('b', { key: 'order-5' });
    await samples.record(first, samples.ended('c', { key: 'order-6' }), samples.ended('d'), second);
    assert.deepEqual(await samples.sink.byKey('order-5'), [first, second]);
    assert.deepEqual(await samples.sink.byKey('order'), []);
  },
};
