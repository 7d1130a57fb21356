import { describe, expect, test } from 'vitest';
import {
  buildPipeline,
  SinkNode,
  SourceNode,
  StreamSinkNode,
  StreamTransformNode,
  TransformNode,
  type DefinitionContext,
  type PipelineBuilder,
  type PipelineDefinition,
  type SinkHandle,
  type SourceHandle,
  type TransformHandle,
} from 'heirline';
import { expectIsolation, testPipeline } from 'heirline/testing';
import { definePipeline, errorOf, throwAnything } from './support/harness.js';

class Orders extends SourceNode<number> {
  override open(): number[] {
    return throwAnything(new Error('no database here'));
  }
}
class Price extends TransformNode<number, string> {
  override transform(item: number): string {
    return `${String(item)}.00`;
  }
}
class Pairs extends StreamTransformNode<string, string> {
  override async *transform(items: AsyncIterable<string>): AsyncGenerator<string> {
    for await (const item of items) yield `${item} ${item}`;
  }
}
class Save extends SinkNode<string> {
  override write(_item: string): void {
    throwAnything(new Error('no database here'));
  }
}
class Archive extends StreamSinkNode<string> {
  override consume(_items: AsyncIterable<string>): void {
    throwAnything(new Error('no archive here'));
  }
}

/** Keeps its handles, for a test of its instance. */
class Shop implements PipelineDefinition {
  orders?: SourceHandle<number>;
  price?: TransformHandle<number, string>;
  pairs?: TransformHandle<string, string>;
  save?: SinkHandle<string>;
  archive?: SinkHandle<string>;

  define(builder: PipelineBuilder): void {
    this.orders = builder.addSource(Orders, 'orders');
    this.price = builder.addTransform(Price, { name: 'price', from: this.orders });
    this.pairs = builder.addStreamTransform(Pairs, { name: 'pairs', from: this.price });
    this.save = builder.addSink(Save, { name: 'save', from: this.pairs });
    this.archive = builder.addSink(new Archive(), { name: 'archive', from: this.pairs });
  }
}

/** A shop that has been described, so that its handles are known. */
function describedShop(): Required<Shop> {
  const shop = new Shop();
  buildPipeline(shop);
  return shop as Required<Shop>;
}

describe('a node named by its class', () => {
  test('gets the items, or the stub, of the test; a sink of that class tells what it took', async () => {
    const run = await testPipeline(Shop)
      .withSource(Orders, [1, 2])
      .replaceNode(Price, (item) => `${String(item)} EUR`)
      .run();

    expect(run.errors).toEqual([]);
    expect(run.sink(Save)).toEqual(['1 EUR 1 EUR', '2 EUR 2 EUR']);
    expect(run.sink(Archive)).toEqual(run.sink('archive'));
  });

  test('may be of any kind', async () => {
    const saved: string[] = [];
    const archived: string[] = [];
    class ToList extends StreamSinkNode<string> {
      override async consume(items: AsyncIterable<string>): Promise<void> {
        for await (const item of items) archived.push(item);
      }
    }
    const run = await testPipeline(Shop)
      .replaceNode(Orders, () => [3])
      .replaceNode(Pairs, async function* (items) {
        for await (const item of items) yield `a pair of ${item}`;
      })
      .replaceNode(Save, (item) => saved.push(item))
      .replaceNode(Archive, ToList)
      .run();

    expect(run.errors).toEqual([]);
    expect([saved, archived]).toEqual([['a pair of 3.00'], ['a pair of 3.00']]);
    expect(errorOf(() => run.sink(Save)).code).toBe('NODE_UNKNOWN');
  });

  test('that two nodes are of cannot be told: NODE_UNKNOWN lists their names', async () => {
    const Two = definePipeline('two', (builder) => {
      for (const name of ['north', 'south']) {
        const price = builder.addTransform(Price, {
          name: `${name}-price`,
          from: builder.addSource(Orders, name),
        });
        builder.addSink(Save, { name: `save-${name}`, from: price });
      }
    });
    const runs = [
      await testPipeline(Two).withSource(Orders, [1]).run(),
      await testPipeline(Two).replaceNode(Price, String).run(),
    ];
    expect(runs.map(({ errors }) => errors.map(({ code }) => code))).toEqual([
      ['NODE_UNKNOWN'],
      ['NODE_UNKNOWN'],
    ]);
    expect(runs[0]?.errors[0]?.message).toContain("'north', 'south' are all of the class 'Orders'");
    expect(runs[1]?.errors[0]?.message).toContain(
      "'north-price', 'south-price' are all of the class 'Price'",
    );

    const good = await testPipeline(Two).withSource('north', [1]).withSource('south', [2]).run();
    expect(errorOf(() => good.sink(Save)).message).toContain("'save-north', 'save-south'");
  });

  test('that no node is of is NODE_UNKNOWN, and tells which there are', async () => {
    class Others extends SourceNode<number> {
      override open(): number[] {
        return [];
      }
    }
    const run = await testPipeline(Shop).withSource(Others, [1]).run();

    expect(run.errors).toMatchObject([{ code: 'NODE_UNKNOWN', path: 'Shop' }]);
    expect(run.errors[0]?.message).toContain(
      "There is no source of the class 'Others'. 'Shop' has 'orders'.",
    );
  });
});

