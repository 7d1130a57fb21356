import { describe, expect, it } from 'vitest';
import {
  PipelineRunner,
  TransformNode,
  buildPipeline,
  runPipeline,
  type NodeContainer,
  type NodeOptions,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import { problemsOf, throughChild, thrownBy } from './support/pipelines.js';

/** Counts the items that this instance has seen. */
class Counter extends TransformNode<string, string> {
  #count = 0;
  transform(item: string): string {
    this.#count += 1;
    return `${item}${this.#count}`;
  }
}

type Node = (new (...args: never[]) => TransformNode<string, string>) | TransformNode<string, string>;

function childOf(node: Node, options: NodeOptions = {}): new () => PipelineDefinition<string, string> {
  return class Child implements PipelineDefinition<string, string> {
    define(builder: PipelineBuilder<string, string>): void {
      const input = builder.addCompositeInput();
      const count = builder.addTransform<string, string>(node, { name: 'count', ...options });
      builder.connect(input, count).connect(count, builder.addCompositeOutput());
    }
  };
}

describe('A node class in a child', () => {
  it('is made afresh for every execution: no state passes from item to item', async () => {
    const { Root, received } = throughChild(['a', 'b', 'c'], childOf(Counter));

    await runPipeline(Root);

    expect(received).toEqual(['a1', 'b1', 'c1']);
  });

  it('in the root lives as long as the run', async () => {
    const received: string[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const count = builder.addTransform(Counter, { from: builder.addSource(['a', 'b']) });
        builder.connect(
          count,
          builder.addSink((item: string) => received.push(item)),
        );
      }
    }
    const runner = new PipelineRunner();

    await runner.run(Root);
    await runner.run(Root);

    expect(received).toEqual(['a1', 'b2', 'a1', 'b2']);
  });

  it('counts on through the run with lifetime run, and starts again in the next', async () => {
    const { Root, received } = throughChild(['a', 'b', 'c'], childOf(Counter, { lifetime: 'run' }));
    const runner = new PipelineRunner();

    await runner.run(Root);
    await runner.run(Root);

    expect(received).toEqual(['a1', 'b2', 'c3', 'a1', 'b2', 'c3']);
  });

  it('is constructed with the context of its execution', async () => {
    const contexts: PipelineContext[] = [];
    class Constructed extends TransformNode<string, string> {
      readonly #own: PipelineContext;
      constructor(context: PipelineContext) {
        super();
        this.#own = context;
      }
      transform(item: string, context: PipelineContext): string {
        contexts.push(this.#own);
        return `${item} ${this.#own.pipelineId === context.pipelineId}`;
      }
    }
    const { Root, received } = throughChild(['a', 'b'], childOf(Constructed));

    await runPipeline(Root);

    expect(received).toEqual(['a true', 'b true']);
    expect(contexts.map((context) => context.parent?.nodeId)).toEqual(['child', 'child']);
  });

  it('with lifetime run is constructed and initialised once, with the run’s root context', async () => {
    const seen: [string, PipelineContext][] = [];
    class Pooled extends TransformNode<string, string> {
      constructor(context: PipelineContext) {
        super();
        seen.push(['constructor', context]);
      }
      override init(context: PipelineContext): void {
        seen.push(['init', context]);
      }
      transform(item: string): string {
        return item;
      }
      override dispose(): void {
        seen.push(['dispose', seen[0]?.[1] as PipelineContext]);
      }
    }
    const { Root } = throughChild(['a', 'b', 'c'], childOf(Pooled, { lifetime: 'run' }));

    const result = await runPipeline(Root);

    expect(seen.map(([step]) => step)).toEqual(['constructor', 'init', 'dispose']);
    for (const [, context] of seen) {
      expect(context.parent).toBeUndefined();
      expect(context.pipelineId).toBe(result.pipelineId);
    }
  });
});

describe('An instance or a function given to the builder', () => {
  it('is shared by all executions, also across runs', async () => {
    const { Root, received } = throughChild(['a', 'b'], childOf(new Counter()));

    await runPipeline(Root);
    await runPipeline(Root);

    expect(received).toEqual(['a1', 'b2', 'a3', 'b4']);
  });

  it('takes no lifetime: OPTION_INVALID', () => {
    class WithFunction implements PipelineDefinition<string, string> {
      define(builder: PipelineBuilder<string, string>): void {
        const input = builder.addCompositeInput();
        const work = builder.addTransform((item: string) => item, {
          name: 'work',
          from: input,
          lifetime: 'run',
        });
        builder.connect(work, builder.addCompositeOutput());
      }
    }
    for (const definition of [childOf(new Counter(), { lifetime: 'run' }), WithFunction]) {
      const problems = problemsOf(thrownBy(() => buildPipeline(definition)));
      expect(problems.map((problem) => problem.code)).toEqual(['OPTION_INVALID']);
      expect(problems[0]?.message).toContain('lifetime');
    }
  });
});

describe('What is bound in the container', () => {
  /** A container that makes what a factory gives, and counts how often it was asked. */
  function containing(identifier: unknown, make: () => unknown): NodeContainer & { asked: number } {
    const container = {
      asked: 0,
      isBound: (candidate: unknown) => candidate === identifier,
      get: (): never => {
        container.asked += 1;
        return make() as never;
      },
    };
    return container;
  }

  it('lives as its binding says: one instance for all', async () => {
    const single = new Counter();
    const { Root, received } = throughChild(['a', 'b', 'c'], childOf(Counter));

    await new PipelineRunner({ container: containing(Counter, () => single) }).run(Root);

    expect(received).toEqual(['a1', 'b2', 'c3']);
  });

  it('lives as its binding says: a new instance for each execution', async () => {
    const { Root, received } = throughChild(['a', 'b', 'c'], childOf(Counter));

    await new PipelineRunner({ container: containing(Counter, () => new Counter()) }).run(Root);

    expect(received).toEqual(['a1', 'b1', 'c1']);
  });

  it('as a definition is resolved once per run', async () => {
    class Prefixing implements PipelineDefinition<string, string> {
      readonly #prefix: string;
      constructor(prefix: string) {
        this.#prefix = prefix;
      }
      define(builder: PipelineBuilder<string, string>): void {
        const prefix = builder.addTransform((item: string) => this.#prefix + item, {
          from: builder.addCompositeInput(),
        });
        builder.connect(prefix, builder.addCompositeOutput());
      }
    }
    let made = 0;
    const container = containing(Prefixing, () => {
      made += 1;
      return new Prefixing(`${made}:`);
    });
    const { Root, received } = throughChild<string, string>(['a', 'b', 'c'], Prefixing);
    const runner = new PipelineRunner({ container });

    await runner.run(Root);
    expect(container.asked).toBe(1);
    expect(received).toEqual(['1:a', '1:b', '1:c']);

    await runner.run(Root);
    expect(container.asked).toBe(2);
    expect(received.slice(3)).toEqual(['2:a', '2:b', '2:c']);
  });
});
