import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createSession, SessionState } from '../../../../src/run/session/session-state.js';
import { SessionTransaction } from '../../../../src/run/session/session-transaction.js';
import { errorOf, misuse } from '../../support/thrown.js';

describe('createSession', () => {
  test('makes an empty memory, or one from an object, a Map or pairs', () => {
    expect(createSession().toObject()).toEqual({});
    expect(createSession(undefined).toObject()).toEqual({});
    expect(createSession({ user: 'ann' }).toObject()).toEqual({ user: 'ann' });
    expect(createSession(new Map([['user', 'ann']])).toObject()).toEqual({ user: 'ann' });
    expect(createSession([['user', 'ann']]).toObject()).toEqual({ user: 'ann' });
  });

  test('copies and freezes data, so that the given object stays its own', () => {
    const given = { cart: { items: ['apple'] } };
    const state = createSession(given);
    given.cart.items.push('pear');

    expect(state.get('cart')).toEqual({ items: ['apple'] });
    expect(Object.isFrozen(state.get<typeof given.cart>('cart')?.items)).toBe(true);
  });

  test('refuses keys that are no texts or empty', () => {
    const sources: unknown[] = [{ '': 1 }, { [Symbol('s')]: 1 }, [[1, 1]], new Map([[undefined, 1]])];
    for (const source of sources) {
      const error = errorOf(() => createSession(misuse(source)));
      expect(error.code).toBe('OPTION_INVALID');
      expect(error.message).toContain('a key must be a text that is not empty');
    }
  });

  test('refuses what holds no entries, another session too', () => {
    const sources: unknown[] = [
      null,
      'ab',
      3,
      ['ab'],
      [['key']],
      new Date(),
      Promise.resolve({}),
      createSession(),
    ];
    for (const source of sources) {
      const error = errorOf(() => createSession(misuse(source)));
      expect(error.code).toBe('OPTION_INVALID');
      expect(error.message).toContain('a plain object, a Map or a list of [key, value] pairs was expected');
    }
  });
});

describe('a session state', () => {
  test('tells what is in it', () => {
    const state = createSession({ user: 'ann', nothing: undefined });

    expect([state.get('user'), state.get('nothing'), state.get('other')]).toEqual([
      'ann',
      undefined,
      undefined,
    ]);
    expect([state.has('user'), state.has('nothing'), state.has('other')]).toEqual([true, true, false]);
    expect(errorOf(() => state.get('')).code).toBe('OPTION_INVALID');
    expect(errorOf(() => state.has(misuse(7))).code).toBe('OPTION_INVALID');
  });

  test('survives being stored as JSON', () => {
    const state = createSession({ user: 'ann', ['__proto__']: { isAdmin: true } });
    const restored = createSession(JSON.parse(JSON.stringify(state)) as Record<string, unknown>);

    expect(restored.toObject()).toEqual(state.toObject());
    expect(Object.keys(restored.toObject())).toEqual(['user', '__proto__']);
    expect(restored.has('isAdmin')).toBe(false);
  });

  test('gives objects that are not the memory itself', () => {
    const state = createSession({ user: 'ann' });
    state.toObject()['user'] = 'bob';

    expect(state.get('user')).toBe('ann');
  });

  test('prints its keys, no values', () => {
    const state = createSession({ user: 'ann', token: 'hush' });

    expect(inspect({ state }, { depth: 9, showHidden: true })).toContain('SessionState { user, token }');
    expect(inspect(state, { showHidden: true })).not.toContain('hush');
    expect(SessionState.name).toBe('SessionState');
  });

  test('has no way to write', () => {
    const names = Object.getOwnPropertyNames(SessionState.prototype);

    expect(names).toEqual(['constructor', 'get', 'has', 'toObject', 'toJSON']);
  });

  test('shows what transactions have committed', () => {
    const state = createSession({ user: 'ann', old: 1 });
    const transaction = SessionTransaction.begin(state);
    transaction.at('p/a').set('user', 'bob').delete('old');

    expect(state.toObject()).toEqual({ user: 'ann', old: 1 });
    transaction.commit();
    expect(state.toObject()).toEqual({ user: 'bob' });
    expect([state.get('user'), state.has('old')]).toEqual(['bob', false]);
  });
});
