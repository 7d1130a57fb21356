import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { frozenCopy } from '../../../src/data/frozen-copy.js';
import type { Logger } from '../../../src/ports/logger.js';
import { silentLogger } from '../../../src/ports/logger.js';
import { boundLogger, quietly } from '../../../src/run/bound-logger.js';
import { Redactor } from '../../../src/run/secrets/redactor.js';
import { RunIdentity } from '../../../src/run/run-identity.js';
import { misuse, throws } from '../support/thrown.js';

const value = 'sk-12345678';
const identity = new RunIdentity({ runId: 'r1', tenantId: 'acme' });
const own = { runId: 'r1', tenantId: 'acme', path: 'orders/pay' };

/** What a logger may be given as pino has it, beyond what the port asks for. */
type Info = (...given: unknown[]) => unknown;

/** A logger that keeps what it is given. */
function recording(more: object = {}): { logger: Logger; lines: unknown[][] } {
  const lines: unknown[][] = [];
  const write = (...line: unknown[]): number => lines.push(line);
  return { logger: { trace: write, debug: write, info: write, warn: write, error: write, ...more }, lines };
}

function knowing(...values: string[]): Redactor {
  const redactor = new Redactor();
  for (const known of values) redactor.add(known);
  return redactor;
}

/** What a bound logger makes of what its `info` is given. */
function lineOf(given: readonly unknown[], redactor = new Redactor()): unknown[] | undefined {
  const { logger, lines } = recording();
  misuse<{ info: Info }>(boundLogger(logger, identity, 'orders/pay', redactor)).info(...given);
  return lines[0];
}

describe('a line', () => {
  test('says which run wrote it, whose, and where', () => {
    expect(lineOf([{ n: 1 }, 'text'])).toEqual([{ ...own, n: 1 }, 'text']);
  });

  test('may have fields and no message, a message and no fields, or neither', () => {
    for (const redactor of [new Redactor(), knowing(value)]) {
      expect(lineOf([{ n: 1 }], redactor)).toEqual([{ ...own, n: 1 }]);
      expect(lineOf(['text'], redactor)).toEqual([own, 'text']);
      expect(lineOf([], redactor)).toEqual([own]);
      expect(lineOf([undefined, 'text'], redactor)).toEqual([own, 'text']);
      expect(lineOf([null, 'text'], redactor)).toEqual([own, 'text']);
      expect(lineOf([4], redactor)).toEqual([own, 4]);
    }
  });

  test('keeps what is put into its message', () => {
    expect(lineOf([{ n: 1 }, '%s of %d', 'one', 2])).toEqual([{ ...own, n: 1 }, '%s of %d', 'one', 2]);
    expect(lineOf(['%s of %o', 'one', { n: 2 }])).toEqual([own, '%s of %o', 'one', { n: 2 }]);
  });

  test('has an error as its field err', () => {
    const error = new Error('no');

    expect(lineOf([error])).toEqual([{ ...own, err: error }]);
    expect(lineOf([error, 'text'], knowing(value))).toEqual([{ ...own, err: error }, 'text']);
  });

  test('loses the values of secrets at every place', () => {
    const line = lineOf([{ value }, `a ${value} %s %o`, value, { value }], knowing(value));

    expect(line).toEqual([
      { ...own, value: '[secret]' },
      'a [secret] %s %o',
      '[secret]',
      { value: '[secret]' },
    ]);
    expect(lineOf([`a ${value}`], knowing(value))).toEqual([own, 'a [secret]']);
    expect(lineOf([new Error(value)], knowing(value))).toMatchObject([{ err: { message: '[secret]' } }]);
  });

  test('is of the run that writes it, whatever its fields say; only the path may be said', () => {
    const fields = { runId: 'r2', tenantId: 'other', path: 'orders/ship' };

    expect(lineOf([fields, 'text'])).toEqual([{ ...own, path: 'orders/ship' }, 'text']);
  });

  test('of a run inside another one is of the inner one, without the secrets of either', () => {
    const { logger, lines } = recording();
    const outer = boundLogger(logger, identity, 'orders/pay', knowing(value));
    const innerIdentity = new RunIdentity({ runId: 'r2', tenantId: 'other' });
    boundLogger(outer, innerIdentity, 'inner', knowing('other-secret')).info({ value }, 'an other-secret');

    expect(lines).toEqual([
      [{ runId: 'r2', tenantId: 'other', path: 'inner', value: '[secret]' }, 'an [secret]'],
    ]);
  });

  test('has fields that cannot be read for a reason only the logger knows', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const hostile = Object.defineProperty({}, 'n', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    for (const given of [proxy, hostile]) {
      expect(lineOf([given, 'text'])).toEqual([{ ...own, fields: 'fields that cannot be read' }, 'text']);
    }
  });
});

