import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { recordDefinitionContext } from '../../../src/builder/definition-context.js';
import type { RecordedContext } from '../../../src/builder/definition-context.js';
import { contextKey } from '../../../src/context/context-key.js';
import type { Entry } from '../../../src/context/layer.js';
import { errorOf, misuse } from '../support/thrown.js';

const Limit = contextKey('limit', { default: 10 });

/** The context of a `define` for which these parameters are there. */
function recorded(parameters: Record<string, unknown> = {}): RecordedContext {
  const entries = new Map<string, Entry>(
    Object.entries(parameters).map(([name, value]) => [name, { value, path: '' }]),
  );
  return recordDefinitionContext('orders', 'root/orders', { get: (name) => entries.get(name) });
}

describe('the context of define', () => {
  test('offers parameters by key, name and path', () => {
    const { context } = recorded({ size: 3, none: undefined });
    const { parameters } = context;

    expect([context.pipelineName, context.path]).toEqual(['orders', 'root/orders']);
    expect([parameters.get('size'), parameters.require('size'), parameters.has('size')]).toEqual([
      3,
      3,
      true,
    ]);
    expect([parameters.get('none'), parameters.require('none'), parameters.has('none')]).toEqual([
      undefined,
      undefined,
      true,
    ]);
    expect([parameters.get('other'), parameters.has('other')]).toEqual([undefined, false]);
  });

  test('knows the defaults of keys', () => {
    const { parameters } = recorded().context;

    expect([parameters.get(Limit), parameters.require(Limit), parameters.has(Limit)]).toEqual([
      10,
      10,
      false,
    ]);
  });

  test('throws for a parameter that is required and absent, and remembers which', () => {
    const record = recorded();
    expect(record.missing).toBeUndefined();
    const error = errorOf(() => record.context.parameters.require('size'));

    expect({ code: error.code, path: error.path }).toEqual({
      code: 'CONTEXT_KEY_MISSING',
      path: 'root/orders',
    });
    expect(error.message).toContain("'define' requires the parameter 'size', which is absent.");
    expect(record.missing).toBe('size');
  });

  test('remembers what was read and what it got, absent ones too', () => {
    const { context, reads } = recorded({ size: 3 });
    context.parameters.get('size');
    context.parameters.has('other');
    context.parameters.get(Limit);

    expect([...reads].map(([name, entry]) => [name, entry?.value])).toEqual([
      ['size', 3],
      ['other', undefined],
      ['limit', undefined],
    ]);
  });

  test('reads each parameter once: define sees one value', () => {
    let asked = 0;
    const { context } = recordDefinitionContext('o', 'o', {
      get: () => ({ value: (asked += 1), path: '' }),
    });

    expect([
      context.parameters.get('a'),
      context.parameters.get('a'),
      context.parameters.require('a'),
    ]).toEqual([1, 1, 1]);
  });

  test('refuses a key that is none', () => {
    expect(errorOf(() => recorded().context.parameters.get(misuse(7))).code).toBe('CONTEXT_KEY_INVALID');
  });
});

describe('what define cannot do with its context', () => {
  test('is to reach for services, items or anything else: it is told where to find them', () => {
    const context = misuse<Record<string, unknown>>(recorded().context);
    for (const name of ['items', 'run', 'signal', 'toString', 'constructor']) {
      const error = errorOf(() => context[name]);
      expect(error.code).toBe('DEFINE_CONTEXT_CLOSED');
      expect(error.message).toContain(`has no '${name}'`);
      expect(error.message).toContain('injected');
    }
  });

  test('is to write', () => {
    const { context } = recorded();
    const parameters = misuse<Record<string, unknown>>(context.parameters);

    expect(errorOf(() => parameters['set']).code).toBe('DEFINE_CONTEXT_CLOSED');
    expect(errorOf(() => (parameters['get'] = 1)).code).toBe('DEFINE_CONTEXT_CLOSED');
    expect(errorOf(() => (misuse<Record<string, unknown>>(context)['items'] = {})).code).toBe(
      'DEFINE_CONTEXT_CLOSED',
    );
  });

  test('is to use it after it has returned', () => {
    const { context, close } = recorded({ size: 3 });
    const { parameters } = context;
    close();

    expect(errorOf(() => context.parameters).message).toContain("was used after 'define' had returned");
    expect(errorOf(() => parameters.get('size')).code).toBe('DEFINE_CONTEXT_CLOSED');
    expect(errorOf(() => context.path).code).toBe('DEFINE_CONTEXT_CLOSED');
  });

  test('is to keep a method of it for later', () => {
    const { context, close } = recorded({ size: 3 });
    const { get, require, has } = context.parameters;
    close();

    for (const kept of [get, require, has]) {
      expect(errorOf(() => kept('size')).code).toBe('DEFINE_CONTEXT_CLOSED');
    }
  });
});

test('printing it is no use of it', () => {
  const { context, close } = recorded();
  expect(() => inspect(context)).not.toThrow();
  close();

  expect(() => inspect(context)).not.toThrow();
});
