import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  errorPolicy,
  PipelineBuilder,
  PipelineContext,
  PipelineRunner,
  PipelineValidationError,
  runPipeline,
  type PipelineDefinition,
} from 'heirline';
import { codesOf, definePipeline, defineStep, errorOf, rejectionOf } from './support/harness.js';

type Draw = (builder: PipelineBuilder) => void;

const keep = (item: number): number => item;
const ignore = (): void => undefined;

/** The problems of the pipeline `orders` that a function draws. */
function problemsOf(draw: Draw) {
  const error = errorOf(() => buildPipeline(definePipeline('orders', draw)));
  expect(error).toBeInstanceOf(PipelineValidationError);
  expect(error.code).toBe('PIPELINE_VALIDATION_FAILED');
  return error instanceof PipelineValidationError ? error.errors : [];
}

/** The problems as `code path`. */
function namedProblemsOf(draw: Draw): string[] {
  return problemsOf(draw).map((problem) => `${problem.code} ${problem.path}`);
}

describe('building a pipeline that is wrong', () => {
  test('reports every problem at once, each with its code, its path and a remedy', () => {
    const problems = problemsOf((builder) => {
      const source = builder.addSource([1], 'source');
      const lost = builder.addTransform(keep, { name: 'lost', from: source });
      const orphan = builder.addTransform(keep, 'orphan');
      const behind = builder.addTransform(keep, { name: 'behind', from: orphan });
      const around = builder.addTransform(keep, { name: 'around', from: source });
      const back = builder.addTransform(keep, { name: 'back', from: around });
      builder.connect(back, around).connect(source, lost).connect(around, around);
      builder.addTransform(keep, { name: 'lost', from: source });
      builder.connect(behind, builder.addSink(ignore, 'save'));
    });

    const codes = new Set(problems.map((problem) => problem.code));
    for (const code of [
      'NODE_UNCONNECTED',
      'NODE_UNREACHABLE',
      'GRAPH_CYCLE',
      'DUPLICATE_EDGE',
      'SELF_LOOP',
      'DUPLICATE_NODE',
    ]) {
      expect([...codes]).toContain(code);
    }
    for (const problem of problems) {
      expect(problem.path.startsWith('orders')).toBe(true);
      expect(problem.message.length).toBeGreaterThan(20);
    }
  });

  test('a node whose input comes from nowhere', () => {
    const named = namedProblemsOf((builder) => {
      const orphan = builder.addTransform(keep, 'orphan');
      builder.connect(orphan, builder.addSink(ignore, 'save'));
      builder.connect(builder.addSource([1], 'source'), builder.addSink(ignore, 'other'));
    });

    expect(named).toContain('NODE_UNCONNECTED orders/orphan');
  });

  test('a node that no source reaches', () => {
    const named = namedProblemsOf((builder) => {
      const orphan = builder.addTransform(keep, 'orphan');
      const behind = builder.addTransform(keep, { name: 'behind', from: orphan });
      builder.connect(behind, builder.addSink(ignore, 'save'));
      builder.connect(builder.addSource([1], 'source'), builder.addSink(ignore, 'other'));
    });

    expect(named).toContain('NODE_UNREACHABLE orders/behind');
  });

  test('a node whose output goes nowhere, since its items would vanish', () => {
    const named = namedProblemsOf((builder) => {
      const source = builder.addSource([1], 'source');
      builder.addTransform(keep, { name: 'lost', from: source });
      builder.connect(source, builder.addSink(ignore, 'save'));
    });

    expect(named).toEqual(['NODE_UNCONNECTED orders/lost']);
  });

  test('a cycle, spelled out', () => {
    const problems = problemsOf((builder) => {
      const a = builder.addTransform(keep, { name: 'a', from: builder.addSource([1], 'source') });
      const b = builder.addTransform(keep, { name: 'b', from: a });
      const c = builder.addTransform(keep, { name: 'c', from: b });
      builder.connect(c, a).connect(c, builder.addSink(ignore, 'save'));
    });

    const cycle = problems.find((problem) => problem.code === 'GRAPH_CYCLE');
    expect(cycle?.message).toMatch(/a.*b.*c/);
  });

  test('a node connected to itself', () => {
    const named = namedProblemsOf((builder) => {
      const a = builder.addTransform(keep, { name: 'a', from: builder.addSource([1], 'source') });
      builder.connect(a, a).connect(a, builder.addSink(ignore, 'save'));
    });

    expect(named).toContain('SELF_LOOP orders/a');
  });

  test('the same edge twice', () => {
    const problems = problemsOf((builder) => {
      const source = builder.addSource([1], 'source');
      const save = builder.addSink(ignore, 'save');
      builder.connect(source, save).connect(source, save);
    });

    expect(problems.map((problem) => problem.code)).toEqual(['DUPLICATE_EDGE']);
  });

  test('the same name twice', () => {
    const problems = problemsOf((builder) => {
      const source = builder.addSource([1], 'same');
      builder.connect(source, builder.addSink(ignore, 'same'));
    });

    expect(problems.map((problem) => problem.code)).toContain('DUPLICATE_NODE');
  });

  test('no sink', () => {
    const problems = problemsOf((builder) => {
      builder.addTransform(keep, { name: 'a', from: builder.addSource([1], 'source') });
    });

    expect(problems.map((problem) => problem.code)).toContain('SINK_MISSING');
  });

  test('no node at all', () => {
    expect(problemsOf(() => undefined).map((problem) => problem.code)).toContain('PIPELINE_EMPTY');
  });

  for (const name of ['', 'a/b', 'a::b']) {
    test(`the node name '${name}'`, () => {
      const problems = problemsOf((builder) => {
        builder.connect(builder.addSource([1], name), builder.addSink(ignore, 'save'));
      });
      expect(problems.map((problem) => problem.code)).toContain('NODE_NAME_INVALID');
    });

    test(`the pipeline name '${name}'`, () => {
      const error = errorOf(() =>
        buildPipeline(
          definePipeline(name, (builder) => {
            builder.connect(builder.addSource([1], 'source'), builder.addSink(ignore, 'save'));
          }),
        ),
      );
      expect(codesOf(error)).toContain('NODE_NAME_INVALID');
    });
  }

  test('a wrong child, with the path down to its problem', () => {
    const Child = definePipeline<number, number>('child-pipeline', (builder) => {
      const input = builder.addCompositeInput();
      builder.addTransform(keep, { name: 'lost', from: input });
      builder.connect(input, builder.addCompositeOutput());
    });

    const named = namedProblemsOf((builder) => {
      const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1], 'source') });
      builder.connect(child, builder.addSink(ignore, 'save'));
    });

    expect(named).toEqual(['NODE_UNCONNECTED orders/child/lost']);
  });

  test('problems of the parent and of its children together', () => {
    const NoOutput = definePipeline<number, number>('no-output', (builder) => {
      builder.connect(builder.addCompositeInput(), builder.addSink(ignore, 'save'));
    });

    const problems = problemsOf((builder) => {
      const source = builder.addSource([1], 'source');
      const child = builder.addComposite(NoOutput, { name: 'child', from: source });
      builder.connect(child, builder.addSink(ignore, 'save'));
      builder.addTransform(keep, { name: 'lost', from: source });
    });

    expect(problems.map((problem) => problem.code)).toEqual(
      expect.arrayContaining(['COMPOSITE_OUTPUT_MISSING', 'NODE_UNCONNECTED']),
    );
  });

  test('is the rejection of a run too, before anything starts', async () => {
    const opened: string[] = [];
    const Wrong = definePipeline('wrong', (builder) => {
      const source = builder.addSource(() => {
        opened.push('source');
        return [1];
      }, 'source');
      builder.addTransform(keep, { name: 'lost', from: source });
      builder.connect(source, builder.addSink(ignore, 'save'));
    });

    const error = await rejectionOf(runPipeline(Wrong));

    expect(error).toBeInstanceOf(PipelineValidationError);
    expect(codesOf(error)).toEqual(['NODE_UNCONNECTED']);
    expect(opened).toEqual([]);
  });
});

