import { describe, expect, test } from 'vitest';
import { contextKey } from '../../../src/context/context-key.js';
import { CompiledSelection, SelectedLayer } from '../../../src/context/key-selection.js';
import type { KeySelection } from '../../../src/context/key-selection.js';
import { EMPTY_LAYER, stack } from '../../../src/context/layer.js';
import { errorOf, misuse } from '../support/thrown.js';

const parent = stack(
  EMPTY_LAYER,
  new Map(['a', 'b', 'c'].map((name) => [name, { value: `${name} of parent`, path: 'root' }])),
);

/** What a child has under a selection, as an object. */
function selected(selection: KeySelection): Record<string, unknown> {
  const layer = new SelectedLayer(parent, new CompiledSelection(selection, 'a test'));
  const all = Object.fromEntries([...layer.all()].map(([name, { value }]) => [name, value]));
  for (const name of ['a', 'b', 'c', 'x', 'y', ...Object.keys(all)]) {
    // Looking one name up and listing them all must agree, in a layer that has not been listed too.
    const fresh = new SelectedLayer(parent, new CompiledSelection(selection, 'a test'));
    expect(fresh.get(name)?.value).toBe(all[name]);
  }
  return all;
}

describe('a key selection', () => {
  const [a, b, c] = ['a of parent', 'b of parent', 'c of parent'];
  const cases: readonly (readonly [string, KeySelection, Record<string, unknown>])[] = [
    ['pick passes the keys named', { pick: ['a', 'c'] }, { a, c }],
    ['pick passes nothing for a key that the parent lacks', { pick: ['a', 'z'] }, { a }],
    ['an empty pick passes nothing', { pick: [] }, {}],
    ['omit passes all but the keys named', { omit: ['b'] }, { a, c }],
    ['an empty omit passes all', { omit: [] }, { a, b, c }],
    ['pick and omit pass what is picked and not omitted', { pick: ['a', 'b'], omit: ['b'] }, { a }],
    ['rename alone passes the renamed keys only', { rename: { x: 'a' } }, { x: a }],
    [
      'rename with omit passes the renamed one under its old name too',
      { omit: ['b'], rename: { x: 'a' } },
      { a, c, x: a },
    ],
    ['rename works from an omitted key', { omit: ['a'], rename: { x: 'a' } }, { b, c, x: a }],
    [
      'rename works beside pick, from a key that is not picked',
      { pick: ['b'], rename: { x: 'a' } },
      { b, x: a },
    ],
    ['one key can be renamed to several', { rename: { x: 'a', y: 'a' } }, { x: a, y: a }],
    ['a mapped name goes before an inherited one', { omit: [], rename: { a: 'b' } }, { a: b, b, c }],
    ['two keys can change places', { rename: { a: 'b', b: 'a' } }, { a: b, b: a }],
    ['a key renamed to itself passes', { omit: ['a'], rename: { a: 'a' } }, { a, b, c }],
    ['a mapping from an absent key leaves the inherited one', { omit: [], rename: { a: 'z' } }, { a, b, c }],
    ['an empty selection passes nothing', {}, {}],
  ];
  for (const [title, selection, expected] of cases) {
    test(title, () => {
      expect(selected(selection)).toEqual(expected);
    });
  }

  test('takes typed keys as their names', () => {
    const A = contextKey<string>('a');

    expect(selected({ pick: [A], rename: { x: A } })).toEqual({ a, x: a });
  });

  test('tells which of the parent’s names may give a name, the strongest first', () => {
    const selection = new CompiledSelection({ omit: ['c'], rename: { a: 'b', x: 'c' } }, 'a test');

    expect(['a', 'b', 'c', 'x'].map((name) => selection.sourcesOf(name))).toEqual([
      ['b', 'a'],
      ['b'],
      [],
      ['c', 'x'],
    ]);
  });

  test('does not follow later changes of the object it was made of', () => {
    const pick = ['a'];
    const selection = new CompiledSelection({ pick }, 'a test');
    pick.push('b');

    expect(selection.sourcesOf('b')).toEqual([]);
  });
});

describe('a wrong selection', () => {
  const wrong: readonly (readonly [unknown, string, string])[] = [
    [['a'], 'OPTION_INVALID', '{ pick: [...] }'],
    [{ pick: 'a' }, 'OPTION_INVALID', 'a list of keys'],
    [{ omit: { a: true } }, 'OPTION_INVALID', 'a list of keys'],
    [{ rename: 'a' }, 'OPTION_INVALID', 'an object'],
    [{ picks: ['a'] }, 'OPTION_INVALID', "no option 'picks'"],
    [{ pick: [''] }, 'CONTEXT_KEY_INVALID', "''"],
    [{ pick: [7] }, 'CONTEXT_KEY_INVALID', 'type number'],
    [{ rename: { x: '__proto__' } }, 'CONTEXT_KEY_INVALID', '__proto__'],
    [{ rename: { x: undefined } }, 'CONTEXT_KEY_INVALID', 'undefined (is an import circular?)'],
  ];
  for (const [selection, code, words] of wrong) {
    test(`${JSON.stringify(selection)} is ${code}`, () => {
      const error = errorOf(() => new CompiledSelection(misuse(selection), 'a test'));

      expect(error.code).toBe(code);
      expect(error.message).toContain(words);
    });
  }
});
