import { expect, test } from 'vitest';
import { roundedAmount } from '../../../../src/run/spending/money.js';

test('sums are rounded to 12 significant digits', () => {
  expect([0.1 + 0.2, 1 / 3, 123_456_789_012.4, 0, Infinity].map(roundedAmount)).toEqual([
    0.3,
    0.333333333333,
    123_456_789_012,
    0,
    Infinity,
  ]);
});
