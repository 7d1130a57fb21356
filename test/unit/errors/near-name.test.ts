import { expect, test } from 'vitest';
import { nearName } from '../../../src/errors/near-name.js';

test.each([
  ['regoin', ['password', 'region'], 'region'],
  ['Region', ['region'], 'region'],
  ['ApiKye', ['ApiKey', 'ApiKeys'], 'ApiKey'],
  ['limit', ['limits'], 'limits'],
])('%s was probably meant to be one of %j', (name, known, near) => {
  expect(nearName(name, known)).toBe(near);
});

test.each([
  ['a', ['b']],
  ['cost', ['host', 'most'].map((word) => `${word}s`)],
  ['region', ['region']],
  ['region', ['password']],
])('%s is like none of %j', (name, known) => {
  expect(nearName(name, known)).toBeUndefined();
});
