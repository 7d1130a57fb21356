import { describe, expect, it } from 'vitest';
import {
  CompositeContextConfiguration,
  ParentNodeId,
  PipelineRunner,
  buildPipeline,
  contextKey,
  errorPolicy,
  pipeline,
  runPipeline,
  type CompositeContextOptions,
  type DefinitionContext,
  type ItemCompositeOptions,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import {
  problemsOf,
  rejectionOf,
  subPipeline,
  throughChild,
  thrownBy,
  wrapping,
} from './support/pipelines.js';

const ApiKey = contextKey<string>('ApiKey');
const Region = contextKey<string>('Region');
const Limit = contextKey<number>('Limit', { default: 10 });
const Log = contextKey<string[]>('Log');

const { required } = CompositeContextConfiguration;
const byContract: ItemCompositeOptions<number> = { contextConfiguration: required };
const unmet = 'CONTEXT_REQUIREMENT_UNMET';

/** What the contexts of the leaves below held. */
let seen: Record<string, unknown>[] = [];

function look(item: number, { parameters }: PipelineContext): number {
  seen.push(parameters.toObject());
  return item;
}

/** Needs two parameters. */
@pipeline({ name: 'leaf', requires: { parameters: [ApiKey, Region] } })
class Leaf extends subPipeline(look) {}

/** Declares nothing itself; runs a leaf as `leaf`. */
function around(
  inner: new () => PipelineDefinition<number, number>,
  options: ItemCompositeOptions<number> = byContract,
): new () => PipelineDefinition<number, number> {
  return wrapping(inner, { name: 'leaf', ...options });
}

const five = { ApiKey: 'k', Region: 'eu', Limit: 3, password: 'p', other: 1 };

async function seenIn(
  child: new () => PipelineDefinition<number, number>,
  options: ItemCompositeOptions<number> = byContract,
  parameters: Record<string, unknown> = five,
): Promise<readonly Record<string, unknown>[]> {
  seen = [];
  await runPipeline(throughChild([1], child, options).Root, { parameters });
  return seen;
}

function problemsAtBuild(
  child: new () => PipelineDefinition<number, number>,
  options: ItemCompositeOptions<number> = byContract,
): readonly { code: string; path: string | undefined; message: string }[] {
  return problemsOf(thrownBy(() => buildPipeline(throughChild([1], child, options).Root)));
}

describe("With 'required' a child", () => {
  it('that declares two of five keys gets those two', async () => {
    expect(await seenIn(Leaf)).toEqual([{ ApiKey: 'k', Region: 'eu' }]);
  });

  it('gets them at depth 3 without naming them again', async () => {
    expect(await seenIn(around(around(Leaf)))).toEqual([{ ApiKey: 'k', Region: 'eu' }]);
  });

  it('never gets a key that nobody declares', async () => {
    expect(await seenIn(subPipeline(look))).toEqual([{}]);
  });

  it('lets its nodes see what passes through it, and so what a grandchild needs', async () => {
    const middle: string[] = [];
    class Middle implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const noted = builder.addTransform(
          (item: number, { parameters }) => {
            middle.push(...parameters.keys());
            return item;
          },
          { from: builder.addCompositeInput() },
        );
        const leaf = builder.addComposite(Leaf, { from: noted, ...byContract });
        builder.connect(leaf, builder.addCompositeOutput());
      }
    }

    await seenIn(Middle);

    expect(middle).toEqual(['ApiKey', 'Region']);
  });

  it('gets a key with a default too, where the parent has it, and runs where the parent has not', async () => {
    class WithDefault extends subPipeline(look) {
      static readonly pipeline = { requires: { parameters: [Limit] } };
    }

    expect(await seenIn(WithDefault)).toEqual([{ Limit: 3 }]);
    expect(await seenIn(WithDefault, byContract, {})).toEqual([{}]);
  });

  it('gets each dictionary by its own list', async () => {
    const kept: unknown[] = [];
    class Three extends subPipeline((item: number, { parameters, items, properties }: PipelineContext) => {
      kept.push([...parameters.keys()], [...items.keys()], [...properties.keys()]);
      return item;
    }) {
      static readonly pipeline = { requires: { parameters: [ApiKey], items: [Log], properties: [Region] } };
    }
    const all = { ApiKey: 'k', Log: [], Region: 'eu' };

    await runPipeline(throughChild([1], Three, byContract).Root, {
      parameters: all,
      items: all,
      properties: all,
    });

    expect(kept).toEqual([['ApiKey'], ['Log'], ['Region']]);
  });

  it('gets what the parent wrote between two items', async () => {
    seen = [];
    const { Root } = throughChild(
      function* ({ parameters }: PipelineContext) {
        yield 1;
        parameters.set(Region, 'us');
        yield 2;
      },
      around(Leaf),
      byContract,
    );

    await runPipeline(Root, { parameters: five });

    expect(seen.map((keys) => keys['Region'])).toEqual(['eu', 'us']);
  });

  it('gets explicit values before them, and a composite that gives a key needs it no longer', async () => {
    const given = { ...byContract, with: { parameters: { ApiKey: 'own' } } };

    expect(await seenIn(Leaf, given, { ApiKey: 'k', Region: 'eu' })).toEqual([
      { ApiKey: 'own', Region: 'eu' },
    ]);
    expect(await seenIn(around(Leaf, given), byContract, { Region: 'eu' })).toEqual([
      { ApiKey: 'own', Region: 'eu' },
    ]);
    expect(await seenIn(around(Leaf), given, { Region: 'eu' })).toEqual([{ ApiKey: 'own', Region: 'eu' }]);
  });
});

