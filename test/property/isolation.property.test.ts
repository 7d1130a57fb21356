import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  currentContext,
  PipelineRunner,
  type CompositeContextConfiguration,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import { definePipeline, nextTurn } from '../integration/support/harness.js';

const names = ['a', 'b', 'c', 'd', 'e'] as const;
const dictionaries = ['parameters', 'items', 'properties'] as const;

type Name = (typeof names)[number];
type DictionaryName = (typeof dictionaries)[number];
type Selection = boolean | { pick?: Name[]; omit?: Name[]; rename?: Record<string, Name> };

/** What a level inherits of each dictionary, and the keys that it sets for itself. */
interface Level {
  readonly inherits: Record<DictionaryName, Selection>;
  readonly writes: Record<DictionaryName, Name[]>;
  readonly deletes: Record<DictionaryName, Name[]>;
}

const someNames = fc.subarray([...names]);
const perDictionary = <T>(each: fc.Arbitrary<T>): fc.Arbitrary<Record<DictionaryName, T>> =>
  fc.record({ parameters: each, items: each, properties: each });
const selection: fc.Arbitrary<Selection> = fc.oneof(
  fc.boolean(),
  fc.record({ pick: someNames }),
  fc.record({ omit: someNames }),
  someNames.map((picked) => ({
    rename: Object.fromEntries(picked.map((name) => [`${name}2`, name])),
  })),
);
const level: fc.Arbitrary<Level> = fc.record({
  inherits: perDictionary(selection),
  writes: perDictionary(someNames),
  deletes: perDictionary(someNames),
});
const levels = fc.array(level, { minLength: 1, maxLength: 3 });

/** The entries that a child starts with, computed without the library. */
function inherited(parent: ReadonlyMap<string, unknown>, selected: Selection): Map<string, unknown> {
  if (typeof selected === 'boolean') return new Map(selected ? parent : []);
  if (selected.pick !== undefined)
    return new Map([...parent].filter(([key]) => selected.pick?.some((n) => n === key)));
  if (selected.omit !== undefined)
    return new Map([...parent].filter(([key]) => !selected.omit?.some((n) => n === key)));
  return new Map(
    Object.entries(selected.rename ?? {})
      .filter(([, parentKey]) => parent.has(parentKey))
      .map(([childName, parentKey]) => [childName, parent.get(parentKey)]),
  );
}

function snapshot(context: PipelineContext): Record<DictionaryName, Record<string, unknown>> {
  return {
    parameters: context.parameters.toObject(),
    items: context.items.toObject(),
    properties: context.properties.toObject(),
  };
}

/** What each level must see for one run and item, before and after it has written. */
function expectations(runName: string, item: number, drawn: readonly Level[]) {
  let current: Record<DictionaryName, Map<string, unknown>> = {
    parameters: new Map(names.map((name) => [name, `${runName} root`])),
    items: new Map(names.map((name) => [name, `${runName} root`])),
    properties: new Map(names.map((name) => [name, `${runName} root`])),
  };
  return drawn.map(({ inherits, writes, deletes }, index) => {
    const before: typeof current = {
      parameters: inherited(current.parameters, inherits.parameters),
      items: inherited(current.items, inherits.items),
      properties: inherited(current.properties, inherits.properties),
    };
    const after: typeof current = {
      parameters: new Map(before.parameters),
      items: new Map(before.items),
      properties: new Map(before.properties),
    };
    for (const dictionary of dictionaries) {
      for (const name of writes[dictionary])
        after[dictionary].set(name, `${runName} ${String(item)} ${String(index)}`);
      for (const name of deletes[dictionary]) after[dictionary].delete(name);
    }
    current = after;
    const plain = (maps: typeof current) => ({
      parameters: Object.fromEntries(maps.parameters),
      items: Object.fromEntries(maps.items),
      properties: Object.fromEntries(maps.properties),
    });
    return { before: plain(before), after: plain(after) };
  });
}

