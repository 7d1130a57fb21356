import { describe, expect, it } from 'vitest';
import { frozenJson } from '../../../src/data/frozen-json.js';

describe('frozenJson', () => {
  it('copies what can be changed, and leaves the given data as they are', () => {
    const given = { list: [{ a: 1 }], text: 't', nothing: null };
    const frozen = frozenJson(given);
    expect(frozen).toEqual(given);
    expect(frozen).not.toBe(given);
    expect(Object.isFrozen(given.list)).toBe(false);
    expect([frozen, frozen.list, frozen.list[0]].every(Object.isFrozen)).toBe(true);
  });

  it('gives frozen data as they are, also as parts of others', () => {
    const part = frozenJson({ list: [1, { b: 2 }] });
    expect(frozenJson(part)).toBe(part);
    expect(frozenJson({ part }).part).toBe(part);
  });

  it('copies what is frozen outside and not inside', () => {
    const given = Object.freeze({ inner: { a: 1 } });
    const frozen = frozenJson(given);
    given.inner.a = 2;
    expect(frozen.inner).toEqual({ a: 1 });
  });
});