describe('a level that the logger does not write', () => {
  test('costs nothing: nothing is read, and nothing is written', () => {
    const asked: string[] = [];
    const isLevelEnabled = (level: string): boolean => asked.push(level) > 0 && level !== 'debug';
    const { logger, lines } = recording({ isLevelEnabled });
    const bound = boundLogger(logger, identity, '', knowing(value));
    const unread = new Proxy({}, { ownKeys: () => expect.fail('it was read') });
    bound.debug(unread, 'dropped');
    bound.info({ n: 1 }, 'kept');
    // A run inside another one asks the logger too.
    boundLogger(bound, identity, '', knowing(value)).debug(unread, 'dropped');

    expect(lines).toEqual([[{ runId: 'r1', tenantId: 'acme', path: '', n: 1 }, 'kept']]);
    expect(asked).toEqual(['debug', 'info', 'debug']);
  });

  test('is what pino says', () => {
    const lines: unknown[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
    const bound = misuse<{ debug: Info; info: Info }>(boundLogger(logger, identity, 'p', knowing(value)));
    bound.debug('dropped');
    bound.info('%s of %s', 'one', value);
    bound.info(new Error('no'));

    expect(lines).toMatchObject([
      { runId: 'r1', msg: 'one of [secret]' },
      { runId: 'r1', msg: 'no', err: { type: 'Error', message: 'no' } },
    ]);
  });
});

describe('a bound logger', () => {
  test('is the silent one where that is given', () => {
    expect(boundLogger(silentLogger, identity, '', new Redactor())).toBe(silentLogger);
  });

  test('calls the methods of the logger on it, and gives what they give', () => {
    class Counting {
      #lines = 0;
      trace = (): number => 0;
      debug = (): number => 0;
      warn = (): number => 0;
      error = (): number => 0;
      info(): number {
        return (this.#lines += 1);
      }
    }
    const { info } = boundLogger(new Counting(), identity, '', new Redactor());

    expect([info({}, 'a'), info({}, 'b')]).toEqual([1, 2]);
  });
});

describe('a line of the framework', () => {
  test('is written quietly, though the logger throws or rejects', async () => {
    const unhandled: unknown[] = [];
    const keep = (error: unknown): unknown => unhandled.push(error);
    process.on('unhandledRejection', keep);
    const failing = [
      () => {
        throw new Error('broken');
      },
      () => Promise.reject(new Error('down')),
      () => ({ then: (_done: unknown, refuse: (error: Error) => void) => refuse(new Error('down')) }),
    ];
    for (const error of failing) quietly(recording({ error }).logger, 'error', { n: 1 }, 'text');
    await new Promise((done) => setTimeout(done, 5));
    process.off('unhandledRejection', keep);

    expect(unhandled).toEqual([]);
  });
});

describe('a logger that fails', () => {
  test('changes nothing for the node that writes, and is told of once per run, without secrets', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const failures = [throws(new Error(`cannot write ${value}`)), throws(proxy), () => Promise.reject(proxy)];
    const redactor = knowing(value);
    for (const info of failures) {
      const { logger } = recording({ info });
      const bound = boundLogger(logger, identity, 'orders/pay', redactor);
      expect(await bound.info({ n: 1 }, 'a line')).toBeUndefined();
      // Of a run inside a run, too.
      boundLogger(bound, identity, 'orders/pay/inner', redactor).info({ n: 1 }, 'a line');
    }
    await new Promise(setImmediate);

    expect(warned.mock.calls).toEqual([
      ["The logger of the run failed at 'orders/pay': cannot write [secret]"],
    ]);
    boundLogger(recording({ info: throws(1) }).logger, identity, 'next', new Redactor()).info(
      {},
      'of another run',
    );
    expect(warned).toHaveBeenCalledTimes(2);
  });

  test('is asked for its level no less safely', () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { logger, lines } = recording({ isLevelEnabled: throws(new Error('no')) });
    boundLogger(logger, identity, '', new Redactor()).info({ n: 1 }, 'written');

    expect(lines).toEqual([[{ runId: 'r1', tenantId: 'acme', path: '', n: 1 }, 'written']]);
  });
});

describe('fields of another realm', () => {
  test('are as those of this realm, also an error', () => {
    const error: unknown = runInNewContext(
      `Object.assign(new TypeError('no ${value}'), { list: ['${value}'] })`,
    );
    const fields: unknown = runInNewContext(`({ deep: new Map([['k', new Set(['${value}'])]]), n: 1 })`);

    expect(lineOf([error], knowing(value))).toMatchObject([
      { err: { name: 'TypeError', message: 'no [secret]', list: ['[secret]'] } },
    ]);
    expect(lineOf([fields], knowing(value))).toEqual([
      { ...own, deep: new Map([['k', new Set(['[secret]'])]]), n: 1 },
    ]);
  });

  test('lose what their causes and collected errors hold', () => {
    const err: unknown = runInNewContext(
      `new AggregateError([new Error('${value}')], 'many', { cause: new Error('${value}') })`,
    );
    const [line] = lineOf([{ err }, 'failed'], knowing(value)) ?? [];

    expect(inspect(line, { depth: 9 })).not.toContain(value);
    expect(line).toMatchObject({
      err: { errors: [{ message: '[secret]' }], cause: { message: '[secret]' } },
    });
  });

  test('lose what a frozen Map or Set of a context holds', () => {
    const frozen = frozenCopy({ map: new Map([['key', value]]), set: new Set([value]) });

    expect(lineOf([{ frozen }], knowing(value))).toEqual([
      { ...own, frozen: { map: new Map([['key', '[secret]']]), set: new Set(['[secret]']) } },
    ]);
  });
});
