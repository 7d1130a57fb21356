import { runPipeline, type PipelineBuilder } from 'heirline';
import { drop } from 'heirline/flow';

class Rows {
  define(builder: PipelineBuilder) {
    const rows = builder.addSource(['name', 'ada', 'ben']);
    const data = builder.addStreamTransform(drop(1), { from: rows });
    builder.addSink((row) => console.log(row), { from: data });
  }
}

await runPipeline(Rows);

// prints
// ada
// ben
