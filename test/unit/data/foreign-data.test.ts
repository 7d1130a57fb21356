import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { frozenCopy } from '../../../src/data/frozen-copy.js';
import { pairsIn } from '../../../src/data/pairs.js';
import { isPlainData, plainCopy } from '../../../src/data/plain-data.js';
import { applyRecipe } from '../../../src/data/recipe.js';
import { errorOf, misuse, throws } from '../support/thrown.js';

/** What an expression gives in a realm of its own. */
const foreign = (code: string): unknown => runInNewContext(`(${code})`);

const revoked = (target: object = {}): object => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};

const nested = (levels: number): unknown => {
  let data: unknown = 'end';
  for (let level = 0; level < levels; level += 1) data = { below: data };
  return data;
};

describe('data of another realm', () => {
  test('become frozen data of this realm, at every depth', () => {
    const given = foreign(
      "{ list: [{ n: 1 }], map: new Map([['k', { n: 2 }]]), set: new Set([[3]]), bare: Object.create(null) }",
    );
    const copy = frozenCopy(given) as {
      list: { n: number }[];
      map: Map<string, { n: number }>;
      set: Set<number[]>;
      bare: object;
    };

    expect(copy).toStrictEqual(
      frozenCopy({
        list: [{ n: 1 }],
        map: new Map([['k', { n: 2 }]]),
        set: new Set([[3]]),
        bare: Object.create(null) as object,
      }),
    );
    expect(copy).not.toBe(given);
    const parts = [copy, copy.list, copy.list[0], copy.map, copy.map.get('k'), copy.set, ...copy.set];
    expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
    expect([copy.list instanceof Array, copy.map instanceof Map, copy.set instanceof Set]).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('keep instances of classes, dates and errors by reference', () => {
    const kept = foreign('[new (class Rate {})(), new Date(0), new Error("e"), () => 1]') as unknown[];
    const copy = frozenCopy(kept);

    expect(copy).not.toBe(kept);
    copy.forEach((part, index) => {
      expect(part).toBe(kept[index]);
    });
  });

  test('are plain, and copied as such', () => {
    const given = foreign("{ list: [1, 'a', null, { b: true }] }");

    expect(isPlainData(given)).toBe(true);
    expect(plainCopy(given)).toEqual({ list: [1, 'a', null, { b: true }] });
    expect(isPlainData(foreign('{ map: new Map() }'))).toBe(false);
    expect(isPlainData({ proxy: revoked() })).toBe(false);
  });

  test('hold pairs as an object, a Map or a list', () => {
    for (const code of ['{ a: 1 }', "new Map([['a', 1]])", "[['a', 1]]"])
      expect(pairsIn(foreign(code) as object, 'x')).toEqual([['a', 1]]);
    expect(pairsIn([1], 'x')).toBeUndefined();
  });
});

describe('data that cannot be copied', () => {
  test('of 1,000 levels can still be, of 1,001 not', () => {
    expect(frozenCopy(nested(1_000))).toEqual(nested(1_000));
    for (const levels of [1_001, 5_000, 100_000]) {
      const error = errorOf(() => frozenCopy(nested(levels), 'parameters', 'tree', 'shop/orders'));
      expect(error).toMatchObject({ code: 'CONTEXT_VALUE_INVALID', path: 'shop/orders' });
      expect(error.message).toContain("'tree' in parameters has more than 1,000 levels");
    }
  });

  test('count the levels of a frozen copy that they hold, so that none grows level by level', () => {
    let list: { readonly below: unknown } = frozenCopy({ below: undefined });
    for (let level = 1; level < 1_000; level += 1) list = frozenCopy({ below: list });

    expect(errorOf(() => frozenCopy({ below: list })).code).toBe('CONTEXT_VALUE_INVALID');
    expect(errorOf(() => frozenCopy(new Map([['k', list]]))).code).toBe('CONTEXT_VALUE_INVALID');
  });

  test.each([
    [
      'a getter that throws',
      {
        get part(): never {
          throw new RangeError('no');
        },
      },
    ],
    ['a revoked proxy', { part: revoked() }],
    ['a revoked proxy of a list', [revoked([])]],
    ['a proxy that hides its names', { part: new Proxy({}, { ownKeys: throws(new Error('no')) }) }],
    ['a proxy that hides its prototype', new Map([['a', new Proxy({}, { getPrototypeOf: throws(1) })]])],
  ])('are refused for %s, with what it threw as the cause', (_, given) => {
    const error = errorOf(() => frozenCopy(given, 'properties', 'label'));

    expect(error.code).toBe('CONTEXT_VALUE_INVALID');
    expect(error.message).toContain("'label' in properties cannot be read");
    expect(error).toHaveProperty('cause');
  });

  test('are refused as entries, with the name of the entry', () => {
    const source = {
      get region(): never {
        throw new RangeError('no');
      },
    };

    expect(errorOf(() => pairsIn(source, 'the session')).message).toContain("'region' in the session");
  });
});

describe('a recipe that answers with a promise', () => {
  test.each([
    ['of data', { n: 1 }],
    ['of a text', 'text'],
    ['of a Map', frozenCopy(new Map([['n', 1]]))],
  ])('is refused, and leaves the value %s', async (_, value) => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', listen);
    const error = errorOf(() =>
      applyRecipe<unknown>(
        value,
        async (draft) => {
          if (draft instanceof Map) draft.set('n', 2);
          await Promise.resolve();
          throw new Error('too late');
        },
        "'n' in parameters",
        'shop',
      ),
    );
    await new Promise(setImmediate);
    process.off('unhandledRejection', listen);

    expect(error).toMatchObject({ code: 'CONTEXT_RECIPE_ASYNC', path: 'shop' });
    expect(error.message).toContain("'n' in parameters");
    expect(unhandled).toEqual([]);
    if (value instanceof Map) expect(value.get('n')).toBe(1);
  });

  test('is any that gives something with a then', () => {
    const thenable = {
      then: (resolve: (value: number) => void) => {
        resolve(1);
      },
    };

    expect(errorOf(() => applyRecipe({ n: 1 }, () => thenable)).code).toBe('CONTEXT_RECIPE_ASYNC');
    expect(applyRecipe(misuse<object>({ n: 1 }), () => ({ then: 'no method' }))).toEqual({
      then: 'no method',
    });
  });
});
