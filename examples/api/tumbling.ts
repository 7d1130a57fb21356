import { runPipeline, type PipelineBuilder } from 'heirline';
import { tumbling, window } from 'heirline/flow';

class Pairs {
  define(builder: PipelineBuilder) {
    const letters = builder.addSource(['a', 'b', 'c']);
    const pairs = builder.addStreamTransform(window(tumbling({ count: 2 })), { from: letters });
    builder.addSink(({ items }) => console.log(items), { from: pairs });
  }
}

await runPipeline(Pairs);

// prints
// [ 'a', 'b' ]
// [ 'c' ]
