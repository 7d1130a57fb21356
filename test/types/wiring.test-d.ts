import { createWriteStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { describe, expectTypeOf, test } from 'vitest';
import {
  circuitBreaker,
  PipelineBuilder,
  PipelineInputSource,
  PipelineOutputSink,
  SinkNode,
  SKIP,
  SourceNode,
  StreamSinkNode,
  StreamTransformNode,
  TransformNode,
  type PipelineContext,
  type PipelineDefinition,
  type SinkHandle,
  type SourceHandle,
  type TransformHandle,
} from 'heirline';

interface Order {
  readonly id: number;
}
interface PricedOrder extends Order {
  readonly price: number;
}

class Orders extends SourceNode<Order> {
  override open(): Iterable<Order> {
    return [{ id: 1 }];
  }
}
class Price extends TransformNode<Order, PricedOrder> {
  constructor(readonly rate: number) {
    super();
  }
  override transform(order: Order): PricedOrder {
    return { ...order, price: this.rate };
  }
}
class Save extends SinkNode<PricedOrder> {
  override write(_order: PricedOrder): void {
    // takes everything
  }
}
class Pairs extends StreamTransformNode<Order, readonly [Order, Order]> {
  override async *transform(items: AsyncIterable<Order>): AsyncGenerator<readonly [Order, Order]> {
    for await (const item of items) yield [item, item];
  }
}
class Archive extends StreamSinkNode<Order> {
  readonly archived: Order[] = [];
  override async consume(items: AsyncIterable<Order>): Promise<void> {
    for await (const item of items) this.archived.push(item);
  }
}
class Pricing implements PipelineDefinition<Order, PricedOrder> {
  constructor(readonly rate = 1) {}
  define(builder: PipelineBuilder<Order, PricedOrder>): void {
    const price = builder.addTransform(new Price(this.rate), { from: builder.addCompositeInput() });
    builder.connect(price, builder.addCompositeOutput());
  }
}
class Texts implements PipelineDefinition<string, string> {
  define(builder: PipelineBuilder<string, string>): void {
    builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
  }
}

const builder = new PipelineBuilder();
const orders = builder.addSource(Orders, 'orders');
const price = builder.addTransform(Price, { name: 'price', from: orders });
const save = builder.addSink(Save, 'save');
const numbers = builder.addSource([1, 2, 3], 'numbers');

describe('handles know their items without type arguments', () => {
  test('of classes, whatever their constructors take', () => {
    expectTypeOf(orders).toEqualTypeOf<SourceHandle<Order>>();
    expectTypeOf(price).toEqualTypeOf<TransformHandle<Order, PricedOrder>>();
    expectTypeOf(save).toEqualTypeOf<SinkHandle<PricedOrder>>();
    expectTypeOf(builder.addStreamTransform(Pairs)).toEqualTypeOf<
      TransformHandle<Order, readonly [Order, Order]>
    >();
    expectTypeOf(builder.addSink(Archive)).toEqualTypeOf<SinkHandle<Order>>();
  });

  test('of instances', () => {
    expectTypeOf(builder.addSource(new Orders())).toEqualTypeOf<SourceHandle<Order>>();
    expectTypeOf(builder.addTransform(new Price(2))).toEqualTypeOf<TransformHandle<Order, PricedOrder>>();
    expectTypeOf(builder.addSink(new Save())).toEqualTypeOf<SinkHandle<PricedOrder>>();
  });

  test('of iterables and of functions that give one', () => {
    expectTypeOf(numbers).toEqualTypeOf<SourceHandle<number>>();
    expectTypeOf(builder.addSource(new Set(['a']))).toEqualTypeOf<SourceHandle<string>>();
    expectTypeOf(builder.addSource(() => [1])).toEqualTypeOf<SourceHandle<number>>();
    expectTypeOf(builder.addSource(() => Promise.resolve(['a']))).toEqualTypeOf<SourceHandle<string>>();
    expectTypeOf(
      builder.addSource(function* () {
        yield 1;
      }),
    ).toEqualTypeOf<SourceHandle<number>>();
    expectTypeOf(
      builder.addSource(async function* (context) {
        expectTypeOf(context).toEqualTypeOf<PipelineContext>();
        yield await Promise.resolve('a');
      }),
    ).toEqualTypeOf<SourceHandle<string>>();
  });

  test('of inline arrows: `from` types the item, and the result types the handle', () => {
    const doubled = builder.addTransform(
      (item, context) => {
        expectTypeOf(item).toEqualTypeOf<number>();
        expectTypeOf(context).toEqualTypeOf<PipelineContext>();
        return String(item * 2);
      },
      { from: numbers },
    );
    expectTypeOf(doubled).toEqualTypeOf<TransformHandle<number, string>>();

    const priced = builder.addTransform(async (order) => Promise.resolve({ ...order, price: 1 }), {
      from: orders,
    });
    expectTypeOf(priced).toExtend<TransformHandle<Order, PricedOrder>>();
  });

  test('of transforms that may filter: SKIP is no item', () => {
    expectTypeOf(builder.addTransform((item: number) => (item > 1 ? item : SKIP))).toEqualTypeOf<
      TransformHandle<number, number>
    >();
    expectTypeOf(
      builder.addTransform((item) => Promise.resolve(item > 1 ? item : SKIP), { from: numbers }),
    ).toEqualTypeOf<TransformHandle<number, number>>();
  });

  test('of stream transforms', () => {
    const batched = builder.addStreamTransform(
      async function* (items: AsyncIterable<number>, context) {
        expectTypeOf(context).toEqualTypeOf<PipelineContext>();
        for await (const item of items) yield [item];
      },
      { from: numbers },
    );
    expectTypeOf(batched).toEqualTypeOf<TransformHandle<number, number[]>>();
  });

  test('of composites, from the definition, class or instance', () => {
    expectTypeOf(builder.addComposite(Pricing)).toEqualTypeOf<TransformHandle<Order, PricedOrder>>();
    expectTypeOf(builder.addComposite(new Pricing(2), 'pricing')).toEqualTypeOf<
      TransformHandle<Order, PricedOrder>
    >();
    expectTypeOf(
      builder.addComposite(Pricing, {
        from: orders,
        with: (item, parent) => {
          expectTypeOf(item).toEqualTypeOf<Order>();
          expectTypeOf(parent).toEqualTypeOf<PipelineContext>();
          return { parameters: { id: item.id } };
        },
      }),
    ).toEqualTypeOf<TransformHandle<Order, PricedOrder>>();
  });

  test('of the bridges', () => {
    const child = new PipelineBuilder<Order, PricedOrder>();
    expectTypeOf(child.addCompositeInput()).toEqualTypeOf<SourceHandle<Order>>();
    expectTypeOf(child.addCompositeOutput()).toEqualTypeOf<SinkHandle<PricedOrder>>();
    expectTypeOf(child.addSource(PipelineInputSource<Order>, 'input')).toEqualTypeOf<SourceHandle<Order>>();
    expectTypeOf(child.addSink(PipelineOutputSink<PricedOrder>, 'output')).toEqualTypeOf<
      SinkHandle<PricedOrder>
    >();
  });
});

describe('right wiring compiles', () => {
  test('in a chain', () => {
    builder.connect(orders, price).connect(price, save);
  });

  test('where the receiver takes more than the sender sends', () => {
    builder.connect(
      price,
      builder.addTransform((order: Order) => order.id),
    );
    builder.connect(
      numbers,
      builder.addSink((item: number | string) => item),
    );
    builder.connect(
      price,
      builder.addSink((item: unknown) => item),
    );
  });

  test('of sinks whose function returns whatever it likes', () => {
    const list: number[] = [];
    builder.connect(
      numbers,
      builder.addSink((item: number) => list.push(item)),
    );
    builder.connect(
      numbers,
      builder.addSink(async (item: number) => Promise.resolve(item)),
    );
  });
});

describe('wrong wiring does not compile', () => {
  const texts = builder.addSource(['a'], 'texts');
  const perhaps = builder.addSource<number | undefined>([1, undefined], 'perhaps');
  const double = builder.addTransform((item: number) => item * 2, 'double');
  const textsComposite = builder.addComposite(Texts, 'texts-composite');

  test('items of another type', () => {
    // @ts-expect-error strings are sent, numbers are taken
    builder.connect(texts, double);
    // @ts-expect-error the price is missing
    builder.connect(orders, save);
    // @ts-expect-error undefined is not taken
    builder.connect(perhaps, double);
  });

  test('`from` of another type', () => {
    // @ts-expect-error strings are sent, orders are taken
    builder.addTransform(Price, { from: texts });
    // @ts-expect-error strings are sent, numbers are taken
    builder.addTransform((item: number) => item, { from: texts });
    // @ts-expect-error strings are sent, orders are taken
    builder.addStreamTransform(Pairs, { from: texts });
    // @ts-expect-error strings are sent, orders are taken
    builder.addComposite(Pricing, { from: texts });
  });

  test('a composite whose types do not match', () => {
    // @ts-expect-error orders are sent, strings are taken
    builder.connect(orders, textsComposite);
    // @ts-expect-error strings are sent, priced orders are taken
    builder.connect(textsComposite, save);
  });

  test('a sink as a source, a source as a sink', () => {
    // @ts-expect-error a sink sends nothing
    builder.connect(save, price);
    // @ts-expect-error a source takes nothing
    builder.connect(price, orders);
    // @ts-expect-error a sink sends nothing
    builder.addTransform((item: PricedOrder) => item, { from: save });
  });

  test('the input and the output of a child', () => {
    const child = new PipelineBuilder<Order, string>();
    const input = child.addCompositeInput();
    const output = child.addCompositeOutput();
    const takesNumbers = child.addSink((item: number) => item);
    // @ts-expect-error the child promises strings
    child.connect(input, output);
    // @ts-expect-error the child is given orders
    child.connect(input, takesNumbers);
  });

  test('a definition whose define is for other items', () => {
    class Confused implements PipelineDefinition<number, number> {
      // @ts-expect-error define describes strings, the definition promises numbers
      define(_builder: PipelineBuilder<string, string>): void {
        // describes nothing
      }
    }
    expectTypeOf(Confused).toBeConstructibleWith();
  });

  test('the composite input of a root, which connects to nothing', () => {
    const root = new PipelineBuilder();
    expectTypeOf(root).toEqualTypeOf<PipelineBuilder>();
    const takesNumbers = root.addSink((item: number) => item);
    // @ts-expect-error a root has no items given to it
    root.connect(root.addCompositeInput(), takesNumbers);
  });

  test('a node of the wrong kind', () => {
    // @ts-expect-error a sink is no transform
    builder.addTransform(Save);
    // @ts-expect-error a transform is no source
    builder.addSource(Price);
    // @ts-expect-error a definition is no node
    builder.addTransform(Pricing);
    // @ts-expect-error a node is no definition
    builder.addComposite(Price);
    // @ts-expect-error a number is nothing to iterate
    builder.addSource(42);
  });
});

describe('options', () => {
  test('of which only the known ones compile', () => {
    // @ts-expect-error the name is misspelt
    builder.addTransform((item: number) => item, { concurency: 4 });
    // @ts-expect-error the name is misspelt
    builder.addComposite(Pricing, { contextConfig: {} });
    // @ts-expect-error the name is misspelt
    builder.addComposite(Pricing, { contextConfiguration: { inheritParentParameter: true } });
    // @ts-expect-error there is no such cardinality
    builder.addComposite(Pricing, { output: 'some' });
  });

  test('that make no sense over a whole stream do not compile there', () => {
    builder.addComposite(Pricing, { granularity: 'stream' });
    // @ts-expect-error a child that runs once has no cardinality per item
    builder.addComposite(Pricing, { granularity: 'stream', output: 'many' });
    // @ts-expect-error a child that runs once has no concurrency
    builder.addComposite(Pricing, { granularity: 'stream', concurrency: 4 });
    // @ts-expect-error a child that runs once holds no results
    builder.addComposite(Pricing, { granularity: 'stream', readAhead: 4 });
    // @ts-expect-error a child that runs once has no limit per item
    builder.addComposite(Pricing, { granularity: 'stream', timeoutMs: 5 });
    // @ts-expect-error a child that runs once has no calls to count
    builder.addComposite(Pricing, { granularity: 'stream', bulkhead: { concurrent: 5 } });
  });

  test('of a circuit breaker name a number of failures, or a ratio', () => {
    circuitBreaker({ threshold: 5, windowMs: 1000, openMs: 1000 });
    circuitBreaker({
      ratio: 0.5,
      atLeast: 20,
      windowMs: 1000,
      openMs: 1000,
      whenOpen: 'wait',
      on: TypeError,
    });
    // @ts-expect-error a ratio of how many calls is not said
    circuitBreaker({ ratio: 0.5, windowMs: 1000, openMs: 1000 });
    // @ts-expect-error both cannot decide
    circuitBreaker({ threshold: 5, ratio: 0.5, atLeast: 20, windowMs: 1000, openMs: 1000 });
    // @ts-expect-error how long a circuit stays open is not said
    circuitBreaker({ threshold: 5, windowMs: 1000 });
    // @ts-expect-error a breaker is made by circuitBreaker
    builder.addTransform((item: number) => item, { circuitBreaker: { threshold: 5 } });
    // @ts-expect-error a source makes no calls for items
    builder.addSource([1], { bulkhead: { concurrent: 1 } });
  });

  test('may be undefined', () => {
    builder.addTransform((item: number) => item, {
      name: undefined,
      from: undefined,
      concurrency: undefined,
      ordered: undefined,
      readAhead: undefined,
      errorPolicy: undefined,
      timeoutMs: undefined,
      circuitBreaker: undefined,
      bulkhead: undefined,
      lifetime: undefined,
    });
    builder.addComposite(Pricing, {
      name: undefined,
      from: undefined,
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
      circuitBreaker: undefined,
      bulkhead: undefined,
      cancellable: undefined,
    });
  });

  test('take recipes that return anything', () => {
    builder.addComposite(Pricing, { configureContext: (draft) => (draft.inheritParentItems = true) });
    builder.addComposite(Pricing, {
      configureContext: (draft) => {
        draft.inheritParentParameters = { pick: ['a'] };
      },
    });
  });
});

describe('a stream as a sink', () => {
  test('takes what the stream takes', () => {
    const builder = new PipelineBuilder();
    const numbers = builder.addSource([1, 2]);
    const texts = builder.addSource(['a']);
    builder.addSink(new PassThrough({ objectMode: true }), { from: numbers });
    builder.addSink(process.stdout, { from: texts });
    builder.connect(texts, builder.addSink(process.stderr, 'errors'));
    builder.addSink(new WritableStream<number>(), { from: numbers });
    expectTypeOf(builder.addSink(new WritableStream<number>())).toEqualTypeOf<SinkHandle<number>>();
    builder.addSink(createWriteStream('lines.txt'), { from: texts, name: 'file' });

    // @ts-expect-error -- standard output takes texts and bytes
    builder.addSink(process.stdout, { from: numbers });
    // @ts-expect-error -- the stream takes numbers
    builder.addSink(new WritableStream<number>(), { from: texts });
    // @ts-expect-error -- nothing can be written to it
    builder.addSink(new ReadableStream<number>(), { from: numbers });
  });
});
