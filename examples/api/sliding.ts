import { runPipeline, type PipelineBuilder } from 'heirline';
import { sliding, window } from 'heirline/flow';

class Neighbours {
  define(builder: PipelineBuilder) {
    const letters = builder.addSource(['a', 'b', 'c']);
    const pairs = builder.addStreamTransform(window(sliding({ count: 2, every: 1, partial: false })), {
      from: letters,
    });
    builder.addSink(({ items }) => console.log(items), { from: pairs });
  }
}

await runPipeline(Neighbours);

// prints
// [ 'a', 'b' ]
// [ 'b', 'c' ]
