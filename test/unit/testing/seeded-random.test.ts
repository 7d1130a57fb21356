import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/testing/seeded-random.js';

const numbers = (seed: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: 50 }, () => random());
};

test('a seed gives the same numbers each time, from 0 to below 1, and another one gives others', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (seed) => {
      const first = numbers(seed);
      expect(numbers(seed)).toEqual(first);
      expect(numbers(seed + 1)).not.toEqual(first);
      expect(first.every((number) => number >= 0 && number < 1)).toBe(true);
      expect(new Set(first).size).toBeGreaterThan(45);
    }),
  );
});
