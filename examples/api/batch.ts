import { runPipeline, type PipelineBuilder } from 'heirline';
import { batch } from 'heirline/flow';

class Pairs {
  define(builder: PipelineBuilder) {
    const numbers = builder.addSource([1, 2, 3]);
    const pairs = builder.addStreamTransform(batch({ size: 2 }), { from: numbers });
    builder.addSink((pair) => console.log(pair), { from: pairs });
  }
}

await runPipeline(Pairs);

// prints
// [ 1, 2 ]
// [ 3 ]
