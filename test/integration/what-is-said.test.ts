import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  observers,
  pipeline,
  PipelineBuilder,
  PipelineContext,
  PipelineRunner,
  PipelineValidationError,
  runPipeline,
  SinkNode,
  TransformNode,
  type DefinitionContext,
  type ExecutionObserver,
  type PipelineDefinition,
} from 'heirline';
import { definePipeline, errorOf, rejectionOf } from './support/harness.js';

const keep = (item: number): number => item;
const ignore = (): void => undefined;

type Define = PipelineDefinition<number, number>['define'];

function childThat(define: Define) {
  return class Child implements PipelineDefinition<number, number> {
    define = define;
  };
}

/** A root around a child, one level deeper with each round. */
function around(
  child: new () => PipelineDefinition<number, number>,
  levels: number,
): new () => PipelineDefinition {
  let inner = child;
  for (let level = 0; level < levels; level += 1) {
    const held = inner;
    inner = class Middle implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const part = builder.addComposite(held, { name: 'part', from: builder.addCompositeInput() });
        builder.connect(part, builder.addCompositeOutput());
      }
    };
  }
  return definePipeline('orders', (builder) => {
    const part = builder.addComposite(inner, { name: 'part', from: builder.addSource([1]) });
    builder.addSink(ignore, { from: part });
  });
}

function problemsOf(definition: new () => PipelineDefinition) {
  const error = errorOf(() => buildPipeline(definition));
  expect(error).toBeInstanceOf(PipelineValidationError);
  return error instanceof PipelineValidationError ? error.errors : [];
}

describe('what a definition throws', () => {
  test.each([0, 1, 2])('is the cause of its problem, %i levels below', (levels) => {
    const thrown = new RangeError('no such table');
    const Throwing = childThat(() => {
      throw thrown;
    });
    const [problem, ...more] = problemsOf(around(Throwing, levels));

    expect(more).toEqual([]);
    expect(problem).toMatchObject({ code: 'DEFINE_FAILED' });
    expect(problem?.message).toContain('the original error is the cause');
    expect(problem?.cause).toBe(thrown);
    expect(Object.isFrozen(problem)).toBe(true);
    expect(errorOf(() => buildPipeline(around(Throwing, levels))).cause).toBe(thrown);
  });

  test('is so too where its constructor throws; a problem without a cause has none', () => {
    const thrown = new TypeError('no client');
    class Unmade implements PipelineDefinition<number, number> {
      constructor() {
        throw thrown;
      }
      define(): void {
        // Never called.
      }
    }
    const [problem] = problemsOf(around(Unmade, 0));
    const [empty] = problemsOf(definePipeline('empty', ignore));

    expect(problem).toMatchObject({ code: 'DEFINITION_INVALID' });
    expect(problem?.cause).toBe(thrown);
    expect('cause' in (empty ?? {})).toBe(false);
  });
});

describe('two nodes of one name', () => {
  test('are one problem, though both are connected the same way and to each other', () => {
    const problems = problemsOf(
      definePipeline('orders', (builder) => {
        const source = builder.addSource([1], 'read');
        const first = builder.addTransform(keep, { name: 'check', from: source });
        const second = builder.addTransform(keep, { name: 'check', from: source });
        builder.connect(first, second);
        builder.addSink(ignore, { name: 'save', from: second });
      }),
    );

    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual(['DUPLICATE_NODE orders/check']);
  });

  test('hide no other problem of either, which is named by the name', () => {
    const problems = problemsOf(
      definePipeline('orders', (builder) => {
        const source = builder.addSource([1], 'read');
        const first = builder.addTransform(keep, { name: 'check', from: source });
        builder.addSink(ignore, { name: 'save', from: first });
        builder.addTransform(keep, { name: 'check', from: source });
      }),
    );

    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'DUPLICATE_NODE orders/check',
      'NODE_UNCONNECTED orders/check',
    ]);
    expect(problems[1]?.message).toContain("The output of the transform 'check' goes nowhere");
  });

  test('can be connected to each other', () => {
    const builder = new PipelineBuilder();
    const one = builder.addTransform(keep, 'check');
    const other = builder.addTransform(keep, 'check');

    expect(builder.canConnect(one, other)).toEqual({ ok: true });
    expect(builder.canConnect(one, one)).toMatchObject({ ok: false });
  });
});