describe('A key selection with `required`', () => {
  const selecting = (
    selection: CompositeContextOptions['inheritParentParameters'],
  ): ItemCompositeOptions<number> => ({ contextConfiguration: { inheritParentParameters: selection } });

  it('passes what is picked on top', async () => {
    expect(await seenIn(Leaf, selecting({ required: true, pick: ['other'] }))).toEqual([
      { ApiKey: 'k', Region: 'eu', other: 1 },
    ]);
  });

  it('takes a renamed key from the other name, and requires that name above', async () => {
    const renaming = selecting({ required: true, rename: { ApiKey: 'masterKey' } });
    const given = { masterKey: 'm', Region: 'eu' };

    expect(await seenIn(Leaf, renaming, { ...given, ApiKey: 'k' })).toEqual([{ ApiKey: 'm', Region: 'eu' }]);
    expect(await seenIn(around(Leaf, renaming), byContract, given)).toEqual([{ ApiKey: 'm', Region: 'eu' }]);
  });

  it('never opens the rest with `omit`: it only takes away', async () => {
    expect(await seenIn(Leaf, selecting({ required: true, omit: ['other'] }))).toEqual([
      { ApiKey: 'k', Region: 'eu' },
    ]);
    class WithDefault extends subPipeline(look) {
      static readonly pipeline = { requires: { parameters: [Limit] } };
    }
    expect(await seenIn(WithDefault, selecting({ required: true, omit: [Limit] }))).toEqual([{}]);
  });

  it('is refused at build where it omits a mandatory key, the child’s own or one that passes through', () => {
    const omitting = selecting({ required: true, omit: [ApiKey] });

    for (const child of [Leaf, around(Leaf)]) {
      const [problem, ...more] = problemsAtBuild(child, omitting);
      expect([problem?.code, problem?.path, more]).toEqual([unmet, 'Root/child', []]);
      expect(problem?.message).toContain("Take 'ApiKey' out of 'omit' in inheritParentParameters");
    }
  });

  it('is refused where it is not true', () => {
    expect(() =>
      CompositeContextConfiguration.create({ inheritParentItems: { required: false as never } }),
    ).toThrow("'required' must be true");
    expect(() => CompositeContextConfiguration.create({ inheritParentItems: 'requird' as never })).toThrow(
      "must be 'required', true, false or a key selection",
    );
  });
});

describe('The preset `required`', () => {
  it('is the default but for the three data options', () => {
    expect(Object.entries(required)).toEqual(
      Object.entries(CompositeContextConfiguration.default).map(([option, value]) => [
        option,
        option.startsWith('inheritParent') ? 'required' : (value as unknown),
      ]),
    );
  });

  it('is what a recipe may start from', async () => {
    const configureContext = (draft: CompositeContextOptions): void => {
      draft.inheritParentParameters = { required: true, pick: ['other'] };
    };

    expect(await seenIn(Leaf, { ...byContract, configureContext })).toEqual([
      { ApiKey: 'k', Region: 'eu', other: 1 },
    ]);
  });
});

