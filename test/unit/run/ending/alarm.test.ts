import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../../src/ports/clock.js';
import { alarmAt } from '../../../../src/run/ending/alarm.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('alarmAt', () => {
  test('rings once, at its moment', () => {
    const ring = vi.fn();
    alarmAt(systemClock, Date.now() + 50, ring);

    vi.advanceTimersByTime(49);
    expect(ring).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(ring).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not ring at once when the moment is further away than a timer reaches', () => {
    const ring = vi.fn();
    alarmAt(systemClock, Date.now() + 60 * DAY_MS, ring);

    vi.advanceTimersByTime(60 * DAY_MS - 1);
    expect(ring).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(ring).toHaveBeenCalledOnce();
  });

  test('rings in time exactly at the reach of one timer, and one beyond it', () => {
    for (const beyond of [0, 1]) {
      const ring = vi.fn();
      alarmAt(systemClock, Date.now() + LONGEST_TIMER_MS + beyond, ring);
      vi.advanceTimersByTime(LONGEST_TIMER_MS + beyond - 1);
      expect(ring).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(ring).toHaveBeenCalledOnce();
    }
  });

  test('rings in the next turn for a moment that has passed', () => {
    const ring = vi.fn();
    alarmAt(systemClock, Date.now() - DAY_MS, ring);

    expect(ring).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(ring).toHaveBeenCalledOnce();
  });

  test('leaves no timer when it is called off, also after it was armed again', () => {
    const ring = vi.fn();
    const callOff = alarmAt(systemClock, Date.now() + 60 * DAY_MS, ring);
    vi.advanceTimersByTime(30 * DAY_MS);

    callOff();

    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60 * DAY_MS);
    expect(ring).not.toHaveBeenCalled();
  });
});
