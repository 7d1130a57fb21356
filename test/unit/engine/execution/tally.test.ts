import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NodeCounter } from '../../../../src/engine/execution/node-counter.js';
import { Tally } from '../../../../src/engine/execution/tally.js';

function countersOf(tally: Tally, nodes: number): NodeCounter[] {
  const counters = Array.from({ length: nodes }, (_, index) => new NodeCounter(String(index), 'root'));
  tally.moveTo((node) => counters[node] ?? new NodeCounter('', ''));
  return counters;
}

test('an item that passed some nodes is counted at each of them, and at no other', () => {
  const walks = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 50 });
  fc.assert(
    fc.property(walks, (pairs) => {
      const tally = new Tally({ nodes: [0, 1, 2, 3, 4], hasSink: false });
      const expected = [0, 0, 0, 0, 0];
      for (const [one, other] of pairs) {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        tally.passed(from, to);
        for (let node = from; node < to; node += 1) expected[node] = (expected[node] ?? 0) + 1;
      }
      expect(countersOf(tally, 5).map(({ in: arrived }) => arrived)).toEqual(expected);
    }),
  );
});

test('nothing leaves a sink', () => {
  const tally = new Tally({ nodes: [0, 1], hasSink: true });
  tally.passed(0, 2);

  expect(countersOf(tally, 2).map(({ out, emitted }) => [out, emitted])).toEqual([
    [1, 1],
    [1, 0],
  ]);
});

test('what was moved to the counters is not counted again', () => {
  const tally = new Tally({ nodes: [0], hasSink: false });
  tally.passed(0, 1);

  expect(countersOf(tally, 1)[0]?.in).toBe(1);
  expect(countersOf(tally, 1)[0]?.in).toBe(0);
});
