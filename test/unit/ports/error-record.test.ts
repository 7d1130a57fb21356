import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { PipelineError } from '../../../src/errors/pipeline-error.js';
import { printed, toErrorRecord } from '../../../src/ports/error-record.js';
import type { ErrorRecord } from '../../../src/ports/error-record.js';
import { throws } from '../support/thrown.js';

/** The messages of a record and its causes. */
function messages(record: ErrorRecord | undefined): string[] {
  return record === undefined ? [] : [record.message, ...messages(record.cause)];
}

describe('toErrorRecord', () => {
  test('describes an error as frozen data, with its stack', () => {
    const error = new RangeError('too far');
    const record = toErrorRecord(error);

    expect(record).toEqual({ name: 'RangeError', message: 'too far', stack: error.stack });
    expect(Object.isFrozen(record)).toBe(true);
  });

  test('keeps code and path of a PipelineError, and the chain of causes', () => {
    const original = Object.assign(new Error('no such table'), { code: 'SQLITE_ERROR' });
    const error = new PipelineError('NODE_FAILED', {
      path: 'a/b',
      problem: 'P.',
      remedy: 'R.',
      cause: original,
    });

    expect(toErrorRecord(error)).toMatchObject({
      name: 'PipelineError',
      code: 'NODE_FAILED',
      path: 'a/b',
      cause: { name: 'Error', code: 'SQLITE_ERROR', message: 'no such table' },
    });
  });

  test('takes a number as a code, and nothing else', () => {
    expect(toErrorRecord(Object.assign(new Error('e'), { code: 23 })).code).toBe('23');
    expect(toErrorRecord(Object.assign(new Error('e'), { code: { deep: true } }))).not.toHaveProperty('code');
  });

  test('gives the path of a PipelineError only', () => {
    expect(toErrorRecord(Object.assign(new Error('e'), { path: '/etc/passwd' }))).not.toHaveProperty('path');
  });

  test('describes what is no error in words', () => {
    expect(toErrorRecord('just text')).toEqual({ name: 'NonError', message: 'just text' });
    expect(toErrorRecord(undefined)).toEqual({ name: 'NonError', message: 'undefined' });
    expect(toErrorRecord({ status: 503 })).toEqual({ name: 'NonError', message: '{"status":503}' });
  });

  test('ends a chain of causes that leads back to itself, after 16 of them', () => {
    const error = new Error('round and round');
    error.cause = error;

    expect(messages(toErrorRecord(error))).toHaveLength(17);
  });

  test('leaves stack and cause out where there are none', () => {
    const error = new Error('bare');
    delete error.stack;

    expect(Object.keys(toErrorRecord(error))).toEqual(['name', 'message']);
  });
});

describe('printed', () => {
  test('prints an error as its message, data as JSON, and anything else as text', () => {
    expect([new Error('oops'), { a: 1 }, null, 7, Symbol('s')].map(printed)).toEqual([
      'oops',
      '{"a":1}',
      'null',
      '7',
      'Symbol(s)',
    ]);
  });

  test('never throws, whatever it is given', () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const hostile = {
      toJSON() {
        throw new Error('no');
      },
    };

    expect([circular, hostile, { big: 1n }].map(printed)).toEqual(
      Array(3).fill('a value that cannot be printed'),
    );
  });

  test('gives a text also for what JSON knows nothing of', () => {
    expect(printed({ toJSON: () => undefined })).toEqual(expect.any(String));
  });

  test('gives a text also for an error whose message is none', () => {
    expect(printed(Object.assign(new Error('e'), { message: 42 }))).toEqual(expect.any(String));
  });
});

const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};

describe('what does not let itself be asked', () => {
  test('is described as far as it does', () => {
    const error = new RangeError('shown');
    for (const part of ['message', 'name', 'code', 'cause'])
      Object.defineProperty(error, part, { get: throws(new Error('no')) });
    const unknown = 'a value that cannot be read';

    expect(toErrorRecord(error)).toMatchObject({
      name: 'Error',
      message: unknown,
      cause: { name: 'NonError', message: unknown },
    });
    for (const given of [revoked(new Error('e')), revoked({}), revoked(() => 1)])
      expect(toErrorRecord(given)).toEqual({ name: 'NonError', message: 'a value that cannot be printed' });
    expect(toErrorRecord(new Error('e', { cause: revoked({}) })).cause?.name).toBe('NonError');
  });

  test('is described at once, however large it is', () => {
    const large = [Array(5_000_000).fill(1), { text: 'x'.repeat(10_000_000) }, new Array(2 ** 32 - 1)];
    const start = performance.now();

    expect(large.map(printed)).toEqual(large.map(() => 'a value that cannot be printed'));
    expect(printed(new Uint8Array(100_000_000))).toBe('100000000 bytes');
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

describe('an error of another realm', () => {
  test('is described as one of this realm', () => {
    const error: unknown = runInNewContext(
      "Object.assign(new TypeError('no', { cause: new RangeError('far') }), { code: 'E1' })",
    );

    expect(toErrorRecord(error)).toMatchObject({
      name: 'TypeError',
      code: 'E1',
      message: 'no',
      stack: expect.stringContaining('TypeError: no') as unknown,
      cause: { name: 'RangeError', message: 'far' },
    });
    expect(printed(error)).toBe('no');
    expect(printed(runInNewContext('({ a: [1] })'))).toBe('{"a":[1]}');
  });
});
