import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { MemoryRunStore } from 'heirline';
import { StoreAccess } from '../../../src/runs/store-access.js';

const store = new MemoryRunStore();

/** An error that a store says may pass. */
function passing(): Error {
  return Object.assign(new Error('busy'), { transient: true });
}

test('what fails for a moment is asked again, what fails for good is not', async () => {
  const access = new StoreAccess(store, 1000);
  let asked = 0;
  const answer = await access.ask(() => {
    asked += 1;
    return asked < 3 ? Promise.reject(passing()) : Promise.resolve('answer');
  });

  expect([answer, asked]).toEqual(['answer', 3]);
  await expect(access.ask(() => Promise.reject(new Error('damaged')))).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
  });
});

test('a store that throws instead of rejecting has failed like another', async () => {
  const access = new StoreAccess(store, 1000);
  const asking = access.ask(() => {
    throw new Error('broken');
  });

  await expect(asking).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

test('a call without an answer counts as a failure that may pass once its time is over', async () => {
  const access = new StoreAccess(store, 20);
  const begun = performance.now();
  const asking = access.ask(() => new Promise<never>(() => undefined), 1);

  await expect(asking).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', transient: true });
  expect(performance.now() - begun).toBeGreaterThanOrEqual(19);
});

test('of two tries the first answer counts, also where it comes late and the later try fails', async () => {
  const access = new StoreAccess(store, 10);
  let asked = 0;
  let answerFirst: (answer: string) => void = () => undefined;
  let failSecond: (error: unknown) => void = () => undefined;
  const asking = access.ask(() => {
    asked += 1;
    return new Promise<string>((resolve, reject) => {
      if (asked === 1) answerFirst = resolve;
      else failSecond = reject;
    });
  });
  while (asked < 2) await pause(1);
  answerFirst('late');
  failSecond(passing());

  await expect(asking).resolves.toBe('late');
  await pause(30);
  expect(asked).toBe(2);
});

test('calls that are answered in another order than they were asked leave none behind', async () => {
  const access = new StoreAccess(store, 10);
  const answers: (() => void)[] = [];
  const ask = (number: number): Promise<number> =>
    access.ask(
      () =>
        new Promise<number>((resolve) =>
          answers.push(() => {
            resolve(number);
          }),
        ),
      1,
    );
  const asking = [ask(0), ask(1), ask(2)];
  for (const at of [1, 0, 2]) answers[at]?.();

  await expect(Promise.all(asking)).resolves.toEqual([0, 1, 2]);
  await pause(30);
});
