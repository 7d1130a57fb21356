import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { withEntry, WrittenEntry, writtenEntry, writtenMap } from '../../../src/context/written-entries.js';
import type { WrittenEntries } from '../../../src/context/written-entries.js';

/** More names than a chain has entries. */
const names = 'abcdefghijkl'.split('');

/** What both sides are told; the second number is the value of a `set`. */
const steps = fc.array(
  fc.record({
    does: fc.constantFrom('set' as const, 'set' as const, 'set' as const, 'delete' as const),
    name: fc.constantFrom(...names),
    value: fc.nat(9),
  }),
  { maxLength: 30 },
);

test('what is written is what a Map would hold, in its order', () => {
  fc.assert(
    fc.property(steps, (program) => {
      let written: WrittenEntries | undefined;
      const model = new Map<string, number>();
      for (const { does, name, value } of program) {
        if (does === 'set') {
          written = withEntry(written, new WrittenEntry(name, value, 'root'));
          model.set(name, value);
        } else {
          written = writtenMap(written);
          written.delete(name);
          model.delete(name);
        }
        for (const each of names) expect(writtenEntry(written, each)?.value).toBe(model.get(each));
      }
      expect([...writtenMap(written)].map(([name, { value }]) => [name, value])).toEqual([...model]);
    }),
  );
});

test('entries that children share keep no entry that was replaced since', () => {
  const [first, second] = [new WrittenEntry('a', 1, 'root'), new WrittenEntry('b', 2, 'root')];

  writtenMap(withEntry(withEntry(undefined, first), second));

  expect(second.before).toBeUndefined();
});
