import { describe, expect, test } from 'vitest';
import { checkChildValues, compileInheritance } from '../../../src/context/child-context-options.js';
import type { ChildContextOptions } from '../../../src/context/child-context-options.js';
import { CompositeContextConfiguration } from '../../../src/context/composite-context-configuration.js';
import { errorOf, misuse } from '../support/thrown.js';

function configurationOf(options: ChildContextOptions<never>): CompositeContextConfiguration {
  return compileInheritance(options, 'root/child').configuration;
}

describe('what a composite says about its child’s context', () => {
  test('is the default when it says nothing', () => {
    expect(configurationOf({})).toEqual(CompositeContextConfiguration.default);
  });

  test('may be a preset, which is taken as it is, or the options that differ', () => {
    const { inheritAll } = CompositeContextConfiguration;

    expect(configurationOf({ contextConfiguration: inheritAll })).toBe(inheritAll);
    expect(configurationOf({ contextConfiguration: { inheritParentItems: true } })).toMatchObject({
      inheritParentItems: true,
      inheritLineageSink: true,
    });
  });

  test('applies the callback over the preset or the default', () => {
    const configureContext: ChildContextOptions<never>['configureContext'] = (draft) =>
      (draft.inheritParentItems = true);

    expect(
      configurationOf({ contextConfiguration: CompositeContextConfiguration.isolated, configureContext }),
    ).toMatchObject({ inheritParentItems: true, inheritLineageSink: false });
    expect(configurationOf({ configureContext })).toMatchObject({
      inheritParentItems: true,
      inheritLineageSink: true,
    });
  });

  test('may set an option to what it is already', () => {
    expect(configurationOf({ configureContext: (draft) => (draft.inheritLineageSink = true) })).toEqual(
      CompositeContextConfiguration.default,
    );
  });

  test('may pass values, also by a function that is asked per item', () => {
    expect(compileInheritance({ with: { items: { a: 1 } } }, 'root/child')).toMatchObject({
      hasItemValues: false,
    });
    const perItem = compileInheritance({ with: () => ({ items: { a: 1 } }) }, 'root/child');
    expect(perItem.hasItemValues).toBe(true);
    expect(perItem.items.sets('a')).toBe(false);
  });

  test('is refused where it is wrong', () => {
    const wrong: readonly unknown[] = [
      { contextConfiguration: { inherit: true } },
      { configureContext: { inheritParentItems: true } },
      { with: { parameter: { a: 1 } } },
      { with: { parameters: 'a' } },
      { with: 'a' },
    ];
    for (const options of wrong) {
      expect(errorOf(() => compileInheritance(misuse(options), 'root/child')).code).toBe('OPTION_INVALID');
    }
  });
});

test('values for a child are named with the place where they are wrong', () => {
  const error = errorOf(() => {
    checkChildValues(misuse({ itmes: {} }), 'root/child');
  });

  expect(error.path).toBe('root/child');
  expect(error.message).toContain("there is no option 'itmes' (known: parameters, items, properties)");
  expect(() => {
    checkChildValues(undefined);
  }).not.toThrow();
});
