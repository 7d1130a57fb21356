import { describe, expect, test } from 'vitest';
import { DictionaryInheritance } from '../../../src/context/dictionary-inheritance.js';
import type { KeySelection } from '../../../src/context/key-selection.js';
import { EMPTY_LAYER, stack } from '../../../src/context/layer.js';
import type { Entry, Layer } from '../../../src/context/layer.js';

const parent = stack(
  EMPTY_LAYER,
  new Map<string, Entry>([
    ['a', { value: 1, path: 'root' }],
    ['b', { value: 2, path: 'root' }],
  ]),
);
const explicit = new Map<string, Entry>([['a', { value: 'own', path: 'root/child' }]]);

function made(
  inherit: boolean | KeySelection,
  values: ReadonlyMap<string, Entry> = new Map(),
): DictionaryInheritance {
  return new DictionaryInheritance(inherit, values, 'a test');
}

function valuesOf(layer: Layer): Record<string, unknown> {
  return Object.fromEntries([...layer.all()].map(([name, { value }]) => [name, value]));
}

describe('the layer a child starts from', () => {
  test('is the parent’s own when all is inherited: nothing is copied', () => {
    expect(made(true).layerFor(parent)).toBe(parent);
  });

  test('is empty when nothing is inherited and nothing explicit', () => {
    expect(made(false).layerFor(parent)).toBe(EMPTY_LAYER);
  });

  test('has explicit values above inherited ones', () => {
    expect(valuesOf(made(true, explicit).layerFor(parent))).toEqual({ a: 'own', b: 2 });
    expect(valuesOf(made(false, explicit).layerFor(parent))).toEqual({ a: 'own' });
    expect(valuesOf(made({ pick: ['a', 'b'] }, explicit).layerFor(parent))).toEqual({ a: 'own', b: 2 });
  });

  test('has explicit values above renamed ones', () => {
    expect(valuesOf(made({ rename: { a: 'b' } }, explicit).layerFor(parent))).toEqual({ a: 'own' });
  });

  test('is made once for one layer of the parent, so that siblings share look-ups', () => {
    const picked = made({ pick: ['a'] });

    expect(picked.layerFor(parent)).toBe(picked.layerFor(parent));
    expect(made({ pick: ['a'] }).layerFor(parent)).not.toBe(picked.layerFor(parent));
  });

  test('is the same for every child when the parent holds nothing', () => {
    const inheritance = made({ pick: ['a'] }, explicit);

    expect(inheritance.layerFor(EMPTY_LAYER)).toBe(inheritance.layerFor(EMPTY_LAYER));
    expect(valuesOf(inheritance.layerFor(EMPTY_LAYER))).toEqual({ a: 'own' });
  });
});

describe('whether a key can be passed', () => {
  test('depends on the option and the explicit values, not on what the parent holds', () => {
    expect(['a', 'z'].map((key) => made(true).canPass(key))).toEqual([true, true]);
    expect(['a', 'z'].map((key) => made(false).canPass(key))).toEqual([false, false]);
    expect(['a', 'z'].map((key) => made(false, explicit).canPass(key))).toEqual([true, false]);
    expect(['a', 'z', 'x'].map((key) => made({ pick: ['a'], rename: { x: 'b' } }).canPass(key))).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('names the parent’s keys that may give it', () => {
    expect(made(true).sourcesOf('a')).toEqual(['a']);
    expect(made(false).sourcesOf('a')).toEqual([]);
    expect(made({ rename: { a: 'b' } }).sourcesOf('a')).toEqual(['b']);
  });
});
