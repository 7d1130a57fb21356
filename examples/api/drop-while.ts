import { runPipeline, type PipelineBuilder } from 'heirline';
import { dropWhile } from 'heirline/flow';

class Body {
  define(builder: PipelineBuilder) {
    const lines = builder.addSource(['# comment', 'a', '# b']);
    const body = builder.addStreamTransform(
      dropWhile((line: string) => line.startsWith('#')),
      { from: lines },
    );
    builder.addSink((line) => console.log(line), { from: body });
  }
}

await runPipeline(Body);

// prints
// a
// # b
