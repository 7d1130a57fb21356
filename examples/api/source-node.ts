import { runPipeline, SourceNode, type PipelineBuilder, type PipelineContext } from 'heirline';

class Countdown extends SourceNode<number> {
  *open({ parameters }: PipelineContext) {
    try {
      for (let left = parameters.require<number>('from'); left > 0; left -= 1) yield left;
    } finally {
      console.log('closed'); // in every ending
    }
  }
}

class Launch {
  define(builder: PipelineBuilder) {
    builder.addSink((left: number) => console.log(left), { from: builder.addSource(Countdown) });
  }
}

await runPipeline(Launch, { parameters: { from: 2 } });

// prints
// 2
// 1
// closed
