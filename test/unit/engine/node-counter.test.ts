import { expect, test } from 'vitest';
import { NodeCounter } from '../../../src/engine/node-counter.js';

test('items in flight are those that have arrived and not ended, in whatever way', () => {
  const counter = new NodeCounter('check', 'orders');
  Object.assign(counter, { in: 21, out: 1, filtered: 2, deadLettered: 3, failed: 4, cancelled: 5 });
  // These two say something else about items than how they ended.
  Object.assign(counter, { retried: 50, emitted: 60 });

  expect(counter.inFlight).toBe(6);
});

test('a snapshot counts what is still in flight as given up, and does not change any more', () => {
  const counter = new NodeCounter('check', 'orders');
  Object.assign(counter, { in: 3, out: 1, cancelled: 1, emitted: 1 });
  const snapshot = counter.snapshot();
  counter.out += 1;

  expect(snapshot).toEqual({
    nodeId: 'check',
    pipelineName: 'orders',
    in: 3,
    out: 1,
    filtered: 0,
    deadLettered: 0,
    failed: 0,
    cancelled: 2,
    retried: 0,
    emitted: 1,
  });
  expect(Object.isFrozen(snapshot)).toBe(true);
});
