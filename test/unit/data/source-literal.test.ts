import { runInThisContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { sourceLiteral } from '../../../src/data/source-literal.js';

/** What an expression makes; its type arguments are only for TypeScript. */
const made = (source: string): unknown =>
  runInThisContext(`(${source.replaceAll('<unknown, unknown>', '').replaceAll('<unknown>', '')})`);

describe('a source literal', () => {
  test.each([
    ['texts', ["it's", '"quoted"', 'two\nlines', '\u2028', '\\', '${x}', '']],
    ['numbers', [0, -0, 1.5, NaN, -Infinity, 12n]],
    ['what is not there', [undefined, null, true]],
    ['dates', [new Date(5), new Date(NaN)]],
    ['collections', [new Map<unknown, unknown>([['a', [1]]]), new Set([{ b: 2 }]), [], {}]],
    [
      'keys of every kind',
      [{ plain: 1, 'with space': 2, 'a-b': 3, "it's": 4 }, JSON.parse('{"__proto__":{"x":1}}')],
    ],
    [
      'bytes',
      [
        Uint8Array.of(1, 2),
        Float64Array.of(0.5),
        Uint8Array.of(7).buffer,
        new DataView(Uint8Array.of(8).buffer),
      ],
    ],
    ['objects without a prototype', [Object.assign(Object.create(null) as object, { a: 1 })]],
  ])('makes %s again', (_, values) => {
    for (const value of values) expect(made(sourceLiteral(value))).toStrictEqual(value);
  });
});