describe('what throws at once', () => {
  test('a builder that was used after build', () => {
    const builder = new PipelineBuilder();
    const source = builder.addSource([1], 'source');
    const save = builder.addSink(ignore, 'save');
    builder.connect(source, save).build();

    expect(errorOf(() => builder.addSource([2], 'late')).code).toBe('BUILDER_SEALED');
    expect(errorOf(() => builder.addTransform(keep, 'late')).code).toBe('BUILDER_SEALED');
    expect(errorOf(() => builder.addSink(ignore, 'late')).code).toBe('BUILDER_SEALED');
    expect(errorOf(() => builder.connect(source, save)).code).toBe('BUILDER_SEALED');
  });

  test('a builder that was kept from define and used after the build', () => {
    const kept: PipelineBuilder[] = [];
    buildPipeline(
      definePipeline('orders', (builder) => {
        kept.push(builder);
        builder.connect(builder.addSource([1], 'source'), builder.addSink(ignore, 'save'));
      }),
    );

    expect(errorOf(() => kept[0]?.addSource([2], 'late')).code).toBe('BUILDER_SEALED');
  });

  test('a handle of another builder', () => {
    const one = new PipelineBuilder();
    const other = new PipelineBuilder();

    const error = errorOf(() => one.connect(other.addSource([1], 'source'), one.addSink(ignore, 'save')));

    expect(error.code).toBe('HANDLE_FOREIGN');
  });

  test('an impossible direction', () => {
    const builder = new PipelineBuilder();
    const source = builder.addSource([1], 'source');
    const save = builder.addSink(ignore, 'save');
    const transform = builder.addTransform(keep, 'transform');

    expect(
      errorOf(() =>
        builder.connect(
          // @ts-expect-error a sink has no output
          save,
          transform,
        ),
      ).code,
    ).toBe('CONNECTION_INVALID');
    expect(
      errorOf(() =>
        builder.connect(
          transform,
          // @ts-expect-error a source has no input
          source,
        ),
      ).code,
    ).toBe('CONNECTION_INVALID');
  });
});