describe('any tree of children, whatever it inherits, writes and deletes', () => {
  test('sees exactly what it should, for every item, in many runs at once', async () => {
    await fc.assert(
      fc.asyncProperty(levels, fc.integer({ min: 1, max: 4 }), async (drawn, concurrency) => {
        const wrong: unknown[] = [];
        let looks = 0;
        const look = (context: PipelineContext, expected: unknown): void => {
          looks += 1;
          const seen = snapshot(context);
          if (JSON.stringify(sorted(seen)) !== JSON.stringify(sorted(expected)))
            wrong.push({ seen, expected });
          if (currentContext()?.pipelineId !== context.pipelineId) wrong.push('another ambient context');
        };

        interface Passed {
          readonly run: string;
          readonly item: number;
        }
        type Definition = new () => PipelineDefinition<Passed, Passed>;
        let child: Definition | undefined;
        for (let index = drawn.length - 1; index >= 0; index -= 1) {
          const inner = child;
          const own = drawn[index];
          const below = drawn[index + 1];
          child = definePipeline<Passed, Passed>(`level-${String(index)}`, (builder) => {
            const node = builder.addTransform(
              async (passed: Passed, context) => {
                const expected = expectations(passed.run, passed.item, drawn)[index];
                look(context, expected?.before);
                for (const dictionary of dictionaries) {
                  const value = `${passed.run} ${String(passed.item)} ${String(index)}`;
                  for (const name of own?.writes[dictionary] ?? []) context[dictionary].set(name, value);
                  for (const name of own?.deletes[dictionary] ?? []) context[dictionary].delete(name);
                }
                look(context, expected?.after);
                await (passed.item % 2 === 0 ? nextTurn() : Promise.resolve());
                look(context, expected?.after);
                return passed;
              },
              { name: 'node', from: builder.addCompositeInput() },
            );
            const last =
              inner === undefined || below === undefined
                ? node
                : builder.addComposite(inner, {
                    name: 'inner',
                    from: node,
                    contextConfiguration: options(below),
                  });
            const after = builder.addTransform(
              (passed: Passed, context) => {
                look(context, expectations(passed.run, passed.item, drawn)[index]?.after);
                return passed;
              },
              { name: 'after', from: last },
            );
            builder.connect(after, builder.addCompositeOutput());
          });
        }
        const outermost = child;
        const [top] = drawn;
        if (outermost === undefined || top === undefined) return;
        const Root = definePipeline('root', (builder) => {
          const source = builder.addSource(
            (context) => [1, 2, 3].map((item) => ({ run: context.runId, item })),
            'source',
          );
          const composite = builder.addComposite(outermost, {
            name: 'top',
            from: source,
            concurrency,
            contextConfiguration: options(top),
          });
          builder.connect(
            composite,
            builder.addSink((passed: Passed, context) => {
              const whole = Object.fromEntries(names.map((name) => [name, `${passed.run} root`]));
              look(context, { parameters: whole, items: whole, properties: whole });
            }, 'sink'),
          );
        });

        const runner = new PipelineRunner();
        const definition = new Root();
        const results = await Promise.all(
          ['one', 'two', 'three', 'four'].map((runId) => {
            const whole = Object.fromEntries(names.map((name) => [name, `${runId} root`]));
            return runner.run(definition, {
              run: { runId },
              parameters: whole,
              items: whole,
              properties: whole,
            });
          }),
        );

        expect(wrong).toEqual([]);
        expect(looks).toBe(4 * 3 * (drawn.length * 4 + 1));
        expect(results.map((result) => result.runId)).toEqual(['one', 'two', 'three', 'four']);
      }),
      { numRuns: 60 },
    );
  });
});

/** The data options of a level, with whatever else is left at its default. */
function options({ inherits }: Level): Partial<CompositeContextConfiguration> {
  return {
    inheritParentParameters: inherits.parameters,
    inheritParentItems: inherits.items,
    inheritParentProperties: inherits.properties,
  };
}

/** A value with the keys of its objects in alphabetical order. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

describe('values of parameters and properties', () => {
  test('are data: no child can reach into its parent’s, however deep they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.object({ maxDepth: 3, key: fc.string({ minLength: 1 }).filter((key) => key !== '__proto__') }),
        async (value) => {
          const before = structuredClone(value);
          const attempts: unknown[] = [];
          const poke = (target: unknown): void => {
            if (typeof target !== 'object' || target === null) return;
            const prototype: unknown = Object.getPrototypeOf(target);
            const plain = prototype === Object.prototype || prototype === null || Array.isArray(target);
            if (!plain) return;
            if (Reflect.set(target, 'poked', true)) attempts.push(target);
            for (const inner of Object.values(target)) poke(inner);
          };
          const Child = definePipeline<number, number>('child', (builder) => {
            const node = builder.addTransform(
              (item: number, context) => {
                poke(context.parameters.get('value'));
                poke(context.properties.get('value'));
                return item;
              },
              { name: 'node', from: builder.addCompositeInput() },
            );
            builder.connect(node, builder.addCompositeOutput());
          });
          const Root = definePipeline('root', (builder) => {
            const child = builder.addComposite(Child, {
              name: 'child',
              from: builder.addSource([1, 2], 'source'),
              contextConfiguration: { inheritParentParameters: true, inheritParentProperties: true },
            });
            builder.connect(
              child,
              builder.addSink((_item: number, context) => {
                expect(context.parameters.get('value')).toEqual(before);
              }, 'sink'),
            );
          });

          await new PipelineRunner().run(Root, { parameters: { value }, properties: { value } });

          expect(attempts).toEqual([]);
          expect(value).toEqual(before);
          expect(Object.isFrozen(value)).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });
});
