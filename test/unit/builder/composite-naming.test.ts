import { describe, expect, test } from 'vitest';
import { CompositeNaming } from '../../../src/builder/composite-naming.js';

const { prefix, isNamespaced, parentOf, childOf } = CompositeNaming;

describe('CompositeNaming', () => {
  test('prefixes a child with its parent, and takes that apart again', () => {
    const id = prefix('validate', 'check');

    expect(id).toBe('validate::check');
    expect([isNamespaced(id), parentOf(id), childOf(id)]).toEqual([true, 'validate', 'check']);
  });

  test('nests: the inverse of the last prefix comes first', () => {
    const id = prefix(prefix('a', 'b'), 'c');

    expect([id, parentOf(id), childOf(id)]).toEqual(['a::b::c', 'a::b', 'c']);
    expect(parentOf(parentOf(id) ?? '')).toBe('a');
  });

  test('takes a plain id as its own child part', () => {
    expect([isNamespaced('check'), parentOf('check'), childOf('check')]).toEqual([false, undefined, 'check']);
    expect(isNamespaced('a:b')).toBe(false);
  });
});