/** Options as plain JavaScript would give them. */
const misspelt = (options: object): object => options;

describe('options that are wrong', () => {
  const wrongNodeOptions: [string, object][] = [
    ['an unknown name', { concurency: 4 }],
    ['concurrency 0', { concurrency: 0 }],
    ['a negative concurrency', { concurrency: -1 }],
    ['a fractional concurrency', { concurrency: 1.5 }],
    ['a concurrency that is no number', { concurrency: Number.NaN }],
    ['a concurrency that cannot be computed with', { concurrency: Symbol('four') }],
    ['a concurrency that cannot be compared', { concurrency: Symbol('four'), readAhead: Symbol('eight') }],
    ['fewer items in all than at once', { concurrency: 4, readAhead: 3 }],
    ['reading ahead without a limit', { concurrency: 4, readAhead: Infinity }],
    ['a fractional number of items to read ahead', { concurrency: 4, readAhead: 4.5 }],
    ['reading ahead one item at a time', { readAhead: 4 }],
    ['reading ahead without an order', { concurrency: 4, ordered: false, readAhead: 8 }],
    ['a negative timeout', { timeoutMs: -1 }],
    ['an unknown lifetime', { lifetime: 'forever' }],
  ];

  for (const [title, options] of wrongNodeOptions) {
    test(`${title} on a transform is OPTION_INVALID`, () => {
      const problems = problemsOf((builder) => {
        const from = builder.addSource([1], 'source');
        const node = builder.addTransform(keep, Object.assign({ name: 'node', from }, options));
        builder.connect(node, builder.addSink(ignore, 'save'));
      });

      expect(new Set(problems.map((problem) => `${problem.code} ${problem.path}`))).toEqual(
        new Set(['OPTION_INVALID orders/node']),
      );
    });
  }

  const Child = defineStep<number, number>('child-pipeline', 'step', keep);
  const wrongCompositeOptions: [string, object][] = [
    ['an unknown name', { inheritParameters: true }],
    ['an unknown context option', { contextConfiguration: { inheritParentParameter: true } }],
    ['an unknown granularity', { granularity: 'batch' }],
    ['an unknown cardinality', { output: 'some' }],
    ['concurrency 0', { concurrency: 0 }],
    ['a concurrency for a child that runs once', { granularity: 'stream', concurrency: 4 }],
    ['a timeout for a child that runs once', { granularity: 'stream', timeoutMs: 10 }],
    ['a cardinality for a child that runs once', { granularity: 'stream', output: 'many' }],
    ['an order for a child that runs once', { granularity: 'stream', ordered: false }],
    ['reading ahead for a child that runs once', { granularity: 'stream', readAhead: 4 }],
    ['fewer children in all than at once', { concurrency: 4, readAhead: 3 }],
    ['reading ahead without an order', { concurrency: 4, ordered: false, readAhead: 8 }],
    ['values per item for a child that runs once', { granularity: 'stream', with: () => ({}) }],
    ['a policy for a child that runs once', { granularity: 'stream', errorPolicy: errorPolicy('skip') }],
  ];

  for (const [title, options] of wrongCompositeOptions) {
    test(`${title} on a composite is OPTION_INVALID`, () => {
      const error = errorOf(() =>
        buildPipeline(
          definePipeline('orders', (builder) => {
            const from = builder.addSource([1], 'source');
            const child = builder.addComposite(Child, Object.assign({ name: 'child', from }, options));
            builder.connect(child, builder.addSink(ignore, 'save'));
          }),
        ),
      );

      expect(codesOf(error)).toEqual(['OPTION_INVALID']);
    });
  }

  test('an unknown option of a runner, a context or a run is OPTION_INVALID', async () => {
    const Fine = definePipeline('orders', (builder) => {
      builder.connect(builder.addSource([1], 'source'), builder.addSink(ignore, 'save'));
    });

    expect(errorOf(() => new PipelineRunner(misspelt({ grace: 5 }))).code).toBe('OPTION_INVALID');
    expect(errorOf(() => new PipelineContext(misspelt({ parameter: {} }))).code).toBe('OPTION_INVALID');
    expect((await rejectionOf(runPipeline(Fine, misspelt({ parameter: {} })))).code).toBe('OPTION_INVALID');
    expect((await rejectionOf(runPipeline(Fine, { run: misspelt({ runid: 'a' }) }))).code).toBe(
      'OPTION_INVALID',
    );
  });

  test('a value that makes no sense for a run is OPTION_INVALID, before anything starts', async () => {
    let opened = 0;
    const Fine = definePipeline('orders', (builder) => {
      const source = builder.addSource(() => {
        opened += 1;
        return [1];
      }, 'source');
      builder.connect(source, builder.addSink(ignore, 'save'));
    });

    for (const run of [
      { timeoutMs: -1 },
      { timeoutMs: Number.NaN },
      { deadline: new Date(Number.NaN) },
      { deadline: misspelt({}) as Date },
    ]) {
      expect((await rejectionOf(runPipeline(Fine, { run }))).code).toBe('OPTION_INVALID');
    }
    expect(errorOf(() => new PipelineRunner({ graceMs: -1 })).code).toBe('OPTION_INVALID');
    expect(opened).toBe(0);
  });

  test('an option that is undefined is an option that is not given', async () => {
    const outputs: number[] = [];
    await runPipeline(
      definePipeline('orders', (builder) => {
        const child = builder.addComposite(Child, {
          name: 'child',
          from: builder.addSource([1], 'source'),
          contextConfiguration: undefined,
          configureContext: undefined,
          with: undefined,
          granularity: undefined,
          output: undefined,
          concurrency: undefined,
          ordered: undefined,
          readAhead: undefined,
          timeoutMs: undefined,
          errorPolicy: undefined,
          cancellable: undefined,
        });
        const node = builder.addTransform(keep, {
          name: 'node',
          from: child,
          concurrency: undefined,
          ordered: undefined,
          readAhead: undefined,
          errorPolicy: undefined,
          timeoutMs: undefined,
          lifetime: undefined,
        });
        builder.connect(
          node,
          builder.addSink((item: number) => outputs.push(item), { name: 'save' }),
        );
      }),
      { parameters: undefined, items: undefined, run: undefined, signal: undefined },
    );

    expect(outputs).toEqual([1]);
  });
});

