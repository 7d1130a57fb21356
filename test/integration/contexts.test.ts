import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PipelineContext, contextKey, runPipeline } from 'heirline';
import { rejectionOf, subPipeline, throughChild, thrownBy } from './support/pipelines.js';

describe('A context dictionary', () => {
  it('is filled from an object, a Map or entries, with the same result', () => {
    const fromObject = new PipelineContext({ parameters: { rate: 2, unit: 'km' } });
    const fromMap = new PipelineContext({
      parameters: new Map<string, unknown>([
        ['rate', 2],
        ['unit', 'km'],
      ]),
    });
    const fromEntries = new PipelineContext({
      parameters: [
        ['rate', 2],
        ['unit', 'km'],
      ],
    });

    for (const context of [fromObject, fromMap, fromEntries]) {
      expect(context.parameters.toObject()).toEqual({ rate: 2, unit: 'km' });
    }
  });

  it('keeps parameters, context items and properties apart', () => {
    const context = new PipelineContext({
      parameters: { name: 'a parameter' },
      items: { name: 'an item' },
      properties: { name: 'a property' },
    });

    expect(context.parameters.get('name')).toBe('a parameter');
    expect(context.items.get('name')).toBe('an item');
    expect(context.properties.get('name')).toBe('a property');
  });

  it('answers an absent key with undefined, and require with an error that names the key', () => {
    const { parameters } = new PipelineContext();

    expect(parameters.get('rate')).toBeUndefined();
    expect(parameters.has('rate')).toBe(false);
    const error = thrownBy(() => parameters.require('rate'));
    expect(error.code).toBe('CONTEXT_KEY_MISSING');
    expect(error.message).toContain('rate');
  });

  it('answers an absent typed key with its default, from get and from require', () => {
    const Rate = contextKey<number>('rate', { default: 5 });
    const { parameters } = new PipelineContext();

    expect(parameters.get(Rate)).toBe(5);
    expect(parameters.require(Rate)).toBe(5);
  });

  it('prefers what was set over the default of a key', () => {
    const Rate = contextKey<number>('rate', { default: 5 });
    const { parameters } = new PipelineContext({ parameters: { rate: 0 } });

    expect(parameters.get(Rate)).toBe(0);
    expect(parameters.require(Rate)).toBe(0);
  });

  it('finds one entry under the string and under every typed key of that name', () => {
    const Rate = contextKey<number>('rate');
    const SameRate = contextKey<number>('rate');
    const { parameters } = new PipelineContext();

    parameters.set(Rate, 3);
    expect(parameters.get('rate')).toBe(3);
    expect(parameters.get(SameRate)).toBe(3);

    parameters.set('rate', 4);
    expect(parameters.get(Rate)).toBe(4);
    expect(parameters.size).toBe(1);
    expect([...parameters.keys()]).toEqual(['rate']);

    expect(parameters.delete(SameRate)).toBe(true);
    expect(parameters.has('rate')).toBe(false);
  });

  it('takes undefined as a value: the entry is there', () => {
    const { parameters } = new PipelineContext();
    parameters.set('rate', undefined);

    expect(parameters.has('rate')).toBe(true);
    expect(parameters.size).toBe(1);
    expect([...parameters.keys()]).toEqual(['rate']);
    expect(parameters.require('rate')).toBeUndefined();
  });

  it('says whether delete removed something', () => {
    const { parameters } = new PipelineContext({ parameters: { rate: 1 } });

    expect(parameters.delete('rate')).toBe(true);
    expect(parameters.delete('rate')).toBe(false);
    expect(parameters.size).toBe(0);
  });

  it('lists names, values and entries, and gives itself as an object', () => {
    const { parameters } = new PipelineContext({ parameters: { a: 1 } });
    parameters.set(contextKey<number>('b'), 2);

    expect([...parameters.keys()]).toEqual(['a', 'b']);
    expect([...parameters.values()]).toEqual([1, 2]);
    expect([...parameters.entries()]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect([...parameters]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(parameters.size).toBe(2);
    expect(parameters.toObject()).toEqual({ a: 1, b: 2 });
  });

  it('iterates over a snapshot, so a loop may write', () => {
    const { parameters } = new PipelineContext({ parameters: { a: 1, b: 2, c: 3 } });
    const seen: string[] = [];
    for (const [key] of parameters) {
      seen.push(key);
      parameters.delete('b');
      parameters.set(`${key}-copy`, true);
    }

    expect(seen).toEqual(['a', 'b', 'c']);
    expect([...parameters.keys()].sort()).toEqual(['a', 'a-copy', 'b-copy', 'c', 'c-copy']);
  });

  it('gives an object that is a snapshot: writing to it changes nothing', () => {
    const { items } = new PipelineContext({ items: { a: 1 } });
    const object = items.toObject();
    Object.assign(object, { b: 2 });

    expect(items.has('b')).toBe(false);
  });

  it('chains set', () => {
    const { parameters } = new PipelineContext();
    parameters.set('a', 1).set('b', 2);

    expect(parameters.toObject()).toEqual({ a: 1, b: 2 });
  });

  it('refuses a symbol as a key', () => {
    const { parameters } = new PipelineContext();
    const error = thrownBy(() => parameters.set(Symbol('rate') as unknown as string, 1));

    expect(error.code).toBe('CONTEXT_KEY_INVALID');
  });

  it('refuses __proto__ as a key, also in an object that is given to the context', () => {
    const { parameters } = new PipelineContext();

    expect(thrownBy(() => parameters.set('__proto__', { admin: true })).code).toBe('CONTEXT_KEY_INVALID');
    const fromOutside = JSON.parse('{ "__proto__": { "admin": true } }') as Record<string, unknown>;
    expect(thrownBy(() => new PipelineContext({ parameters: fromOutside })).code).toBe('CONTEXT_KEY_INVALID');
    expect({}).not.toHaveProperty('admin');
  });

  it('treats the names of object methods as ordinary keys', () => {
    const { parameters } = new PipelineContext();

    expect(parameters.has('toString')).toBe(false);
    expect(parameters.get('constructor')).toBeUndefined();
    parameters.set('hasOwnProperty', 1);
    expect(parameters.get('hasOwnProperty')).toBe(1);
  });

  it('holds no framework entry in a run: only what the user put there', async () => {
    const seen: string[][] = [];
    const Child = subPipeline((item: number, context) => {
      seen.push([...context.parameters.keys(), ...context.items.keys(), ...context.properties.keys()]);
      return item;
    });
    const { Root } = throughChild([1], Child, {
      contextConfiguration: {
        inheritParentParameters: true,
        inheritParentItems: true,
        inheritParentProperties: true,
      },
    });

    const result = await runPipeline(Root, { parameters: { mine: 1 } });

    expect(seen).toEqual([['mine']]);
    expect(result.context.parameters.toObject()).toEqual({ mine: 1 });
    expect(result.context.items.size).toBe(0);
    expect(result.context.properties.size).toBe(0);
  });
});

describe('A context that is printed', () => {
  class Vault {
    readonly pin = 'pin-4711';
  }

  it('shows its ids only, in JSON, in inspect and as a string', async () => {
    const contexts: PipelineContext[] = [];
    const Child = subPipeline((item: number, context) => {
      contexts.push(context);
      return item;
    });
    const { Root } = throughChild([1], Child, {
      contextConfiguration: { inheritParentParameters: true, inheritParentItems: true },
    });

    const result = await runPipeline(Root, {
      parameters: { token: 'token-1234' },
      items: { vault: new Vault() },
      properties: { note: 'note-5678' },
    });

    for (const context of [result.context, ...contexts]) {
      const printed = [JSON.stringify(context), inspect(context, { depth: 10 })];
      for (const text of printed) {
        expect(text).toContain(context.runId);
        expect(text).not.toMatch(/token-1234|pin-4711|note-5678/);
      }
      expect(format('%s', context)).not.toMatch(/token-1234|pin-4711|note-5678/);
    }
  });

  it('stays hidden in an error that ends a run: its result is not enumerable', async () => {
    const Child = subPipeline((): number => {
      throw new TypeError('no');
    });
    const { Root } = throughChild([1], Child);

    const error = await rejectionOf(runPipeline(Root, { parameters: { token: 'token-1234' } }));

    expect(error.result?.status).toBe('failed');
    expect(error.result?.context.parameters.get('token')).toBe('token-1234');
    expect(Object.keys(error)).not.toContain('result');
    expect(JSON.stringify(error)).not.toContain('token-1234');
    expect(inspect(error, { depth: 10 })).not.toContain('token-1234');
  });
});
