import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Pacer } from '../../../../src/run/ending/pacer.js';

let now = 0;
let looks = 0;

beforeEach(() => {
  now = 1000;
  looks = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    looks += 1;
    return now;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** How many steps of some milliseconds there are until it is time to yield. */
function stepsUntilDue(pacer: Pacer, stepMs: number): number {
  for (let steps = 1; steps < 1_000_000; steps += 1) {
    now += stepMs;
    if (pacer.isDue()) return steps;
  }
  throw new RangeError('it is never due');
}

describe('a pacer', () => {
  test('is due after a slow step at once', () => {
    expect(stepsUntilDue(new Pacer(), 15)).toBe(1);
  });

  test('is due after about 10 ms of quick steps, never more than twice that', () => {
    for (const stepMs of [5, 1, 0.1, 0.01, 0.001]) {
      const before = now;
      stepsUntilDue(new Pacer(), stepMs);
      expect(now - before).toBeGreaterThanOrEqual(9.9);
      expect(now - before).toBeLessThan(20);
    }
  });

  test('keeps the pace that it is given', () => {
    for (const paceMs of [40, 4]) {
      const before = now;
      stepsUntilDue(new Pacer(paceMs), paceMs / 100);
      expect(now - before).toBeGreaterThanOrEqual(paceMs * 0.99);
      expect(now - before).toBeLessThan(paceMs * 2);
    }
  });

  test('is due at every step when the pace is 0', () => {
    const pacer = new Pacer(0);

    expect([stepsUntilDue(pacer, 0), stepsUntilDue(pacer, 1), stepsUntilDue(pacer, 0)]).toEqual([1, 1, 1]);
  });

  test('looks at the clock rarely when steps are quick', () => {
    const pacer = new Pacer();
    looks = 0;
    for (let step = 0; step < 100_000; step += 1) {
      now += 0.000_01;
      pacer.isDue();
    }

    expect(looks).toBeLessThan(100_000 / 60);
  });

  test('starts its count anew when it has yielded, which lets the event loop turn', async () => {
    const pacer = new Pacer();
    stepsUntilDue(pacer, 15);
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    await pacer.yield();

    expect(turned).toBe(true);
    expect(pacer.isDue()).toBe(false);
  });

  test('looks more often again when steps become slow', () => {
    const pacer = new Pacer();
    for (let step = 0; step < 5000; step += 1) pacer.isDue();
    // Between two looks lie up to 1,024 steps: a slow phase is met late once, then soon.
    for (let round = 0; round < 12; round += 1) stepsUntilDue(pacer, 15);

    expect(stepsUntilDue(pacer, 15)).toBe(1);
  });
});
