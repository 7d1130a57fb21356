import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { contextKey, keyName } from '../../../src/context/context-key.js';
import { errorOf, misuse } from '../support/thrown.js';

describe('contextKey', () => {
  test('makes a frozen key of a name', () => {
    const key = contextKey<string>('ApiKey');

    expect(key).toEqual({ name: 'ApiKey', default: undefined, hasDefault: false, local: false });
    expect(Object.isFrozen(key)).toBe(true);
  });

  test('knows its default, of which it keeps a frozen copy', () => {
    const limits = { retries: 3 };
    const key = contextKey('limits', { default: limits });
    limits.retries = 5;

    expect(key.hasDefault).toBe(true);
    expect(key.default).toEqual({ retries: 3 });
    expect(Object.isFrozen(key.default)).toBe(true);
  });

  test('takes every value but undefined as a default', () => {
    for (const value of [null, 0, '', false])
      expect(contextKey('k', { default: value }).hasDefault).toBe(true);
    expect(contextKey('k', { default: undefined }).hasDefault).toBe(false);
  });

  test('can be local', () => {
    expect(contextKey('k', { local: true }).local).toBe(true);
    expect(contextKey('k', { local: undefined }).local).toBe(false);
  });

  test('refuses wrong options', () => {
    expect(errorOf(() => contextKey('k', misuse({ locale: true }))).code).toBe('OPTION_INVALID');
    expect(errorOf(() => contextKey('k', misuse({ local: 'yes' }))).code).toBe('OPTION_INVALID');
  });
});

describe('keyName', () => {
  test('gives the name of a text and of every key of that name', () => {
    expect([keyName('a'), keyName(contextKey('a')), keyName(contextKey('a', { local: true }))]).toEqual([
      'a',
      'a',
      'a',
    ]);
    expect(['constructor', 'toString', ' '].map(keyName)).toEqual(['constructor', 'toString', ' ']);
  });

  const wrong: readonly (readonly [unknown, string])[] = [
    ['', "'' cannot be a context key"],
    ['__proto__', "'__proto__' cannot be a context key"],
    [Symbol('id'), 'Symbol(id) cannot be a context key'],
    [7, 'A value of type number cannot be a context key'],
    [null, 'A value of type object cannot be a context key'],
    [undefined, 'undefined (is an import circular?) cannot be a context key'],
    [{ name: 'looks like one' }, 'A value of type object cannot be a context key'],
    [{ name: '', local: false }, 'cannot be a context key'],
  ];
  for (const [key, words] of wrong) {
    test(`refuses ${inspect(key)}`, () => {
      const error = errorOf(() => keyName(misuse(key)));

      expect(error.code).toBe('CONTEXT_KEY_INVALID');
      expect(error.message).toContain(words);
    });
  }
});
