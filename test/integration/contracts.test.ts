import { describe, expect, it } from 'vitest';
import {
  CompositeContextConfiguration,
  PipelineContext,
  PipelineRunner,
  buildPipeline,
  contextKey,
  errorPolicy,
  pipeline,
  runPipeline,
  type CompositeContextOptions,
  type ItemCompositeOptions,
  type PipelineBuilder,
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
const Log = contextKey<{ write: (line: string) => void }>('Log');
const Region = contextKey<string>('Region');

/** Passes its items on, and needs a parameter, a context item and a property to do so. */
@pipeline({ requires: { parameters: [ApiKey], items: [Log], properties: [Region] } })
class Demanding implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
  }
}

/** Passes its items on, and needs the parameter ApiKey to do so; says so without a decorator. */
class NeedsApiKey implements PipelineDefinition<number, number> {
  static readonly pipeline = { requires: { parameters: [ApiKey] } };
  define(builder: PipelineBuilder<number, number>): void {
    const look = builder.addTransform(
      (item: number, context) => {
        context.parameters.require(ApiKey);
        return item;
      },
      { name: 'look', from: builder.addCompositeInput() },
    );
    builder.connect(look, builder.addCompositeOutput());
  }
}

const unmet = 'CONTEXT_REQUIREMENT_UNMET';

function problemsOfBuilding(
  child: new () => PipelineDefinition<number, number>,
  options: ItemCompositeOptions<number> = {},
): readonly { code: string; path: string | undefined; message: string }[] {
  const { Root } = throughChild([1], child, options);
  return problemsOf(thrownBy(() => buildPipeline(Root)));
}

describe('A definition that requires a key', () => {
  it('fails the build of a parent that cannot pass it, with the path, the key and the option', () => {
    const problems = problemsOfBuilding(NeedsApiKey);

    expect(problems.map(({ code, path }) => [code, path])).toEqual([[unmet, 'Root/child']]);
    expect(problems[0]?.message).toContain('ApiKey');
    expect(problems[0]?.message).toContain('inheritParentParameters');
  });

  it('fails the build for each missing key, each with the option of its dictionary', () => {
    const problems = problemsOfBuilding(Demanding);

    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      [unmet, 'Root/child'],
      [unmet, 'Root/child'],
      [unmet, 'Root/child'],
    ]);
    for (const [key, option] of [
      ['ApiKey', 'inheritParentParameters'],
      ['Log', 'inheritParentItems'],
      ['Region', 'inheritParentProperties'],
    ] as const) {
      const problem = problems.find(({ message }) => message.includes(key));
      expect(problem?.message).toContain(option);
    }
  });

  it('names only what cannot be passed', () => {
    const problems = problemsOfBuilding(Demanding, {
      contextConfiguration: { inheritParentParameters: true, inheritParentProperties: true },
    });

    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain('inheritParentItems');
  });

  it('may write it as a string too', () => {
    class Stringly implements PipelineDefinition<number, number> {
      static readonly pipeline = { requires: { parameters: ['ApiKey'] } };
      define(builder: PipelineBuilder<number, number>): void {
        builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      }
    }

    const problems = problemsOfBuilding(Stringly);

    expect(problems.map((problem) => problem.code)).toEqual([unmet]);
    expect(problems[0]?.message).toContain('ApiKey');
  });

  it('is found at every level, with its path', () => {
    const Outer = wrapping(NeedsApiKey);
    const { Root } = throughChild([1], Outer, {
      contextConfiguration: CompositeContextConfiguration.inheritAll,
    });

    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

    expect(problems.map(({ code, path }) => [code, path])).toEqual([[unmet, 'Root/child/inner']]);
  });

  it('is reported when the parent is run, too, before any item flows', async () => {
    let pulled = 0;
    const { Root } = throughChild(function* () {
      pulled += 1;
      yield 1;
    }, NeedsApiKey);

    const error = await rejectionOf(runPipeline(Root, { parameters: { ApiKey: 'k' } }));

    expect(problemsOf(error).map((problem) => problem.code)).toEqual([unmet]);
    expect(pulled).toBe(0);
  });

  it('is checked before define runs', () => {
    let defined = 0;
    class Counting extends NeedsApiKey {
      override define(builder: PipelineBuilder<number, number>): void {
        defined += 1;
        super.define(builder);
      }
    }

    expect(problemsOfBuilding(Counting).map((problem) => problem.code)).toEqual([unmet]);
    expect(defined).toBe(0);
  });
});

