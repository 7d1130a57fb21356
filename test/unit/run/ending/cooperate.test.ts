import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cooperate } from '../../../../src/run/ending/cooperate.js';
import { errorOf, misuse } from '../../support/thrown.js';

let now = 0;

beforeEach(() => {
  now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** How long it takes until it yields, when it is called every so many milliseconds. */
async function msUntilYield(pause: () => void | Promise<void>, stepMs: number): Promise<number> {
  const before = now;
  for (let step = 0; step < 100_000; step += 1) {
    now += stepMs;
    const pending = pause();
    if (pending !== undefined) {
      await pending;
      return now - before;
    }
  }
  throw new RangeError('it never yields');
}

describe('cooperate', () => {
  test('yields about every 10 ms, and costs no promise between', async () => {
    const pause = cooperate(new AbortController().signal);

    for (const stepMs of [5, 1, 0.1, 1, 0.1]) {
      const elapsed = await msUntilYield(pause, stepMs);
      expect(elapsed).toBeGreaterThanOrEqual(9.9);
      expect(elapsed).toBeLessThan(80);
    }
  });

  test('yields as often as it is told', async () => {
    const elapsed = await msUntilYield(cooperate(new AbortController().signal, { everyMs: 50 }), 1);
    expect(elapsed).toBeGreaterThanOrEqual(50);
    expect(elapsed).toBeLessThan(100);

    const eager = cooperate(new AbortController().signal, { everyMs: 0 });
    expect([await msUntilYield(eager, 1), await msUntilYield(eager, 1)]).toEqual([1, 1]);
  });

  test('lets the event loop turn when it yields', async () => {
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    await msUntilYield(cooperate(new AbortController().signal), 15);

    expect(turned).toBe(true);
  });

  test('throws the reason when the signal has aborted', () => {
    const controller = new AbortController();
    const pause = cooperate(controller.signal);
    expect(pause()).toBeUndefined();

    const reason = new RangeError('enough');
    controller.abort(reason);
    for (let call = 0; call < 3; call += 1) expect(pause).toThrow(reason);
  });

  test('throws at the first call where the signal had aborted before', () => {
    const reason = new RangeError('enough');

    expect(cooperate(AbortSignal.abort(reason))).toThrow(reason);
  });

  test('rejects with the reason when the signal aborts while it yields', async () => {
    const controller = new AbortController();
    const pause = cooperate(controller.signal);
    const reason = new RangeError('enough');
    setImmediate(() => {
      controller.abort(reason);
    });

    await expect(msUntilYield(pause, 15)).rejects.toBe(reason);
  });

  test('leaves no listener on the signal', () => {
    const { signal } = new AbortController();
    const listen = vi.spyOn(signal, 'addEventListener');
    expect(cooperate(signal)()).toBeUndefined();

    expect(listen).not.toHaveBeenCalled();
  });

  test('refuses wrong arguments, all at once', () => {
    const error = errorOf(() => cooperate(misuse(undefined), misuse({ everyMs: -1, every: 2 })));

    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toContain("'signal' must be an AbortSignal");
    expect(error.message).toContain("'everyMs' must be milliseconds, 0 or more");
    expect(error.message).toContain("there is no option 'every'");
    for (const options of [null, 10, [], { everyMs: '10' }, { everyMs: NaN }]) {
      expect(errorOf(() => cooperate(new AbortController().signal, misuse(options))).code).toBe(
        'OPTION_INVALID',
      );
    }
    expect(cooperate(new AbortController().signal, { everyMs: undefined })()).toBeUndefined();
  });
});
