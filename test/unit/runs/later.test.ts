import { expect, test } from 'vitest';
import { Later } from '../../../src/runs/later.js';

test('a promise that is asked for before and after it is settled is the same, and has the first outcome', async () => {
  const later = new Later<number>();
  const before = later.promise;
  later.resolve(1);
  later.resolve(2);
  later.reject(new Error('too late'));

  expect(later.promise).toBe(before);
  await expect(later.promise).resolves.toBe(1);
});

test('one that nobody has asked for is made with the outcome that came', async () => {
  const later = new Later<number>();
  const reason = new Error('refused');
  later.reject(reason);

  await expect(later.promise).rejects.toBe(reason);
});
