import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromStoredText, toStoredText } from '../../../src/stores/stored-text.js';

describe('a stored text', () => {
  it('is the text itself where a database keeps it', () => {
    for (const text of ['', 'a', "it's", 'é\u{1f600}', '{"a":1}', 'a"b'])
      expect(toStoredText(text)).toBe(text);
  });

  it('has nothing that a database would cut or change, and gives the text back', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('"', '\0', '\ud800', '\udc00', 'a', '\\')), (parts) => {
        const text = parts.join('');
        const stored = toStoredText(text);
        expect(stored).not.toMatch(/[\0\ud800-\udfff]/u);
        expect(fromStoredText(stored)).toBe(text);
      }),
    );
  });

  it('is undefined where it is damaged', () => {
    for (const stored of ['"', '"a', '"a" b']) expect(fromStoredText(stored)).toBeUndefined();
  });
});
