import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  buildPipeline,
  contextKey,
  runPipeline,
  type InheritedKeys,
  type OutputHandle,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const name = fc.constantFrom(...names);
// Few of them: what is named everywhere says little.
const some = fc.subarray(names, { maxLength: 3 });
const few = fc.subarray(names, { maxLength: 1 });

const selection: fc.Arbitrary<InheritedKeys> = fc.oneof(
  fc.boolean(),
  fc.constant('required' as const),
  fc.record(
    {
      pick: some,
      omit: some,
      rename: fc.dictionary(name, name, { maxKeys: 2 }),
      required: fc.constant(true as const),
    },
    { requiredKeys: [] },
  ),
);

/** One composite on the way down: what its child inherits, requires and is given. */
interface Level {
  readonly inherit: InheritedKeys;
  readonly requires: readonly string[];
  readonly given: readonly string[];
  readonly givenLocally: readonly string[];
}

const level: fc.Arbitrary<Level> = fc.record({
  inherit: selection,
  requires: some,
  given: few,
  givenLocally: few,
});

type Seen = Map<string, Readonly<Record<string, unknown>>>;

/** Adds a composite that runs a sub-pipeline, which notes its parameters and runs the levels below. */
function addChild(
  builder: PipelineBuilder<number, number> | PipelineBuilder,
  from: OutputHandle<number>,
  [{ inherit, requires, given, givenLocally }, ...lower]: readonly [Level, ...Level[]],
  seen: Seen,
): OutputHandle<number> {
  class Child implements PipelineDefinition<number, number> {
    // A key with a default may be missing.
    static readonly pipeline = {
      requires: { parameters: requires.map((key) => contextKey(key, { default: 'default' })) },
    };
    define(own: PipelineBuilder<number, number>) {
      const note = (item: number, { path, parameters }: PipelineContext) => {
        seen.set(path, parameters.toObject());
        return item;
      };
      const step = own.addTransform(note, { name: 'note', from: own.addCompositeInput() });
      const [next, ...others] = lower;
      const last = next === undefined ? step : addChild(own, step, [next, ...others], seen);
      own.connect(last, own.addCompositeOutput());
    }
  }
  const local = givenLocally
    .filter((key) => !given.includes(key))
    .map((key) => contextKey(key, { local: true }));
  return builder.addComposite(Child, {
    name: 'child',
    from,
    contextConfiguration: { inheritParentParameters: inherit },
    with: { parameters: [...given, ...local].map((key) => [key, 'given'] as const) },
  });
}

test('the context map says of each sub-pipeline just what that finds in a run', async () => {
  await fc.assert(
    fc.asyncProperty(level, fc.array(level, { maxLength: 3 }), async (first, lower) => {
      const seen: Seen = new Map();
      class Root {
        define(builder: PipelineBuilder) {
          const child = addChild(builder, builder.addSource([1]), [first, ...lower], seen);
          builder.addSink(() => undefined, { from: child });
        }
      }
      const map = buildPipeline(Root).contextMap();
      await runPipeline(Root, { parameters: names.map((key) => [key, `root ${key}`] as const) });

      expect(map.rows).toHaveLength(1 + lower.length);
      for (const { path, parameters, except } of map.rows) {
        const found = seen.get(path) ?? {};
        const withheld = except?.parameters ?? [];
        const said = parameters === 'all' ? names.filter((key) => !withheld.includes(key)) : parameters;
        expect(Object.keys(found).sort()).toEqual(said);
        for (const key of names) {
          const isThere = Object.hasOwn(found, key) || Object.values(found).includes(`root ${key}`);
          if (isThere) expect(map.pathsReachedBy(key, 'parameters')).toContain(path);
        }
      }
    }),
  );
});
