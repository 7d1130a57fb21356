import { describe, expect, test, vi } from 'vitest';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { misuse } from '../support/thrown.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A clock at 0, and the list that its timers write to. */
function open(): { clock: ManualClock; rung: string[]; set: (name: string, ms: number) => unknown } {
  const clock = new ManualClock(0);
  const rung: string[] = [];
  const set = (name: string, ms: number): unknown =>
    clock.setTimeout(() => {
      rung.push(`${name} at ${String(clock.now())}`);
    }, ms);
  return { clock, rung, set };
}

describe('the time', () => {
  test('starts where the test says, else in the year 2000, and stands still', async () => {
    expect(new ManualClock().now()).toBe(Date.UTC(2000, 0, 1));
    expect(new ManualClock(new Date(5)).now()).toBe(5);
    const clock = new ManualClock(7);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(clock.now()).toBe(7);
  });

  test('is moved by a duration, or to a moment', async () => {
    const clock = new ManualClock(1000);
    await clock.advance(500);
    expect(clock.now()).toBe(1500);
    await clock.advanceTo(2000);
    await clock.advanceTo(new Date(3000));
    expect(clock.now()).toBe(3000);
  });

  test('does not go back, and takes moments and durations only', async () => {
    const clock = new ManualClock(1000);
    await expect(clock.advanceTo(999)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    for (const wrong of [-1, Number.NaN, Infinity, '5', undefined, new Date(5)]) {
      await expect(clock.advance(misuse(wrong))).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    }
    for (const wrong of [Number.NaN, 1e300, '5', undefined, null, new Date(Number.NaN)]) {
      await expect(clock.advanceTo(misuse(wrong))).rejects.toMatchObject({ code: 'OPTION_INVALID' });
      if (wrong !== undefined)
        expect(() => new ManualClock(misuse(wrong))).toThrow(/Wrong use of new ManualClock/);
    }
    expect(clock.now()).toBe(1000);
  });
});

describe('timers', () => {
  test('ring once, at their moment, the earliest first; of two at one moment the first that was set', async () => {
    const { clock, rung, set } = open();
    set('late', 30);
    set('early', 10);
    set('also early', 10);
    await clock.advance(9);
    expect([rung, clock.pending]).toEqual([[], 3]);
    await clock.advance(21);

    expect(rung).toEqual(['early at 10', 'also early at 10', 'late at 30']);
    expect([clock.now(), clock.pending]).toEqual([30, 0]);
  });

  test('that are called off do not ring', async () => {
    const { clock, rung, set } = open();
    const handle = set('a', 10);
    clock.clearTimeout(handle);
    clock.clearTimeout(handle);
    clock.clearTimeout(undefined);
    await clock.advance(20);

    expect(rung).toEqual([]);
  });

  test('that are set by what a timer set off ring in the same move', async () => {
    const clock = new ManualClock(0);
    const sleep = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        clock.setTimeout(resolve, ms);
      });
    const times: number[] = [];
    const chain = async (): Promise<void> => {
      for (const ms of [100, 200, 400]) {
        await sleep(ms);
        await new Promise((resolve) => setImmediate(resolve));
        times.push(clock.now());
      }
    };
    const chained = chain();
    await clock.advance(DAY_MS);
    await chained;

    expect(times).toEqual([100, 300, 700]);
  });

  test('without a delay come to an end too', async () => {
    const { clock } = open();
    let rings = 0;
    const again = (): void => {
      rings += 1;
      clock.setTimeout(again, 0);
    };
    clock.setTimeout(again, Number.NaN);
    await clock.advance(5);

    expect(rings).toBe(5);
  });

  test('that throw end the move at their moment; the next move goes on', async () => {
    const { clock, rung, set } = open();
    clock.setTimeout(() => {
      throw new RangeError('oops');
    }, 10);
    set('after', 20);
    await expect(clock.advance(100)).rejects.toThrow('oops');
    expect(clock.now()).toBe(10);
    await clock.advance(90);

    expect(rung).toEqual(['after at 20']);
  });

  test('ring though the timers of the process are fake', async () => {
    vi.useFakeTimers();
    const { clock, rung, set } = open();
    set('a', 10);
    await clock.advance(10);
    vi.useRealTimers();

    expect(rung).toEqual(['a at 10']);
  });
});

test('moves that are begun at once follow one another', async () => {
  const { clock, rung, set } = open();
  set('a', 15);
  await Promise.all([clock.advance(10), clock.advance(10), clock.advanceTo(25)]);

  expect(clock.now()).toBe(25);
  expect(rung).toEqual(['a at 15']);
});