describe('A key can be passed', () => {
  const passing: [title: string, options: ItemCompositeOptions<number>][] = [
    ['by inheriting all', { contextConfiguration: CompositeContextConfiguration.inheritAll }],
    ['by picking it', { contextConfiguration: { inheritParentParameters: { pick: [ApiKey] } } }],
    ['by omitting others', { contextConfiguration: { inheritParentParameters: { omit: ['x'] } } }],
    [
      'by a rename to it',
      { contextConfiguration: { inheritParentParameters: { rename: { ApiKey: 'masterKey' } } } },
    ],
    ['by an explicit value', { with: { parameters: { ApiKey: 'explicit' } } }],
    ['by an explicit value in a Map', { with: { parameters: new Map([['ApiKey', 'explicit']]) } }],
    ['perhaps by a with callback', { with: () => ({ parameters: { ApiKey: 'explicit' } }) }],
  ];

  it.each(passing)('%s', async (_title, options) => {
    const { Root, received } = throughChild([1], NeedsApiKey, options);
    expect(() => buildPipeline(Root)).not.toThrow();

    await runPipeline(Root, { parameters: { ApiKey: 'k', masterKey: 'm' } });

    expect(received).toEqual([1]);
  });

  const withholding: [title: string, options: ItemCompositeOptions<number>][] = [
    ['by picking others', { contextConfiguration: { inheritParentParameters: { pick: ['x'] } } }],
    ['by omitting it', { contextConfiguration: { inheritParentParameters: { omit: [ApiKey] } } }],
    [
      'by renaming it away',
      { contextConfiguration: { inheritParentParameters: { rename: { other: ApiKey } } } },
    ],
    ['by explicit values of other names', { with: { parameters: { other: 'explicit' } } }],
    ['by inheriting another dictionary', { contextConfiguration: { inheritParentItems: true } }],
  ];

  it.each(withholding)('but not %s', (_title, options) => {
    expect(problemsOfBuilding(NeedsApiKey, options).map((problem) => problem.code)).toEqual([unmet]);
  });

  it('and a typed key with a default satisfies itself', async () => {
    const Limit = contextKey<number>('Limit', { default: 10 });
    class WithDefault implements PipelineDefinition<number, number> {
      static readonly pipeline = { requires: { parameters: [Limit] } };
      define(builder: PipelineBuilder<number, number>): void {
        const look = builder.addTransform(
          (item: number, context) => item + context.parameters.require(Limit),
          { from: builder.addCompositeInput() },
        );
        builder.connect(look, builder.addCompositeOutput());
      }
    }
    const { Root, received } = throughChild([1], WithDefault);

    await runPipeline(Root);

    expect(received).toEqual([11]);
  });
});

describe('A required value that is missing when the run starts', () => {
  it('fails the run before any item flows, where a child requires it', async () => {
    let pulled = 0;
    const { Root } = throughChild(
      function* () {
        pulled += 1;
        yield 1;
      },
      NeedsApiKey,
      { contextConfiguration: { inheritParentParameters: true } },
    );
    expect(() => buildPipeline(Root)).not.toThrow();

    const error = await rejectionOf(runPipeline(Root));

    const [problem] = problemsOf(error);
    expect(problem?.code).toBe(unmet);
    expect(problem?.path).toBe('Root/child');
    expect(problem?.message).toContain('ApiKey');
    expect(pulled).toBe(0);
  });

  it('fails the run before any item flows, where a child of a child requires it', async () => {
    let pulled = 0;
    const inheritAll = { contextConfiguration: CompositeContextConfiguration.inheritAll };
    const { Root } = throughChild(
      function* () {
        pulled += 1;
        yield 1;
      },
      wrapping(NeedsApiKey, inheritAll),
      inheritAll,
    );

    const error = await rejectionOf(runPipeline(Root));

    const [problem] = problemsOf(error);
    expect(problem?.code).toBe(unmet);
    expect(problem?.path).toBe('Root/child/inner');
    expect(pulled).toBe(0);
  });

  it('is no failure where a level in between gives it', async () => {
    const inheritAll = { contextConfiguration: CompositeContextConfiguration.inheritAll };
    const given = { parameters: { ApiKey: 'k' } };
    const fixedValues = throughChild([1], wrapping(NeedsApiKey, inheritAll), { with: given });
    const perItem = throughChild([1], wrapping(NeedsApiKey, inheritAll), { with: () => given });

    await runPipeline(fixedValues.Root);
    await runPipeline(perItem.Root);

    expect([fixedValues.received, perItem.received]).toEqual([[1], [1]]);
  });

  it('fails the run before any item flows, where the root itself requires it', async () => {
    let pulled = 0;
    class Root implements PipelineDefinition {
      static readonly pipeline = { name: 'orders', requires: { parameters: [ApiKey], items: [Log] } };
      define(builder: PipelineBuilder): void {
        const source = builder.addSource(function* () {
          pulled += 1;
          yield 1;
        });
        builder.connect(
          source,
          builder.addSink(() => undefined),
        );
      }
    }

    const error = await rejectionOf(runPipeline(Root, { parameters: { ApiKey: 'k' } }));
    expect(problemsOf(error).map((problem) => problem.code)).toContain(unmet);
    expect(
      problemsOf(error)
        .map((problem) => problem.message)
        .join(),
    ).toContain('Log');
    expect(pulled).toBe(0);

    const log = { write: () => undefined };
    await runPipeline(Root, { parameters: { ApiKey: 'k' }, items: { Log: log } });
    expect(pulled).toBe(1);
  });

  it('does not matter where the root is only built: its own needs are not checked then', () => {
    expect(() => buildPipeline(NeedsApiKey)).not.toThrow();
    expect(() => buildPipeline(Demanding, new PipelineContext())).not.toThrow();
  });

  it('fails a sub-pipeline that is run alone', async () => {
    const runner = new PipelineRunner();

    const error = await rejectionOf(runner.runItem(NeedsApiKey, 1));
    expect(problemsOf(error).map((problem) => problem.code)).toEqual([unmet]);
    expect(await runner.runItem(NeedsApiKey, 1, { parameters: { ApiKey: 'k' } })).toBe(1);
  });
});

