import { describe, expect, test } from 'vitest';
import { instantiateDefinition } from '../../../src/builder/instantiate-definition.js';
import { errorOf, misuse } from '../support/thrown.js';

class Orders {
  define(): void {
    // Describes nothing.
  }
}

describe('the definition object', () => {
  test('is the instance that was given', () => {
    const instance = new Orders();

    expect(instantiateDefinition(instance, 'root')).toBe(instance);
    const literal = { define: () => undefined };
    expect(instantiateDefinition(literal, 'root')).toBe(literal);
  });

  test('is made of a class, by whoever makes it', () => {
    const made = new Orders();

    expect(instantiateDefinition(Orders, 'root')).toBeInstanceOf(Orders);
    expect(instantiateDefinition(Orders, 'root', () => made)).toBe(made);
  });

  test('may have define in a field', () => {
    class WithField {
      define = (): void => undefined;
    }

    expect(instantiateDefinition(WithField, 'root')).toBeInstanceOf(WithField);
  });
});

describe('what is no definition is DEFINITION_INVALID', () => {
  class Empty {}
  class Failing {
    constructor() {
      throw new RangeError('no database');
    }
    define(): void {
      // Never reached.
    }
  }
  const wrong: readonly (readonly [string, unknown, string])[] = [
    ['undefined', undefined, 'undefined (is an import circular?) has no method'],
    ['null', null, 'null has no method'],
    ['a text', 'Orders', 'a value of type string has no method'],
    ['an object without define', {}, "has no method 'define'"],
    ['a class without define', Empty, "'Empty' has no method 'define'"],
    ['a function', () => undefined, 'A function is no definition'],
    ['a class that cannot be made', Failing, "'Failing' could not be made: no database"],
  ];
  for (const [title, source, words] of wrong) {
    test(title, () => {
      const error = errorOf(() => instantiateDefinition(misuse(source), 'root/child'));

      expect({ code: error.code, path: error.path }).toEqual({
        code: 'DEFINITION_INVALID',
        path: 'root/child',
      });
      expect(error.message).toContain(words);
    });
  }

  test('what making it threw is the cause', () => {
    expect(errorOf(() => instantiateDefinition(Failing, 'root')).cause).toBeInstanceOf(RangeError);
  });
});
