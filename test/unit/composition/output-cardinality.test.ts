import { describe, expect, test } from 'vitest';
import { outputProblem } from '../../../src/composition/output-cardinality.js';
import type { OutputCardinality } from '../../../src/nodes/composite-options.js';

const cardinalities: readonly OutputCardinality[] = ['one', 'optional', 'many', 'first', 'last'];

/** The code for each number of outputs, by cardinality. */
const none = 'COMPOSITE_NO_OUTPUT';
const several = 'COMPOSITE_MULTIPLE_OUTPUTS';
const expected: Record<OutputCardinality, readonly (string | undefined)[]> = {
  one: [none, undefined, several, several],
  optional: [undefined, undefined, several, several],
  many: [undefined, undefined, undefined, undefined],
  first: [none, undefined, undefined, undefined],
  last: [none, undefined, undefined, undefined],
};

describe('the number of outputs of one child', () => {
  for (const cardinality of cardinalities) {
    test(`under ${cardinality}: none, one, two, three`, () => {
      const codes = [0, 1, 2, 3].map(
        (count) => outputProblem(cardinality, { count, isHandled: false }, 'p')?.code,
      );

      expect(codes).toEqual(expected[cardinality]);
    });
  }

  test('may be none under every cardinality where a policy in the child ended the item', () => {
    for (const cardinality of cardinalities) {
      expect(outputProblem(cardinality, { count: 0, isHandled: true }, 'p')).toBeUndefined();
    }
  });

  test('is still checked where a policy ended one of several', () => {
    expect(outputProblem('one', { count: 2, isHandled: true }, 'p')?.code).toBe(several);
  });

  test('is explained with the cardinality that would fit', () => {
    const missing = outputProblem('last', { count: 0, isHandled: false }, 'orders/check');
    const many = outputProblem('optional', { count: 3, isHandled: false }, 'orders/check');

    expect(missing?.path).toBe('orders/check');
    expect(missing?.message).toContain("has output: 'last'");
    expect(missing?.message).toContain("output: 'optional'");
    expect(many?.message).toContain('gave 3 outputs');
    expect(many?.message).toContain("output: 'many'");
  });
});
