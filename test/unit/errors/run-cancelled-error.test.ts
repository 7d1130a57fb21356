import { describe, expect, test } from 'vitest';
import { cancelReasonOf } from '../../../src/errors/cancel-reason.js';
import { PipelineError } from '../../../src/errors/pipeline-error.js';
import { RunCancelledError } from '../../../src/errors/run-cancelled-error.js';

describe('RunCancelledError', () => {
  test('carries kind, message and path, and is an AbortError to whoever knows only the web', () => {
    const error = new RunCancelledError({ kind: 'shutdown', message: 'the host stops' }, 'orders');

    expect(error).toBeInstanceOf(PipelineError);
    expect(error.name).toBe('AbortError');
    expect({ code: error.code, kind: error.kind, path: error.path }).toEqual({
      code: 'RUN_CANCELLED',
      kind: 'shutdown',
      path: 'orders',
    });
    expect(error.message).toMatch(/^orders: The work was cancelled \(shutdown\): the host stops\. /);
  });

  test('needs no message', () => {
    expect(new RunCancelledError({ kind: 'user' }, undefined).message).toMatch(
      /^The work was cancelled \(user\)\. /,
    );
  });

  test('ends its message in one full stop', () => {
    expect(new RunCancelledError({ kind: 'user', message: 'enough.' }, undefined).message).toContain(
      ': enough. ',
    );
  });

  test('takes the path of the reason before the one it is made with', () => {
    expect(new RunCancelledError({ kind: 'user', path: 'orders/check' }, 'orders').path).toBe('orders/check');
  });

  test('keeps a frozen copy of the reason, and the cause', () => {
    const reason: { kind: 'user'; message: string } = { kind: 'user', message: 'enough' };
    const cause = new Error('outside');
    const error = new RunCancelledError(reason, undefined, { cause });
    reason.message = 'changed later';

    expect(error.reason).toEqual({ kind: 'user', message: 'enough' });
    expect(Object.isFrozen(error.reason)).toBe(true);
    expect(error.cause).toBe(cause);
  });
});

describe('a reason from whatever was given as one', () => {
  test('is kept where it is an object of a known kind', () => {
    for (const kind of ['user', 'deadline', 'budget', 'superseded', 'shutdown', 'failure']) {
      const given = { kind, message: 'enough', path: 'orders' };
      expect(cancelReasonOf(given)).toEqual({ reason: given });
    }
  });

  test('leaves out what is no text', () => {
    expect(cancelReasonOf({ kind: 'budget', message: 42, path: {} })).toStrictEqual({
      reason: { kind: 'budget' },
    });
  });

  test('is else a cancel by the user, with what was given as cause', () => {
    for (const given of [null, 'user', {}, { kind: 'whim' }, new Error('no')]) {
      expect(cancelReasonOf(given)).toEqual({ reason: { kind: 'user' }, cause: given });
    }
    expect(cancelReasonOf(undefined)).toStrictEqual({ reason: { kind: 'user' } });
  });

  test('is a copy, which shows what was given when it was read', () => {
    const given = { kind: 'user', message: 'enough' };
    const { reason } = cancelReasonOf(given);
    given.message = 'changed later';

    expect(reason).toStrictEqual({ kind: 'user', message: 'enough' });
  });

  test('is a cancel by the user where a part cannot be read, with what was given as cause', () => {
    const { proxy: revoked, revoke } = Proxy.revocable({}, {});
    revoke();
    const throwing = (part: string): object =>
      Object.defineProperty({ kind: 'shutdown', message: 'enough', path: 'orders' }, part, {
        enumerable: true,
        get: () => {
          throw new TypeError('not readable');
        },
      });

    for (const given of [throwing('kind'), throwing('message'), throwing('path'), revoked]) {
      const { reason, cause } = cancelReasonOf(given);
      expect(reason).toStrictEqual({ kind: 'user' });
      expect(cause).toBe(given);
    }
  });

  test('can be made an error of, whatever a second look would show', () => {
    let looks = 0;
    const given = {
      kind: 'shutdown',
      get message(): string {
        looks += 1;
        if (looks > 1) throw new TypeError('not readable');
        return 'enough';
      },
    };

    expect(new RunCancelledError(cancelReasonOf(given).reason, 'orders').reason).toStrictEqual({
      kind: 'shutdown',
      message: 'enough',
    });
  });
});
