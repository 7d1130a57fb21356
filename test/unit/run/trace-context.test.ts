import { context, createTraceState, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import type { SpanContext } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { activeTrace, usableTrace, usableTraceparent } from '../../../src/run/trace-context.js';
import { throws } from '../support/thrown.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const valid = `00-${traceId}-${spanId}-01`;

const activeTraceparent = (): string | undefined => activeTrace()?.traceparent;

describe('a tracestate from outside', () => {
  const stateOf = (tracestate: unknown): string | undefined =>
    usableTrace({ traceparent: valid, tracestate })?.tracestate;

  test.each([
    'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
    'fw529a3039@dt=FfAAAA , a=1',
    `k=${'v'.repeat(256)}`,
    'a-b_c*d/e=x y',
    Array.from({ length: 32 }, (_, at) => `k${String(at)}=v`).join(','),
  ])('is kept as it is: %s', (given) => {
    expect(stateOf(given)).toBe(given);
  });

  test.each([
    '',
    ',',
    'rojo',
    'Rojo=1',
    'rojo=',
    'rojo=a=b',
    'rojo=a\r\nb: c',
    'tenant@=1',
    `k=${'v'.repeat(257)}`,
    `${'k'.repeat(257)}=v`,
    Array.from({ length: 33 }, (_, at) => `k${String(at)}=v`).join(','),
    Array.from({ length: 3 }, (_, at) => `k${String(at)}=${'v'.repeat(200)}`).join(','),
    undefined,
    7,
  ])('is dropped where it is not valid: %s', (given) => {
    expect(stateOf(given)).toBeUndefined();
  });

  test('says nothing without a valid traceparent', () => {
    expect(usableTrace({ tracestate: 'rojo=1' })).toBeUndefined();
    expect(usableTrace({ traceparent: 'rubbish', tracestate: 'rojo=1' })).toBeUndefined();
  });
});

describe('a traceparent from outside', () => {
  test('is kept as it is when it is valid', () => {
    for (const flags of ['00', '01', '02', '03', 'ff']) {
      expect(usableTraceparent(`00-${traceId}-${spanId}-${flags}`)).toBe(`00-${traceId}-${spanId}-${flags}`);
    }
  });

  test('may be of a later version, with fields of its own behind the four', () => {
    for (const version of ['01', '0a', 'cc', 'fe']) {
      for (const more of ['', '-', '-what-the-future-will-be-like', `-${'x'.repeat(456)}`]) {
        const given = `${version}-${traceId}-${spanId}-01${more}`;
        expect(usableTraceparent(given)).toBe(given);
      }
    }
  });

  test.each([
    ['is empty', ''],
    ['has a version of one digit', `0-${traceId}-${spanId}-01`],
    ['has the version ff', `ff-${traceId}-${spanId}-01`],
    ['has the version ff and more', `ff-${traceId}-${spanId}-01-more`],
    ['has a version that is no hex', `0g-${traceId}-${spanId}-01`],
    ['has an upper-case version', `0A-${traceId}-${spanId}-01`],
    ['has an upper-case trace id', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['has an upper-case parent id', `00-${traceId}-${spanId.toUpperCase()}-01`],
    ['has upper-case flags', `00-${traceId}-${spanId}-0A`],
    ['has a trace id of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['has a parent id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['has a later version and a trace id of zeros', `01-${'0'.repeat(32)}-${spanId}-01`],
    ['has a short trace id', `00-${traceId.slice(1)}-${spanId}-01`],
    ['has a long trace id', `00-${traceId}0-${spanId}-01`],
    ['has a short parent id', `00-${traceId}-${spanId.slice(1)}-01`],
    ['has short flags', `00-${traceId}-${spanId}-1`],
    ['has no flags', `00-${traceId}-${spanId}`],
    ['has version 00 and a fifth field', `${valid}-more`],
    ['has version 00 and ends in a dash', `${valid}-`],
    ['has flags of three digits', `${valid}0`],
    ['has a later version with more, not separated', `01-${traceId}-${spanId}-01.more`],
    ['has a later version with a line break', `01-${traceId}-${spanId}-01-a\r\nb: c`],
    ['has a later version and is far too long', `01-${traceId}-${spanId}-01-${'x'.repeat(457)}`],
    ['has spaces around', ` ${valid} `],
    ['ends in a line break', `${valid}\n`],
    ['has a line break before', `\n${valid}`],
    ['has other separators', valid.replaceAll('-', '_')],
  ])('is dropped when it %s', (_, given) => {
    expect(usableTraceparent(given)).toBeUndefined();
  });

  test('is dropped when it is no string', () => {
    for (const given of [undefined, null, 7, [valid], { toString: () => valid }, Symbol('s')]) {
      expect(usableTraceparent(given)).toBeUndefined();
    }
  });

  test('is judged as the words of the specification say', () => {
    const hex = (length: number) =>
      fc.oneof(
        fc.string({ unit: fc.constantFrom('0', '1', '9', 'a', 'f'), minLength: length, maxLength: length }),
        fc.constantFrom('0'.repeat(length), 'f'.repeat(length), 'A'.repeat(length), 'a'.repeat(length - 1)),
      );
    const given = fc
      .tuple(fc.oneof(fc.constant('00'), hex(2)), hex(32), hex(16), hex(2))
      .chain((fields) =>
        fc.constantFrom(...['', '-', '-more', '-m-o', 'x', '0'].map((more) => fields.join('-') + more)),
      );
    const isLowerHex = (text: string, length: number): boolean =>
      text.length === length && !/[^0-9a-f]/.test(text);
    const isValid = (text: string): boolean => {
      const [version = '', trace = '', parent = '', flags = '', ...more] = text.split('-');
      if (!isLowerHex(version, 2) || version === 'ff' || (version === '00' && more.length > 0)) return false;
      if (!isLowerHex(trace, 32) || !isLowerHex(parent, 16) || !isLowerHex(flags, 2)) return false;
      return /[^0]/.test(trace) && /[^0]/.test(parent);
    };

    fc.assert(
      fc.property(given, (text) => {
        expect(usableTraceparent(text)).toBe(isValid(text) ? text : undefined);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the active span of OpenTelemetry', () => {
  const slot = Symbol.for('opentelemetry.js.api.1');

  afterEach(() => {
    context.disable();
    Reflect.deleteProperty(globalThis, slot);
  });

  /** Registers a real context manager, as the SDK does. */
  function register(): void {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }

  function inSpan<T>(spanContext: SpanContext, work: () => T): T {
    return context.with(trace.setSpan(ROOT_CONTEXT, trace.wrapSpanContext(spanContext)), work);
  }

  test('is given as a traceparent, also after a wait', async () => {
    register();
    const spanContext = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };

    expect(inSpan(spanContext, activeTraceparent)).toBe(valid);
    await inSpan(spanContext, async () => {
      await Promise.resolve();
      expect(activeTraceparent()).toBe(valid);
    });
    expect(inSpan({ ...spanContext, traceFlags: TraceFlags.NONE }, activeTraceparent)).toBe(
      `00-${traceId}-${spanId}-00`,
    );
  });

  test('has the state of its trace', () => {
    register();
    const traceState = createTraceState('rojo=1,congo=2');

    const found = inSpan({ traceId, spanId, traceFlags: 1, traceState }, activeTrace);

    expect(found).toEqual({ traceparent: valid, tracestate: 'rojo=1,congo=2' });
  });

  test('is the innermost one', () => {
    register();
    const inner = { traceId, spanId: '1111111111111111', traceFlags: 0 };

    inSpan({ traceId, spanId, traceFlags: 1 }, () => {
      expect(inSpan(inner, activeTraceparent)).toBe(`00-${traceId}-1111111111111111-00`);
      expect(activeTraceparent()).toBe(valid);
    });
  });

  test('is none outside a span, and where no context manager is registered', () => {
    expect(inSpan({ traceId, spanId, traceFlags: 1 }, activeTraceparent)).toBeUndefined();
    register();
    expect(activeTraceparent()).toBeUndefined();
    context.disable();
    expect(Reflect.get(globalThis, slot)).toBeDefined();
    expect(activeTraceparent()).toBeUndefined();
  });

  test('is none when its ids are not valid', () => {
    register();
    const good = { traceId, spanId, traceFlags: 1 };
    for (const wrong of [
      { traceId: '0'.repeat(32) },
      { spanId: '0'.repeat(16) },
      { traceId: 'x' },
      { traceFlags: 256 },
      { traceFlags: -1 },
      { traceFlags: NaN },
    ]) {
      expect(inSpan({ ...good, ...wrong }, activeTraceparent)).toBeUndefined();
    }
  });

  test('is none, and nothing throws, where something else is registered', () => {
    const spanning = (spanContext: unknown): unknown => ({
      context: { active: () => ({ getValue: () => ({ spanContext: () => spanContext }) }) },
    });
    const strange: unknown[] = [
      null,
      true,
      'text',
      {},
      { context: null },
      { context: { active: throws(new RangeError('no')) } },
      { context: { active: () => undefined } },
      { context: { active: () => ({ getValue: 3 }) } },
      { context: { active: () => ({ getValue: () => ({}) }) } },
      spanning(undefined),
      spanning({}),
      spanning({ traceId, spanId }),
      spanning({ traceId, spanId, traceFlags: '1' }),
      spanning({ traceId: Symbol('s'), spanId, traceFlags: 1 }),
    ];
    for (const api of strange) {
      Reflect.set(globalThis, slot, api);
      expect(activeTraceparent()).toBeUndefined();
    }
    Reflect.set(globalThis, slot, spanning({ traceId, spanId, traceFlags: 1 }));
    expect(activeTraceparent()).toBe(valid);
  });

  test('costs one look where OpenTelemetry is absent', () => {
    let looks = 0;
    Object.defineProperty(globalThis, slot, {
      configurable: true,
      get: () => {
        looks += 1;
        return undefined;
      },
    });

    expect(activeTraceparent()).toBeUndefined();
    expect(looks).toBe(1);
  });
});
