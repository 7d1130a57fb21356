import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Heap } from '../../../src/data/heap.js';

describe('a heap', () => {
  test('gives what was added in order, however adding and taking alternate', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), (steps) => {
        const heap = new Heap<number>((one, other) => one < other);
        let held: number[] = [];
        for (const step of steps) {
          if (step === undefined) {
            expect(heap.take()).toBe(held[0]);
            held = held.slice(1);
          } else {
            heap.add(step);
            held = [...held, step].sort((one, other) => one - other);
          }
          expect([heap.least, heap.size]).toEqual([held[0], held.length]);
        }
      }),
    );
  });
});