describe('a node named by its handle', () => {
  test('gets the items, or the stub, of the test; a sink tells what it took', async () => {
    const shop = describedShop();
    const run = await testPipeline(shop)
      .withSource(shop.orders, [1])
      .replaceNode(shop.price, (item) => `${String(item)} NOK`)
      .replaceNode(shop.pairs, async function* (items: AsyncIterable<string>) {
        for await (const item of items) yield item;
      })
      .run();

    expect(run.errors).toEqual([]);
    expect(run.sink(shop.save)).toEqual(['1 NOK']);
    expect(run.sink(shop.archive)).toEqual(['1 NOK']);
  });

  test('of another kind, or of nothing, is NODE_UNKNOWN', async () => {
    const shop = describedShop();
    const wrong = await testPipeline(shop)
      .withSource(shop.price as never, [])
      .run();
    expect(wrong.errors).toMatchObject([{ code: 'NODE_UNKNOWN' }]);
    expect(wrong.errors[0]?.message).toContain("There is no source with the handle of 'price'.");

    const run = await testPipeline(shop).withSource(shop.orders, []).run();
    expect(errorOf(() => run.sink(shop.price as never)).code).toBe('NODE_UNKNOWN');
    expect(errorOf(() => run.sink(5 as never)).code).toBe('OPTION_INVALID');
  });
});

describe('a node named by its name', () => {
  test('of two stubs the last counts, however the node was named', async () => {
    const run = await testPipeline(Shop)
      .replaceNode('orders', [7])
      .withSource(Orders, [1])
      .replaceNode(Price, () => 'first')
      .replaceNode('Shop/price', () => 'last')
      .run();

    expect(run.sink('save')).toEqual(['last last']);
  });

  test('is found though the pipeline has the same name', async () => {
    const run = await testPipeline(
      definePipeline('shop', (builder) => {
        builder.connect(builder.addSource([1], 'shop'), builder.addSink(Save as never, 'shop-sink'));
      }),
    )
      .withSource('shop', [2])
      .run();

    expect(run.sink('shop-sink')).toEqual([2]);
  });

  test('that is no source is NODE_UNKNOWN for withSource, before anything runs', async () => {
    const run = await testPipeline(Shop).withSource('price', [1]).run();

    expect(run.errors).toMatchObject([{ code: 'NODE_UNKNOWN' }]);
    expect(run.events).toEqual([]);
  });

  test('of a composite or a bridge is refused', async () => {
    const Child = definePipeline<number, number>('child', (builder) => {
      builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
    });
    const Parent = definePipeline('parent', (builder) => {
      const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1], 'source') });
      builder.addSink(() => undefined, { from: child });
    });
    const errors = await Promise.all(
      ['child', 'child/input', 'child/output'].map(
        async (name) => (await testPipeline(Parent).replaceNode(name, String).run()).errors,
      ),
    );
    expect(errors).toMatchObject(Array.from({ length: 3 }, () => [{ code: 'OPTION_INVALID' }]));
  });

  test('of a sink of the whole stream takes no stub of single items', async () => {
    const run = await testPipeline(Shop)
      .withSource(Orders, [])
      .replaceNode('archive', () => undefined)
      .run();

    expect(run.errors).toMatchObject([{ code: 'OPTION_INVALID' }]);
    expect(run.errors[0]?.message).toContain("'Shop/archive' takes the whole stream");
  });
});

