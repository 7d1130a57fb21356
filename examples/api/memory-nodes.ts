import { runPipeline, type PipelineBuilder } from 'heirline';
import { MemorySink, MemorySource } from 'heirline/testing';

class Copy {
  constructor(
    readonly from: MemorySource<string>,
    readonly to: MemorySink<string>,
  ) {}

  define(builder: PipelineBuilder) {
    builder.connect(builder.addSource(this.from), builder.addSink(this.to));
  }
}

const sink = new MemorySink<string>();
const copy = new Copy(new MemorySource(['tea', 'rye']), sink);
await runPipeline(copy);
await runPipeline(copy); // the source can be opened again
console.log(sink.items, sink.flushes);

// prints
// [ 'tea', 'rye', 'tea', 'rye' ] [ 'succeeded', 'succeeded' ]
