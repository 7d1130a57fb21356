import { setImmediate } from 'node:timers/promises';
import { runPipeline, type PipelineBuilder } from 'heirline';
import { buffer } from 'heirline/flow';

class Ahead {
  define(builder: PipelineBuilder) {
    let isRead = false;
    const pages = builder.addSource(function* () {
      yield* ['one', 'two', 'three'];
      isRead = true;
    });
    const ready = builder.addStreamTransform(buffer({ capacity: 2 }), { from: pages });
    builder.addSink(
      async (page) => {
        // Without the buffer, the source would wait for this page.
        while (!isRead) await setImmediate();
        console.log(page);
      },
      { from: ready },
    );
  }
}

await runPipeline(Ahead);

// prints
// one
// two
// three
