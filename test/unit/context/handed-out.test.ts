import { describe, expect, test } from 'vitest';
import { currentContext, runInContext } from '../../../src/context/ambient-context.js';
import { handOut } from '../../../src/context/handed-out.js';
import { settled } from '../support/executions.js';
import { root } from '../support/frames.js';

const problem = new RangeError('no');

/** A promise that is handed out and rejects, and what is told of it. */
function refused() {
  const told: unknown[] = [];
  const promise = handOut(Promise.reject<number>(problem), (error) => told.push(error, currentContext()));
  return { told, promise };
}

describe('a promise that is handed out', () => {
  test('gives what the work gives', async () => {
    expect(await handOut(Promise.resolve(1), () => undefined)).toBe(1);
    await expect(refused().promise).rejects.toBe(problem);
  });

  test('tells of its failure, outside of every context, where nobody listens within a turn', async () => {
    const { told } = runInContext(root(), refused);
    await settled();
    await settled();

    expect(told).toEqual([problem, undefined]);
  });

  test.each<[string, (promise: Promise<number>) => Promise<unknown>]>([
    ['await', async (promise) => await promise],
    ['then', (promise) => promise.then(() => 1)],
    ['catch', (promise) => promise.catch(() => 1)],
    ['finally', (promise) => promise.finally(() => undefined)],
    ['Promise.all', (promise) => Promise.all([promise])],
    ['Promise.race', (promise) => Promise.race([promise])],
    ['Promise.allSettled', (promise) => Promise.allSettled([promise])],
    ['Promise.resolve', (promise) => Promise.resolve(promise)],
    ['a resolved promise', (promise) => Promise.resolve().then(() => promise)],
  ])('tells nothing where %s listens', async (_name, listen) => {
    const { told, promise } = refused();
    await listen(promise).catch(() => undefined);
    await settled();
    await settled();

    expect(told).toEqual([]);
  });

  test('tells nothing where somebody listens later in the same turn', async () => {
    const { told, promise } = refused();
    await Promise.resolve();
    promise.catch(() => undefined);
    await settled();
    await settled();

    expect(told).toEqual([]);
  });
});