test('what is no node is one problem: its neighbours are not blamed for it', () => {
  const problems = problemsOf(
    definePipeline('orders', (builder) => {
      const wrong = builder.addTransform(7 as never, { name: 'wrong', from: builder.addSource([1], 'read') });
      builder.addSink(ignore, { name: 'save', from: wrong });
    }),
  );

  expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual(['NODE_INVALID orders/wrong']);
});

describe('the parameters of define', () => {
  type Parameters = Record<string, () => unknown> & Iterable<unknown>;
  test.each<[string, string, (parameters: Parameters) => unknown]>([
    ['spread into a list', 'by its key', (parameters) => [...parameters]],
    ['spread into an object', 'by its key', (parameters) => Object.assign({}, parameters)],
    ['listed', 'by its key', (parameters) => parameters['keys']?.()],
    ['listed from outside', 'by its key', (parameters) => Object.entries(parameters)],
    ['written to', "with 'with' at the composite", (parameters) => parameters['set']?.()],
    ['assigned to', "with 'with' at the composite", (parameters) => (parameters['rate'] = ignore)],
    ['deleted from', "with 'with' at the composite", (parameters) => delete parameters['rate']],
    ['read like an object', "parameters.get('rate')", (parameters) => parameters['rate']],
    ['looked through', "parameters.get('rate')", (parameters) => 'rate' in parameters],
  ])('%s: the error says what to do instead', (_, remedy, misuse) => {
    class Root implements PipelineDefinition {
      define(_builder: PipelineBuilder, { parameters }: DefinitionContext): void {
        misuse(parameters as never);
      }
    }
    const error = errorOf(() => buildPipeline(Root));

    expect(error.code).toBe('DEFINE_CONTEXT_CLOSED');
    expect(error.message).toContain(remedy);
  });

  test('can be taken apart', () => {
    const seen: unknown[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder, { parameters: { get, has } }: DefinitionContext): void {
        seen.push(get('rate'), has('other'));
        builder.addSink(ignore, { from: builder.addSource([1]) });
      }
    }
    buildPipeline(Root, { parameters: { rate: 7 } });

    expect(seen).toEqual([7, false]);
  });
});

describe('an errorPolicy', () => {
  const broken = (): never => {
    throw new Error('broken');
  };
  test.each<[string, (builder: PipelineBuilder) => void]>([
    ['a source', (builder) => builder.addSink(ignore, { from: builder.addSource(broken) })],
    [
      'an iterator',
      (builder) =>
        builder.addSink(ignore, {
          from: builder.addSource(function* (): Generator<number> {
            broken();
            yield 1;
          }),
        }),
    ],
    [
      'a stream transform',
      (builder) =>
        builder.addSink(ignore, {
          from: builder.addStreamTransform(broken as never, { from: builder.addSource([1]) }),
        }),
    ],
    [
      'a flush',
      (builder) => {
        class Broken extends SinkNode<number> {
          override write = ignore;
          override flush = broken;
        }
        builder.addSink(Broken, { from: builder.addSource([1]) });
      },
    ],
  ])('is not proposed for %s: no single item has failed', async (_, draw) => {
    const error = await rejectionOf(runPipeline(definePipeline('orders', draw)));

    expect(error.code).toBe('NODE_FAILED');
    expect(error.message).not.toMatch(/policy/i);
    expect(error.message).toContain("handle it in the node's own code");
  });

  test('is proposed for a transform', async () => {
    const definition = definePipeline('orders', (builder) => {
      builder.addSink(ignore, { from: builder.addTransform(broken, { from: builder.addSource([1]) }) });
    });

    expect((await rejectionOf(runPipeline(definition))).message).toContain('give the node an errorPolicy');
  });
});

