import { describe, expectTypeOf, test } from 'vitest';
import {
  SinkNode,
  SourceNode,
  StreamSinkNode,
  StreamTransformNode,
  TransformNode,
  type Clock,
  type PipelineBuilder,
  type PipelineDefinition,
  type SinkHandle,
  type SourceHandle,
  type TransformHandle,
} from 'heirline';
import { ManualClock, testPipeline, type TestResult } from 'heirline/testing';

interface Order {
  readonly id: number;
}

declare class Orders extends SourceNode<Order> {
  constructor(database: string);
  override open(): Promise<Order[]>;
}
declare class Price extends TransformNode<Order, string> {
  override transform(item: Order): Promise<string>;
}
declare class Batches extends StreamTransformNode<string, string[]> {
  override transform(items: AsyncIterable<string>): AsyncIterable<string[]>;
}
declare class Save extends SinkNode<string[]> {
  override write(item: string[]): void;
}
declare class Archive extends StreamSinkNode<string[]> {
  override consume(items: AsyncIterable<string[]>): Promise<void>;
}

class Shop implements PipelineDefinition {
  define(_builder: PipelineBuilder): void {
    // describes nothing
  }
}

declare const orders: SourceHandle<Order>;
declare const price: TransformHandle<Order, string>;
declare const batches: TransformHandle<string, string[]>;
declare const save: SinkHandle<string[]>;
declare const result: TestResult;

const given = testPipeline(Shop);

describe('the items of a source', () => {
  test('are those of its class or handle; under a name they may be anything', () => {
    given.withSource(Orders, [{ id: 1 }]).withSource(orders, new Set([{ id: 1 }]));
    given.withSource('orders', [1, 'a']);
    // @ts-expect-error an order has an id
    given.withSource(Orders, [{ name: 'tea' }]);
    // @ts-expect-error an order is no number
    given.withSource(orders, [1]);
    // @ts-expect-error that is no source
    given.withSource(Price, []);
    // @ts-expect-error that is no source
    given.withSource(save, []);
  });
});

describe('the stub of a node', () => {
  test('that is named by its class gets and gives what the node does', () => {
    given.replaceNode(Price, (item) => {
      expectTypeOf(item).toEqualTypeOf<Order>();
      return String(item.id);
    });
    given.replaceNode(Price, async (item, context) => `${String(item.id)} ${context.run.runId}`);
    given.replaceNode(Price, Price);
    given.replaceNode(Batches, async function* (items) {
      expectTypeOf(items).toEqualTypeOf<AsyncIterable<string>>();
      for await (const item of items) yield [item];
    });
    given.replaceNode(Orders, () => [{ id: 1 }]).replaceNode(Orders, [{ id: 1 }]);
    given.replaceNode(Save, (item) => {
      expectTypeOf(item).toEqualTypeOf<string[]>();
    });
    given.replaceNode(Archive, Archive);
    // @ts-expect-error a price is a text
    given.replaceNode(Price, () => 5);
    // @ts-expect-error a price is made of an order
    given.replaceNode(Price, (item: number) => String(item));
    // @ts-expect-error a batch is a list of texts
    given.replaceNode(Batches, async function* () {
      yield 5;
    });
    // @ts-expect-error an order has an id
    given.replaceNode(Orders, [{ name: 'tea' }]);
    // @ts-expect-error a sink of the whole stream takes no single items
    given.replaceNode(Archive, () => undefined);
    // @ts-expect-error another kind of node
    given.replaceNode(Price, Save);
  });

  test('that is named by its handle likewise; generator functions say what they get', () => {
    given.replaceNode(price, (item) => {
      expectTypeOf(item).toEqualTypeOf<Order>();
      return String(item.id);
    });
    given.replaceNode(price, Price).replaceNode(batches, Batches);
    given.replaceNode(batches, async function* (items: AsyncIterable<string>) {
      for await (const item of items) yield [item];
    });
    given.replaceNode(orders, () => [{ id: 1 }]);
    given.replaceNode(save, (item) => {
      expectTypeOf(item).toEqualTypeOf<string[]>();
    });
    given.replaceNode(save, Archive);
    // @ts-expect-error a price is a text
    given.replaceNode(price, () => 5);
    // @ts-expect-error a price is made of an order
    given.replaceNode(price, (item: number) => String(item));
    // @ts-expect-error a batch is a list of texts
    given.replaceNode(batches, async function* (items: AsyncIterable<string>) {
      for await (const item of items) yield item.length;
    });
    // @ts-expect-error an order has an id
    given.replaceNode(orders, () => [{ name: 'tea' }]);
    // @ts-expect-error a batch is a list of texts
    given.replaceNode(save, (item: number) => item);
  });

  test('that is named by its name or path may be anything', () => {
    given.replaceNode('price', () => 5).replaceNode('child/price', Save);
  });
});

describe('what a sink took', () => {
  test('is of the type of its class or handle; under a name it is unknown', () => {
    expectTypeOf(result.sink(Save)).toEqualTypeOf<readonly string[][]>();
    expectTypeOf(result.sink(Archive)).toEqualTypeOf<readonly string[][]>();
    expectTypeOf(result.sink(save)).toEqualTypeOf<readonly string[][]>();
    expectTypeOf(result.sink('save')).toEqualTypeOf<readonly unknown[]>();
    // @ts-expect-error that is no sink
    result.sink(Price);
    // @ts-expect-error that is no sink
    result.sink(orders);
  });
});

describe('the other steps', () => {
  test('take what a run takes', () => {
    expectTypeOf<ManualClock>().toExtend<Clock>();
    given
      .withClock(new ManualClock(new Date(0)))
      .withRun({ tenantId: 'acme', timeoutMs: 5 })
      .withSignal(new AbortController().signal)
      .withLogger(console);
    testPipeline(Shop, { graceMs: 5, clock: new ManualClock() });
    // @ts-expect-error no option of a run
    given.withRun({ tenant: 'acme' });
    // @ts-expect-error that is no clock
    given.withClock(performance);
    // @ts-expect-error that is no logger
    given.withLogger(console.log);
    // @ts-expect-error no option of a runner
    testPipeline(Shop, { clok: new ManualClock() });
  });
});
