import { describe, expectTypeOf, test } from 'vitest';
import { PipelineBuilder, type ItemOf, type OutputHandle } from 'heirline';
import { sorted } from 'heirline/flow';

interface Order {
  readonly id: number;
  readonly kind: string;
}

interface Retail extends Order {
  readonly kind: 'retail';
}

interface Payment {
  readonly order: number;
}

const builder = new PipelineBuilder();
const orders = builder.addSource<Order>([]);
const payments = builder.addSource<Payment>([]);

describe('a route', () => {
  test('narrows by type guards, and has an output for the others only where these are emitted', () => {
    const route = builder.addRoute(
      { retail: (order): order is Retail => order.kind === 'retail', large: (order) => order.id > 1000 },
      { from: orders, otherwise: 'emit' },
    );
    expectTypeOf<ItemOf<typeof route.to.retail>>().toEqualTypeOf<Retail>();
    expectTypeOf<ItemOf<typeof route.to.large>>().toEqualTypeOf<Order>();
    expectTypeOf<ItemOf<typeof route.otherwise>>().toEqualTypeOf<Order>();

    const strict = builder.addRoute({ all: () => true }, { from: orders });
    // @ts-expect-error nothing is emitted that no condition takes
    void strict.otherwise;
    // @ts-expect-error there is no such output
    void strict.to.some;
    // @ts-expect-error its outputs are left, not the route itself
    builder.addSink((order: Order) => order.id, { from: strict });
    // @ts-expect-error a promise is no answer
    builder.addRoute({ late: async (order: Order) => order.id > 1 }, { from: orders });
  });
});

describe('a tap', () => {
  test('gives what it gets', () => {
    const tap = builder.addTap((order) => order.id, { from: orders });
    expectTypeOf<ItemOf<typeof tap>>().toEqualTypeOf<Order>();
    // @ts-expect-error payments have no kind
    builder.addTap((order: Order) => order.kind, { from: payments });
  });
});

describe('a merge', () => {
  test('gives the union of its inputs, and tuples with zip', () => {
    const merge = builder.addMerge({ from: [orders, payments] });
    expectTypeOf<ItemOf<typeof merge>>().toEqualTypeOf<Order | Payment>();
    const zip = builder.addMerge({ from: [orders, payments], order: 'zip' });
    expectTypeOf<ItemOf<typeof zip>>().toEqualTypeOf<readonly [Order, Payment]>();
    const one = builder.addMerge({
      from: [orders, orders],
      order: sorted({ by: (order: Order) => order.id }),
    });
    expectTypeOf<ItemOf<typeof one>>().toEqualTypeOf<Order>();
    // @ts-expect-error payments have no id
    builder.addMerge({ from: [orders, payments], order: sorted({ by: (order: Order) => order.id }) });
  });
});

describe('a join', () => {
  const keys = {
    leftKey: (order: Order) => order.id,
    rightKey: (payment: Payment) => payment.order,
  };

  test('gives pairs, of which a side may be absent by its kind', () => {
    const inner = builder.addJoin({ left: orders, right: payments, kind: 'inner', ...keys });
    expectTypeOf(inner).toEqualTypeOf<OutputHandle<readonly [Order, Payment]>>();
    const left = builder.addJoin({ left: orders, right: payments, kind: 'left', ...keys });
    expectTypeOf<ItemOf<typeof left>>().toEqualTypeOf<readonly [Order, Payment | undefined]>();
    const full = builder.addJoin({
      left: orders,
      right: payments,
      kind: 'full',
      leftKey: (order) => order.id,
      rightKey: (payment) => payment.order,
      combine: (order, payment) => order?.id ?? payment?.order ?? 0,
    });
    expectTypeOf<ItemOf<typeof full>>().toEqualTypeOf<number>();
    builder.addJoin({
      left: orders,
      right: payments,
      kind: 'inner',
      // @ts-expect-error an object is no key
      leftKey: (order) => order,
      rightKey: () => 1,
    });
  });
});
