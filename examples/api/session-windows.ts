import { runPipeline, type PipelineBuilder } from 'heirline';
import { session, window } from 'heirline/flow';

class Visits {
  define(builder: PipelineBuilder) {
    const clicks = builder.addSource([0, 10, 500]);
    const visits = builder.addStreamTransform(
      window(session({ gapMs: 100 }), { time: (atMs: number) => atMs }),
      { from: clicks },
    );
    builder.addSink(({ items, start, end }) => console.log(items, start, end), { from: visits });
  }
}

await runPipeline(Visits);

// prints
// [ 0, 10 ] 0 110
// [ 500 ] 500 600
