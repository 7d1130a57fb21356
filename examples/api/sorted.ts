import { runPipeline, type PipelineBuilder } from 'heirline';
import { sorted } from 'heirline/flow';

class Timeline {
  define(builder: PipelineBuilder) {
    const orders = builder.addSource([{ at: 1 }, { at: 5 }], 'orders');
    const payments = builder.addSource([{ at: 2 }, { at: 9 }], 'payments');
    const events = builder.addMerge({
      from: [orders, payments],
      order: sorted({ by: (event: { at: number }) => event.at }),
    });
    builder.addSink((event) => console.log(event.at), { from: events });
  }
}

await runPipeline(Timeline);

// prints
// 1
// 2
// 5
// 9
