import { runPipeline, type PipelineBuilder } from 'heirline';
import { reduce } from 'heirline/flow';

class Total {
  define(builder: PipelineBuilder) {
    const amounts = builder.addSource([10, -3, 5]);
    const total = builder.addStreamTransform(
      reduce((sum, amount: number) => sum + amount, 0),
      { from: amounts },
    );
    builder.addSink((sum) => console.log(sum), { from: total });
  }
}

await runPipeline(Total);

// prints
// 12
