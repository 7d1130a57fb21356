import { runPipeline, type PipelineBuilder } from 'heirline';
import { flatten } from 'heirline/flow';

class Elements {
  define(builder: PipelineBuilder) {
    const lists = builder.addSource([[1, 2], [], [3]]);
    const elements = builder.addStreamTransform(flatten(), { from: lists });
    builder.addSink((element) => console.log(element), { from: elements });
  }
}

await runPipeline(Elements);

// prints
// 1
// 2
// 3
