import { describe, expect, test } from 'vitest';
import { RunWords } from '../../../src/testing/run-words.js';

describe('a marker', () => {
  test('tells its run, also inside a longer text, and is foreign to all other runs', () => {
    const words = new RunWords();
    const marker = words.marker(12, 'secrets.API KEY');

    expect(words.runOf(marker)).toBe(12);
    expect(words.foreignIn(`Bearer ${marker}!`, 12)).toBeUndefined();
    expect(words.foreignIn(`Bearer ${marker}!`, 1)).toEqual({
      text: marker,
      run: 12,
      origin: 'secrets.API_KEY',
    });
  });

  test('of another set of words is a text like any other', () => {
    const words = new RunWords();
    const other = new RunWords().marker(1, 'tenantId');

    expect(words.runOf(other)).toBeUndefined();
    expect(words.foreignIn(other, 0)).toBeUndefined();
  });

  test('is found behind one of the own run', () => {
    const words = new RunWords();
    const both = `${words.marker(1, 'tenantId')} ${words.marker(2, 'tenantId')}`;

    expect(words.foreignIn(both, 1)?.run).toBe(2);
    expect(words.foreignIn(both, 2)?.run).toBe(1);
  });
});

describe('a text that one run was given', () => {
  const wordsOf = (...texts: readonly string[]): RunWords => {
    const words = new RunWords();
    for (const [run, text] of texts.entries()) words.add(text, run, 'parameters.name');
    return words;
  };

  test('is found in texts of other runs as a whole word, never as a part of one', () => {
    const words = wordsOf('nobody', 'customer-1');

    expect(words.foreignIn('customer-1', 0)).toMatchObject({ run: 1, origin: 'parameters.name' });
    expect(words.foreignIn('for customer-1, with love', 0)?.run).toBe(1);
    expect(words.foreignIn('customer-10', 0)).toBeUndefined();
    expect(words.foreignIn('mycustomer-1', 0)).toBeUndefined();
    expect(words.foreignIn('customer-10, then customer-1', 0)?.run).toBe(1);
    expect(words.foreignIn('customer-1', 1)).toBeUndefined();
  });

  test('is nobody’s when it is short, or another run was given it too', () => {
    const words = wordsOf('Ada', 'Oslo', 'Oslo');

    expect(words.foreignIn('Ada', 1)).toBeUndefined();
    expect(words.foreignIn('Oslo', 0)).toBeUndefined();
  });

  test('is nobody’s when it occurs in a text of another run', () => {
    const words = wordsOf('order', 'order of Ada', 'invoice');
    words.giveUpIn('order of Ada', 1);

    expect(words.foreignIn('order', 2)).toBeUndefined();
    expect(words.foreignIn('order of Ada', 2)?.run).toBe(1);
  });

  test('that turns out to be shared later no longer counts', () => {
    const words = wordsOf('password');
    const found = words.foreignIn('password', 1);
    if (found === undefined) throw new TypeError('nothing was found');
    expect(words.isOwned(found)).toBe(true);

    words.add('password', 1, 'secrets.A');

    expect(words.isOwned(found)).toBe(false);
  });
});
