import { runPipeline, type PipelineBuilder } from 'heirline';
import { flatMap } from 'heirline/flow';

class Words {
  define(builder: PipelineBuilder) {
    const lines = builder.addSource(['one two', 'three']);
    const words = builder.addStreamTransform(
      flatMap((line: string) => line.split(' ')),
      { from: lines },
    );
    builder.addSink((word) => console.log(word), { from: words });
  }
}

await runPipeline(Words);

// prints
// one
// two
// three
