import { runPipeline, type PipelineBuilder } from 'heirline';
import { takeWhile } from 'heirline/flow';

class Ramp {
  define(builder: PipelineBuilder) {
    const numbers = builder.addSource([1, 2, 9, 3]);
    const ramp = builder.addStreamTransform(
      takeWhile((number: number) => number < 5),
      { from: numbers },
    );
    builder.addSink((number) => console.log(number), { from: ramp });
  }
}

await runPipeline(Ramp);

// prints
// 1
// 2
