import { runPipeline, type PipelineBuilder } from 'heirline';
import { take } from 'heirline/flow';

class Firsts {
  define(builder: PipelineBuilder) {
    const numbers = builder.addSource([1, 2, 3, 4]);
    const firsts = builder.addStreamTransform(take(2), { from: numbers });
    builder.addSink((number) => console.log(number), { from: firsts });
  }
}

await runPipeline(Firsts);

// prints
// 1
// 2
