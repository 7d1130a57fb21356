import { describe, expect, test } from 'vitest';
import { PipelineContext, Secret } from '../../../src/index.js';
import { walkData } from '../../../src/testing/data-walk.js';

const textsIn = (value: unknown, enters: (object: object) => boolean = () => true): string[] => {
  const texts: string[] = [];
  walkData(value, 'item', {
    enters,
    text: (text, key, isName) => {
      if (!isName) texts.push(`${key}: ${text}`);
    },
  });
  return texts.sort();
};

class Customer {
  readonly name = 'Ada';
  readonly #secret = 'hidden';
  get shout(): never {
    throw new Error(`a getter was called: ${this.#secret}`);
  }
}

describe('a walk through data', () => {
  test('finds texts in objects, lists, Maps, Sets and instances', () => {
    const list = ['a', { b: 'c' }];
    const map = new Map<unknown, unknown>([
      ['key', new Set(['d'])],
      [{ e: 'f' }, 1],
    ]);

    expect(textsIn('alone')).toEqual(['item: alone']);
    expect(textsIn({ list, map, customer: new Customer() })).toEqual(
      [
        'item.list[]: a',
        'item.list[].b: c',
        'item.map: key',
        'item.map.key[]: d',
        'item.map.e: f',
        'item.customer.name: Ada',
      ].sort(),
    );
  });

  test('finds what an error says, and its cause', () => {
    const error = new Error('outer', { cause: new RangeError('inner') });

    expect(textsIn(error)).toEqual(
      expect.arrayContaining(['item.message: outer', 'item.cause.message: inner']),
    );
  });

  test('takes a secret for its value and a context for its run', () => {
    const context = new PipelineContext({ run: { runId: 'run-1' } });

    expect(textsIn([Secret.of('value'), context, context.run])).toEqual([
      'item[].runId: run-1',
      'item[].runId: run-1',
      'item[]: value',
    ]);
  });

  test('shows the names of fields as such', () => {
    const names: string[] = [];
    walkData({ a: { b: 1 } }, 'item', {
      enters: () => true,
      text: (text, key, isName) => {
        if (isName) names.push(`${key}: ${text}`);
      },
    });

    expect(names).toEqual(['item: a', 'item.a: b']);
  });

  test('ends in cycles, before objects that are not entered, and after 10,000 values', () => {
    const cycle: Record<string, unknown> = { text: 'once' };
    cycle['self'] = cycle;

    expect(textsIn(cycle)).toEqual(['item.text: once']);
    expect(textsIn([new Customer(), 'x'], (object) => !(object instanceof Customer))).toEqual(['item[]: x']);
    expect(textsIn(Array.from({ length: 20_000 }, () => 'x')).length).toBeLessThan(10_001);
  });

  test('passes over what does not let itself be looked into, and bytes', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(textsIn([proxy, new Uint8Array(100_000), 'after'])).toEqual(['item[]: after']);
  });
});
