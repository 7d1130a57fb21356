import { describe, expect, it } from 'vitest';
import {
  CompositeContextConfiguration,
  PipelineContext,
  PipelineError,
  PipelineRunner,
  buildPipeline,
  errorPolicy,
  runPipeline,
  type ContextDictionary,
  type DefinitionContext,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import { problemsOf, rejectionOf, throughChild, thrownBy, turn, wrapping } from './support/pipelines.js';

const inheritParameters = { inheritParentParameters: true };

/** A sub-pipeline whose graph depends on the parameter `factor`, and which counts its definitions. */
function scaling(read: (parameters: DefinitionContext['parameters']) => unknown): {
  Scaling: new () => PipelineDefinition<number, number>;
  defined: unknown[];
} {
  const defined: unknown[] = [];
  class Scaling implements PipelineDefinition<number, number> {
    define(builder: PipelineBuilder<number, number>, context: DefinitionContext): void {
      const factor = read(context.parameters);
      defined.push(factor);
      const scale = builder.addTransform((item: number) => item * Number(factor), {
        name: 'scale',
        from: builder.addCompositeInput(),
      });
      builder.connect(scale, builder.addCompositeOutput());
    }
  }
  return { Scaling, defined };
}

describe('define', () => {
  it('runs once per composite, not once per item', async () => {
    const { Scaling, defined } = scaling(() => 2);
    const items = Array.from({ length: 1000 }, (_, index) => index);
    const { Root, received } = throughChild(items, Scaling);

    await runPipeline(Root);

    expect(received).toEqual(items.map((item) => item * 2));
    expect(defined).toHaveLength(1);
  });

  it('runs once also where it reads a parameter that stays the same for 1,000 items', async () => {
    const { Scaling, defined } = scaling((parameters) => parameters.require('factor'));
    const items = Array.from({ length: 1000 }, (_, index) => index);
    const { Root, received } = throughChild(items, Scaling, {
      contextConfiguration: inheritParameters,
    });

    await runPipeline(Root, { parameters: { factor: 3 } });

    expect(received).toEqual(items.map((item) => item * 3));
    expect(defined).toEqual([3]);
  });

  it('runs once more when a parameter that it read has changed, and the new value is used', async () => {
    const { Scaling, defined } = scaling((parameters) => parameters.get('factor'));
    const { Root, received } = throughChild(
      function* (context) {
        yield* [1, 2, 3];
        context.parameters.set('factor', 10);
        yield* [4, 5, 6];
      },
      Scaling,
      { contextConfiguration: inheritParameters },
    );

    await runPipeline(Root, { parameters: { factor: 2 } });

    expect(received).toEqual([2, 4, 6, 40, 50, 60]);
    expect(defined).toEqual([2, 10]);
  });

  it('does not run again when a parameter changes that it did not read', async () => {
    const { Scaling, defined } = scaling((parameters) => parameters.get('factor'));
    const { Root, received } = throughChild(
      function* (context) {
        for (const item of [1, 2, 3]) {
          context.parameters.set('other', item);
          yield item;
        }
      },
      Scaling,
      { contextConfiguration: inheritParameters },
    );

    await runPipeline(Root, { parameters: { factor: 2 } });

    expect(received).toEqual([2, 4, 6]);
    expect(defined).toEqual([2]);
  });

  it('has read a parameter also when it only asked whether it is there', async () => {
    const { Scaling, defined } = scaling((parameters) => (parameters.has('turbo') ? 100 : 1));
    const { Root, received } = throughChild(
      function* (context) {
        yield 1;
        context.parameters.set('turbo', true);
        yield 1;
      },
      Scaling,
      { contextConfiguration: inheritParameters },
    );

    await runPipeline(Root);

    expect(received).toEqual([1, 100]);
    expect(defined).toEqual([1, 100]);
  });

  it('runs again in the levels below when a parameter changes that they read', async () => {
    const { Scaling, defined } = scaling((parameters) => parameters.get('factor'));
    const { Root, received } = throughChild(
      function* (context) {
        yield 1;
        context.parameters.set('factor', 5);
        yield 1;
      },
      wrapping(Scaling, { contextConfiguration: inheritParameters }),
      { contextConfiguration: inheritParameters },
    );

    await runPipeline(Root, { parameters: { factor: 2 } });

    expect(received).toEqual([2, 5]);
    expect(defined).toEqual([2, 5]);
  });

  it('uses explicit values, which may differ per item', async () => {
    const { Scaling } = scaling((parameters) => parameters.get('factor'));
    const { Root, received } = throughChild([1, 2, 3], Scaling, {
      with: (item) => ({ parameters: { factor: item } }),
    });

    await runPipeline(Root);

    expect(received).toEqual([1, 4, 9]);
  });

  it('runs no more often where children of different values run at the same time', async () => {
    const { Scaling, defined } = scaling((parameters) => parameters.get('factor'));
    const items = Array.from({ length: 200 }, () => 1);
    const { Root, received } = throughChild(
      async function* (context) {
        for (const [index, item] of items.entries()) {
          if (index === 100) context.parameters.set('factor', 10);
          await turn();
          yield item;
        }
      },
      wrapping(Scaling, { contextConfiguration: inheritParameters }),
      { contextConfiguration: inheritParameters, concurrency: 16 },
    );

    await runPipeline(Root, { parameters: { factor: 2 } });

    expect(received).toEqual(items.map((_, index) => (index < 100 ? 2 : 10)));
    expect(defined).toEqual([2, 10]);
  });

  it('serves 50 runs at once, each with its own value', async () => {
    const { Scaling } = scaling((parameters) => parameters.get('factor'));
    const { Root, received } = throughChild(
      async function* () {
        yield 1;
        await turn();
        yield 1000;
      },
      Scaling,
      { contextConfiguration: inheritParameters },
    );
    const runner = new PipelineRunner();
    const factors = Array.from({ length: 50 }, (_, index) => index + 1);

    await Promise.all(factors.map((factor) => runner.run(Root, { parameters: { factor } })));

    expect([...received].sort((a, b) => a - b)).toEqual([
      ...factors,
      ...factors.map((factor) => factor * 1000),
    ]);
  });

  it('does not run again in the next run of the same runner, unless the value differs', async () => {
    const { Scaling, defined } = scaling((parameters) => parameters.get('factor'));
    const { Root, received } = throughChild([1], Scaling, {
      contextConfiguration: inheritParameters,
    });
    const runner = new PipelineRunner();

    await runner.run(Root, { parameters: { factor: 2 } });
    await runner.run(Root, { parameters: { factor: 2 } });
    expect(defined).toEqual([2]);

    await runner.run(Root, { parameters: { factor: 3 } });
    expect(received).toEqual([2, 2, 3]);
    expect(defined).toEqual([2, 3]);
  });
});

describe('The context of define', () => {
  it('offers parameters by key, the pipeline’s name and its path', () => {
    const seen: unknown[] = [];
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>, context: DefinitionContext): void {
        const { parameters, pipelineName, path } = context;
        seen.push(parameters.get('rate'), parameters.require('rate'), parameters.has('rate'));
        seen.push(parameters.get('none'), parameters.has('none'), pipelineName, path);
        builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1], Child, { contextConfiguration: inheritParameters });

    buildPipeline(Root, new PipelineContext({ parameters: { rate: 7 } }));

    expect(seen).toEqual([7, 7, true, undefined, false, 'Child', 'Root/child']);
  });

  it.each(['items', 'properties', 'signal', 'run', 'onDispose', 'logger'])(
    'offers nothing else: %s is DEFINE_CONTEXT_CLOSED, which points to the node’s own context',
    (name) => {
      const caught: unknown[] = [];
      class Root implements PipelineDefinition {
        define(builder: PipelineBuilder, context: DefinitionContext): void {
          try {
            Reflect.get(context, name);
          } catch (error) {
            caught.push(error);
          }
          builder.connect(
            builder.addSource([1]),
            builder.addSink(() => undefined),
          );
        }
      }

      buildPipeline(Root);

      const [error] = caught;
      expect(error).toBeInstanceOf(PipelineError);
      expect(error).toMatchObject({ code: 'DEFINE_CONTEXT_CLOSED' });
      expect(error).toHaveProperty('message', expect.stringContaining('context'));
      expect(error).toHaveProperty('message', expect.stringMatching(/inject/i));
    },
  );

  it('cannot be written to', () => {
    const caught: unknown[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder, context: DefinitionContext): void {
        try {
          (context.parameters as unknown as ContextDictionary).set('rate', 1);
        } catch (error) {
          caught.push(error);
        }
        builder.connect(
          builder.addSource([1]),
          builder.addSink(() => undefined),
        );
      }
    }

    buildPipeline(Root);

    expect(caught).toHaveLength(1);
    expect(caught[0]).toMatchObject({ code: 'DEFINE_CONTEXT_CLOSED' });
  });

  it('is open only while define runs', async () => {
    const caught: unknown[] = [];
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>, context: DefinitionContext): void {
        const late = builder.addTransform(
          (item: number) => {
            for (const read of [
              () => context.parameters.get('rate'),
              () => context.parameters.has('rate'),
              () => context.parameters.require('rate'),
            ]) {
              try {
                read();
              } catch (error) {
                caught.push(error);
              }
            }
            return item;
          },
          { name: 'late', from: builder.addCompositeInput() },
        );
        builder.connect(late, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1], Child, { contextConfiguration: inheritParameters });

    await runPipeline(Root, { parameters: { rate: 1 } });

    expect(caught).toHaveLength(3);
    for (const error of caught) expect(error).toMatchObject({ code: 'DEFINE_CONTEXT_CLOSED' });
  });

  it('that is misused and not caught fails the build', () => {
    class Root implements PipelineDefinition {
      define(_builder: PipelineBuilder, context: DefinitionContext): void {
        Reflect.get(context, 'items');
      }
    }

    const error = thrownBy(() => buildPipeline(Root));

    expect(JSON.stringify(problemsOf(error)) + String(error.cause)).toMatch(
      /DEFINE_CONTEXT_CLOSED|DEFINE_FAILED/,
    );
  });
});

