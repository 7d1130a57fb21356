import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { NoContextError } from '../../../src/errors/no-context-error.js';
import { PipelineError } from '../../../src/errors/pipeline-error.js';
import { matchesError } from '../../../src/resilience/error-matcher.js';
import { errorOf, misuse, throws } from '../support/thrown.js';

class Busy extends Error {}

describe('a matcher', () => {
  test('that is a class chooses its instances and those of its subclasses', () => {
    expect(matchesError(Busy, new Busy())).toBe(true);
    expect(matchesError(Error, new Busy())).toBe(true);
    expect(matchesError(PipelineError, new NoContextError())).toBe(true);
    expect(matchesError(Busy, new Error())).toBe(false);
    expect(matchesError(Error, 'text')).toBe(false);
  });

  test('that is a text chooses by code, on whatever has one', () => {
    expect(matchesError('NO_CONTEXT', new NoContextError())).toBe(true);
    expect(matchesError('ECONNRESET', Object.assign(new Error(), { code: 'ECONNRESET' }))).toBe(true);
    expect(matchesError('E1', { code: 'E1' })).toBe(true);
    for (const other of [new Error('E1'), 'E1', null, undefined, { code: 'E2' }]) {
      expect(matchesError('E1', other)).toBe(false);
    }
  });

  test('that is a function is asked, whether it is an arrow or not', () => {
    const asked: unknown[] = [];
    expect(matchesError((error) => asked.push(error) > 0, 'thrown')).toBe(true);
    expect(
      matchesError(function (error) {
        return error === 'other';
      }, 'thrown'),
    ).toBe(false);
    expect(asked).toEqual(['thrown']);
  });
});

describe('a matcher that is a class', () => {
  test('chooses errors of another realm by the names of their classes', () => {
    const error: unknown = runInNewContext("new (class OutOfStock extends RangeError {})('no')");
    class OutOfStock extends Error {}

    for (const type of [OutOfStock, RangeError, Error]) expect(matchesError(type, error)).toBe(true);
    for (const type of [TypeError, Busy]) expect(matchesError(type, error)).toBe(false);
  });

  test('does not go by names for errors of this realm, nor for what is no error', () => {
    const Other = { Busy: class Busy extends Error {} }.Busy;

    expect(matchesError(Busy, new Other())).toBe(false);
    expect(matchesError(Error, runInNewContext('new (class Error {})()'))).toBe(false);
  });

  test('may be any that is constructed, also one that makes no errors', () => {
    class Refusal {}
    function Legacy(): void {
      // Made as before there were classes.
    }
    Legacy.prototype = Object.create(Error.prototype) as object;

    expect(matchesError(misuse(Refusal), new Refusal())).toBe(true);
    expect(matchesError(misuse(Refusal), new Error())).toBe(false);
    expect(matchesError(misuse(Legacy), Object.create(Legacy.prototype))).toBe(true);
    expect(matchesError(misuse(runInNewContext('RangeError')), new RangeError())).toBe(false);
  });
});

describe('a value that does not let itself be asked', () => {
  test('is chosen by no class and no code', () => {
    const { proxy, revoke } = Proxy.revocable(new Error(), {});
    revoke();

    for (const matcher of [Error, Busy, 'E1']) expect(matchesError(matcher, proxy)).toBe(false);
  });
});

describe('a predicate that does not answer', () => {
  test('since it throws, is POLICY_INVALID with that as the cause', () => {
    const thrown = new TypeError('no');
    const error = errorOf(() => matchesError(throws(thrown), new Error(), 'shop/price'));

    expect(error).toMatchObject({ code: 'POLICY_INVALID', path: 'shop/price', cause: thrown });
  });

  test('since it is asynchronous, is POLICY_INVALID, and its rejection is handled', async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', listen);
    const rejects = misuse<() => boolean>(() => Promise.reject(new Error('late')));

    expect(errorOf(() => matchesError(rejects, new Error())).code).toBe('POLICY_INVALID');
    await new Promise(setImmediate);
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
  });
});