describe('definitions that are wrong', () => {
  test('a define that is async is DEFINE_ASYNC, at the root and in a child', () => {
    class AsyncRoot implements PipelineDefinition {
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the mistake that is tested
      async define(builder: PipelineBuilder): Promise<void> {
        await Promise.resolve();
        builder.connect(builder.addSource([1], 'source'), builder.addSink(ignore, 'save'));
      }
    }
    class AsyncChild implements PipelineDefinition<number, number> {
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the mistake that is tested
      async define(builder: PipelineBuilder<number, number>): Promise<void> {
        await Promise.resolve();
        builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      }
    }

    expect(codesOf(errorOf(() => buildPipeline(AsyncRoot)))).toContain('DEFINE_ASYNC');
    const problems = problemsOf((builder) => {
      const child = builder.addComposite(AsyncChild, {
        name: 'child',
        from: builder.addSource([1], 'source'),
      });
      builder.connect(child, builder.addSink(ignore, 'save'));
    });
    expect(problems.map((problem) => `${problem.code} ${problem.path}`)).toEqual([
      'DEFINE_ASYNC orders/child',
    ]);
  });

  test('a define that throws is DEFINE_FAILED', () => {
    const Broken = definePipeline('broken', () => {
      throw new Error('typo');
    });

    const error = errorOf(() => buildPipeline(Broken));

    expect(codesOf(error)).toEqual(['DEFINE_FAILED']);
    expect(error.message).toContain('typo');
  });

  test('something that is no definition is DEFINITION_INVALID', async () => {
    const notDefinitions: unknown[] = [undefined, null, 42, 'orders', {}, class Empty {}, () => undefined];
    for (const thing of notDefinitions) {
      const pretended = thing as PipelineDefinition;
      expect(codesOf(errorOf(() => buildPipeline(pretended)))).toEqual(['DEFINITION_INVALID']);
      expect(codesOf(await rejectionOf(runPipeline(pretended)))).toEqual(['DEFINITION_INVALID']);
    }
  });

  test('a definition that cannot be constructed is DEFINITION_INVALID', () => {
    class Unbuildable implements PipelineDefinition {
      constructor() {
        throw new Error('no configuration');
      }
      define(): void {
        // never reached
      }
    }

    expect(codesOf(errorOf(() => buildPipeline(Unbuildable)))).toEqual(['DEFINITION_INVALID']);
  });
});
