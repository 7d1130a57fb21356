import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileDeadLetterSink, runPipeline, type PipelineBuilder } from 'heirline';

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

const path = join(mkdtempSync(join(tmpdir(), 'letters-')), 'letters.ndjson');
const sink = new FileDeadLetterSink({ path, maxBytes: 10_000_000 });
await runPipeline(Parse, { deadLetterSink: sink });

for await (const { path: node, item } of sink.read()) console.log(node, item);
console.log(readFileSync(path, 'utf8').split('\n').length - 1, 'line');

// prints
// { a: 1 }
// Parse/parse {"a":
// 1 line
