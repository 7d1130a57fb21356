import { format, inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../../src/run/secrets/secret.js';
import { errorOf, misuse } from '../../support/thrown.js';

const value = 'sk-12345678';

describe('a secret', () => {
  test('is revealed on demand only', () => {
    expect(Secret.of(value).reveal()).toBe(value);
  });

  test('shows a placeholder wherever it is printed as a text', () => {
    const secret = Secret.of(value);

    const texts = [String(secret), secret.toString(), `value: ${misuse<string>(secret)}`.slice(7)];
    texts.push(['', secret].join(''), format('%s', secret), new Error(misuse(secret)).message);

    expect(new Set(texts)).toEqual(new Set(['[secret]']));
    expect(Number(secret)).toBeNaN();
  });

  test('shows a placeholder in JSON and when inspected, at any depth', () => {
    const data = { deep: [{ secret: Secret.of(value) }] };

    expect(JSON.stringify(data)).toBe('{"deep":[{"secret":"[secret]"}]}');
    expect(inspect(data, { depth: 9, showHidden: true })).toContain('[secret]');
    for (const customInspect of [true, false]) {
      expect(inspect(data, { depth: 9, showHidden: true, customInspect })).not.toContain(value);
    }
    expect(format('%j %o %O', data, data, data)).not.toContain(value);
  });

  test('has nothing to list, to spread or to clone', () => {
    const secret = Secret.of(value);

    expect([Reflect.ownKeys(secret), Object.assign({}, secret), structuredClone(secret)]).toEqual([
      [],
      {},
      {},
    ]);
  });

  test('is refused where it is no text or empty, without showing what was given', () => {
    for (const given of ['', undefined, null, 4711, { password: value }, [value]]) {
      const error = errorOf(() => Secret.of(misuse(given)));
      expect(error.code).toBe('OPTION_INVALID');
      expect(error.message).not.toMatch(/4711|sk-/);
    }
  });

  test('has no other way in: the constructor checks too', () => {
    const Constructor = misuse<new (given: unknown) => Secret>(Secret);

    expect(errorOf(() => new Constructor(4711)).code).toBe('OPTION_INVALID');
  });
});
