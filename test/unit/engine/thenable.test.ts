import { expect, test } from 'vitest';
import { isThenable } from '../../../src/engine/thenable.js';

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
