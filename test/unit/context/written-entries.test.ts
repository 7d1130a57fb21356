import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { WrittenEntries } from '../../../src/context/written-entries.js';

/** What both sides are told; the second number is the value of a `set`. */
const steps = fc.array(
  fc.oneof(
    fc.record({
      does: fc.constant('set' as const),
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      value: fc.nat(9),
    }),
    fc.record({
      does: fc.constant('delete' as const),
      name: fc.constantFrom('a', 'b', 'c'),
      value: fc.nat(9),
    }),
  ),
  { maxLength: 12 },
);

test('what is written is what a Map would hold, in its order', () => {
  fc.assert(
    fc.property(steps, (program) => {
      const written = new WrittenEntries();
      const model = new Map<string, number>();
      for (const { does, name, value } of program) {
        if (does === 'set') {
          written.set(name, { value, path: 'root' });
          model.set(name, value);
        } else {
          written.delete(name);
          model.delete(name);
        }
        expect(written.size).toBe(model.size);
        for (const each of ['a', 'b', 'c', 'd']) expect(written.get(each)?.value).toBe(model.get(each));
      }
      expect([...written.all()].map(([name, { value }]) => [name, value])).toEqual([...model]);
    }),
  );
});
