import { expect, test } from 'vitest';
import type { Plan } from '../../../../src/engine/plan/plan.js';
import { RecentPlans } from '../../../../src/engine/plan/recent-plans.js';
import { misuse } from '../../support/thrown.js';

/** A plan that can be told from others. */
const plan = (name: string): Plan => misuse({ name });

test('there is no latest plan at first', () => {
  expect(new RecentPlans().latest).toBeUndefined();
  expect(new RecentPlans().find(() => true)).toBeUndefined();
});

test('the latest is the one that was added or found last', () => {
  const recent = new RecentPlans();
  const [a, b] = [plan('a'), plan('b')];
  recent.add(a);
  recent.add(b);
  expect(recent.latest).toBe(b);

  expect(recent.find((each) => each === a)).toBe(a);
  expect(recent.latest).toBe(a);
  expect(recent.find((each) => each === b)).toBe(b);
  expect(recent.find(() => false)).toBeUndefined();
  expect(recent.latest).toBe(b);
});

test('32 plans are kept: the least recently used goes first', () => {
  const recent = new RecentPlans();
  const plans = Array.from({ length: 33 }, (_, n) => plan(String(n)));
  const has = (each: Plan | undefined): boolean => recent.find((known) => known === each) !== undefined;
  for (const each of plans.slice(0, 32)) recent.add(each);
  expect(has(plans[0])).toBe(true);
  recent.add(plan('one more'));

  expect(has(plans[0])).toBe(true);
  expect(has(plans[1])).toBe(false);
  expect(has(plans[2])).toBe(true);
});
