import { describe, expect, test } from 'vitest';
import { ChildInheritance, passingRemedy } from '../../../src/context/child-inheritance.js';
import { CompositeContextConfiguration } from '../../../src/context/composite-context-configuration.js';
import { contextKey } from '../../../src/context/context-key.js';
import { childOf, inheritance, rootFrame } from '../support/frames.js';

const Local = contextKey<string>('local', { local: true });

describe('explicit values for every child', () => {
  test('are data in parameters and properties, references in items', () => {
    const value = { n: 1 };
    const child = childOf(
      rootFrame(),
      {},
      { parameters: { value }, items: { value }, properties: { value } },
    );
    value.n = 2;

    expect(child.dictionary('parameters').get('value')).toEqual({ n: 1 });
    expect(child.dictionary('properties').get('value')).toEqual({ n: 1 });
    expect(child.dictionary('items').get('value')).toBe(value);
  });

  test('may be an object, a Map or pairs', () => {
    const child = childOf(
      rootFrame(),
      {},
      { parameters: { a: 1 }, items: new Map([['b', 2]]), properties: [[contextKey<number>('c'), 3]] },
    );

    expect(child.dictionary('parameters').toObject()).toEqual({ a: 1 });
    expect(child.dictionary('items').toObject()).toEqual({ b: 2 });
    expect(child.dictionary('properties').toObject()).toEqual({ c: 3 });
  });

  test('under local keys are kept apart, so that they do not go on to grandchildren', () => {
    const passed = inheritance(
      {},
      {
        parameters: [
          [Local, 'here'],
          ['shared', 1],
        ],
      },
    );

    expect(passed.parameters.sets('local')).toBe(false);
    expect(passed.parameters.sets('shared')).toBe(true);
    expect(passed.setsLocally('parameters', 'local')).toBe(true);
    expect(passed.setsLocally('items', 'local')).toBe(false);
    expect(inheritance({}, { parameters: { shared: 1 } }).localValues).toBeUndefined();
  });
});

describe('whether a child can have a key', () => {
  test('is so for what is inherited, explicit, or set for it alone', () => {
    const passed = inheritance(
      { inheritParentItems: true },
      {
        parameters: [
          [Local, 1],
          ['a', 1],
        ],
      },
    );

    expect(passed.canPass('items', 'anything')).toBe(true);
    expect(['a', 'local', 'b'].map((key) => passed.canPass('parameters', key))).toEqual([true, true, false]);
    expect(passed.canPass('properties', 'a')).toBe(false);
  });

  test('is possibly so for every key where a function gives values per item', () => {
    const passed = new ChildInheritance(CompositeContextConfiguration.isolated, {}, 'root/child', true);

    expect(passed.canPass('parameters', 'anything')).toBe(true);
  });
});

test('what define can read is what the child would start with, local values included', () => {
  const frame = rootFrame({ parameters: { a: 1, b: 2 } });
  const passed = inheritance(
    { inheritParentParameters: { pick: ['a'] } },
    { parameters: [[Local, { deep: 1 }]] },
  );
  const layer = passed.parametersLayer(frame.layer('parameters'));

  expect([layer.get('a')?.value, layer.get('b')?.value, layer.get('local')?.value]).toEqual([
    1,
    undefined,
    { deep: 1 },
  ]);
});

test('the remedy for a missing key names the option and the explicit way, for its dictionary', () => {
  expect(passingRemedy('items', 'log')).toBe(
    "Pass it with contextConfiguration: { inheritParentItems: { pick: ['log'] } }, or give it with: { items: { 'log': ... } }.",
  );
});
