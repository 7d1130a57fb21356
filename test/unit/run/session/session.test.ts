import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Session } from '../../../../src/run/session/session.js';
import { createSession } from '../../../../src/run/session/session-state.js';
import { SessionTransaction } from '../../../../src/run/session/session-transaction.js';
import { errorOf, misuse } from '../../support/thrown.js';

/** The session as a node of a run gets it. */
function sessionWith(initial: Record<string, unknown> = {}): Session {
  return SessionTransaction.begin(createSession(initial)).at('orders/count');
}

describe('a session', () => {
  test('gives what the conversation knows and what the run has set', () => {
    const session = sessionWith({ user: 'ann', step: 1 });

    expect(session.set('step', 2).set('more', undefined)).toBe(session);
    expect(['user', 'step', 'more', 'other'].map((key) => session.get(key))).toEqual([
      'ann',
      2,
      undefined,
      undefined,
    ]);
    expect(['user', 'step', 'more', 'other'].map((key) => session.has(key))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect([...session.keys()]).toEqual(['user', 'step', 'more']);
    expect(session.toObject()).toEqual({ user: 'ann', step: 2, more: undefined });
  });

  test('deletes, and tells whether the entry was there', () => {
    const session = sessionWith({ user: 'ann' });
    session.set('step', 1);

    expect([session.delete('user'), session.delete('step'), session.delete('other')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([session.delete('user'), session.has('user'), session.get('user')]).toEqual([
      false,
      false,
      undefined,
    ]);
    expect([...session.keys()]).toEqual([]);
    expect(session.toObject()).toEqual({});
    expect(session.set('user', 'bob').toObject()).toEqual({ user: 'bob' });
  });

  test('copies and freezes data, so that neither side can change the other’s', () => {
    const session = sessionWith();
    const cart = { items: ['apple'] };
    session.set('cart', cart);
    cart.items.push('pear');

    expect(session.get('cart')).toEqual({ items: ['apple'] });
    expect(() => session.get<typeof cart>('cart')?.items.push('fig')).toThrow(TypeError);
  });

  test('updates by a recipe, copy-on-write', () => {
    const session = sessionWith({ cart: { items: ['apple'] }, count: 1 });
    const before = session.get('cart');

    session.update<{ items: string[] }>('cart', (cart) => cart.items.push('pear'));
    session.update('count', (count: number) => count + 1);
    expect(session.toObject()).toEqual({ cart: { items: ['apple', 'pear'] }, count: 2 });
    expect(before).toEqual({ items: ['apple'] });
    expect(Object.isFrozen(session.get<{ items: string[] }>('cart')?.items)).toBe(true);
  });

  test('hands a recipe undefined where the entry is absent', () => {
    const session = sessionWith({ gone: 7 });
    session.delete('gone');

    for (const key of ['gone', 'new']) {
      session.update(key, (count: number | undefined) => (count ?? 0) + 1);
      expect(session.get(key)).toBe(1);
    }
  });

  test('stays as it was when a recipe throws or is none', () => {
    const session = sessionWith({ cart: ['apple'] });
    const failing = (): unknown =>
      session.update('cart', (cart: string[]) => {
        cart.push('pear');
        throw new RangeError('no');
      });

    expect(failing).toThrow(RangeError);
    expect(errorOf(() => session.update('cart', misuse<() => void>({}))).code).toBe('OPTION_INVALID');
    expect(session.get('cart')).toEqual(['apple']);
  });

  test('refuses keys that are no texts or empty, with the node’s path', () => {
    const session = sessionWith();
    const uses: ((key: string) => unknown)[] = [
      (key) => session.get(key),
      (key) => session.has(key),
      (key) => session.set(key, 1),
      (key) => session.update(key, () => 1),
      (key) => session.delete(key),
    ];
    for (const use of uses) {
      for (const key of ['', 3, undefined, null, Symbol('s')]) {
        expect(errorOf(() => use(misuse(key)))).toMatchObject({
          code: 'OPTION_INVALID',
          path: 'orders/count',
        });
      }
    }
    expect([...session.keys()]).toEqual([]);
  });

  test('shows keys as they are at the moment', () => {
    const session = sessionWith({ a: 1 });
    const keys = session.keys();
    session.set('b', 2);

    expect([...keys]).toEqual(['a']);
  });

  test('prints its keys, no values', () => {
    const session = sessionWith({ token: 'hush' }).set('other', 'hush');

    expect(inspect(session, { showHidden: true })).toBe('Session { token, other }');
    expect(JSON.stringify(session)).toBe('{}');
  });
});
