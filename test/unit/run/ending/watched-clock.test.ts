import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { PipelineError } from '../../../../src/errors/pipeline-error.js';
import type { Clock } from '../../../../src/ports/clock.js';
import { alarmAt } from '../../../../src/run/ending/alarm.js';
import { WatchedClock } from '../../../../src/run/ending/watched-clock.js';
import { misuse, throws } from '../../support/thrown.js';

afterEach(() => {
  vi.useRealTimers();
});

/** A clock at 1000 whose timers the test rings. */
function given(wrong: Partial<Record<keyof Clock, unknown>> = {}): {
  clock: WatchedClock;
  faults: PipelineError[];
  rings: (() => void)[];
} {
  const rings: (() => void)[] = [];
  const clock = new WatchedClock({
    now: () => 1000,
    setTimeout: (callback) => rings.push(callback),
    clearTimeout: () => undefined,
    ...misuse<Partial<Clock>>(wrong),
  });
  const faults: PipelineError[] = [];
  clock.tellFault((fault) => {
    faults.push(fault);
  });
  return { clock, faults, rings };
}

describe('the time', () => {
  test('is that of the clock', () => {
    const { clock, faults } = given();
    clock.check();

    expect([clock.now(), faults]).toEqual([1000, []]);
  });

  test.each<[unknown, RegExp]>([
    [Number.NaN, /now\(\) gave NaN/],
    [Infinity, /now\(\) gave Infinity/],
    [1e16, /now\(\) gave 10000000000000000/],
    ['12:00', /now\(\) gave a value of type string/],
    [5n, /now\(\) gave a value of type bigint/],
    [undefined, /now\(\) gave a value of type undefined/],
  ])('of a clock that gives %s is a fault, and stays what it was', (wrong, message) => {
    const times: unknown[] = [2000, wrong, wrong];
    const { clock, faults } = given({ now: () => times.shift() });

    expect([clock.now(), clock.now(), clock.now()]).toEqual([2000, 2000, 2000]);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.code).toBe('OPTION_INVALID');
    expect(faults[0]?.message).toMatch(message);
  });

  test('of a clock that throws is a fault too, with the error as its cause', () => {
    const cause = new RangeError('no battery');
    const { clock, faults } = given({ now: throws(cause) });

    expect(clock.now()).toBeGreaterThan(Date.now() - 10_000);
    expect(faults[0]).toMatchObject({ code: 'OPTION_INVALID', cause });
    expect(() => {
      clock.check();
    }).toThrow(faults[0]);
  });

  test('that failed before somebody listens is told at once', () => {
    const clock = new WatchedClock(misuse({ now: () => Number.NaN }));
    clock.now();
    const tell = vi.fn();
    clock.tellFault(tell);

    expect(tell).toHaveBeenCalledOnce();
  });
});

describe('a timer', () => {
  test('rings once, in the async context in which it was set', () => {
    const store = new AsyncLocalStorage<string>();
    const { clock, rings } = given();
    const seen: unknown[] = [];
    store.run('here', () => clock.setTimeout(() => seen.push(store.getStore()), 5));
    store.run('elsewhere', () => {
      rings[0]?.();
      rings[0]?.();
    });

    expect(seen).toEqual(['here']);
  });

  test('that is called off does not ring, though the clock rings it', () => {
    const { clock, rings } = given();
    const ring = vi.fn();
    clock.clearTimeout(clock.setTimeout(ring, 5));
    rings[0]?.();
    clock.clearTimeout('no timer');

    expect(ring).not.toHaveBeenCalled();
  });

  test('of a clock that rings while it is set rings a turn later', async () => {
    const { clock } = given({
      setTimeout: (callback: () => void) => {
        callback();
      },
    });
    const order: string[] = [];
    const rung = new Promise<void>((resolve) => {
      const callOff = alarmAt(clock, 2000, () => {
        order.push('rings');
        callOff();
        resolve();
      });
    });
    order.push('is set');
    await rung;

    expect(order).toEqual(['is set', 'rings']);
  });

  test('of a clock that cannot set it is one of the process, and a fault', () => {
    vi.useFakeTimers();
    const { clock, faults } = given({ setTimeout: throws(new RangeError('full')) });
    const ring = vi.fn();
    const calledOff = vi.fn();
    clock.setTimeout(ring, 50);
    clock.clearTimeout(clock.setTimeout(calledOff, 50));
    vi.advanceTimersByTime(50);

    expect(ring).toHaveBeenCalledOnce();
    expect(calledOff).not.toHaveBeenCalled();
    expect(faults).toHaveLength(1);
    expect(faults[0]?.message).toContain('setTimeout() threw: full');
  });

  test('that the clock cannot call off is called off all the same, and a fault', () => {
    const { clock, rings, faults } = given({ clearTimeout: throws(new RangeError('lost')) });
    const ring = vi.fn();
    clock.clearTimeout(clock.setTimeout(ring, 5));
    rings[0]?.();

    expect(ring).not.toHaveBeenCalled();
    expect(faults[0]?.message).toContain('clearTimeout() threw: lost');
  });

  test('lets the process end where its clock can do so', () => {
    const unref = vi.fn();
    const { clock } = given({ setTimeout: () => ({ unref }) });
    alarmAt(clock, 2000, () => undefined, false);
    expect(unref).toHaveBeenCalledOnce();

    const hostile = given({ setTimeout: () => ({ unref: throws(new RangeError('no')) }) });
    expect(() => alarmAt(hostile.clock, 2000, () => undefined, false)).not.toThrow();
  });
});
