import { describe, expect, test } from 'vitest';
import { contextKey } from '../../../src/context/context-key.js';
import { entriesOf } from '../../../src/context/entries-source.js';
import { PipelineContext } from '../../../src/context/pipeline-context.js';
import { errorOf, misuse } from '../support/thrown.js';

describe('entriesOf', () => {
  test('reads the pairs of an object, a Map, and a list', () => {
    const key = contextKey<number>('k');

    expect([...entriesOf({ a: 1, b: 2 })]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect([...entriesOf(new Map([['a', 1]]))]).toEqual([['a', 1]]);
    expect([...entriesOf([[key, 1]])]).toEqual([[key, 1]]);
    expect([...entriesOf(undefined)]).toEqual([]);
  });

  test('reads the entries of another dictionary', () => {
    const { parameters } = new PipelineContext({ parameters: { a: 1 } });

    expect([...entriesOf(parameters)]).toEqual([['a', 1]]);
  });

  test('takes own enumerable entries of an object only', () => {
    const source = Object.create({ inherited: 1 }) as Record<string, unknown>;
    Object.defineProperty(source, 'hidden', { value: 1, enumerable: false });
    source['own'] = 1;

    expect([...entriesOf(source)]).toEqual([['own', 1]]);
  });

  test('lists symbols too, so that they are refused instead of lost', () => {
    const mark = Symbol('mark');

    expect([...entriesOf(misuse({ [mark]: 1 }))]).toEqual([[mark, 1]]);
    expect(errorOf(() => new PipelineContext({ items: misuse({ [mark]: 1 }) })).code).toBe(
      'CONTEXT_KEY_INVALID',
    );
  });

  test('refuses what holds no entries', () => {
    for (const source of ['text', 7, null, () => 1]) {
      expect(errorOf(() => entriesOf(misuse(source))).code).toBe('OPTION_INVALID');
    }
  });

  for (const entry of ['name', 7, null, undefined, {}]) {
    test(`refuses a list with ${JSON.stringify(entry) ?? 'undefined'} in it, which is no pair`, () => {
      expect(errorOf(() => new PipelineContext({ parameters: misuse([entry]) })).code).toMatch(
        /^(OPTION_INVALID|CONTEXT_KEY_INVALID)$/,
      );
    });
  }
});
