import { describe, expectTypeOf, test } from 'vitest';
import type { OutputHandle, PipelineBuilder, StandardSchema } from 'heirline';
import {
  aggregate,
  batch,
  distinct,
  filter,
  flatMap,
  flatten,
  reduce,
  scan,
  session,
  sliding,
  sortWithin,
  statefulMap,
  take,
  throttle,
  tumbling,
  validate,
  window,
  type Aggregate,
  type Window,
} from 'heirline/flow';

interface Order {
  readonly customer: string;
  readonly amount: number;
  readonly at: Date;
}

interface Express extends Order {
  readonly courier: string;
}

declare const builder: PipelineBuilder;
const orders = builder.addSource<Order>([]);
const express = builder.addSource<Express>([]);

/** The item type of what a handle gives. */
declare function itemOf<T>(handle: OutputHandle<T>): T;

describe('operators without a callback', () => {
  test('get their types from the node before them', () => {
    const batches = builder.addStreamTransform(batch({ size: 2 }), { from: orders });
    const first = builder.addStreamTransform(take(3), { from: orders });
    const again = builder.addStreamTransform(flatten(), { from: batches });

    expectTypeOf(itemOf(batches)).toEqualTypeOf<readonly Order[]>();
    expectTypeOf(itemOf(first)).toEqualTypeOf<Order>();
    expectTypeOf(itemOf(again)).toEqualTypeOf<Order>();
  });

  test('give windows of what comes, with or without bounds', () => {
    const hours = builder.addStreamTransform(window(tumbling({ ms: 1 })), { from: orders });
    const counted = builder.addStreamTransform(window(sliding({ count: 2, every: 1 })), { from: orders });
    const back = builder.addStreamTransform(flatten(), { from: hours });

    expectTypeOf(itemOf(hours)).toEqualTypeOf<Window<Order>>();
    expectTypeOf(itemOf(counted)).toEqualTypeOf<Window<Order, undefined, undefined>>();
    expectTypeOf(itemOf(back)).toEqualTypeOf<Order>();
  });
});

describe('operators with callbacks', () => {
  test('keep what is narrower than their callback', () => {
    const some = builder.addStreamTransform(distinct({ by: (order: Order) => order.customer }), {
      from: express,
    });
    const paced = builder.addStreamTransform(
      throttle({ items: 1, perMs: 1, key: (order: Order) => order.customer }),
      {
        from: express,
      },
    );
    const sorted = builder.addStreamTransform(sortWithin({ by: (order: Order) => order.at, capacity: 2 }), {
      from: express,
    });
    const sessions = builder.addStreamTransform(
      window(session({ gapMs: 1 }), {
        time: (order: Order) => order.at,
        key: (order: Order) => order.customer,
      }),
      { from: express },
    );

    expectTypeOf(itemOf(some)).toEqualTypeOf<Express>();
    expectTypeOf(itemOf(paced)).toEqualTypeOf<Express>();
    expectTypeOf(itemOf(sorted)).toEqualTypeOf<Express>();
    expectTypeOf(itemOf(sessions)).toEqualTypeOf<Window<Express, string>>();
  });

  test('narrow by a guard, and parse by a schema', () => {
    const narrowed = builder.addStreamTransform(
      filter((order: Order): order is Express => 'courier' in order),
      { from: orders },
    );
    const parsed = builder.addStreamTransform(validate({} as StandardSchema<unknown, Express>), {
      from: orders,
    });

    expectTypeOf(itemOf(narrowed)).toEqualTypeOf<Express>();
    expectTypeOf(itemOf(parsed)).toEqualTypeOf<Express>();
  });

  test('give what their step gives', () => {
    const sums = builder.addStreamTransform(
      scan((sum: number, order: Order) => sum + order.amount, 0),
      { from: orders },
    );
    const inferred = reduce((sum, order: Order) => sum + order.amount, 0);
    const lists = reduce((all: readonly Order[], order: Order) => [...all, order], []);
    const pairs = builder.addStreamTransform(
      statefulMap((last: number, order: Order) => [order.amount, [order.amount - last]], 0),
      { from: orders },
    );
    const letters = builder.addStreamTransform(
      flatMap((order: Order) => order.customer.split(' ')),
      { from: orders },
    );

    expectTypeOf(itemOf(sums)).toEqualTypeOf<number>();
    expectTypeOf(itemOf(builder.addStreamTransform(inferred, { from: orders }))).toEqualTypeOf<number>();
    expectTypeOf(itemOf(builder.addStreamTransform(lists, { from: orders }))).toEqualTypeOf<
      readonly Order[]
    >();
    expectTypeOf(itemOf(pairs)).toEqualTypeOf<number>();
    expectTypeOf(itemOf(letters)).toEqualTypeOf<string>();
  });

  test('give aggregates with their key and what finish makes', () => {
    const totals = builder.addStreamTransform(
      aggregate({
        key: (order: Order) => order.customer,
        seed: 0,
        step: (sum: number, order) => sum + order.amount,
        finish: (sum) => String(sum),
      }),
      { from: orders },
    );

    expectTypeOf(itemOf(totals)).toEqualTypeOf<Aggregate<string, string>>();
  });

  test('refuse other items', () => {
    const texts = builder.addSource(['a']);
    const large = filter((order: Order) => order.amount > 1);
    // @ts-expect-error -- a text is no order
    builder.addStreamTransform(large, { from: texts });
    // @ts-expect-error -- a window of time has no count
    tumbling({ ms: 1, count: 2 });
    // @ts-expect-error -- an object is no key
    window(tumbling({ ms: 1 }), { key: (order: Order) => order });
  });
});
