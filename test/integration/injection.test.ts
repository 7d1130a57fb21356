import 'reflect-metadata';
import { Container, inject, injectable } from 'inversify';
import { describe, expect, test } from 'vitest';
import {
  PipelineContext,
  PipelineRunner,
  RunContext,
  SinkNode,
  TransformNode,
  type NodeContainer,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import { contextModule } from 'heirline/inversify';
import { definePipeline, nextTurn, range, rejectionOf } from './support/harness.js';

const PriceList = Symbol('PriceList');

interface Prices {
  of(item: string): number;
}

const prices: Prices = { of: (item) => item.length };

@injectable()
class Price extends TransformNode<string, number> {
  constructor(@inject(PriceList) private readonly list: Prices) {
    super();
  }
  override transform(item: string): number {
    return this.list.of(item);
  }
}

function pricing(outputs: number[]) {
  return definePipeline('pricing', (builder) => {
    const price = builder.addTransform(Price, {
      name: 'price',
      from: builder.addSource(['pear', 'fig'], 'fruit'),
    });
    builder.connect(
      price,
      builder.addSink((item: number) => outputs.push(item), 'sink'),
    );
  });
}

describe('a node class that is bound in the container', () => {
  test('comes from it, with its constructor dependencies', async () => {
    const container = new Container();
    container.bind(PriceList).toConstantValue(prices);
    container.bind(Price).toSelf();
    const outputs: number[] = [];

    await new PipelineRunner({ container }).run(pricing(outputs));

    expect(outputs).toEqual([4, 3]);
  });

  test('comes from it at every level', async () => {
    const container = new Container();
    container.bind(PriceList).toConstantValue(prices);
    container.bind(Price).toSelf();
    const Inner = definePipeline<string, number>('inner', (builder) => {
      const price = builder.addTransform(Price, { from: builder.addCompositeInput() });
      builder.connect(price, builder.addCompositeOutput());
    });
    const Outer = definePipeline<string, number>('outer', (builder) => {
      const inner = builder.addComposite(Inner, { from: builder.addCompositeInput() });
      builder.connect(inner, builder.addCompositeOutput());
    });

    expect(await new PipelineRunner({ container }).runItem(Outer, 'quince')).toBe(6);
  });

  test('lives as its binding says: a singleton counts on over items and runs, a transient one starts anew', async () => {
    @injectable()
    class Counter extends TransformNode<number, number> {
      private calls = 0;
      override transform(): number {
        this.calls += 1;
        return this.calls;
      }
    }
    const Child = definePipeline<number, number>('child', (builder) => {
      const counter = builder.addTransform(Counter, { from: builder.addCompositeInput() });
      builder.connect(counter, builder.addCompositeOutput());
    });
    const countThrough = async (container: Container): Promise<number[]> => {
      const outputs: number[] = [];
      const Parent = definePipeline('parent', (builder) => {
        const child = builder.addComposite(Child, { from: builder.addSource([1, 2], 'source') });
        builder.connect(
          child,
          builder.addSink((item: number) => outputs.push(item), 'sink'),
        );
      });
      const runner = new PipelineRunner({ container });
      await runner.run(Parent);
      await runner.run(Parent);
      return outputs;
    };

    const singleton = new Container();
    singleton.bind(Counter).toSelf().inSingletonScope();
    const transient = new Container();
    transient.bind(Counter).toSelf().inTransientScope();

    expect(await countThrough(singleton)).toEqual([1, 2, 3, 4]);
    expect(await countThrough(transient)).toEqual([1, 1, 1, 1]);
  });

  test('is neither initialised nor disposed by the run, which owns only what it constructed', async () => {
    const log: string[] = [];
    @injectable()
    class FromContainer extends TransformNode<number, number> {
      override init(): void {
        log.push('init of the container’s');
      }
      override transform(item: number): number {
        return item;
      }
      override dispose(): void {
        log.push('dispose of the container’s');
      }
    }
    class FromRunner extends TransformNode<number, number> {
      override init(): void {
        log.push('init of the runner’s');
      }
      override transform(item: number): number {
        return item;
      }
      override dispose(): void {
        log.push('dispose of the runner’s');
      }
    }
    const container = new Container();
    container.bind(FromContainer).toSelf().inSingletonScope();
    const Parent = definePipeline('parent', (builder) => {
      const bound = builder.addTransform(FromContainer, { from: builder.addSource([1], 'source') });
      const unbound = builder.addTransform(FromRunner, { from: bound });
      builder.connect(
        unbound,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    await new PipelineRunner({ container }).run(Parent);

    expect(log).toEqual(['init of the runner’s', 'dispose of the runner’s']);
  });
});

describe('a definition that is bound in the container', () => {
  const Factor = Symbol('Factor');

  @injectable()
  class Scale implements PipelineDefinition<number, number> {
    constructor(@inject(Factor) private readonly factor: number) {}
    define(builder: PipelineBuilder<number, number>): void {
      const factor = this.factor;
      const scale = builder.addTransform((item: number) => item * factor, {
        from: builder.addCompositeInput(),
      });
      builder.connect(scale, builder.addCompositeOutput());
    }
  }

  test('comes from it, as the root and as a child', async () => {
    const container = new Container();
    container.bind(Factor).toConstantValue(10);
    container.bind(Scale).toSelf();
    const Twice = definePipeline<number, number>('twice', (builder) => {
      const one = builder.addComposite(Scale, { from: builder.addCompositeInput() });
      const two = builder.addComposite(Scale, { from: one });
      builder.connect(two, builder.addCompositeOutput());
    });
    const runner = new PipelineRunner({ container });

    expect(await runner.runItem(Scale, 7)).toBe(70);
    expect(await runner.runItem(Twice, 7)).toBe(700);
  });

  test('is resolved once per run, however many items there are', async () => {
    let resolved = 0;
    const container = new Container();
    container.bind(Scale).toDynamicValue(() => {
      resolved += 1;
      return new Scale(2);
    });
    const Parent = definePipeline('parent', (builder) => {
      const scale = builder.addComposite(Scale, { from: builder.addSource(range(1, 20), 'source') });
      builder.connect(
        scale,
        builder.addSink(() => undefined, 'sink'),
      );
    });
    const runner = new PipelineRunner({ container });

    await runner.run(Parent);
    expect(resolved).toBe(1);
    await runner.run(Parent);
    expect(resolved).toBe(2);
  });
});

describe('a class that is not bound', () => {
  test('is constructed with the context when it is a node', async () => {
    const given: unknown[] = [];
    class Plain extends TransformNode<number, number> {
      constructor(...args: unknown[]) {
        super();
        given.push(...args);
      }
      override transform(item: number): number {
        return item;
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      const plain = builder.addTransform(Plain, { name: 'plain', from: builder.addSource([1], 'source') });
      builder.connect(
        plain,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const result = await new PipelineRunner({ container: new Container() }).run(Parent);

    expect(given).toHaveLength(1);
    expect(given[0]).toBeInstanceOf(PipelineContext);
    expect(given[0]).toMatchObject({ runId: result.runId });
  });

  test('is constructed without arguments when it is a definition', async () => {
    const given: unknown[][] = [];
    class Plain implements PipelineDefinition<number, number> {
      constructor(...args: unknown[]) {
        given.push(args);
      }
      define(builder: PipelineBuilder<number, number>): void {
        builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      }
    }

    await new PipelineRunner({ container: new Container() }).runItem(Plain, 1);

    expect(given).toEqual([[]]);
  });

  test('but asks for injection is NODE_ACTIVATION_FAILED, naming the class and what to bind', async () => {
    const error = await rejectionOf(new PipelineRunner({ container: new Container() }).run(pricing([])));

    expect(error).toMatchObject({ code: 'NODE_ACTIVATION_FAILED', path: 'pricing/price' });
    expect(error.message).toContain('Price');
    expect(error.message).toMatch(/bind/i);
  });

  test('and cannot be constructed is NODE_ACTIVATION_FAILED, with the original as cause', async () => {
    const original = new Error('no database');
    class Unbuildable extends SinkNode<number> {
      constructor() {
        super();
        throw original;
      }
      override write(): void {
        // never reached
      }
    }
    const Parent = definePipeline('parent', (builder) => {
      builder.connect(builder.addSource([1], 'source'), builder.addSink(Unbuildable, 'save'));
    });

    const error = await rejectionOf(new PipelineRunner().run(Parent));

    expect(error).toMatchObject({ code: 'NODE_ACTIVATION_FAILED', path: 'parent/save' });
    expect(error.message).toContain('Unbuildable');
    expect(error.cause).toBe(original);
  });

  test('whose dependency is missing in the container is NODE_ACTIVATION_FAILED too', async () => {
    const container = new Container();
    container.bind(Price).toSelf();

    const error = await rejectionOf(new PipelineRunner({ container }).run(pricing([])));

    expect(error).toMatchObject({ code: 'NODE_ACTIVATION_FAILED', path: 'pricing/price' });
    expect(error.message).toContain('Price');
  });
});

describe('the container itself', () => {
  test('is left as it was: a run adds no binding', async () => {
    const container = new Container();
    class Plain extends TransformNode<number, number> {
      override transform(item: number): number {
        return item;
      }
    }
    const Child = definePipeline<number, number>('child', (builder) => {
      const plain = builder.addTransform(Plain, { from: builder.addCompositeInput() });
      builder.connect(plain, builder.addCompositeOutput());
    });

    await new PipelineRunner({ container }).runItem(Child, 1);

    for (const identifier of [Plain, Child, PipelineContext, RunContext]) {
      expect(container.isBound(identifier)).toBe(false);
    }
  });

  test('can be anything that says what is bound and gives it', async () => {
    const container: NodeContainer = {
      isBound: (identifier) => Object.is(identifier, Price),
      get: <T>(identifier: new (...args: never[]) => T): T =>
        Reflect.construct<unknown[], T>(identifier as new (...args: unknown[]) => T, [prices]),
    };
    const outputs: number[] = [];

    await new PipelineRunner({ container }).run(pricing(outputs));

    expect(outputs).toEqual([4, 3]);
  });

  test('that throws when it is asked about a node fails the run there', async () => {
    const container: NodeContainer = {
      isBound: (identifier) => {
        if (Object.is(identifier, Price)) throw new RangeError('the container is closed');
        return false;
      },
      get: () => {
        throw new TypeError('nothing is bound');
      },
    };
    const error = await rejectionOf(new PipelineRunner({ container }).run(pricing([])));

    expect(error).toMatchObject({
      code: 'NODE_ACTIVATION_FAILED',
      cause: { message: 'the container is closed' },
      result: { status: 'failed' },
    });
  });
});

describe('contextModule', () => {
  @injectable()
  class Sign extends TransformNode<number, string> {
    constructor(
      @inject(PipelineContext) private readonly pipelineContext: PipelineContext,
      @inject(RunContext) private readonly run: RunContext,
    ) {
      super();
    }
    override transform(item: number): string {
      return `${String(item)} in ${this.run.runId} of ${this.pipelineContext.pipelineName}`;
    }
  }
  const Signing = definePipeline<number, string>('signing', (builder) => {
    const sign = builder.addTransform(Sign, { from: builder.addCompositeInput() });
    builder.connect(sign, builder.addCompositeOutput());
  });

  test('makes the current pipeline and run context injectable', async () => {
    const container = new Container();
    container.load(contextModule());
    container.bind(Sign).toSelf();

    const signed = await new PipelineRunner({ container }).runItem(Signing, 1, { run: { runId: 'monday' } });

    expect(signed).toBe('1 in monday of signing');
  });

  test('gives each of many runs at once its own, also through a service that the node depends on', async () => {
    @injectable()
    class Audit {
      constructor(@inject(PipelineContext) readonly pipelineContext: PipelineContext) {}
    }
    @injectable()
    class Book extends TransformNode<number, string> {
      constructor(@inject(Audit) private readonly audit: Audit) {
        super();
      }
      override async transform(item: number): Promise<string> {
        const { runId } = this.audit.pipelineContext;
        await nextTurn();
        return `${String(item)} in ${runId}`;
      }
    }
    const Booking = definePipeline<number, string>('booking', (builder) => {
      const book = builder.addTransform(Book, { from: builder.addCompositeInput() });
      builder.connect(book, builder.addCompositeOutput());
    });
    const container = new Container();
    container.load(contextModule());
    container.bind(Audit).toSelf();
    container.bind(Book).toSelf();
    const runner = new PipelineRunner({ container });

    const booked = await Promise.all(
      range(1, 50).map((item) => runner.runItem(Booking, item, { run: { runId: `run-${String(item)}` } })),
    );

    expect(booked).toEqual(range(1, 50).map((item) => `${String(item)} in run-${String(item)}`));
  });

  test('gives a node of a child the context of that child', async () => {
    const container = new Container();
    container.load(contextModule());
    container.bind(Sign).toSelf();
    const Outer = definePipeline<number, string>('outer', (builder) => {
      const signing = builder.addComposite(Signing, { from: builder.addCompositeInput() });
      builder.connect(signing, builder.addCompositeOutput());
    });

    const signed = await new PipelineRunner({ container }).runItem(Outer, 1, { run: { runId: 'monday' } });

    expect(signed).toBe('1 in monday of signing');
  });

  test('refuses to give a context where no pipeline runs', () => {
    const container = new Container();
    container.load(contextModule());

    expect(() => container.get(PipelineContext)).toThrow(/context/i);
  });
});
