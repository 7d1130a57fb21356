import { describe, expect, test } from 'vitest';
import { createSession } from '../../../../src/run/session/session-state.js';
import type { SessionState } from '../../../../src/run/session/session-state.js';
import { SessionTransaction } from '../../../../src/run/session/session-transaction.js';
import { errorOf } from '../../support/thrown.js';

const increment = (count: number | undefined): number => (count ?? 0) + 1;

/** A run that has begun, and the session as one of its nodes gets it. */
function began(state?: SessionState) {
  const transaction = SessionTransaction.begin(state);
  return { transaction, session: transaction.at('chat/answer') };
}

describe('a transaction', () => {
  test('commits all that its run wrote, at once', () => {
    const state = createSession({ user: 'ann', count: 1, old: true });
    const { transaction, session } = began(state);
    session.set('user', 'bob').update('count', increment);
    session.delete('old');
    session.set('new', { n: 1 });

    expect(state.toObject()).toEqual({ user: 'ann', count: 1, old: true });
    expect(transaction.commit()).toBeUndefined();
    expect(state.toObject()).toEqual({ user: 'bob', count: 2, new: { n: 1 } });
  });

  test('keeps nothing when it is discarded', () => {
    const state = createSession({ user: 'ann' });
    const { transaction, session } = began(state);
    session.set('user', 'bob');
    transaction.discard();

    expect(transaction.commit()).toBeUndefined();
    expect(state.toObject()).toEqual({ user: 'ann' });
  });

  test('sees the state as it was at the begin, whatever others commit', () => {
    const state = createSession({ a: 1, b: 1, gone: 1 });
    const reader = began(state);
    const other = began(state);
    other.session.set('a', 2).set('new', 2).delete('gone');
    other.transaction.commit();

    expect(reader.session.toObject()).toEqual({ a: 1, b: 1, gone: 1 });
    expect([reader.session.get('a'), reader.session.has('new'), reader.session.has('gone')]).toEqual([
      1,
      false,
      true,
    ]);
    expect(began(state).session.toObject()).toEqual({ a: 2, b: 1, new: 2 });
  });

  test('works without a state: the session begins empty and ends with the run', () => {
    const { transaction, session } = began();
    session.set('a', 1);

    expect([session.get('a'), session.toObject()]).toEqual([1, { a: 1 }]);
    expect(transaction.commit()).toBeUndefined();
    expect(session.get('a')).toBe(1);
    expect(began().session.toObject()).toEqual({});
  });

  test('keeps data that it did not change as it is', () => {
    const state = createSession({ cart: { items: ['apple'] } });
    const cart = state.get('cart');
    const { transaction, session } = began(state);
    session.set('a', 1);
    transaction.commit();

    expect(state.get('cart')).toBe(cart);
  });
});