describe('What passes is checked', () => {
  it('when the parent is built: a level that does not pass it is told which leaf needs it', () => {
    const problems = problemsAtBuild(around(Leaf), {});

    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      [unmet, 'Root/child'],
      [unmet, 'Root/child'],
    ]);
    expect(problems[0]?.message).toContain("'leaf' at 'Root/child/leaf' requires 'ApiKey'");
    expect(problems[0]?.message).toContain("{ inheritParentParameters: 'required' }");
  });

  it('when the run starts: all absent keys at once, before anything is opened', async () => {
    let opened = 0;
    const { Root } = throughChild(
      function* () {
        opened += 1;
        yield 1;
      },
      around(Leaf),
      byContract,
    );

    const error = await rejectionOf(runPipeline(Root, { parameters: { ApiKye: 'k' } }));

    expect([error.code, opened]).toEqual([unmet, 0]);
    expect(error.message).toContain("Root/child/leaf: 'ApiKey' is required in the parameters");
    expect(error.message).toContain("Root/child/leaf: 'Region' is required in the parameters");
    expect(error.message).toContain("This context has 'ApiKye' in its parameters");
    expect(error.message).toContain("with: { parameters: { 'ApiKey': ... } }");
  });

  it('when the run starts: a node in between that would set the key later is no reason to begin', async () => {
    class Setting implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const set = builder.addTransform(
          (item: number, { parameters }) => {
            parameters.set(ApiKey, 'k').set(Region, 'eu');
            return item;
          },
          { from: builder.addCompositeInput() },
        );
        const leaf = builder.addComposite(Leaf, { from: set, ...byContract });
        builder.connect(leaf, builder.addCompositeOutput());
      }
    }

    const error = await rejectionOf(runPipeline(throughChild([1], Setting, byContract).Root));

    expect(error.code).toBe(unmet);
    expect(error.message).toContain('with: {');
  });

  it('when a later child starts: the parent has deleted it, and no policy decides', async () => {
    seen = [];
    const { Root } = throughChild(
      function* ({ parameters }: PipelineContext) {
        yield 1;
        parameters.delete(ApiKey);
        yield 2;
      },
      around(Leaf),
      { ...byContract, errorPolicy: errorPolicy('skip') },
    );

    const error = await rejectionOf(runPipeline(Root, { parameters: five }));

    expect([error.code, error.path, seen.length]).toEqual([unmet, 'Root/child', 1]);
    expect(error.message).toContain("It was deleted in 'Root'");
  });

  it('by what a function of the item gives only when the item comes', async () => {
    const given = { ...byContract, with: () => ({ parameters: { ApiKey: 'own', Region: 'own' } }) };

    expect(await seenIn(around(Leaf, given), byContract, {})).toEqual([{ ApiKey: 'own', Region: 'own' }]);
    expect(await seenIn(around(Leaf), given, {})).toEqual([{ ApiKey: 'own', Region: 'own' }]);
    const error = await rejectionOf(
      seenIn(around(Leaf), { ...byContract, with: () => ({ parameters: { ApiKey: 'own' } }) }, {}),
    );
    expect([error.code, error.path]).toEqual([unmet, 'Root/child']);
  });

  it('counting a local value for its own level only', () => {
    const Local = contextKey<string>('ApiKey', { local: true });
    const given = { ...byContract, with: { parameters: [[Local, 'own']] as const } };

    expect(() => buildPipeline(throughChild([1], Leaf, given).Root)).not.toThrow();
    expect(problemsAtBuild(around(Leaf), given)[0]?.message).toContain('under a local key');
  });
});

describe('`define`', () => {
  /** What each call of `define` could see. */
  let defined: Record<string, unknown>[] = [];

  class Defining implements PipelineDefinition<number, number> {
    static readonly pipeline = { requires: { parameters: [Limit] } };
    define(builder: PipelineBuilder<number, number>, { parameters }: DefinitionContext): void {
      defined.push({ Limit: parameters.get(Limit), ApiKey: parameters.get(ApiKey) });
      const leaf = builder.addComposite(Leaf, {
        name: 'leaf',
        from: builder.addCompositeInput(),
        ...byContract,
      });
      builder.connect(leaf, builder.addCompositeOutput());
    }
  }

  it('sees what its own definition declares, not what passes through', async () => {
    defined = [];

    expect(await seenIn(Defining)).toEqual([{ ApiKey: 'k', Region: 'eu' }]);
    expect(defined).toEqual([{ Limit: 3, ApiKey: undefined }]);
  });

  it('runs once where its parameters stay, also three levels down, the build included', async () => {
    defined = [];
    const { Root } = throughChild([1, 2, 3], around(around(Defining)), byContract);
    const runner = new PipelineRunner();
    await runner.run(Root, { parameters: five });
    await runner.run(Root, { parameters: five });

    expect(defined).toEqual([{ Limit: 3, ApiKey: undefined }]);
  });

  it('runs again when a declared parameter changes, and the child has the keys of its plan', async () => {
    defined = [];
    seen = [];
    const { Root } = throughChild([1, 2], Defining, {
      ...byContract,
      with: (item) => ({ parameters: new Map([['Limit', item]]).entries() }),
    });

    await runPipeline(Root, { parameters: five });

    expect(seen).toEqual([
      { ApiKey: 'k', Region: 'eu' },
      { ApiKey: 'k', Region: 'eu' },
    ]);
    expect(defined.map((keys) => keys['Limit'])).toEqual([3, 1, 2]);
  });

  it('that requires an undeclared parameter does not build, and is told to declare it', () => {
    class Undeclared implements PipelineDefinition<number, number> {
      define(_: PipelineBuilder<number, number>, { parameters }: DefinitionContext): void {
        parameters.require(Limit.name);
      }
    }

    const [problem] = problemsAtBuild(Undeclared);

    expect([problem?.code, problem?.path]).toEqual([unmet, 'Root/child']);
    expect(problem?.message).toContain(
      "Declare it in 'Undeclared', with requires: { parameters: ['Limit'] }",
    );
  });
});

