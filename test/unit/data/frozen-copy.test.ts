import { createDraft } from 'immer';
import { describe, expect, test } from 'vitest';
import { frozenCopy, isFrozenCopy } from '../../../src/data/frozen-copy.js';
import { misuse } from '../support/thrown.js';

describe('frozenCopy', () => {
  test('copies plain objects and arrays deeply and freezes the copy', () => {
    const given = { list: [{ n: 1 }], text: 'a' };
    const copy = frozenCopy(given);

    expect(copy).toEqual(given);
    expect([copy, copy.list, copy.list[0]].map((part) => Object.isFrozen(part))).toEqual([true, true, true]);
    given.list.push({ n: 2 });
    expect(copy.list).toEqual([{ n: 1 }]);
  });

  test('leaves the given value unfrozen', () => {
    const given = { inner: { n: 1 } };
    frozenCopy(given);

    given.inner.n = 2;
    expect(Object.isFrozen(given) || Object.isFrozen(given.inner)).toBe(false);
  });

  test('copies what others have frozen only at the surface', () => {
    const given = Object.freeze({ inner: { n: 1 } });
    const copy = frozenCopy(given);
    given.inner.n = 2;

    expect(copy.inner.n).toBe(1);
    expect(Object.isFrozen(copy.inner)).toBe(true);
  });

  test('takes over what the object has by itself, whatever Object.prototype has under the same names', () => {
    const given = JSON.parse(
      '{ "constructor": 1, "toString": { "a": [2] }, "__proto__": { "b": 3 } }',
    ) as object;
    const readonly = { value: undefined, writable: false, configurable: true };
    Object.defineProperty(Object.prototype, 'a', readonly);
    try {
      expect(Reflect.ownKeys(frozenCopy(given))).toEqual(['constructor', 'toString', '__proto__']);
      expect(JSON.stringify(frozenCopy(given))).toBe(JSON.stringify(given));
    } finally {
      Reflect.deleteProperty(Object.prototype, 'a');
    }
  });

  test('leaves out what a getter removes before its turn', () => {
    const given: { a: number; b?: number } = {
      get a() {
        delete given.b;
        return 1;
      },
      b: 2,
    };

    expect(Reflect.ownKeys(frozenCopy(given))).toEqual(['a']);
  });

  test('freezes Maps and Sets as well, each once it is marked', () => {
    const copy = frozenCopy({ map: new Map([[{ a: 1 }, new Set([1])]]) });
    const [[key, set] = []] = copy.map;

    for (const part of [copy.map, key, set]) {
      expect(Object.isFrozen(part)).toBe(true);
      expect(isFrozenCopy(part as object)).toBe(true);
    }
  });

  test('takes its own copies as they are, also inside of new data', () => {
    const copy = frozenCopy({ n: 1 });

    expect(frozenCopy(copy)).toBe(copy);
    expect(frozenCopy({ copy }).copy).toBe(copy);
  });

  test('tells its own copies from what others have frozen', () => {
    const given = Object.freeze({ list: Object.freeze([1]) });
    const copy = frozenCopy(given);

    expect([copy, copy.list, given, given.list].map(isFrozenCopy)).toEqual([true, true, false, false]);
  });

  test('copies Maps and Sets, with what is in them, and refuses changes of the copies', () => {
    const map = new Map([['a', { n: 1 }]]);
    const set = new Set([{ n: 1 }]);
    const copy = frozenCopy({ map, set });
    map.clear();
    set.clear();

    expect(copy.map.get('a')).toEqual({ n: 1 });
    expect([...copy.set]).toEqual([{ n: 1 }]);
    expect(Object.isFrozen(copy.map.get('a'))).toBe(true);
    expect(() => copy.map.set('b', { n: 2 })).toThrow();
    expect(() => copy.map.delete('a')).toThrow();
    expect(() => copy.set.add({ n: 2 })).toThrow();
    expect(() => {
      copy.set.clear();
    }).toThrow();
    expect([copy.map.size, copy.set.size]).toEqual([1, 1]);
  });

  test('keeps cycles, through every kind of container', () => {
    interface Knot {
      self?: Knot;
      list: Knot[];
      map: Map<string, Knot>;
      set: Set<Knot>;
    }
    const knot: Knot = { list: [], map: new Map(), set: new Set() };
    knot.self = knot;
    knot.list.push(knot);
    knot.map.set('knot', knot);
    knot.set.add(knot);
    const copy = frozenCopy(knot);

    expect(copy).not.toBe(knot);
    expect([copy.self, copy.list[0], copy.map.get('knot'), [...copy.set][0]]).toEqual([
      copy,
      copy,
      copy,
      copy,
    ]);
    expect(copy.self).toBe(copy);
    expect([...copy.set][0]).toBe(copy);
    expect(Object.isFrozen(copy) && Object.isFrozen(copy.list)).toBe(true);
  });

  test('copies what is there twice once', () => {
    const shared = { n: 1 };
    const copy = frozenCopy({ a: shared, b: shared });

    expect(copy.a).toBe(copy.b);
  });

  test('keeps an own __proto__ as a plain entry', () => {
    const given = JSON.parse('{ "__proto__": { "isAdmin": true } }') as { isAdmin?: boolean };
    const copy = frozenCopy(given);

    expect(copy.isAdmin).toBeUndefined();
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(Object.keys(copy)).toEqual(['__proto__']);
  });

  test('keeps objects without a prototype so', () => {
    const given = Object.assign(Object.create(null) as object, { n: 1 });

    expect(Object.getPrototypeOf(frozenCopy(given))).toBeNull();
    expect(frozenCopy(given)).toEqual(given);
  });

  test('copies symbol keys and leaves out what is not enumerable', () => {
    const mark = Symbol('mark');
    const given = Object.defineProperty({ [mark]: [1] }, 'hidden', { value: 1, enumerable: false });

    expect(Reflect.ownKeys(frozenCopy(given))).toEqual([mark]);
  });

  test('keeps instances of classes, dates and functions by reference, unfrozen', () => {
    class Service {
      calls = 0;
    }
    class Names extends Array<string> {}
    class Registry extends Map<string, string> {}
    const kept = [
      new Service(),
      new Date(),
      () => 1,
      new Names('a', 'b'),
      new Registry(),
      /x/,
      new Uint8Array(2),
    ];
    const copy = frozenCopy(kept);

    copy.forEach((value, index) => {
      expect(value).toBe(kept[index]);
      if (!(value instanceof Uint8Array)) expect(Object.isFrozen(value)).toBe(false);
    });
  });

  test('gives primitives back', () => {
    const symbol = Symbol('s');
    for (const value of [undefined, null, 0, '', NaN, 1n, symbol]) expect(frozenCopy(value)).toBe(value);
  });

  test('takes the original of a draft that a recipe has left in new data', () => {
    const draft = createDraft({ n: 1 });
    const copy = frozenCopy(misuse<{ from: { n: number } }>({ from: draft }));

    expect(copy).toEqual({ from: { n: 1 } });
  });
});
