import { describe, expectTypeOf, test } from 'vitest';
import {
  PipelineBuilder,
  SKIP,
  type CompositeOptions,
  type PipelineContext,
  type PipelineDefinition,
  type TransformHandle,
} from 'heirline';

interface Order {
  readonly id: number;
  readonly street: string;
}
interface Address {
  readonly city: string;
}
interface LocatedOrder extends Order {
  readonly address: Address;
}

class Locate implements PipelineDefinition<string, Address> {
  define(builder: PipelineBuilder<string, Address>): void {
    const locate = builder.addTransform((street: string) => ({ city: street }), {
      from: builder.addCompositeInput(),
    });
    builder.connect(locate, builder.addCompositeOutput());
  }
}
class Check implements PipelineDefinition<Order, boolean> {
  define(builder: PipelineBuilder<Order, boolean>): void {
    const check = builder.addTransform((order: Order) => order.id > 0, { from: builder.addCompositeInput() });
    builder.connect(check, builder.addCompositeOutput());
  }
}

const builder = new PipelineBuilder();
const orders = builder.addSource<Order>([{ id: 1, street: 'Main Street' }], 'orders');

describe('`input` and `combine` are inferred without type arguments', () => {
  test('from the node before: its item enriched by what the child gives', () => {
    const located = builder.addComposite(Locate, {
      name: 'locate',
      from: orders,
      input: (order, parent) => {
        expectTypeOf(order).toEqualTypeOf<Order>();
        expectTypeOf(parent).toEqualTypeOf<PipelineContext>();
        return order.street;
      },
      combine: (order, address, parent) => {
        expectTypeOf(order).toEqualTypeOf<Order>();
        expectTypeOf(address).toEqualTypeOf<Address>();
        expectTypeOf(parent).toEqualTypeOf<PipelineContext>();
        return { ...order, address };
      },
    });
    expectTypeOf(located).toExtend<TransformHandle<Order, LocatedOrder>>();
    builder.connect(
      located,
      builder.addSink((order: LocatedOrder) => order.address.city),
    );
  });

  test('from an annotated item, where the node is connected later', () => {
    const located = builder.addComposite(Locate, {
      input: (order: Order) => order.street,
      combine: (order, address) => ({ id: order.id, ...address }),
    });
    expectTypeOf(located).toEqualTypeOf<TransformHandle<Order, { city: string; id: number }>>();
    builder.connect(orders, located);
  });

  test('`input` alone: what leaves is the output of the child', () => {
    expectTypeOf(
      builder.addComposite(Locate, { from: orders, input: (order) => order.street }),
    ).toEqualTypeOf<TransformHandle<Order, Address>>();
  });

  test('`combine` alone: the child gets the item itself', () => {
    const checked = builder.addComposite(Check, {
      from: orders,
      combine: (order, isGood) => {
        expectTypeOf(order).toEqualTypeOf<Order>();
        expectTypeOf(isGood).toEqualTypeOf<boolean>();
        return { ...order, isGood };
      },
    });
    expectTypeOf(checked).toEqualTypeOf<
      TransformHandle<Order, { isGood: boolean; id: number; street: string }>
    >();
  });

  test('an output that is left out is no item', () => {
    expectTypeOf(
      builder.addComposite(Check, { from: orders, combine: (order, isGood) => (isGood ? order : SKIP) }),
    ).toEqualTypeOf<TransformHandle<Order, Order>>();
  });

  test('`with` gets the own item of the composite, beside either', () => {
    builder.addComposite(new Locate(), {
      from: orders,
      output: 'many',
      with: (order) => {
        expectTypeOf(order).toEqualTypeOf<Order>();
        return { parameters: { id: order.id } };
      },
      input: (order) => order.street,
    });
  });

  test('options that are undefined are options left out', () => {
    expectTypeOf(
      builder.addComposite(Check, { from: orders, input: undefined, combine: undefined }),
    ).toEqualTypeOf<TransformHandle<Order, boolean>>();
    expectTypeOf(
      builder.addComposite(Locate, { from: orders, input: (order) => order.street, combine: undefined }),
    ).toEqualTypeOf<TransformHandle<Order, Address>>();
  });

  test('the type of the options has both', () => {
    expectTypeOf<CompositeOptions<Order>>().toHaveProperty('input');
    expectTypeOf<CompositeOptions<Order>>().toHaveProperty('combine');
    const options = {
      input: (order: Order) => order.street,
      combine: (order: Order, address: Address) => ({ ...order, address }),
    } satisfies CompositeOptions<Order>;
    expectTypeOf(builder.addComposite(Locate, { ...options, name: 'again' })).toExtend<
      TransformHandle<Order, LocatedOrder>
    >();
  });
});

describe('wrong ones do not compile', () => {
  test('the item of another type, without `input`', () => {
    // @ts-expect-error orders are sent, streets are taken, and nothing makes one of the other
    builder.addComposite(Locate, { from: orders });
  });

  test('`input` that gives another type than the child takes', () => {
    // @ts-expect-error the child takes streets
    builder.addComposite(Locate, { from: orders, input: (order) => order.id });
  });

  test('`input` that does not answer at once', () => {
    // @ts-expect-error the child takes streets, no promises of them
    builder.addComposite(Locate, { from: orders, input: (order) => Promise.resolve(order.street) });
    // @ts-expect-error `input` may not leave an item out
    builder.addComposite(Locate, { from: orders, input: () => SKIP });
  });

  test('`combine` that reads what is not there', () => {
    builder.addComposite(Locate, {
      from: orders,
      input: (order) => order.street,
      // @ts-expect-error an address has no country
      combine: (order, address) => `${order.street}, ${String(address.country)}`,
    });
  });

  test('both with granularity stream', () => {
    // @ts-expect-error there is no single item
    builder.addComposite(Check, { from: orders, granularity: 'stream', input: (order: Order) => order });
    // @ts-expect-error there is no single item
    builder.addComposite(Check, { from: orders, granularity: 'stream', combine: (order: Order) => order });
  });

  test('what leaves, sent where it does not fit', () => {
    const located = builder.addComposite(Locate, { from: orders, input: (order) => order.street });
    const save = builder.addSink((order: Order) => order.id);
    // @ts-expect-error an address is no order
    builder.connect(located, save);
  });
});
