import { inspect } from 'node:util';
import { produce } from 'immer';
import { describe, expect, test } from 'vitest';
import { frozenCopy } from '../../../src/data/frozen-copy.js';
import { misuse } from '../support/thrown.js';

const map = (): Map<string, number> =>
  new Map([
    ['a', 1],
    ['b', 2],
  ]);

describe('a frozen Map', () => {
  test('reads like the Map that it is a copy of', () => {
    const copy = frozenCopy(map());
    const seen: unknown[] = [];
    copy.forEach(function (this: unknown, value, key, whole) {
      seen.push([this, key, value, whole === copy]);
    }, 'this');

    expect(copy).toBeInstanceOf(Map);
    expect([copy.size, copy.get('a'), copy.has('b'), copy.has('c')]).toEqual([2, 1, true, false]);
    expect([[...copy], [...copy.keys()], [...copy.values()], [...copy.entries()]]).toEqual([
      [...map()],
      ['a', 'b'],
      [1, 2],
      [...map()],
    ]);
    expect(seen).toEqual([
      ['this', 'a', 1, true],
      ['this', 'b', 2, true],
    ]);
    expect(new Map(copy)).toStrictEqual(map());
    expect(copy).toEqual(map());
    expect(map()).toEqual(copy);
    expect(copy).not.toEqual(new Map([['a', 1]]));
    expect([Object.prototype.toString.call(copy), inspect(copy)]).toEqual(['[object Map]', inspect(map())]);
  });

  test('cannot be changed, not by the methods of another Map either', () => {
    const copy = frozenCopy(map());

    for (const change of [
      () => copy.set('a', 9),
      () => copy.delete('a'),
      () => {
        copy.clear();
      },
      () => Map.prototype.set.call(copy, 'a', 9),
      () => Map.prototype.delete.call(copy, 'a'),
      () => {
        Map.prototype.clear.call(copy);
      },
      () => Object.assign(copy, { get: () => 9 }),
    ])
      expect(change).toThrow(TypeError);
    const shown = misuse<{ [inspect.custom]: () => Map<string, number> }>(copy)[inspect.custom]();
    shown.set('a', 9);
    expect(copy).toEqual(map());
  });

  test('can be a draft of a recipe, also inside other data', () => {
    const data = frozenCopy({ map: map(), kept: map() });
    const changed = produce(data, (draft) => {
      draft.map.set('c', 3);
    });

    expect(changed.map).toEqual(new Map([...map(), ['c', 3]]));
    expect(changed.kept).toBe(data.kept);
    expect(data.map).toEqual(map());
    expect(frozenCopy(data.map)).toBe(data.map);
  });
});

describe('a frozen Set', () => {
  const set = (): Set<string> => new Set(['a', 'b']);

  test('reads like the Set that it is a copy of', () => {
    const copy = frozenCopy(set());
    const seen: unknown[] = [];
    copy.forEach((element, same, whole) => seen.push([element, same, whole === copy]));

    expect(copy).toBeInstanceOf(Set);
    expect([copy.size, copy.has('a'), copy.has('c')]).toEqual([2, true, false]);
    expect([[...copy], [...copy.keys()], [...copy.values()], [...copy.entries()]]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
      [...set().entries()],
    ]);
    expect(seen).toEqual([
      ['a', 'a', true],
      ['b', 'b', true],
    ]);
    expect(new Set(copy)).toStrictEqual(set());
    expect(copy).toEqual(set());
    expect([Object.prototype.toString.call(copy), inspect(copy)]).toEqual(['[object Set]', inspect(set())]);
  });

  test('has the methods that compare Sets where this version of Node has them', () => {
    const { union } = misuse<{ union?: (this: unknown, other: Set<string>) => Set<string> }>(Set.prototype);
    const own = misuse<{ union?: (other: Set<string>) => Set<string> }>(frozenCopy(set()));

    expect(own.union?.(new Set(['c']))).toEqual(union?.call(set(), new Set(['c'])));
  });

  test('cannot be changed, not by the methods of another Set either', () => {
    const copy = frozenCopy(set());

    for (const change of [
      () => copy.add('c'),
      () => copy.delete('a'),
      () => {
        copy.clear();
      },
      () => Set.prototype.add.call(copy, 'c'),
      () => Set.prototype.delete.call(copy, 'a'),
    ])
      expect(change).toThrow(TypeError);
    expect(copy).toEqual(set());
  });

  test('can be a draft of a recipe', () => {
    const data = frozenCopy({ set: set() });

    expect(
      produce(data, (draft) => {
        draft.set.add('c');
      }).set,
    ).toEqual(new Set(['a', 'b', 'c']));
    expect(data.set).toEqual(set());
  });
});
