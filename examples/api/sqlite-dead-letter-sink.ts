import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPipeline, type PipelineBuilder } from 'heirline';
import { sqliteDeadLetterSink } from 'heirline/sqlite';

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

const path = join(mkdtempSync(join(tmpdir(), 'letters-')), 'letters.db');
const sink = sqliteDeadLetterSink({ path, retain: { count: 100_000 } });
await runPipeline(Parse, { deadLetterSink: sink });

for await (const { path: node, item } of sink.read({ path: 'Parse/parse' })) console.log(node, item);
await sink.close();

// prints
// { a: 1 }
// Parse/parse {"a":
