import { describe, expect, it } from 'vitest';
import {
  PipelineRunner,
  SinkNode,
  TransformNode,
  errorPolicy,
  runPipeline,
  type NodeContainer,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import { rejectionOf, subPipeline, throughChild, thrownBy, turn } from './support/pipelines.js';

describe('What is registered for disposal', () => {
  it('is disposed in reverse order when the run ends', async () => {
    const log: string[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource((context) => {
          context.onDispose(() => log.push('first'));
          context.onDispose(() => log.push('second'));
          return [1, 2];
        });
        const sink = builder.addSink((item: number, context) => {
          context.onDispose(() => log.push(`third ${item}`));
          log.push(`sink ${item}`);
        });
        builder.connect(source, sink);
      }
    }

    await runPipeline(Root);

    expect(log).toEqual(['sink 1', 'sink 2', 'third 2', 'third 1', 'second', 'first']);
  });

  it('may be a function, a Disposable or an AsyncDisposable, and is awaited', async () => {
    const log: string[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource((context) => {
          context.onDispose({
            [Symbol.dispose]() {
              log.push('disposable');
            },
          });
          context.onDispose({
            async [Symbol.asyncDispose]() {
              await turn();
              log.push('async disposable');
            },
          });
          context.onDispose(async () => {
            await turn();
            log.push('async function');
          });
          return [1];
        });
        builder.connect(
          source,
          builder.addSink(() => undefined),
        );
      }
    }

    await runPipeline(Root);

    expect(log).toEqual(['async function', 'async disposable', 'disposable']);
  });

  it('in a child, is disposed when that child ends: before the child of the next item starts', async () => {
    const log: string[] = [];
    const Child = subPipeline((item: number, context) => {
      log.push(`work ${item}`);
      context.onDispose(() => log.push(`first ${item}`));
      context.onDispose(() => log.push(`second ${item}`));
      return item;
    });
    const { Root } = throughChild([1, 2], Child);

    await runPipeline(Root);

    expect(log).toEqual(['work 1', 'second 1', 'first 1', 'work 2', 'second 2', 'first 2']);
  });

  it('is disposed also after a failure, in the root and in the child', async () => {
    const log: string[] = [];
    const Child = subPipeline((item: number, context): number => {
      context.onDispose(() => log.push('child'));
      throw new Error(`item ${item}`);
    });
    const { Root } = throughChild((context) => {
      context.onDispose(() => log.push('root'));
      return [1];
    }, Child);

    await rejectionOf(runPipeline(Root));

    expect(log).toEqual(['child', 'root']);
  });

  it('is disposed also after a cancel, in the root and in the child', async () => {
    const log: string[] = [];
    const Child = subPipeline(async (item: number, context) => {
      context.onDispose(() => log.push('child'));
      context.run.cancel();
      await turn();
      return item;
    });
    const { Root } = throughChild((context) => {
      context.onDispose(() => log.push('root'));
      return [1, 2];
    }, Child);

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('RUN_CANCELLED');
    expect(log).toEqual(['child', 'root']);
  });

  it('cannot be registered after the execution has ended', async () => {
    const contexts: PipelineContext[] = [];
    const Child = subPipeline((item: number, context) => {
      contexts.push(context);
      return item;
    });
    const { Root } = throughChild([1], Child);

    const result = await runPipeline(Root);

    const [child] = contexts;
    expect(thrownBy(() => child?.onDispose(() => undefined)).code).toBe('CONTEXT_DISPOSED');
    expect(
      thrownBy(() => {
        result.context.onDispose(() => undefined);
      }).code,
    ).toBe('CONTEXT_DISPOSED');
  });
});

