import { describe, expect, test } from 'vitest';
import { CompositeContextConfiguration } from '../../../src/context/composite-context-configuration.js';
import { contextKey } from '../../../src/context/context-key.js';
import { errorOf, misuse } from '../support/thrown.js';

const data = ['inheritParentParameters', 'inheritParentItems', 'inheritParentProperties'] as const;
const services = [
  'inheritRunIdentity',
  'inheritLineageSink',
  'inheritExecutionObserver',
  'inheritDeadLetterDecorator',
] as const;

/** The options with the data options set to one value and the four others to another. */
function options(ofData: boolean, ofServices: boolean): Record<string, boolean> {
  return Object.fromEntries([
    ...data.map((name) => [name, ofData] as const),
    ...services.map((name) => [name, ofServices] as const),
  ]);
}

/** The options of a configuration as a plain object. */
function dataOf(configuration: CompositeContextConfiguration): Record<string, unknown> {
  return Object.fromEntries(Object.entries(configuration));
}

describe('the presets', () => {
  test('say what they are called', () => {
    expect(dataOf(CompositeContextConfiguration.default)).toEqual(options(false, true));
    expect(dataOf(CompositeContextConfiguration.inheritAll)).toEqual(options(true, true));
    expect(dataOf(CompositeContextConfiguration.isolated)).toEqual(options(false, false));
  });

  test('cannot be changed', () => {
    const preset = misuse<Record<string, unknown>>(CompositeContextConfiguration.default);

    expect(() => {
      preset['inheritParentItems'] = true;
    }).toThrow(TypeError);
    expect(() => {
      misuse<Record<string, unknown>>(CompositeContextConfiguration)['default'] = preset;
    }).toThrow(TypeError);
  });
});

describe('create', () => {
  test('changes the options named, over the default', () => {
    expect(dataOf(CompositeContextConfiguration.create({ inheritParentItems: true }))).toEqual({
      ...options(false, true),
      inheritParentItems: true,
    });
  });

  test('takes an undefined option as not named, and nothing as the default', () => {
    const created = CompositeContextConfiguration.create(misuse({ inheritRunIdentity: undefined }));

    expect(dataOf(created)).toEqual(options(false, true));
    expect(dataOf(CompositeContextConfiguration.create())).toEqual(options(false, true));
  });

  test('is what the constructor does', () => {
    expect(dataOf(new CompositeContextConfiguration())).toEqual(options(false, true));
    expect(dataOf(new CompositeContextConfiguration({ inheritParentItems: true }))).toEqual({
      ...options(false, true),
      inheritParentItems: true,
    });
    expect(() => new CompositeContextConfiguration(misuse({ inheritAll: true }))).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });

  test('keeps a frozen copy of a key selection', () => {
    const pick = ['a'];
    const { inheritParentItems } = CompositeContextConfiguration.create({ inheritParentItems: { pick } });
    pick.push('b');

    expect(inheritParentItems).toEqual({ pick: ['a'] });
    expect(Object.isFrozen(inheritParentItems)).toBe(true);
  });

  const wrong: readonly (readonly [string, unknown, string, string])[] = [
    ['an unknown option', { inheritItems: true }, 'OPTION_INVALID', "no option 'inheritItems'"],
    [
      'a text for a data option',
      { inheritParentItems: 'all' },
      'OPTION_INVALID',
      'true, false or a key selection',
    ],
    [
      'null for a data option',
      { inheritParentItems: null },
      'OPTION_INVALID',
      'true, false or a key selection',
    ],
    ['a selection for a service', { inheritLineageSink: { pick: [] } }, 'OPTION_INVALID', 'true or false'],
    ['a list for a selection', { inheritParentItems: ['a'] }, 'OPTION_INVALID', 'a list is no key selection'],
    [
      'an unknown part of a selection',
      { inheritParentItems: { only: [] } },
      'OPTION_INVALID',
      "no option 'only'",
    ],
    ['a wrong key', { inheritParentItems: { pick: [''] } }, 'CONTEXT_KEY_INVALID', "''"],
    ['a text', 'inheritAll', 'OPTION_INVALID', ''],
    ['null', null, 'OPTION_INVALID', ''],
  ];
  for (const [title, given, code, words] of wrong) {
    test(`refuses ${title}`, () => {
      const error = errorOf(() => CompositeContextConfiguration.create(misuse(given)));

      expect(error.code).toBe(code);
      expect(error.message).toContain(words);
    });
  }
});

describe('with', () => {
  test('gives a changed copy', () => {
    const { isolated } = CompositeContextConfiguration;
    const changed = isolated.with((draft) => (draft.inheritParentItems = { pick: [contextKey('log')] }));

    expect(changed).toMatchObject({
      inheritParentItems: { pick: [{ name: 'log' }] },
      inheritRunIdentity: false,
    });
    expect(isolated.inheritParentItems).toBe(false);
    expect(changed).toBeInstanceOf(CompositeContextConfiguration);
  });

  test('may change a selection that was given before', () => {
    const base = CompositeContextConfiguration.create({ inheritParentItems: { pick: ['a'] } });
    const changed = base.with((draft) => {
      if (typeof draft.inheritParentItems === 'object') {
        draft.inheritParentItems = { ...draft.inheritParentItems, rename: { x: 'a' } };
      }
    });

    expect(changed.inheritParentItems).toEqual({ pick: ['a'], rename: { x: 'a' } });
    expect(base.inheritParentItems).toEqual({ pick: ['a'] });
  });

  test('refuses what create refuses', () => {
    const { default: base } = CompositeContextConfiguration;

    expect(errorOf(() => base.with((draft) => Object.assign(draft, { inheritItems: true }))).code).toBe(
      'OPTION_INVALID',
    );
    expect(errorOf(() => base.with((draft) => (draft.inheritRunIdentity = misuse('yes')))).code).toBe(
      'OPTION_INVALID',
    );
  });

  test('takes an option that is deleted or set to undefined as not named: it switches nothing off', () => {
    const { default: base } = CompositeContextConfiguration;

    expect(base.with((draft) => (draft.inheritRunIdentity = misuse(undefined))).inheritRunIdentity).toBe(
      true,
    );
    expect(
      base.with((draft) => void Reflect.deleteProperty(draft, 'inheritLineageSink')).inheritLineageSink,
    ).toBe(true);
  });
});
