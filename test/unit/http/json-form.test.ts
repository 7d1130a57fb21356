import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isoTime, jsonForm } from '../../../src/http/json-form.js';

describe('jsonForm', () => {
  it.for<[string, unknown, unknown]>([
    ['an invalid date', new Date(Number.NaN), null],
    ['a date of another realm', runInNewContext('new Date(0)'), '1970-01-01T00:00:00.000Z'],
    ['numbers that JSON has not', [Number.NaN, Infinity, -0], [null, null, -0]],
    ['a bigint', -1n, '-1'],
    ['a Map', new Map<unknown, unknown>([[new Date(0), 1n]]), [['1970-01-01T00:00:00.000Z', '1']]],
    ['a Set', new Set(['a', undefined]), ['a', null]],
    ['a list with a hole', [1, , 2], [1, null, 2]], // eslint-disable-line no-sparse-arrays -- as a session may hold it
    ['bytes', new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1), 'Ag=='],
    ['what is no data', { a: () => 1, b: Symbol('b'), c: undefined, d: new (class A {})(), e: 1 }, { e: 1 }],
  ])('%s', ([, value, form]) => {
    expect(jsonForm(value)).toEqual(form);
  });

  it('keeps a key that is named like a prototype as a key', () => {
    const form = jsonForm(JSON.parse('{"__proto__":{"a":1}}'));
    expect(JSON.stringify(form)).toBe('{"__proto__":{"a":1}}');
  });
});

describe('isoTime', () => {
  it('of a moment that no calendar has is null', () => {
    expect([isoTime(1.9), isoTime(1e300), isoTime(Number.NaN)]).toEqual([
      '1970-01-01T00:00:00.001Z',
      null,
      null,
    ]);
  });
});