describe('A child that is described late', () => {
  /** Runs a leaf only for some values of a parameter, so that nobody above can know of its needs at build. */
  class Choosing implements PipelineDefinition<number, number> {
    static readonly pipeline = { name: 'choosing', requires: { parameters: ['mode'] } };
    define(builder: PipelineBuilder<number, number>, { parameters }: DefinitionContext): void {
      const input = builder.addCompositeInput();
      const inner = parameters.require('mode') === 'leaf' ? Leaf : subPipeline(look);
      builder.connect(
        builder.addComposite(inner, { name: 'leaf', from: input, ...byContract }),
        builder.addCompositeOutput(),
      );
    }
  }

  const modes = {
    ...byContract,
    with: (item: number) => ({ parameters: { mode: item === 1 ? 'plain' : 'leaf' } }),
  };

  it('gets the keys of its plan where its parent has them, and never those of another plan', async () => {
    seen = [];
    await runPipeline(throughChild([2, 1, 2], Choosing, modes).Root, { parameters: five });

    expect(seen).toEqual([{ ApiKey: 'k', Region: 'eu' }, {}, { ApiKey: 'k', Region: 'eu' }]);
  });

  it('fails with the definition that should declare a key which nothing above passes', async () => {
    const { Root } = throughChild([2], wrapping(Choosing, modes), byContract);

    const error = await rejectionOf(runPipeline(Root, { parameters: five }));

    expect([error.code, error.path]).toEqual([unmet, 'Root/child/inner']);
    expect(error.message).toContain("declare it in 'choosing', with requires: { parameters: ['ApiKey'] }");
  });
});

describe('The resolved keys are shown', () => {
  const { Root } = throughChild([1], around(Leaf), byContract);
  const graph = buildPipeline(Root);

  it('by describe(), with the composite that needs them', () => {
    const text = graph.describe();

    expect(text).toContain(
      'inherits parameters (required: ApiKey (for leaf), Region (for leaf)), run identity',
    );
    expect(text).toContain('inherits parameters (required: ApiKey, Region), run identity');
    expect(text).not.toContain('items');
  });

  it('by the drawing', () => {
    expect(graph.toMermaid()).toContain(
      '["child: Wrapping (required: ApiKey (for leaf), Region (for leaf))"]',
    );
    expect(graph.toMermaid()).toContain('["leaf (required: ApiKey, Region)"]');
  });

  it('as plain data', () => {
    const [, child] = graph.nodes;

    expect(child?.options['contextConfiguration']).toMatchObject({
      inheritParentParameters: { required: { ApiKey: ['leaf'], Region: ['leaf'] } },
      inheritParentItems: { required: {} },
    });
  });

  it('by explain, hop by hop', async () => {
    const told: string[][] = [];
    @pipeline({ requires: { parameters: [ApiKey] } })
    class Telling extends subPipeline((item: number, context: PipelineContext) => {
      for (const key of ['ApiKey', 'password'])
        told.push(context.explain(key).hops.map(({ path, action }) => `${action} ${path}`));
      return item;
    }) {}

    await runPipeline(throughChild([1], around(Telling), byContract).Root, { parameters: five });

    expect(told).toEqual([
      ['set Root', 'inherited Root/child', 'inherited Root/child/leaf'],
      ['set Root', 'withheld Root/child'],
    ]);
  });
});

describe('A key of the link to the composite above', () => {
  class Linked extends subPipeline((item: number) => item) {
    static readonly pipeline = { requires: { properties: [ParentNodeId] } };
  }

  it('is met in every child, and refused in words at a root', async () => {
    const { Root, received } = throughChild([1], Linked, byContract);
    await runPipeline(Root);
    await runPipeline(throughChild([2], Linked).Root);

    const error = await rejectionOf(new PipelineRunner().runItem(Linked, 1));

    expect(received).toEqual([1]);
    expect([error.code, error.message]).toEqual([
      unmet,
      expect.stringContaining('a context at the root has none'),
    ]);
  });
});

describe('A function that gives an invalid key', () => {
  it('fails the item with the path of its composite', async () => {
    const { Root } = throughChild([1], Leaf, { with: () => ({ parameters: { '': 1 } }) });

    const error = await rejectionOf(runPipeline(Root));

    expect([error.code, error.path]).toEqual(['CONTEXT_KEY_INVALID', 'Root/child']);
  });
});
