import { expect, test } from 'vitest';
import { codeOf } from '../../../../src/engine/passing/generated-code.js';

test('makes a function from text that sees what it is given', () => {
  const add = codeOf<(one: number) => number>('return (one) => one + two;', { two: 2 });

  expect(add?.(1)).toBe(3);
});
