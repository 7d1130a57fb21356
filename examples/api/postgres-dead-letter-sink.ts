import { runPipeline, type PipelineBuilder } from 'heirline';
import { postgresDeadLetterSink } from 'heirline/postgres';

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

const day = 24 * 3600 * 1000;
const sink = postgresDeadLetterSink({
  connectionString: process.env['DATABASE_URL'],
  retain: { ageMs: 90 * day },
});
await runPipeline(Parse, { deadLetterSink: sink });

for await (const { path: node, item } of sink.read({ path: 'Parse/parse' })) console.log(node, item);
await sink.close();

// prints
// { a: 1 }
// Parse/parse {"a":
