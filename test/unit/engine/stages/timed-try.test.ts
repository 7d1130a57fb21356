import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { timedTry } from '../../../../src/engine/stages/timed-try.js';
import type { Execution } from '../../../../src/engine/execution/execution.js';
import { Pending } from '../../../../src/engine/execution/pending.js';
import type { CancelScope } from '../../../../src/run/ending/cancel-scope.js';
import { deferred, execution, site } from '../../support/executions.js';
import { throws } from '../../support/thrown.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Makes a try of 100 ms and tells what came of it, or gives a promise of that. */
function tried(running: Execution, call: (scope: CancelScope) => unknown): unknown {
  const outcome = timedTry(running, site, 100, call, {
    value: (value) => `value ${String(value)}`,
    thrown: (thrown) => `thrown ${String(thrown)}`,
    timedOut: () => 'timed out',
    notStarted: () => 'not started',
  });
  return Pending.is(outcome) ? outcome.work.then(() => outcome.outcome) : outcome;
}

describe('a try with a limit', () => {
  test('that ends at once makes no promise and leaves no timer', () => {
    expect(tried(execution(), () => 7)).toBe('value 7');
    expect(tried(execution(), throws('oops'))).toBe('thrown oops');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that ends in time leaves no timer', async () => {
    expect(await tried(execution(), () => Promise.resolve(7))).toBe('value 7');
    expect(await tried(execution(), () => Promise.reject('oops'))).toBe('thrown oops');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('awaits any thenable', async () => {
    expect(
      await tried(execution(), () => ({
        then: (resolve: (value: number) => void) => {
          resolve(7);
        },
      })),
    ).toBe('value 7');
  });

  test('goes on at the limit without the call, which the run keeps in view', async () => {
    const running = execution();
    const call = deferred<number>();
    let signal: AbortSignal | undefined;
    const outcome = tried(running, (scope) => {
      ({ signal } = scope);
      return call.promise;
    });
    await vi.advanceTimersByTimeAsync(99);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);

    expect(await outcome).toBe('timed out');
    expect(signal?.aborted).toBe(true);
    expect(running.frame.scope.reason).toBeUndefined();
    expect(running.lingering?.size).toBe(1);
    expect([...running.run.busyPaths()]).toEqual(['root/node']);
    call.resolve(7);
    await vi.advanceTimersByTimeAsync(0);
    expect(running.lingering?.size).toBe(0);
    expect([...running.run.busyPaths()]).toEqual([]);
  });

  test('whose late result is an error leaves nothing unhandled', async () => {
    const call = deferred<number>();
    const outcome = tried(execution(), () => call.promise);
    await vi.advanceTimersByTimeAsync(100);
    call.reject(new Error('too late'));

    expect(await outcome).toBe('timed out');
  });

  test('is awaited when an enclosing scope ends first: that is a cancel', async () => {
    const running = execution();
    const call = deferred<number>();
    const outcome = tried(running, () => call.promise);
    running.frame.scope.cancel({ kind: 'user' }, undefined);
    let isSettled = false;
    void (outcome as Promise<unknown>).then(() => {
      isSettled = true;
    });
    await vi.advanceTimersByTimeAsync(1000);
    expect(isSettled).toBe(false);
    call.resolve(7);

    expect(await outcome).toBe('value 7');
    expect(running.lingering).toBeUndefined();
  });

  test('waits for room when 16 calls of its node linger', async () => {
    const running = execution();
    const calls = Array.from({ length: 16 }, () => deferred<number>());
    const outcomes = calls.map(({ promise }) => tried(running, () => promise));
    await vi.advanceTimersByTimeAsync(100);
    await Promise.all(outcomes);
    const started = vi.fn(() => 'late');
    const waiting = tried(running, started);
    await vi.advanceTimersByTimeAsync(0);
    expect(started).not.toHaveBeenCalled();
    calls[3]?.resolve(1);

    expect(await waiting).toBe('value late');
    for (const { resolve } of calls) resolve(1);
  });

  test('that waits for room is not started when its execution has ended meanwhile', async () => {
    const running = execution();
    const calls = Array.from({ length: 16 }, () => deferred<number>());
    for (const { promise } of calls) void tried(running, () => promise);
    await vi.advanceTimersByTimeAsync(100);
    const started = vi.fn();
    const waiting = tried(running, started);
    running.frame.scope.cancel({ kind: 'user' }, undefined);
    calls[0]?.resolve(1);

    expect(await waiting).toBe('not started');
    expect(started).not.toHaveBeenCalled();
    for (const { resolve } of calls) resolve(1);
  });
});
