import { afterEach, describe, expect, test, vi } from 'vitest';
import { environmentSecrets, mapSecrets } from '../../../../src/run/secrets/secret-provider.js';
import type { SecretProvider } from '../../../../src/run/secrets/secret-provider.js';
import { Secret } from '../../../../src/run/secrets/secret.js';
import { errorOf, misuse } from '../../support/thrown.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The value of a name, or undefined. */
async function valueOf(provider: SecretProvider, name: string): Promise<string | undefined> {
  return (await provider.resolve(name))?.reveal();
}

/** Names that every object has, whatever was put in. */
const inherited = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];

describe('secrets of the environment', () => {
  test('are read when they are asked for', async () => {
    const provider = environmentSecrets();
    vi.stubEnv('HEIRLINE_TEST_KEY', 'first');
    expect(await valueOf(provider, 'HEIRLINE_TEST_KEY')).toBe('first');

    vi.stubEnv('HEIRLINE_TEST_KEY', 'second');
    expect(await valueOf(provider, 'HEIRLINE_TEST_KEY')).toBe('second');
  });

  test('are absent where a variable is empty or missing', async () => {
    vi.stubEnv('HEIRLINE_TEST_KEY', '');

    for (const name of ['HEIRLINE_TEST_KEY', 'HEIRLINE_TEST_MISSING', ...inherited]) {
      expect(await valueOf(environmentSecrets(), name)).toBeUndefined();
    }
  });
});

describe('secrets of a record', () => {
  test('are texts or secrets', async () => {
    const given = Secret.of('made before');
    const provider = mapSecrets({ TEXT: 'a text', SECRET: given });

    expect(await valueOf(provider, 'TEXT')).toBe('a text');
    expect(await provider.resolve('SECRET')).toBe(given);
  });

  test('are its own entries only', async () => {
    const provider = mapSecrets(Object.create({ ABOVE: 'inherited' }) as Record<string, string>);

    for (const name of ['ABOVE', ...inherited]) expect(await valueOf(provider, name)).toBeUndefined();
  });

  test('may have any name', async () => {
    const provider = mapSecrets(JSON.parse('{ "__proto__": "a value" }') as Record<string, string>);

    expect(await valueOf(provider, '__proto__')).toBe('a value');
  });

  test('do not change with the record', async () => {
    const record: Record<string, string> = { KEY: 'before' };
    const provider = mapSecrets(record);
    record['KEY'] = 'after';
    record['LATE'] = 'late';

    expect(await valueOf(provider, 'KEY')).toBe('before');
    expect(await valueOf(provider, 'LATE')).toBeUndefined();
  });

  test('leave out what is undefined', async () => {
    expect(await valueOf(mapSecrets({ KEY: undefined }), 'KEY')).toBeUndefined();
  });

  test('fall back to the environment only when told', async () => {
    vi.stubEnv('HEIRLINE_TEST_KEY', 'from outside');
    const record = { OTHER: 'own' };

    expect(await valueOf(mapSecrets(record), 'HEIRLINE_TEST_KEY')).toBeUndefined();
    expect(await valueOf(mapSecrets(record, { fallback: 'env' }), 'HEIRLINE_TEST_KEY')).toBe('from outside');
    expect(
      await valueOf(mapSecrets({ ...record, HEIRLINE_TEST_KEY: 'own' }, { fallback: 'env' }), 'OTHER'),
    ).toBe('own');
  });

  test('are refused all at once where they are wrong, by name and without their values', () => {
    const record = misuse<Record<string, string>>({ FINE: 'a', EMPTY: '', NUMBER: 4711, LIST: ['sk-1'] });
    const error = errorOf(() => mapSecrets(record, misuse({ fallback: 'file', more: 1 })));

    expect(error.code).toBe('OPTION_INVALID');
    for (const name of ['EMPTY', 'NUMBER', 'LIST', 'fallback', 'more']) expect(error.message).toContain(name);
    expect(error.message).not.toMatch(/FINE|4711|sk-1/);
  });

  test('need a plain object', () => {
    for (const given of [undefined, null, 'sk-12345678', ['a'], new Map([['KEY', 'a']])]) {
      const error = errorOf(() => mapSecrets(misuse(given)));
      expect(error.code).toBe('OPTION_INVALID');
      expect(error.message).not.toContain('sk-');
    }
  });
});
