import { expect, test } from 'vitest';
import { hasMethod } from '../../../src/data/foreign-value.js';

test('a method may be own or inherited, and nothing else is one', () => {
  class Doubling {
    transform(item: number): number {
      return item * 2;
    }
  }
  const arrow = (): undefined => undefined;
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();

  expect([hasMethod(new Doubling(), 'transform'), hasMethod({ transform: arrow }, 'transform')]).toEqual([
    true,
    true,
  ]);
  for (const value of [null, undefined, 'transform', { transform: 1 }, arrow, proxy]) {
    expect(hasMethod(value, 'transform')).toBe(false);
  }
});
