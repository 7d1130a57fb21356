import { describe, expect, it } from 'vitest';
import {
  SKIP,
  buildPipeline,
  contextKey,
  errorPolicy,
  runPipeline,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
  type StreamCompositeOptions,
} from 'heirline';
import { problemsOf, rejectionOf, subPipeline, thrownBy } from './support/pipelines.js';

/** Batches of a size that its parameter `size` gives, 100 by default. */
const Size = contextKey<number>('size', { default: 100 });

function batching(contexts: PipelineContext[] = []): new () => PipelineDefinition<number, number[]> {
  return class Batching implements PipelineDefinition<number, number[]> {
    define(builder: PipelineBuilder<number, number[]>): void {
      const input = builder.addCompositeInput();
      const batches = builder.addStreamTransform(async function* (
        items: AsyncIterable<number>,
        context: PipelineContext,
      ) {
        contexts.push(context);
        let batch: number[] = [];
        for await (const item of items) {
          batch.push(item);
          if (batch.length === context.parameters.get(Size)) {
            yield batch;
            batch = [];
          }
        }
        if (batch.length > 0) yield batch;
      }, 'batches');
      builder.connect(input, batches).connect(batches, builder.addCompositeOutput());
    }
  };
}

/** Adds up everything it is given, nothing included. */
class Sum implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    const input = builder.addCompositeInput();
    const sum = builder.addStreamTransform(async function* (items: AsyncIterable<number>) {
      let total = 0;
      for await (const item of items) total += item;
      yield total;
    }, 'sum');
    builder.connect(input, sum).connect(sum, builder.addCompositeOutput());
  }
}