describe('A child that needs a parameter to be defined', () => {
  it('is described with the parameter that the configuration would give it', () => {
    const { Scaling, defined } = scaling((parameters) => parameters.require('factor'));
    const { Root } = throughChild([1], Scaling, {
      contextConfiguration: { inheritParentParameters: { rename: { factor: 'scale' } } },
    });

    const graph = buildPipeline(Root, new PipelineContext({ parameters: { scale: 4 } }));

    expect(defined).toEqual([4]);
    expect(graph.childGraphs.has('child')).toBe(true);
  });

  it('waits for its first item where the composite can pass the parameter that is still absent', async () => {
    const { Scaling, defined } = scaling((parameters) => parameters.require('factor'));
    const { Root, received } = throughChild(
      function* (context) {
        context.parameters.set('factor', 4);
        yield* [1, 2];
      },
      Scaling,
      { contextConfiguration: inheritParameters },
    );

    const graph = buildPipeline(Root);
    expect(graph.nodes.map((node) => node.id)).toContain('child');
    expect(graph.childGraphs.has('child')).toBe(false);

    await runPipeline(Root);
    expect(received).toEqual([4, 8]);
    expect(defined).toEqual([4]);
  });

  it('waits also where a with callback may pass it', async () => {
    const { Scaling } = scaling((parameters) => parameters.require('factor'));
    const { Root, received } = throughChild([1, 2], Scaling, {
      with: () => ({ parameters: { factor: 6 } }),
    });

    expect(buildPipeline(Root).childGraphs.has('child')).toBe(false);
    await runPipeline(Root);

    expect(received).toEqual([6, 12]);
  });

  it('fails the build where the composite cannot pass it', () => {
    const { Scaling } = scaling((parameters) => parameters.require('factor'));
    const { Root } = throughChild([1], Scaling, {
      contextConfiguration: CompositeContextConfiguration.default,
    });

    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

    expect(problems[0]?.path).toMatch(/^Root\/child/);
    expect(problems[0]?.message).toContain('factor');
  });

  it('whose graph is wrong ends the run with the error of the build: no policy decides about it', async () => {
    class Broken implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>, context: DefinitionContext): void {
        context.parameters.require('factor');
        builder.connect(
          builder.addCompositeInput(),
          builder.addSink(() => undefined),
        );
      }
    }
    const { Root, received } = throughChild(
      function* (context) {
        context.parameters.set('factor', 4);
        yield* [1, 2];
      },
      Broken,
      { contextConfiguration: inheritParameters, errorPolicy: errorPolicy({ then: 'skip' }) },
    );

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('PIPELINE_VALIDATION_FAILED');
    expect(problemsOf(error).map((problem) => problem.code)).toContain('COMPOSITE_OUTPUT_MISSING');
    expect(error.result?.status).toBe('failed');
    expect(error.result?.nodes.get('Root/child')).toMatchObject({
      in: 1,
      out: 0,
      filtered: 0,
      failed: 1,
    });
    expect(received).toEqual([]);
  });

  it('is built once also where 16 of its first items run at once', async () => {
    const { Scaling, defined } = scaling((parameters) => parameters.require('factor'));
    const { Root, received } = throughChild(
      async function* (context) {
        await turn();
        context.parameters.set('factor', 4);
        yield* Array.from({ length: 32 }, () => 1);
      },
      Scaling,
      { contextConfiguration: inheritParameters, concurrency: 16 },
    );

    await runPipeline(Root);

    expect(received).toEqual(Array.from({ length: 32 }, () => 4));
    expect(defined).toEqual([4]);
  });

  it('that turns out to contain itself ends the run with the cycle', async () => {
    class Late implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>, context: DefinitionContext): void {
        context.parameters.require('factor');
        const again = builder.addComposite(Late, {
          name: 'again',
          from: builder.addCompositeInput(),
          contextConfiguration: inheritParameters,
        });
        builder.connect(again, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild(
      function* (context) {
        context.parameters.set('factor', 4);
        yield 1;
      },
      Late,
      { contextConfiguration: inheritParameters, errorPolicy: errorPolicy({ then: 'skip' }) },
    );

    const error = await rejectionOf(runPipeline(Root));

    expect(problemsOf(error).map((problem) => problem.code)).toEqual(['PIPELINE_CYCLE']);
    expect(problemsOf(error)[0]?.message).toContain('Late → Late');
  });

  it.each([
    ['at its first item', undefined],
    ['when it is defined again', 1],
  ])('whose define throws %s ends the run, whatever the policy says', async (_title, factor) => {
    const original = new RangeError('a factor below zero');
    const { Scaling } = scaling((parameters) => {
      const value = Number(parameters.require('factor'));
      if (value < 0) throw original;
      return value;
    });
    const { Root, received } = throughChild(
      function* (context) {
        if (factor !== undefined) yield 1;
        context.parameters.set('factor', -1);
        yield* [2, 3];
      },
      Scaling,
      { contextConfiguration: inheritParameters, errorPolicy: errorPolicy({ then: 'skip' }) },
    );

    const error = await rejectionOf(
      runPipeline(Root, { parameters: factor === undefined ? {} : { factor } }),
    );

    expect(problemsOf(error).map((problem) => problem.code)).toEqual(['DEFINE_FAILED']);
    expect(error.result?.nodes.get('Root/child')).toMatchObject({ filtered: 0, failed: 1 });
    expect(received).toEqual(factor === undefined ? [] : [1]);
  });
});
