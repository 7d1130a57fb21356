import { runPipeline, type PipelineBuilder } from 'heirline';
import { distinct } from 'heirline/flow';

class Customers {
  define(builder: PipelineBuilder) {
    const orders = builder.addSource(['ada', 'ben', 'ada']);
    const customers = builder.addStreamTransform(distinct(), { from: orders });
    builder.addSink((customer) => console.log(customer), { from: customers });
  }
}

await runPipeline(Customers);

// prints
// ada
// ben
