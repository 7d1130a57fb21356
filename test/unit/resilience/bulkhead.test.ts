import { describe, expect, test } from 'vitest';
import { Bulkhead, bulkheadNumbers, bulkheadRule } from '../../../src/resilience/bulkhead.js';

describe('a bulkhead', () => {
  test('has so many places, and a line for so many who wait', () => {
    const bulkhead = new Bulkhead({ concurrent: 2, queue: 1 });
    const granted: string[] = [];
    expect([bulkhead.enter(), bulkhead.enter(), bulkhead.enter()]).toEqual([true, true, false]);
    expect(bulkhead.wait(() => granted.push('first'))).toBeDefined();
    expect(bulkhead.wait(() => granted.push('second'))).toBeUndefined();
    bulkhead.leave();

    expect(granted).toEqual(['first']);
    expect(bulkhead.taken).toBe(2);
  });

  test('gives a place to whoever waits longest, and not to one who has stopped waiting', () => {
    const bulkhead = new Bulkhead({ concurrent: 1, queue: Infinity });
    const granted: string[] = [];
    bulkhead.enter();
    const stops = ['a', 'b', 'c'].map((name) => bulkhead.wait(() => granted.push(name)));
    stops[0]?.();
    bulkhead.leave();
    expect(granted).toEqual(['b']);
    bulkhead.leave();
    bulkhead.leave();

    expect(granted).toEqual(['b', 'c']);
    expect(bulkhead.taken).toBe(0);
    expect(bulkhead.enter()).toBe(true);
  });
});

describe('the numbers of a bulkhead', () => {
  test.each([
    [{ concurrent: 0 }, "'concurrent' must be a whole number above 0"],
    [{}, "'concurrent' must be a whole number above 0"],
    [{ concurrent: 1, queue: -1 }, "'queue' must be a whole number, 0 or more, or Infinity"],
    [{ concurrent: 1, size: 1 }, "there is no option 'size'"],
    [3, 'a plain object with options was expected'],
  ])('%j is refused', (given, problem) => {
    expect(bulkheadRule(given)).toContain(problem);
  });

  test('are a frozen copy, in which nobody waits by default', () => {
    const given = { concurrent: 4 };
    const numbers = bulkheadNumbers(given);
    given.concurrent = 8;

    expect(numbers).toEqual({ concurrent: 4, queue: 0 });
    expect(Object.isFrozen(numbers)).toBe(true);
  });
});
