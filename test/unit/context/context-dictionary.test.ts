import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { contextKey } from '../../../src/context/context-key.js';
import { PipelineContext } from '../../../src/context/pipeline-context.js';
import { ParentNodeId, ParentPipelineId, ParentPipelineName } from '../../../src/context/parent-linkage.js';
import { childOf, rootFrame } from '../support/frames.js';
import { errorOf } from '../support/thrown.js';

const Count = contextKey<number>('count');
const Limit = contextKey('limit', { default: 10 });
const Secret = contextKey<string>('secret', { local: true });

/** Three fresh dictionaries. */
function dictionaries(): PipelineContext {
  return new PipelineContext();
}

describe('reading', () => {
  test('gives the value, else the key’s default, else undefined', () => {
    const { parameters } = dictionaries();
    parameters.set(Count, 3);

    expect([parameters.get(Count), parameters.get('count')]).toEqual([3, 3]);
    expect([parameters.get(Limit), parameters.get('limit')]).toEqual([10, undefined]);
  });

  test('requires the value or the default, else names the key, the dictionary and what to do', () => {
    const { items } = dictionaries();

    expect(items.require(Limit)).toBe(10);
    const error = errorOf(() => items.require(Count));
    expect(error.code).toBe('CONTEXT_KEY_MISSING');
    expect(error.message).toBe(
      "There is no 'count' in the context's items. Set it before it is read, or give its key a default. (docs/errors.md#context_key_missing)",
    );
  });

  test('says which composite withheld a key, and how it would pass it', () => {
    const child = childOf(rootFrame({ items: { log: 1 } }));
    const error = errorOf(() => child.dictionary('items').require('log'));

    expect(error.path).toBe('root/child');
    expect(error.message).toContain("The composite 'root/child' does not pass it on.");
    expect(error.message).toContain("inheritParentItems: { pick: ['log'] }");
  });

  test('takes an entry that is undefined as there', () => {
    const { parameters } = dictionaries();
    parameters.set('nothing', undefined).set(Limit, null as never);

    expect(parameters.has('nothing')).toBe(true);
    expect(parameters.require('nothing')).toBeUndefined();
    expect(parameters.get(Limit)).toBeNull();
    expect(parameters.has(contextKey('absent', { default: 1 }))).toBe(false);
  });
});

