import { expect, test } from 'vitest';
import { isThenable } from '../../../../src/data/foreign-value.js';
import { after } from '../../../../src/engine/execution/work.js';
import { deferred, settled } from '../../support/executions.js';

test('a promise, or an object with a method then, must be awaited', () => {
  class OwnPromise extends Promise<void> {}
  for (const value of [Promise.resolve(), OwnPromise.resolve(), { then: () => undefined }]) {
    expect(isThenable(value)).toBe(true);
  }
});

test('anything else is a value', () => {
  for (const value of [undefined, null, 7, 'then', {}, { then: 7 }, [], () => 1])
    expect(isThenable(value)).toBe(false);
});

test('after work that is done what follows is done at once, without a promise', () => {
  let isDone = false;
  const work = after(undefined, () => {
    isDone = true;
  });
  expect(isDone).toBe(true);
  expect(work).toBeUndefined();
});

test('after a promise what follows waits for it, and is waited for', async () => {
  const first = deferred();
  const second = deferred();
  const log: string[] = [];
  const work = after(first.promise, () => {
    log.push('followed');
    return second.promise;
  });
  void work?.then(() => log.push('done'));
  await settled();
  expect(log).toEqual([]);
  first.resolve();
  await settled();
  expect(log).toEqual(['followed']);
  second.resolve();
  await work;
  expect(log).toEqual(['followed', 'done']);
});