describe('an observer with a misspelt method', () => {
  const observer = { itemFaild: ignore } as ExecutionObserver;
  test.each<[string, () => unknown]>([
    ['in a runner', () => new PipelineRunner({ executionObserver: observer })],
    ['in a context', () => new PipelineContext({ executionObserver: observer })],
    ['among several', () => observers({}, undefined, observer)],
  ])('is refused %s, and the event that is meant is named', (_, give) => {
    const error = errorOf(give);

    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toContain("there is no event 'itemFaild', 'itemFailed' may be meant");
  });

  test('is told from other things that are no observers', () => {
    for (const given of [null, 7, 'observer', [{}]]) {
      expect(errorOf(() => observers(given as never)).code).toBe('OPTION_INVALID');
    }
    expect(() => observers(undefined)).not.toThrow();
  });
});

test('a subclass with words of its own keeps what its base requires, and never the name', async () => {
  @pipeline({ name: 'base', requires: { parameters: ['ApiKey'] } })
  class Base implements PipelineDefinition {
    define(builder: PipelineBuilder): void {
      builder.addSink(ignore, { from: builder.addSource([1]) });
    }
  }
  @pipeline({ description: 'The same, in other words.' })
  class Sub extends Base {}

  expect(await rejectionOf(runPipeline(Sub))).toMatchObject({
    code: 'CONTEXT_REQUIREMENT_UNMET',
    path: 'Sub',
  });
  expect((await runPipeline(Sub, { parameters: { ApiKey: 'k' } })).pipelineName).toBe('Sub');
});

describe('a transform that returns a generator', () => {
  const words = definePipeline('words', (builder) => {
    const split = builder.addTransform(
      function* (line: string): Generator<string> {
        yield* line.split(' ');
      },
      { name: 'split', from: builder.addSource(['a b']) },
    );
    builder.addSink(ignore, { from: split });
  });

  test('is told in development mode how to give several items', async () => {
    const error = await rejectionOf(new PipelineRunner({ development: true }).run(words));

    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'words/split' });
    expect(error.message).toMatch(/addStreamTransform.*output: 'many'/);
  });

  test('passes an item on elsewhere', async () => {
    expect((await new PipelineRunner({ development: false }).run(words)).status).toBe('succeeded');
  });

  test('is found in a class and behind a promise, whose own fields still work', async () => {
    class Split extends TransformNode<string, Generator<string>> {
      readonly #separator = ' ';
      override async transform(line: string): Promise<Generator<string>> {
        const parts = await Promise.resolve(line.split(this.#separator));
        return (function* () {
          yield* parts;
        })();
      }
    }
    for (const node of [Split, new Split()]) {
      const definition = definePipeline('words', (builder) => {
        const split = builder.addTransform(node, { name: 'split', from: builder.addSource(['a b']) });
        builder.addSink(ignore, { from: split });
      });

      const error = await rejectionOf(new PipelineRunner({ development: true }).run(definition));
      expect(error.message).toContain('addStreamTransform');
    }
  });
});

describe('writing to a frozen value of the context', () => {
  const writes: readonly [string, (settings: Record<string, unknown>) => unknown][] = [
    ['assigns', (settings) => (settings['rate'] = 2)],
    ['adds', (settings) => (settings['more'] = 2)],
    ['deletes', (settings) => delete settings['rate']],
  ];
  test.each(writes)('%s: the error says to use update', async (_, write) => {
    const definition = definePipeline('orders', (builder) => {
      const change = builder.addTransform(
        (item: number, context) => {
          write(context.parameters.require('settings'));
          return item;
        },
        { from: builder.addSource([1]) },
      );
      builder.addSink(ignore, { from: change });
    });
    const error = await rejectionOf(runPipeline(definition, { parameters: { settings: { rate: 1 } } }));

    expect(error.message).toContain("context.parameters.update('settings', (draft) => { ... })");
  });

  test('is not proposed where something else was frozen', async () => {
    const own = Object.freeze({ size: 1 });
    const definition = definePipeline('orders', (builder) => {
      const change = builder.addTransform((item: number) => ((own as { size: number }).size = item), {
        from: builder.addSource([1]),
      });
      builder.addSink(ignore, { from: change });
    });
    const error = await rejectionOf(runPipeline(definition, { parameters: { settings: { rate: 1 } } }));

    expect(error.message).not.toContain('update');
  });
});