/** A child whose node is named by a parameter; with `require` it can only be described when its composite has items. */
class Named implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>, { parameters }: DefinitionContext): void {
    const name = parameters.require<string>('name');
    const node = builder.addTransform((item: number) => item, { name, from: builder.addCompositeInput() });
    builder.addCompositeOutput({ from: node });
  }
}

/** A source of items, a child for each of them that is named by `with`, and a sink. */
function lateOf(items: readonly string[]) {
  return definePipeline('root', (builder) => {
    const child = builder.addComposite(Named, {
      name: 'late',
      from: builder.addTransform((name: string) => name.length, {
        from: builder.addSource(items, 'source'),
      }),
      with: (length: number) => ({ parameters: { name: `node-${String(length)}` } }),
    });
    builder.addSink(() => undefined, { name: 'sink', from: child });
  });
}

describe('a node of a child that is described late', () => {
  test('can be replaced, though it exists for some parameters only', async () => {
    const run = await testPipeline(lateOf(['a', 'bb']))
      .replaceNode('late/node-2', (item: number) => item * 100)
      .run();

    expect(run.errors).toEqual([]);
    expect(run.sink('sink')).toEqual([1, 200]);
  });

  test('that was in no plan of the run is NODE_UNKNOWN', async () => {
    const run = await testPipeline(lateOf(['a']))
      .replaceNode('late/node-2', String)
      .run();

    expect(run.succeeded).toBe(false);
    expect(run.errors).toMatchObject([{ code: 'NODE_UNKNOWN' }]);
    expect(run.result.status).toBe('succeeded');
  });

  test('is not missed where the child never ran', async () => {
    const run = await testPipeline(lateOf([])).replaceNode('late/node-2', String).run();

    expect(run.errors).toEqual([]);
  });

  test('is missed where the run has no composite of that name', async () => {
    const run = await testPipeline(lateOf(['a']))
      .replaceNode('late/inner/node', String)
      .run();

    expect(run.errors).toMatchObject([{ code: 'NODE_UNKNOWN' }]);
  });
});

describe('stubs for sub-pipelines', () => {
  class Add implements PipelineDefinition<number, number> {
    constructor(readonly amount = 1) {}

    define(builder: PipelineBuilder<number, number>): void {
      const add = builder.addTransform((item: number) => item + this.amount, {
        from: builder.addCompositeInput(),
      });
      builder.addCompositeOutput({ from: add });
    }
  }
  const ten = new Add(10);
  const Sum = definePipeline('sum', (builder) => {
    const one = builder.addComposite(Add, { name: 'one', from: builder.addSource([1], 'source') });
    builder.addSink(() => undefined, {
      name: 'sink',
      from: builder.addComposite(ten, { name: 'ten', from: one }),
    });
  });

  test('one for an instance goes before one for its class, and of two the last counts', async () => {
    const run = await testPipeline(Sum)
      .withChild(ten, () => throwAnything(new Error('given up')))
      .withChild(ten, (item) => item * 10)
      .withChild(Add, (item) => item * 7)
      .run();

    expect(run.errors).toEqual([]);
    expect(run.sink('sink')).toEqual([70]);
    expect([run.child(Add).inputs, run.child(ten).inputs]).toEqual([[1], [7]]);
  });

  test('for one that is nowhere is NODE_UNKNOWN; perhaps not, below a child that never ran', async () => {
    class Elsewhere extends Add {}
    const nowhere = await testPipeline(Sum)
      .withChild(Elsewhere, (item) => item)
      .run();
    expect(nowhere.errors).toMatchObject([{ code: 'NODE_UNKNOWN' }]);
    expect(nowhere.events).toEqual([]);

    const perhaps = testPipeline(lateOf([])).withChild(Elsewhere, (item) => item);
    expect((await perhaps.run()).errors).toEqual([]);
    const ran = testPipeline(lateOf(['a'])).withChild(Elsewhere, (item) => item);
    expect((await ran.run()).errors).toMatchObject([{ code: 'NODE_UNKNOWN' }]);
  });
});

test('expectIsolation refuses what is no definition, and a context that is a promise', async () => {
  await expect(expectIsolation(undefined as never)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  const context = (() => Promise.reject(new Error('late'))) as never;
  await expect(expectIsolation(Shop, { context, runs: 2 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});