describe('A required value that is missing when a later child starts', () => {
  it('fails that child’s item with CONTEXT_REQUIREMENT_UNMET, which no policy handles', async () => {
    for (const then of ['skip', 'deadLetter', 'fail'] as const) {
      const { Root, received } = throughChild(
        function* (context) {
          yield 1;
          context.parameters.delete(ApiKey);
          yield 2;
          yield 3;
        },
        NeedsApiKey,
        {
          contextConfiguration: { inheritParentParameters: true },
          errorPolicy: errorPolicy({ then }),
        },
      );

      const error = await rejectionOf(
        runPipeline(Root, {
          parameters: { ApiKey: 'k' },
          deadLetterSink: { write: () => undefined },
        }),
      );

      expect(error.code).toBe(unmet);
      expect(error.path).toBe('Root/child');
      expect(error.message).toContain('ApiKey');
      expect(received).toEqual([1]);
      expect(error.result?.nodes.get('Root/child')).toMatchObject({
        in: 2,
        out: 1,
        filtered: 0,
        deadLettered: 0,
        failed: 1,
      });
    }
  });

  it('fails the item also where a with callback did not give it after all', async () => {
    const { Root, received } = throughChild([1, 2], NeedsApiKey, {
      with: (item) => ({ parameters: item === 1 ? { ApiKey: 'k' } : {} }),
      errorPolicy: errorPolicy({ then: 'skip' }),
    });

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe(unmet);
    expect(received).toEqual([1]);
  });

  it('is an error only where it is required: picking an absent key is none', async () => {
    const { Root, received } = throughChild(
      [1],
      subPipeline((item: number) => item),
      {
        contextConfiguration: { inheritParentParameters: { pick: ['ApiKey'] } },
      },
    );

    await runPipeline(Root);

    expect(received).toEqual([1]);
  });
});

describe('The ways to declare a pipeline', () => {
  const options = { name: 'validation', requires: { parameters: [ApiKey] } };

  class Plain implements PipelineDefinition<number, number> {
    define(builder: PipelineBuilder<number, number>): void {
      builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
    }
  }

  it('are a decorator and a static property, with the same effect', () => {
    @pipeline(options)
    class Decorated extends Plain {}
    class Static extends Plain {
      static readonly pipeline = options;
    }

    for (const Definition of [Decorated, Static]) {
      expect(buildPipeline(Definition).name).toBe('validation');
      expect(problemsOfBuilding(Definition).map((problem) => problem.code)).toEqual([unmet]);
    }
  });

  it('include the decorator in its standard form, which gets a second argument', () => {
    class Decorated extends Plain {}
    pipeline(options)(Decorated, {
      kind: 'class',
      name: 'Decorated',
      metadata: {},
      addInitializer: () => undefined,
    });

    expect(buildPipeline(Decorated).name).toBe('validation');
  });

  it('pass on to a subclass, but for the name', () => {
    class Base extends Plain {
      static readonly pipeline = options;
    }
    class Special extends Base {}

    expect(buildPipeline(Special).name).toBe('Special');
    expect(problemsOfBuilding(Special).map((problem) => problem.code)).toEqual([unmet]);
  });

  it('are optional', () => {
    expect(buildPipeline(Plain).name).toBe('Plain');
  });

  it('refuse a misspelt option', () => {
    const typo = { require: { parameters: [ApiKey] } };
    class Misspelt extends Plain {
      static readonly pipeline = typo;
    }

    const problems = problemsOf(thrownBy(() => buildPipeline(Misspelt)));

    expect(problems.map((problem) => problem.code)).toEqual(['OPTION_INVALID']);
    expect(problems[0]?.message).toContain('require');
  });

  it('treat configuration by callback as any other configuration', () => {
    const configure = (draft: CompositeContextOptions): void => {
      draft.inheritParentParameters = { pick: [ApiKey] };
    };
    const { Root } = throughChild([1], NeedsApiKey, { configureContext: configure });

    expect(() => buildPipeline(Root)).not.toThrow();
  });
});
