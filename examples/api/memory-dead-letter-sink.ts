import { MemoryDeadLetterSink, runPipeline, type PipelineBuilder } from 'heirline';

class Parse {
  define(builder: PipelineBuilder) {
    const parsed = builder.addTransform((text: string): unknown => JSON.parse(text), {
      name: 'parse',
      from: builder.addSource(['{"a":1}', '{"a":']),
      errorPolicy: 'deadLetter',
    });
    builder.addSink((value) => console.log(value), { from: parsed });
  }
}

const deadLetterSink = new MemoryDeadLetterSink();
await runPipeline(Parse, { deadLetterSink });
for (const { item, path, error } of deadLetterSink.envelopes) console.log(path, item, error.cause?.name);

// prints
// { a: 1 }
// Parse/parse {"a": SyntaxError
