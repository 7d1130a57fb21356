import { runPipeline, type PipelineBuilder } from 'heirline';
import { aggregate } from 'heirline/flow';

interface Order {
  readonly customer: string;
  readonly amount: number;
}

class Totals {
  define(builder: PipelineBuilder) {
    const orders = builder.addSource<Order>([
      { customer: 'ada', amount: 20 },
      { customer: 'bob', amount: 5 },
      { customer: 'ada', amount: 10 },
    ]);
    const totals = builder.addStreamTransform(
      aggregate({
        key: (order: Order) => order.customer,
        seed: 0,
        step: (sum: number, order) => sum + order.amount,
      }),
      { from: orders },
    );
    builder.addSink(({ key, value }) => console.log(key, value), { from: totals });
  }
}

await runPipeline(Totals);

// prints
// ada 30
// bob 5
