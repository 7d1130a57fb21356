import { runPipeline, type PipelineBuilder } from 'heirline';
import { sortWithin } from 'heirline/flow';

class InOrder {
  define(builder: PipelineBuilder) {
    const numbers = builder.addSource([2, 1, 3, 5, 4]);
    const sorted = builder.addStreamTransform(sortWithin({ by: (item: number) => item, capacity: 1 }), {
      from: numbers,
    });
    builder.addSink((item) => console.log(item), { from: sorted });
  }
}

await runPipeline(InOrder);

// prints
// 1
// 2
// 3
// 4
// 5