describe('a conflict', () => {
  const writes = {
    set: (key: string, state: ReturnType<typeof began>) => state.session.set(key, 9),
    'set of the value that it has': (key: string, state: ReturnType<typeof began>) =>
      state.session.set(key, 1),
    update: (key: string, state: ReturnType<typeof began>) => state.session.update(key, increment),
    'update that changes nothing': (key: string, state: ReturnType<typeof began>) =>
      state.session.update(key, () => undefined),
    delete: (key: string, state: ReturnType<typeof began>) => state.session.delete(key),
  };

  for (const [first, writeFirst] of Object.entries(writes)) {
    for (const [second, writeSecond] of Object.entries(writes)) {
      test(`arises where a ${second} follows a ${first} of another run, on a present key and an absent one`, () => {
        for (const key of ['present', 'absent']) {
          const state = createSession({ present: 1 });
          const [winner, loser] = [began(state), began(state)];
          writeFirst(key, winner);
          writeSecond(key, loser);

          expect(winner.transaction.commit()).toBeUndefined();
          const committed = state.toObject();
          expect(loser.transaction.commit()?.code).toBe('SESSION_CONFLICT');
          expect(state.toObject()).toEqual(committed);
        }
      });
    }
  }

  test('names the keys and what to do, and keeps none of the writes', () => {
    const state = createSession({ a: 1, b: 1, c: 1 });
    const [winner, loser] = [began(state), began(state)];
    winner.session.set('a', 2).set('b', 2);
    loser.session.set('c', 3).set('b', 3).set('a', 3);
    winner.transaction.commit();
    const error = loser.transaction.commit('chat');

    expect(error).toMatchObject({ code: 'SESSION_CONFLICT', path: 'chat' });
    expect(error?.message).toContain("'a', 'b'");
    expect(error?.message).not.toContain("'c'");
    expect(error?.message).toContain('Run it again');
    expect(state.toObject()).toEqual({ a: 2, b: 2, c: 1 });
  });

  test('is none where keys differ, nor where a key was only read', () => {
    const state = createSession({ a: 1, b: 1 });
    const [first, second] = [began(state), began(state)];
    first.session.update('a', increment);
    second.session.set('b', Number(second.session.get('a')) + 1);

    expect([first.transaction.commit(), second.transaction.commit()]).toEqual([undefined, undefined]);
    expect(state.toObject()).toEqual({ a: 2, b: 2 });
  });

  test('is none with what was committed before the begin, nor with what was discarded', () => {
    const state = createSession();
    const earlier = began(state);
    earlier.session.set('a', 1);
    earlier.transaction.commit();
    const [failed, later] = [began(state), began(state)];
    failed.session.set('a', 2);
    failed.transaction.discard();
    later.session.set('a', 3);

    expect(later.transaction.commit()).toBeUndefined();
    expect(state.get('a')).toBe(3);
  });

  test('is found also where the key is as it was again', () => {
    const state = createSession();
    const waiting = began(state);
    waiting.session.set('a', 1);
    const setting = began(state);
    setting.session.set('a', 2);
    setting.transaction.commit();
    const deleting = began(state);
    deleting.session.delete('a');
    deleting.transaction.commit();

    expect(waiting.transaction.commit()?.code).toBe('SESSION_CONFLICT');
  });
});

describe('after its end, a transaction', () => {
  for (const [ending, end] of [
    ['commit', (run: SessionTransaction) => run.commit()],
    ['discard', (run: SessionTransaction) => run.discard()],
  ] as const) {
    test(`refuses writes with the node’s path, and shows what the run saw (${ending})`, () => {
      const state = createSession({ a: 1 });
      const { transaction, session } = began(state);
      session.set('b', 1);
      end(transaction);
      const after = state.toObject();
      const other = began(state);
      other.session.set('a', 2);
      other.transaction.commit();

      for (const write of [
        () => session.set('a', 9),
        () => session.update('missing', (list: string[]) => list.push('x')),
        () => session.delete('a'),
      ]) {
        const error = errorOf(write);
        expect(error).toMatchObject({ code: 'SESSION_CLOSED', path: 'chat/answer' });
        expect(error.message).toContain('the run has ended');
      }
      expect(session.toObject()).toEqual({ a: 1, b: 1 });
      expect([session.get('a'), session.get('b')]).toEqual([1, 1]);
      expect(transaction.commit()).toBeUndefined();
      expect(state.toObject()).toEqual({ ...after, a: 2 });
    });
  }

  test('is closed too when it has lost a conflict', () => {
    const state = createSession();
    const [winner, loser] = [began(state), began(state)];
    winner.session.set('a', 1);
    loser.session.set('a', 2);
    winner.transaction.commit();
    loser.transaction.commit();

    expect(errorOf(() => loser.session.set('a', 3)).code).toBe('SESSION_CLOSED');
    expect(loser.session.get('a')).toBe(2);
    expect(loser.transaction.commit()).toBeUndefined();
    expect(state.get('a')).toBe(1);
  });
});

