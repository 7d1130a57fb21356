import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TextSearch } from '../../../../src/run/secrets/text-search.js';
import type { Span } from '../../../../src/run/secrets/text-search.js';

function searching(...forms: string[]): TextSearch {
  const search = new TextSearch();
  for (const form of forms) search.add(form);
  return search;
}

const inOrder = (spans: readonly Span[]): Span[] =>
  [...spans].sort((a, b) => a.start - b.start || a.end - b.end);

/** What a search for one form after the other finds. */
function foundOneByOne(forms: readonly string[], text: string): Span[] {
  const spans: Span[] = [];
  for (const form of new Set(forms))
    for (let start = text.indexOf(form); start >= 0; start = text.indexOf(form, start + 1))
      spans.push({ start, end: start + form.length });
  return inOrder(spans);
}

function millisecondsOf(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

describe('a search for many texts', () => {
  test('finds each where it is, at both ends too', () => {
    const search = searching('abcdefgh', 'a longer form of more than 24 characters');

    expect(inOrder(search.find('abcdefgh|a longer form of more than 24 characters|abcdefgh'))).toEqual([
      { start: 0, end: 8 },
      { start: 9, end: 49 },
      { start: 50, end: 58 },
    ]);
    expect([search.isIn('xabcdefghx'), search.isIn('abcdefg'), search.isIn('abcdefg.')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('finds what was added between two searches, also where it is shorter than all before', () => {
    const search = searching('a form of more than 24 characters');
    expect(search.find('12345678')).toEqual([]);
    search.add('12345678');

    expect(search.find('.12345678')).toEqual([{ start: 1, end: 9 }]);
    expect(search.isIn('a form of more than 24 characters')).toBe(true);
  });

  test('takes the digits of a percent escape in either case, and nothing else', () => {
    const search = searching('caf%C3%A9%2F+token', 'plain%zzTEXT');

    expect(search.isIn('caf%c3%a9%2f+token')).toBe(true);
    expect(search.isIn('caf%C3%a9%2f+token')).toBe(true);
    expect(search.isIn('Caf%C3%A9%2F+token')).toBe(false);
    expect(search.isIn('caf%C3%A9%2F+Token')).toBe(false);
    expect(search.isIn('plain%ZZTEXT')).toBe(false);
  });

  test('finds the same as one search for each form, whatever they have in common', () => {
    const form = fc.string({ minLength: 8, maxLength: 30, unit: fc.constantFrom('a', 'b', '\u{1f600}') });
    const part = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b', 'A') });
    const cases = fc.array(form, { minLength: 1, maxLength: 6 }).chain((forms) =>
      fc.tuple(
        fc.constant(forms),
        fc.array(fc.oneof(part, fc.constantFrom(...forms)), { maxLength: 8 }).map((parts) => parts.join('')),
      ),
    );

    fc.assert(
      fc.property(cases, ([forms, text]) => {
        const expected = foundOneByOne(forms, text);
        expect(inOrder(searching(...forms).find(text))).toEqual(expected);
        expect(searching(...forms).isIn(text)).toBe(expected.length > 0);
      }),
      { numRuns: 300 },
    );
  });

  test('finds every one of thousands that begin alike', () => {
    const forms = Array.from({ length: 5_000 }, (_, index) => `sk-live-${(index * 7919 + 1e9).toString(36)}`);
    const search = searching(...forms);

    expect(inOrder(search.find(forms.join(' ')))).toEqual(foundOneByOne(forms, forms.join(' ')));
  });
});

describe('the work of a search has a bound', () => {
  // Compared character by character at every place, each of these would take tens of seconds.
  test.each([
    ['a text that is the beginning of a form again and again', `${'a'.repeat(40_000)}b`, 'a'.repeat(200_000)],
    ['a text that is the end of a form again and again', `b${'a'.repeat(40_000)}`, 'a'.repeat(200_000)],
    ['a text in which a form stands at every place', 'a'.repeat(40_000), 'a'.repeat(200_000)],
  ])('for %s', (_, form, text) => {
    const search = searching(form);
    search.isIn('a'.repeat(40_001));

    expect(millisecondsOf(() => search.find(text))).toBeLessThan(4_000);
  });

  test('for many forms that have all their windows in common', () => {
    const forms = Array.from({ length: 2_000 }, (_, index) => 'ab'.repeat(20 + index));
    const search = searching(...forms.map((form) => `${form}c`));

    expect(millisecondsOf(() => search.find('ab'.repeat(10_000)))).toBeLessThan(4_000);
  });

  test('past it too much is found, not too little', () => {
    const form = `${'a'.repeat(40_000)}b`;
    const text = `${'a'.repeat(300_000)}b`;
    const places = searching(form).find(text);

    expect(places.some(({ end }) => end === text.length)).toBe(true);
  });
});