describe('writing', () => {
  test('keeps data as a frozen copy, and services by reference', () => {
    const { parameters, properties, items } = dictionaries();
    const value = { n: 1 };
    for (const dictionary of [parameters, properties, items]) dictionary.set('value', value);

    expect(parameters.get('value')).not.toBe(value);
    expect(Object.isFrozen(properties.get('value'))).toBe(true);
    expect(items.get('value')).toBe(value);
    expect(Object.isFrozen(value)).toBe(false);
  });

  test('can be chained', () => {
    expect(
      dictionaries()
        .parameters.set('a', 1)
        .set('b', 2)
        .update('b', () => 3)
        .toObject(),
    ).toEqual({ a: 1, b: 3 });
  });

  test('deletes and tells whether it was there', () => {
    const { parameters } = dictionaries();
    parameters.set('a', 1);

    expect([parameters.delete('a'), parameters.delete('a'), parameters.has('a')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('deletes an inherited entry here only', () => {
    const parent = rootFrame({ items: { a: 1 } });
    const items = childOf(parent, { inheritParentItems: true }).dictionary('items');

    expect(items.delete('a')).toBe(true);
    expect([items.has('a'), parent.dictionary('items').has('a')]).toEqual([false, true]);
    expect(items.set('a', 2).get('a')).toBe(2);
  });
});

describe('update', () => {
  test('changes a draft copy-on-write, in data and in context items', () => {
    const { parameters, items } = dictionaries();
    const before = { list: [1] };
    parameters.set('value', before);
    items.set('value', before);
    const held = parameters.get<{ list: number[] }>('value');

    parameters.update<{ list: number[] }>('value', (draft) => draft.list.push(2));
    items.update<{ list: number[] }>('value', (draft) => draft.list.push(2));

    expect([parameters.get('value'), items.get('value')]).toEqual([{ list: [1, 2] }, { list: [1, 2] }]);
    expect([held, before]).toEqual([{ list: [1] }, { list: [1] }]);
  });

  test('freezes the result of data, not that of context items', () => {
    const { parameters, items } = dictionaries();
    for (const dictionary of [parameters, items]) {
      dictionary.set('value', { inner: { n: 1 } }).update<{ inner: { n: number } }>('value', (draft) => {
        draft.inner.n = 2;
      });
    }

    expect(Object.isFrozen(parameters.get<{ inner: object }>('value')?.inner)).toBe(true);
    const live = items.get<{ inner: object }>('value');
    expect([Object.isFrozen(live), Object.isFrozen(live?.inner)]).toEqual([false, false]);
  });

  test('starts from the default where the entry is absent, and leaves the default alone', () => {
    const Tags = contextKey<string[]>('tags', { default: ['a'] });
    const { parameters } = dictionaries();
    parameters.update(Tags, (draft) => draft.push('b'));

    expect(parameters.get('tags')).toEqual(['a', 'b']);
    expect(Tags.default).toEqual(['a']);
  });

  test('in a child leaves the parent’s value alone', () => {
    const parent = rootFrame({ parameters: { list: [1] } });
    const parameters = childOf(parent, { inheritParentParameters: true }).dictionary('parameters');
    parameters.update<number[]>('list', (draft) => draft.push(2));

    expect(parameters.get('list')).toEqual([1, 2]);
    expect(parent.dictionary('parameters').get('list')).toEqual([1]);
  });

  test('of a local entry, also through its plain name, keeps it local', () => {
    const parent = rootFrame();
    const items = parent.dictionary('items');
    items.set(Secret, 'a').update<string>('secret', (old) => `${old}b`);

    expect(items.get(Secret)).toBe('ab');
    expect(childOf(parent, { inheritParentItems: true }).dictionary('items').has('secret')).toBe(false);
  });
});

describe('local entries', () => {
  test('are there like others, but no child gets them', () => {
    const parent = rootFrame({ parameters: [[Secret, 's']] });
    const parameters = parent.dictionary('parameters').set('open', 1);

    expect(parameters.toObject()).toEqual({ secret: 's', open: 1 });
    expect(parameters.size).toBe(2);
    const child = childOf(parent, { inheritParentParameters: { omit: [], rename: { renamed: 'secret' } } });
    expect(child.dictionary('parameters').toObject()).toEqual({ open: 1 });
  });

  test('set again through the plain name inherit again, and the other way round', () => {
    const parent = rootFrame();
    const items = parent.dictionary('items');
    const inherited = (): unknown =>
      childOf(parent, { inheritParentItems: true }).dictionary('items').get('secret');

    items.set(Secret, 'local');
    items.set('secret', 'open');
    expect(inherited()).toBe('open');
    items.set(Secret, 'local');
    expect(inherited()).toBeUndefined();
    expect(items.get('secret')).toBe('local');
  });

  test('hide an inherited entry and take it away when deleted', () => {
    const middle = childOf(rootFrame({ items: { secret: 'from above' } }), { inheritParentItems: true });
    const items = middle.dictionary('items').set(Secret, 'mine');

    expect(items.delete('secret')).toBe(true);
    expect(items.has('secret')).toBe(false);
    expect(childOf(middle, { inheritParentItems: true }).dictionary('items').has('secret')).toBe(false);
  });
});

describe('listing', () => {
  test('gives names and values in the order in which they were set', () => {
    const { items } = dictionaries();
    items.set('b', 1).set('a', 2);

    expect([...items.keys()]).toEqual(['b', 'a']);
    expect([...items.values()]).toEqual([1, 2]);
    expect([...items.entries()]).toEqual([...items]);
    expect(items.toJSON()).toEqual({ b: 1, a: 2 });
  });

  for (const listing of ['keys', 'values', 'entries'] as const) {
    test(`${listing} goes over a snapshot: what is written meanwhile is not seen`, () => {
      const { items } = dictionaries();
      items.set('a', 1);
      const listed = items[listing]();
      items.set('b', 2);

      expect([...listed]).toHaveLength(1);
    });
  }

  test('an own name like a member of every object is a plain entry', () => {
    const { parameters } = dictionaries();

    expect(parameters.get('constructor')).toBeUndefined();
    expect(parameters.set('toString', 1).toObject()).toEqual({ toString: 1 });
  });

  test('printing names the entries and shows no values', () => {
    const { parameters } = dictionaries();
    parameters.set('password', 'hunter2');

    expect(inspect(parameters)).toBe('ContextDictionary(parameters) { password }');
  });
});

describe('the linkage of a child', () => {
  const linkage = [ParentNodeId, ParentPipelineId, ParentPipelineName];

  test('answers get, require and has in properties, and is not listed, counted or inherited', () => {
    const parent = rootFrame();
    const child = childOf(parent, { inheritParentProperties: true });
    const properties = child.dictionary('properties');

    expect(linkage.map((key) => properties.get(key))).toEqual(['child', parent.pipelineId, 'root']);
    expect(linkage.map((key) => properties.require(key.name))).toEqual(['child', parent.pipelineId, 'root']);
    expect(linkage.map((key) => properties.has(key))).toEqual([true, true, true]);
    expect([properties.size, [...properties.keys()]]).toEqual([0, []]);
    expect(childOf(child, { inheritParentProperties: true }).dictionary('properties').get(ParentNodeId)).toBe(
      'child',
    );
  });

  test('is absent at a root, and free names in the other dictionaries', () => {
    const { properties, parameters } = dictionaries();

    expect(linkage.map((key) => properties.has(key))).toEqual([false, false, false]);
    expect(parameters.set(ParentNodeId, 'mine').get(ParentNodeId)).toBe('mine');
  });

  test('is made for its own keys alone: the parent’s execution gets its id when that is first read', () => {
    const parent = rootFrame({ parameters: { a: 1 }, properties: { b: 2 } });
    const first = childOf(parent, { inheritParentParameters: true, inheritParentProperties: true });
    const linked = vi.spyOn(first, 'parentLinkage', 'get');

    expect(first.dictionary('parameters').get('a')).toBe(1);
    expect(first.dictionary('properties').require('b')).toBe(2);
    expect(linked).not.toHaveBeenCalled();
  });

  test('cannot be set, updated or deleted', () => {
    for (const frame of [rootFrame(), childOf(rootFrame())]) {
      const properties = frame.dictionary('properties');
      expect(errorOf(() => properties.set(ParentNodeId, 'x')).code).toBe('CONTEXT_KEY_INVALID');
      expect(errorOf(() => properties.update(ParentNodeId, () => 'x')).code).toBe('CONTEXT_KEY_INVALID');
      expect(properties.delete(ParentNodeId)).toBe(false);
    }
  });
});
