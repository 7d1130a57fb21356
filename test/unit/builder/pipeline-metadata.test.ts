import { describe, expect, test } from 'vitest';
import { definitionFacts, pipeline, requiredKeys } from '../../../src/builder/pipeline-metadata.js';
import type { PipelineMetadata } from '../../../src/builder/pipeline-metadata.js';
import { contextKey } from '../../../src/context/context-key.js';
import { misuse } from '../support/thrown.js';

const metadata: PipelineMetadata = {
  name: 'orders',
  description: 'Takes orders.',
  requires: { items: ['log'] },
};

@pipeline(metadata)
class Legacy {}

class WithStatic {
  static readonly pipeline = metadata;
}

/** What a standard decorator does to a class: it is called with the class and its context. */
class Standard {}
const decoratorContext = {
  kind: 'class',
  name: 'Standard',
  metadata: {},
  addInitializer: () => undefined,
} as const;
pipeline(metadata)(Standard, misuse<ClassDecoratorContext<typeof Standard>>(decoratorContext));

describe('what a class says about its pipeline', () => {
  for (const [form, type] of [
    ['a legacy decorator', Legacy],
    ['a standard decorator', Standard],
    ['a static member', WithStatic],
  ] as const) {
    test(`can be said with ${form}, and a subclass inherits all but the name`, () => {
      class Sub extends type {}

      expect(definitionFacts(type)).toEqual({ name: 'orders', metadata, problems: [] });
      expect(definitionFacts(Sub)).toEqual({ name: 'Sub', metadata, problems: [] });
    });
  }

  test('can be said anew by a subclass, which keeps what its base requires, and never the name', () => {
    @pipeline({ description: 'Other.' })
    class Sub extends Legacy {}
    class Below extends Sub {}

    for (const type of [Sub, Below]) {
      expect(definitionFacts(type)).toEqual({
        name: type.name,
        metadata: { description: 'Other.', requires: { items: ['log'] } },
        problems: [],
      });
    }
    expect(definitionFacts(Legacy).name).toBe('orders');
  });

  test('of a subclass that requires more is added to what its base requires', () => {
    const Log = contextKey('log', { default: 'none' });
    class Sub extends WithStatic {
      static override readonly pipeline: PipelineMetadata = {
        name: 'sub',
        requires: { items: [Log, 'clock'], secrets: ['API_KEY'] },
      };
    }
    class Twice extends Sub {
      static override readonly pipeline = { ...Sub.pipeline };
    }

    expect(definitionFacts(Sub)).toEqual({
      name: 'sub',
      metadata: {
        name: 'sub',
        description: 'Takes orders.',
        requires: { items: [Log, 'clock'], secrets: ['API_KEY'] },
      },
      problems: [],
    });
    expect(definitionFacts(Twice).metadata.requires).toEqual(Sub.pipeline.requires);
  });

  test('of a base is judged where a subclass builds on it', () => {
    class Wrong {
      static readonly pipeline: unknown = { requires: 'log' };
    }
    class Sub extends Wrong {
      static override readonly pipeline: unknown = { description: 'Other.' };
    }

    expect(definitionFacts(Sub).problems).toEqual(["'requires' must be an object"]);
  });

  test('is its class name where it says nothing, and a plain word where there is none', () => {
    class Bare {}

    expect(definitionFacts(Bare)).toEqual({ name: 'Bare', metadata: {}, problems: [] });
    expect(definitionFacts((() => class {})()).name).toBe('pipeline');
    expect(definitionFacts(Object).name).toBe('pipeline');
  });

  test('is not a method that happens to be called so', () => {
    class Unrelated {
      static pipeline(): void {
        // Something of the user's.
      }
    }

    expect(definitionFacts(Unrelated)).toEqual({ name: 'Unrelated', metadata: {}, problems: [] });
  });
});

describe('wrong metadata', () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [{ nmae: 'x' }, "there is no option 'nmae' (known: name, description, version, requires)"],
    [{ description: 7 }, "'description' must be a text that is not empty"],
    [{ requires: 'log' }, "'requires' must be an object"],
    [
      { requires: { item: ['log'] } },
      "there is no option 'item' (known: parameters, items, properties, secrets)",
    ],
    [{ requires: { items: 'log' } }, "'items' must be a list of keys"],
    [null, 'a plain object with options was expected'],
    ['orders', 'a plain object with options was expected'],
  ];
  for (const [given, problem] of wrong) {
    test(`${JSON.stringify(given)}: ${problem}`, () => {
      class Wrong {
        static readonly pipeline = given;
      }

      expect(definitionFacts(Wrong)).toEqual({
        name: expect.any(String) as string,
        metadata: {},
        problems: [problem],
      });
    });
  }
});

describe('required keys', () => {
  test('are listed with their dictionaries, by name', () => {
    const requires = { parameters: ['a', contextKey('b')], items: ['c'], properties: [] };

    expect(requiredKeys({ requires })).toEqual([
      ['parameters', 'a'],
      ['parameters', 'b'],
      ['items', 'c'],
    ]);
    expect(requiredKeys({})).toEqual([]);
  });

  test('do not contain a key with a default: it satisfies itself', () => {
    expect(requiredKeys({ requires: { parameters: [contextKey('a', { default: 1 })] } })).toEqual([]);
  });
});