describe('A disposer that throws', () => {
  it('does not keep the others from running, and fails a run that otherwise succeeded', async () => {
    const log: string[] = [];
    const { Root, received } = throughChild(
      (context) => {
        context.onDispose(() => log.push('first'));
        context.onDispose(() => {
          throw new Error('stuck');
        });
        context.onDispose(() => log.push('third'));
        return [1];
      },
      subPipeline((item: number) => item),
    );

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('DISPOSAL_FAILED');
    expect(error.result?.status).toBe('failed');
    expect(log).toEqual(['third', 'first']);
    expect(received).toEqual([1]);
  });

  it('fails the execution of a child that otherwise succeeded', async () => {
    const log: string[] = [];
    const Child = subPipeline((item: number, context) => {
      context.onDispose(() => log.push('first'));
      context.onDispose(async () => {
        await turn();
        throw new Error('stuck');
      });
      return item;
    });
    const { Root } = throughChild([1], Child);

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('DISPOSAL_FAILED');
    expect(error.path).toContain('Root/child');
    expect(log).toEqual(['first']);
  });

  it('as a node’s own dispose is named by the path of that node', async () => {
    const original = new Error('stuck');
    class Stuck extends TransformNode<number, number> {
      transform(item: number): number {
        return item;
      }
      override dispose(): void {
        throw original;
      }
    }
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const work = builder.addTransform(Stuck, {
          name: 'work',
          from: builder.addCompositeInput(),
        });
        builder.connect(work, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1], Child);

    const error = await rejectionOf(runPipeline(Root));

    expect([error.code, error.path]).toEqual(['DISPOSAL_FAILED', 'Root/child/work']);
    expect(error.cause).toBe(original);
  });

  it('leaves the failed execution of a child to the policy of its composite', async () => {
    const Child = subPipeline((item: number, context) => {
      context.onDispose(() => {
        if (item === 1) throw new Error('stuck');
      });
      return item;
    });
    const { Root, received } = throughChild([1, 2], Child, {
      errorPolicy: errorPolicy({ then: 'skip' }),
    });

    const result = await runPipeline(Root);

    expect(received).toEqual([2]);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 2, out: 1, filtered: 1, failed: 0 });
  });

  it('never replaces the error of a node', async () => {
    const original = new Error('the real one');
    const Child = subPipeline((_item: number, context): number => {
      context.onDispose(() => {
        throw new Error('stuck');
      });
      throw original;
    });
    const { Root } = throughChild([1], Child);

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('NODE_FAILED');
    expect(error.cause).toBe(original);
  });

  it('never replaces a cancel', async () => {
    const { Root } = throughChild(
      (context) => {
        context.onDispose(() => {
          throw new Error('stuck');
        });
        return [1];
      },
      subPipeline((item: number, context) => {
        context.run.cancel();
        return item;
      }),
    );

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('RUN_CANCELLED');
    expect(error.result?.status).toBe('cancelled');
  });
});

describe('Ownership of nodes', () => {
  class Tracked extends TransformNode<number, number> {
    readonly log: string[] = [];
    override init(): void {
      this.log.push('init');
    }
    transform(item: number): number {
      this.log.push(`item ${item}`);
      return item;
    }
    override dispose(): void {
      this.log.push('dispose');
    }
  }

  it('is the run’s for a class: init before the first item, dispose at the end of its execution', async () => {
    const log: string[] = [];
    class Working extends TransformNode<number, number> {
      override async init(): Promise<void> {
        await turn();
        log.push('init');
      }
      transform(item: number): number {
        log.push(`item ${item}`);
        return item;
      }
      override async dispose(): Promise<void> {
        await turn();
        log.push('dispose');
      }
    }
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const input = builder.addCompositeInput();
        const work = builder.addTransform(Working, { name: 'work', from: input });
        builder.connect(work, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1, 2], Child);

    await runPipeline(Root);

    expect(log).toEqual(['init', 'item 1', 'dispose', 'init', 'item 2', 'dispose']);
  });

  it('is the user’s for an instance: the run neither initialises nor disposes it', async () => {
    const own = new Tracked();
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource([1, 2]);
        const work = builder.addTransform(own, { name: 'work', from: source });
        builder.connect(
          work,
          builder.addSink(() => undefined),
        );
      }
    }

    await runPipeline(Root);

    expect(own.log).toEqual(['item 1', 'item 2']);
  });

  it('is the container’s for what the container gives: the run does not dispose it', async () => {
    const owned = new Tracked();
    const container: NodeContainer = {
      isBound: (identifier) => identifier === Tracked,
      get: () => owned as never,
    };
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource([1, 2]);
        const work = builder.addTransform(Tracked, { name: 'work', from: source });
        builder.connect(
          work,
          builder.addSink(() => undefined),
        );
      }
    }

    await new PipelineRunner({ container }).run(Root);

    expect(owned.log).toContain('item 1');
    expect(owned.log).not.toContain('dispose');
    expect(owned.log).not.toContain('init');
  });

  it('does not matter for flush: a shared sink is flushed once per execution, with the outcome', async () => {
    class Shared extends SinkNode<number> {
      readonly log: string[] = [];
      write(item: number): void {
        this.log.push(`item ${item}`);
      }
      override flush(_context: PipelineContext, outcome: string): void {
        this.log.push(outcome);
      }
    }
    const shared = new Shared();
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const input = builder.addCompositeInput();
        builder.connect(input, builder.addSink(shared, 'shared'));
        builder.connect(input, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1, 2], Child);

    await runPipeline(Root);

    expect(shared.log).toEqual(['item 1', 'succeeded', 'item 2', 'succeeded']);
  });

  it.each(['succeeded', 'failed', 'cancelled'] as const)(
    'flushes a sink once also when the run has %s',
    async (ending) => {
      const outcomes: string[] = [];
      class Flushed extends SinkNode<number> {
        write(_item: number, context: PipelineContext): void {
          if (ending === 'failed') throw new Error('full');
          if (ending === 'cancelled') context.run.cancel();
        }
        override flush(_context: PipelineContext, outcome: string): void {
          outcomes.push(outcome);
        }
      }
      class Root implements PipelineDefinition {
        define(builder: PipelineBuilder): void {
          builder.connect(builder.addSource([1, 2]), builder.addSink(Flushed));
        }
      }

      await runPipeline(Root).catch(() => undefined);

      expect(outcomes).toEqual([ending]);
    },
  );
});

