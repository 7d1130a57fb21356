import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeData, encodeData, NotEncodable } from '../../../src/data/codec.js';

const roundTrip = (value: unknown): unknown =>
  decodeData(JSON.parse(JSON.stringify(encodeData(value))) as ReturnType<typeof encodeData>);

const refusal = (value: unknown): string => {
  try {
    encodeData(value);
  } catch (error) {
    if (error instanceof NotEncodable) return error.message;
    throw error;
  }
  return 'nothing was refused';
};

describe('the codec', () => {
  it('brings back what JSON loses', () => {
    const given = {
      at: new Date(1234),
      never: new Date(Number.NaN),
      nothing: undefined,
      numbers: [-0, Number.NaN, Infinity, -Infinity, 1.5],
      big: 2n ** 80n,
      map: new Map<unknown, unknown>([[{ key: 1 }, new Set([1, 'one'])]]),
      bare: Object.assign(Object.create(null) as object, { a: 1 }),
      marked: { $: 'date', value: 3 },
      proto: JSON.parse('{"__proto__": 1}') as unknown,
      empty: {},
    };
    expect(roundTrip(given)).toStrictEqual(given);
  });

  it('brings back holes as holes', () => {
    // eslint-disable-next-line no-sparse-arrays -- the hole is what is tested
    const back = roundTrip([1, , undefined]) as unknown[];
    expect([back.length, 1 in back, 2 in back]).toEqual([3, false, true]);
  });

  it('brings back bytes of each kind, and only what a view shows', () => {
    const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]).buffer;
    const views = [
      new Uint8Array(buffer, 2, 3),
      new Int16Array(buffer, 2, 3),
      new Float64Array(buffer, 8, 1),
      new BigUint64Array(buffer, 8, 1),
    ];
    expect(roundTrip(views)).toStrictEqual(views);
    expect((roundTrip(views[0]) as Uint8Array).buffer.byteLength).toBe(3);
    expect(roundTrip(buffer)).toStrictEqual(buffer);
    expect((roundTrip(new DataView(buffer, 1, 2)) as DataView).getUint16(0)).toBe(0x0203);
    expect(roundTrip(Buffer.from('heir'))).toStrictEqual(new Uint8Array([104, 101, 105, 114]));
  });

  it('takes data of another realm', () => {
    const foreign: unknown = runInNewContext('({ list: [new Date(5)], map: new Map([[1, new Set([2])]]) })');
    expect(roundTrip(foreign)).toStrictEqual({ list: [new Date(5)], map: new Map([[1, new Set([2])]]) });
  });

  it.each([
    ['a function', { a: [() => 1] }, '.a[0] is a function'],
    ['a symbol', Symbol('s'), 'the value is a symbol'],
    ['a symbol as key', { [Symbol('s')]: 1 }, 'the value is an object with a symbol as key'],
    ['an instance', { a: new (class Order {})() }, '.a is an instance of a class'],
    ['a subclass of Map', { a: new (class extends Map {})() }, '.a is an instance of a class'],
    ['a subclass of Date', { a: new (class extends Date {})() }, '.a is an instance of a class'],
    ['an error', { a: new Error('secret') }, '.a is an instance of a class'],
    ['a regular expression', { a: /secret/ }, '.a is an instance of a class'],
    ['a URL', { a: new URL('https://secret') }, '.a is an instance of a class'],
    ['a boxed number', { a: Object(1) as unknown }, '.a is an instance of a class'],
    ['an accessor', { get a() { return 1; } }, '.a is an accessor'], // prettier-ignore
    [
      'a list with properties',
      { a: Object.assign([1], { extra: 1 }) },
      '.a is a list with properties of its own',
    ],
    ['shared memory', new Uint8Array(new SharedArrayBuffer(2)), 'the value is an instance of a class'],
  ])('refuses %s, naming the place and never the value', (_, given, message) => {
    expect(refusal(given)).toBe(message);
  });

  it('refuses cycles, depth and what cannot be read, and takes one object in two places', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = [cycle];
    expect(refusal(cycle)).toBe('.self[0] is part of itself');
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(refusal(deep)).toContain('is more than 1,000 levels deep');
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(refusal({ a: proxy })).toMatch(/^\.a is /);
    const shared = { n: 1 };
    expect(roundTrip([shared, shared])).toStrictEqual([{ n: 1 }, { n: 1 }]);
  });

  it('refuses encoded data that it has not written', () => {
    for (const damaged of [{ $: 'unheard', value: 1 }, { $: 'map', value: [1] }, { $: 'set' }]) {
      expect(() => decodeData(damaged)).toThrow(TypeError);
    }
  });

  it('brings random values back equal', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      stringUnit: 'binary',
    });
    fc.assert(
      fc.property(anything, (value) => {
        expect(roundTrip(value)).toStrictEqual(value);
      }),
      { numRuns: 1000 },
    );
  });
});
