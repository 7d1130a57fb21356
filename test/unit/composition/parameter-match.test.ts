import { expect, test } from 'vitest';
import { matchesReads } from '../../../src/composition/parameter-match.js';
import type { Entry } from '../../../src/context/layer.js';

/** Parameters by name. */
function parameters(values: Record<string, unknown>): Map<string, Entry> {
  return new Map(Object.entries(values).map(([name, value]) => [name, { value, path: 'root' }]));
}

test('nothing read matches everything', () => {
  expect(matchesReads(new Map(), parameters({ a: 1 }))).toBe(true);
});

test('the same values match, as the same entry or as equal data', () => {
  const entries = parameters({ a: 1, list: [{ n: 1 }] });

  expect(matchesReads(entries, entries)).toBe(true);
  expect(matchesReads(entries, parameters({ a: 1, list: [{ n: 1 }], other: 2 }))).toBe(true);
  expect(matchesReads(parameters({ a: NaN }), parameters({ a: NaN }))).toBe(true);
});

test('another value does not match, however deep the difference', () => {
  expect(matchesReads(parameters({ a: 1 }), parameters({ a: 2 }))).toBe(false);
  expect(matchesReads(parameters({ a: 1 }), parameters({ a: '1' }))).toBe(false);
  expect(matchesReads(parameters({ a: 1, list: [{ n: 1 }] }), parameters({ a: 1, list: [{ n: 2 }] }))).toBe(
    false,
  );
});

test('what was absent must be absent still, and an undefined entry is there', () => {
  const absent = new Map([['a', undefined]]);

  expect(matchesReads(absent, parameters({}))).toBe(true);
  expect(matchesReads(absent, parameters({ a: undefined }))).toBe(false);
  expect(matchesReads(parameters({ a: undefined }), parameters({}))).toBe(false);
});
