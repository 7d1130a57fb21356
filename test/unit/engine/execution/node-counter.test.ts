import { expect, test } from 'vitest';
import { NodeCounter } from '../../../../src/engine/execution/node-counter.js';

test('a snapshot counts what is still waited for as given up, and does not change any more', () => {
  const counter = new NodeCounter('check', 'orders');
  Object.assign(counter, { in: 3, out: 1, cancelled: 1, emitted: 1, waiting: 1 });
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
    recovered: 0,
    ignored: 0,
  });
  expect(Object.isFrozen(snapshot)).toBe(true);
});

test('an item that was counted as arrived and nowhere else is not made up for', () => {
  const counter = new NodeCounter('check', 'orders');
  Object.assign(counter, { in: 3, out: 1 });

  expect(counter.snapshot()).toMatchObject({ in: 3, out: 1, cancelled: 0 });
});
