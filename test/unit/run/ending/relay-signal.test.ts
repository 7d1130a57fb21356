import { describe, expect, test } from 'vitest';
import { CancelScope } from '../../../../src/run/ending/cancel-scope.js';
import { relaySignal } from '../../../../src/run/ending/relay-signal.js';

describe('relaySignal', () => {
  test('cancels the scope when the caller aborts, with the caller’s reason as cause', () => {
    const caller = new AbortController();
    const scope = new CancelScope('run');
    const why = new Error('the client has gone');
    relaySignal(caller.signal, scope);

    caller.abort(why);

    expect(scope.reason).toMatchObject({ kind: 'user', path: 'run', cause: why });
  });

  test('cancels at once when the caller has aborted before', () => {
    const scope = new CancelScope('run');
    relaySignal(AbortSignal.abort('early'), scope);

    expect(scope.reason).toMatchObject({ kind: 'user', cause: 'early' });
  });

  test('keeps a reason that is a CancelReason', () => {
    const caller = new AbortController();
    const scope = new CancelScope('run');
    relaySignal(caller.signal, scope);

    caller.abort({ kind: 'superseded', message: 'a newer one runs' });

    expect(scope.reason?.reason).toEqual({ kind: 'superseded', message: 'a newer one runs' });
  });

  test('hands on the kind of another run that was cancelled', () => {
    const outer = new CancelScope('outer');
    const scope = new CancelScope('run');
    relaySignal(outer.signal, scope);

    outer.cancel({ kind: 'shutdown' }, undefined);

    expect(scope.reason?.kind).toBe('shutdown');
  });

  test('stops listening when told', () => {
    const caller = new AbortController();
    const scope = new CancelScope('run');
    const stop = relaySignal(caller.signal, scope);
    stop();

    caller.abort();

    expect(scope.reason).toBeUndefined();
  });

  test('without a signal does nothing', () => {
    expect(() => {
      relaySignal(undefined, new CancelScope('run'))();
    }).not.toThrow();
  });
});
