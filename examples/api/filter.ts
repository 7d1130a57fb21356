import { runPipeline, type PipelineBuilder } from 'heirline';
import { filter } from 'heirline/flow';

class Large {
  define(builder: PipelineBuilder) {
    const orders = builder.addSource([{ amount: 3 }, { amount: 1200 }]);
    const large = builder.addStreamTransform(
      filter((order: { amount: number }) => order.amount > 1000),
      { from: orders },
    );
    builder.addSink((order) => console.log(order), { from: large });
  }
}

await runPipeline(Large);

// prints
// { amount: 1200 }