function streaming<TOut>(
  items: Iterable<number> | ((context: PipelineContext) => Iterable<number>),
  child: new () => PipelineDefinition<number, TOut>,
  options: Omit<StreamCompositeOptions, 'granularity'> = {},
): { Root: new () => PipelineDefinition; received: TOut[] } {
  const received: TOut[] = [];
  class Root implements PipelineDefinition {
    define(builder: PipelineBuilder): void {
      const source = builder.addSource<number>(items, 'source');
      const composite = builder.addComposite(child, {
        name: 'child',
        granularity: 'stream',
        ...options,
      });
      const sink = builder.addSink((item: TOut) => received.push(item), 'sink');
      builder.connect(source, composite).connect(composite, sink);
    }
  }
  return { Root, received };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('A composite of stream granularity', () => {
  it('runs its child once over the whole stream: 1,000 items in batches of 100 are 10 batches', async () => {
    const contexts: PipelineContext[] = [];
    const executions: string[] = [];
    const { Root, received } = streaming(numbers(1000), batching(contexts));

    await runPipeline(Root, {
      executionObserver: { pipelineStarted: (event) => executions.push(event.pipelineId) },
    });

    expect(received.map((batch) => batch.length)).toEqual(Array(10).fill(100));
    expect(received.flat()).toEqual(numbers(1000));
    expect(contexts).toHaveLength(1);
    expect(new Set(executions).size).toBe(2);
  });

  it('runs per item by default: then each batch holds one item', async () => {
    const received: number[][] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const child = builder.addComposite(batching(), {
          name: 'child',
          from: builder.addSource(numbers(3)),
        });
        builder.connect(
          child,
          builder.addSink((batch: number[]) => received.push(batch)),
        );
      }
    }

    await runPipeline(Root);

    expect(received).toEqual([[0], [1], [2]]);
  });

  it('starts with the first item', async () => {
    const log: string[] = [];
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const input = builder.addCompositeInput();
        const pass = builder.addStreamTransform(async function* (items: AsyncIterable<number>) {
          log.push('child started');
          yield* items;
        });
        builder.connect(input, pass).connect(pass, builder.addCompositeOutput());
      }
    }
    const { Root } = streaming(function* () {
      log.push('first item');
      yield 1;
    }, Child);

    await runPipeline(Root);

    expect(log).toEqual(['first item', 'child started']);
  });

  it('inherits what the parent holds at that first item', async () => {
    const { Root, received } = streaming(
      function* (context) {
        context.parameters.set(Size, 2);
        yield* [1, 2, 3];
        context.parameters.set(Size, 50);
        yield* [4, 5];
      },
      batching(),
      { contextConfiguration: { inheritParentParameters: true } },
    );

    await runPipeline(Root);

    expect(received).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('runs also over an empty input, at its end', async () => {
    const { Root, received } = streaming([], Sum);

    await runPipeline(Root);

    expect(received).toEqual([0]);
  });

  it('may give fewer or more outputs than it has inputs', async () => {
    class Twice implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const input = builder.addCompositeInput();
        const twice = builder.addStreamTransform(async function* (items: AsyncIterable<number>) {
          for await (const item of items) yield* [item, item];
        });
        builder.connect(input, twice).connect(twice, builder.addCompositeOutput());
      }
    }
    const more = streaming([1, 2], Twice);
    const fewer = streaming([1, 2, 3], Sum);

    await runPipeline(more.Root);
    await runPipeline(fewer.Root);

    expect(more.received).toEqual([1, 1, 2, 2]);
    expect(fewer.received).toEqual([6]);
  });

  it('knows no cardinality: what the child filters is just filtered', async () => {
    const Odd = subPipeline((item: number) => (item % 2 === 0 ? SKIP : item));
    const { Root, received } = streaming([1, 2, 3, 4], Odd);

    await runPipeline(Root);

    expect(received).toEqual([1, 3]);
  });

  it('takes explicit values that are the same for the whole stream', async () => {
    const { Root, received } = streaming(numbers(4), batching(), {
      with: { parameters: { size: 2 } },
    });

    await runPipeline(Root);

    expect(received).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  it('may hold a composite of item granularity, and be held by one', async () => {
    class Outer implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const input = builder.addCompositeInput();
        const doubled = builder.addComposite(
          subPipeline((item: number) => item * 2),
          { name: 'doubled', from: input },
        );
        const sum = builder.addComposite(Sum, { name: 'sum', from: doubled, granularity: 'stream' });
        builder.connect(sum, builder.addCompositeOutput());
      }
    }
    const whole = streaming([1, 2, 3], Outer);
    await runPipeline(whole.Root);
    expect(whole.received).toEqual([12]);

    const received: number[] = [];
    class PerItem implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const outer = builder.addComposite(Outer, {
          name: 'outer',
          from: builder.addSource([1, 2, 3]),
        });
        builder.connect(
          outer,
          builder.addSink((item: number) => received.push(item)),
        );
      }
    }
    await runPipeline(PerItem);
    expect(received).toEqual([2, 4, 6]);
  });

  it('fails the run with the path of the failing node', async () => {
    const original = new Error('no threes');
    const Child = subPipeline((item: number) => {
      if (item === 3) throw original;
      return item;
    });
    const { Root, received } = streaming([1, 2, 3, 4], Child);

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('NODE_FAILED');
    expect(error.path).toBe('Root/child/work');
    expect(error.cause).toBe(original);
    expect(received).toEqual([1, 2]);
  });

  it.each<[string, object]>([
    ['output', { output: 'many' }],
    ['concurrency', { concurrency: 2 }],
    ['ordered', { ordered: false }],
    ['timeoutMs', { timeoutMs: 10 }],
    ['errorPolicy', { errorPolicy: errorPolicy({ then: 'skip' }) }],
    ['with', { with: () => ({ parameters: { size: 1 } }) }],
  ])('refuses %s, which makes no sense there', (option, options) => {
    const { Root } = streaming([1], Sum, options as Omit<StreamCompositeOptions, 'granularity'>);

    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

    expect(problems.map(({ code, path }) => [code, path])).toEqual([['OPTION_INVALID', 'Root/child']]);
    expect(problems[0]?.message).toContain(option);
  });

  it('accepts the policy fail', async () => {
    const options = { errorPolicy: errorPolicy({ then: 'fail' }) };
    const { Root, received } = streaming([1, 2], Sum, options as Omit<StreamCompositeOptions, 'granularity'>);

    await runPipeline(Root);

    expect(received).toEqual([3]);
  });
});

it('starts a child over the stream once, also where a source of its own gives items at once', async () => {
  const seen: number[] = [];
  let constructed = 0;
  class Own {
    constructor() {
      constructed += 1;
    }
    open(): readonly number[] {
      return [10, 20];
    }
  }
  const Child = class implements PipelineDefinition<number, number> {
    define(builder: PipelineBuilder<number, number>): void {
      const output = builder.addCompositeOutput();
      builder.connect(builder.addCompositeInput(), output).connect(builder.addSource(Own, 'own'), output);
    }
  };
  const Parent = class implements PipelineDefinition {
    define(builder: PipelineBuilder): void {
      const child = builder.addComposite(Child, { from: builder.addSource([1, 2]), granularity: 'stream' });
      builder.addSink((item: number) => seen.push(item), { from: child });
    }
  };

  await runPipeline(Parent);

  expect(constructed).toBe(1);
  expect(seen.sort()).toEqual([1, 10, 2, 20]);
});