describe('a snapshot for a child', () => {
  test('sees what is there at the moment, and neither sees the other’s later writes', () => {
    const { transaction, session } = began(createSession({ a: 1, b: 1, c: 1 }));
    session.set('a', 2).delete('c');
    const child = transaction.snapshot().at('chat/child/node');
    session.set('b', 3).set('a', 3);
    child.set('a', 4).set('d', 4);

    expect(child.toObject()).toEqual({ a: 4, b: 1, d: 4 });
    expect(session.toObject()).toEqual({ a: 3, b: 3 });
  });

  test('commits nothing, and does not conflict', () => {
    const state = createSession({ a: 1 });
    const { transaction, session } = began(state);
    const copy = transaction.snapshot();
    copy.at('chat/child/node').set('a', 2).set('b', 2);
    const other = began(state);
    other.session.set('a', 5);
    other.transaction.commit();

    expect(copy.commit()).toBeUndefined();
    session.set('c', 3);
    expect(transaction.commit()).toBeUndefined();
    expect(state.toObject()).toEqual({ a: 5, c: 3 });
  });

  test('closes with the transaction, also a snapshot of a snapshot', () => {
    const { transaction } = began(createSession({ a: 1 }));
    const child = transaction.snapshot();
    const grandchild = child.snapshot();
    grandchild.at('chat/x/y/node').set('a', 2);
    transaction.commit();

    for (const session of [child.at('chat/x/node'), grandchild.at('chat/x/node')]) {
      expect(errorOf(() => session.set('a', 3))).toMatchObject({
        code: 'SESSION_CLOSED',
        path: 'chat/x/node',
      });
    }
    expect([child.at('p').get('a'), grandchild.at('p').get('a')]).toEqual([1, 2]);
  });

  test('can be closed alone', () => {
    const { transaction, session } = began(createSession());
    const child = transaction.snapshot();
    child.discard();

    expect(errorOf(() => child.at('p').set('a', 1)).code).toBe('SESSION_CLOSED');
    expect(session.set('a', 1).get('a')).toBe(1);
  });

  test('of a transaction without a state works the same', () => {
    const { transaction, session } = began();
    const child = transaction.snapshot().at('p');
    session.set('a', 1);

    expect(child.has('a')).toBe(false);
    expect(child.set('b', 1).toObject()).toEqual({ b: 1 });
    expect(session.has('b')).toBe(false);
  });
});

describe('no session', () => {
  test('holds no key and refuses writes, naming the composite and the node', () => {
    const none = SessionTransaction.none('chat/lookup');
    const session = none.at('chat/lookup/fetch');

    expect([session.get('a'), session.has('a'), session.toObject()]).toEqual([undefined, false, {}]);
    for (const write of [
      () => session.set('a', 1),
      () => session.update('a', (list: string[]) => list.push('x')),
      () => session.delete('a'),
    ]) {
      const error = errorOf(write);
      expect(error).toMatchObject({ code: 'SESSION_CLOSED', path: 'chat/lookup/fetch' });
      expect(error.message).toContain("the composite 'chat/lookup' passes no session");
    }
    expect(none.commit()).toBeUndefined();
  });

  test('is also what a snapshot of it holds', () => {
    const session = SessionTransaction.none('chat/lookup').snapshot().at('chat/lookup/deep/fetch');

    expect(session.toObject()).toEqual({});
    expect(errorOf(() => session.set('a', 1)).message).toContain("the composite 'chat/lookup'");
  });
});

describe('a closed transaction', () => {
  test('shows the state as it is now, and refuses writes with the reason', () => {
    const state = createSession({ a: 1 });
    const closed = SessionTransaction.closed(state, 'no run is open');
    const session = closed.at('chat');
    const run = began(state);
    run.session.set('a', 2);

    expect(session.get('a')).toBe(1);
    run.transaction.commit();
    expect([session.get('a'), session.toObject()]).toEqual([2, { a: 2 }]);
    expect(errorOf(() => session.set('a', 3)).message).toContain('no run is open');
    closed.discard();
    expect([closed.commit(), session.get('a')]).toEqual([undefined, 2]);
  });

  test('needs no state', () => {
    expect(SessionTransaction.closed(undefined, 'no run is open').at('').toObject()).toEqual({});
  });
});
