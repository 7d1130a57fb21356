import { afterEach, describe, expect, test, vi } from 'vitest';
import { pause } from '../../../../src/engine/stages/pause.js';
import { nodeTimeout } from '../../../../src/engine/execution/engine-errors.js';
import { execution, site } from '../../support/executions.js';

afterEach(() => {
  vi.useRealTimers();
});

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let hasSettled = false;
  void promise.then(() => {
    hasSettled = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  return hasSettled;
}

describe('a pause', () => {
  test('lasts as long as it says', async () => {
    vi.useFakeTimers();
    const paused = pause(execution(), 1000);
    await vi.advanceTimersByTimeAsync(999);
    expect(await isSettled(paused)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);

    expect(await isSettled(paused)).toBe(true);
  });

  test('of nothing lets the event loop turn once, so that a row of them can be cancelled', async () => {
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    await pause(execution(), 0);

    expect(turned).toBe(true);
  });

  test('ends at once on a cancel, and leaves no timer', async () => {
    vi.useFakeTimers();
    const running = execution();
    const paused = pause(running, 1000);
    running.frame.scope.cancel({ kind: 'user' }, undefined);

    expect(await isSettled(paused)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('ends at once when the execution fails, or has failed before', async () => {
    vi.useFakeTimers();
    const running = execution();
    const paused = pause(running, 1000);
    running.fail(nodeTimeout('root/node', 5), site);

    expect(await isSettled(paused)).toBe(true);
    expect(await isSettled(pause(running, 1000))).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('further away than a timer reaches does not end at once', async () => {
    vi.useFakeTimers();
    const paused = pause(execution(), 2 ** 40);
    await vi.advanceTimersByTimeAsync(2 ** 31);

    expect(await isSettled(paused)).toBe(false);
    vi.clearAllTimers();
  });
});
