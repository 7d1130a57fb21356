import { buildPipeline, PipelineValidationError, type PipelineBuilder } from 'heirline';

class Broken {
  define(builder: PipelineBuilder) {
    builder.addSource([1], 'numbers'); // goes nowhere
    builder.addSink(() => undefined, 'save'); // gets nothing
  }
}

try {
  buildPipeline(Broken);
} catch (error) {
  if (!(error instanceof PipelineValidationError)) throw error;
  for (const { code, path } of error.errors) console.log(code, path); // every problem at once
}

// prints
// NODE_UNCONNECTED Broken/numbers
// NODE_UNCONNECTED Broken/save
