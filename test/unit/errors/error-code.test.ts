import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorCodes } from '../../../src/errors/error-code.js';

/** All of src but the lists of the codes. */
function sources(): string {
  const folder = join(import.meta.dirname, '../../../src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('-codes.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
}

describe('the codes', () => {
  test('are stable names in capitals, each there once', () => {
    expect(errorCodes.filter((code) => !/^[A-Z]+(_[A-Z]+)*$/.test(code))).toEqual([]);
    expect(new Set(errorCodes).size).toBe(errorCodes.length);
  });

  test('are all in use: none is promised that nothing gives', () => {
    const text = sources();
    const isUsed = (code: string): boolean => {
      // Problems of bridges are put together from a group and an ending.
      const [, group = '', ending = ''] = /^(COMPOSITE_(?:IN|OUT)PUT)(_MISSING|_DUPLICATE)$/.exec(code) ?? [];
      return (
        text.includes(`'${code}'`) ||
        (group !== '' && text.includes(`'${group}'`) && text.includes(`}${ending}\``))
      );
    };

    expect(errorCodes.filter((code) => !isUsed(code))).toEqual([]);
  });
});