describe('An init that throws', () => {
  const refusal = new Error('no connection');

  function failing(log: string[]): new () => TransformNode<number, number> {
    return class Failing extends TransformNode<number, number> {
      override init(): void {
        log.push('init');
        throw refusal;
      }
      transform(item: number): number {
        log.push(`item ${item}`);
        return item;
      }
      override dispose(): void {
        log.push('dispose');
      }
    };
  }

  it('is NODE_FAILED at its node, before any item flows, and dispose is still called', async () => {
    const log: string[] = [];
    const Failing = failing(log);
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource(function* () {
          log.push('pulled');
          yield 1;
        });
        const work = builder.addTransform(Failing, { name: 'work', from: source });
        builder.connect(
          work,
          builder.addSink(() => undefined),
        );
      }
    }

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('NODE_FAILED');
    expect(error.path).toBe('Root/work');
    expect(error.cause).toBe(refusal);
    expect(log).toEqual(['init', 'dispose']);
  });

  it('in a child, fails the item, which the policy of the composite decides about', async () => {
    const log: string[] = [];
    const Failing = failing(log);
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const work = builder.addTransform(Failing, {
          name: 'work',
          from: builder.addCompositeInput(),
        });
        builder.connect(work, builder.addCompositeOutput());
      }
    }
    const failingRun = throughChild([1, 2], Child);
    const error = await rejectionOf(runPipeline(failingRun.Root));
    expect(error.code).toBe('NODE_FAILED');
    expect(error.path).toBe('Root/child/work');
    expect(log).toEqual(['init', 'dispose']);

    log.length = 0;
    const { Root } = throughChild([1, 2], Child, { errorPolicy: errorPolicy({ then: 'skip' }) });
    const result = await runPipeline(Root);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 2, filtered: 2, out: 0 });
    expect(log).toEqual(['init', 'dispose', 'init', 'dispose']);
  });

  it('is awaited by all children that share a node of lifetime run', async () => {
    const log: string[] = [];
    class Pool extends TransformNode<number, number> {
      override async init(): Promise<void> {
        log.push('init');
        await turn();
        await turn();
        log.push('ready');
      }
      transform(item: number): number {
        log.push('item');
        return item;
      }
    }
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const work = builder.addTransform(Pool, {
          name: 'work',
          from: builder.addCompositeInput(),
          lifetime: 'run',
        });
        builder.connect(work, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1, 2, 3, 4], Child, { concurrency: 4 });

    await runPipeline(Root);

    expect(log).toEqual(['init', 'ready', 'item', 'item', 'item', 'item']);
  });

  it('is tried once in a run for a node with lifetime run', async () => {
    const log: string[] = [];
    const Failing = failing(log);
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const work = builder.addTransform(Failing, {
          name: 'work',
          from: builder.addCompositeInput(),
          lifetime: 'run',
        });
        builder.connect(work, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1, 2, 3], Child, { errorPolicy: errorPolicy({ then: 'skip' }) });

    const result = await runPipeline(Root);

    expect(result.nodes.get('Root/child')).toMatchObject({ in: 3, filtered: 3 });
    expect(log).toEqual(['init', 'dispose']);
  });
});
