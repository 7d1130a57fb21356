import { describe, expectTypeOf, test } from 'vitest';
import { PipelineBuilder, type OutputHandle, type TransformHandle } from 'heirline';
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
    expectTypeOf(route.to.retail).toEqualTypeOf<OutputHandle<Retail>>();
    expectTypeOf(route.to.large).toEqualTypeOf<OutputHandle<Order>>();
    expectTypeOf(route.otherwise).toEqualTypeOf<OutputHandle<Order>>();

    const strict = builder.addRoute({ all: () => true }, { from: orders });
    // @ts-expect-error nothing is emitted that no condition takes
    expectTypeOf(strict.otherwise).toBeAny();
    // @ts-expect-error there is no such output
    expectTypeOf(strict.to.some).toBeAny();
    // @ts-expect-error its outputs are left, not the route itself
    builder.addSink((order: Order) => order.id, { from: strict });
    // @ts-expect-error a promise is no answer
    builder.addRoute({ late: async (order: Order) => order.id > 1 }, { from: orders });
  });
});

describe('a tap', () => {
  test('gives what it gets', () => {
    const tap = builder.addTap((order) => order.id, { from: orders });
    expectTypeOf(tap).toEqualTypeOf<TransformHandle<Order, Order>>();
    // @ts-expect-error payments have no kind
    builder.addTap((order: Order) => order.kind, { from: payments });
  });
});

describe('a merge', () => {
  test('gives the union of its inputs, and tuples with zip', () => {
    const merge = builder.addMerge({ from: [orders, payments] });
    expectTypeOf(merge).toEqualTypeOf<OutputHandle<Order | Payment>>();
    const zip = builder.addMerge({ from: [orders, payments], order: 'zip' });
    expectTypeOf(zip).toEqualTypeOf<OutputHandle<readonly [Order, Payment]>>();
    const one = builder.addMerge({
      from: [orders, orders],
      order: sorted({ by: (order: Order) => order.id }),
    });
    expectTypeOf(one).toEqualTypeOf<OutputHandle<Order>>();
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
    expectTypeOf(left).toEqualTypeOf<OutputHandle<readonly [Order, Payment | undefined]>>();
    const full = builder.addJoin({
      left: orders,
      right: payments,
      kind: 'full',
      leftKey: (order) => order.id,
      rightKey: (payment) => payment.order,
      combine: (order, payment) => order?.id ?? payment?.order ?? 0,
    });
    expectTypeOf(full).toEqualTypeOf<OutputHandle<number>>();
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
