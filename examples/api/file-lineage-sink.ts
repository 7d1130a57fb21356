import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileLineageSink, runPipeline, SKIP, type PipelineBuilder } from 'heirline';

class Filled {
  define(builder: PipelineBuilder) {
    const lines = builder.addSource(['tea', ''], 'lines');
    const filled = builder.addTransform((line) => (line === '' ? SKIP : line), {
      name: 'filled',
      from: lines,
    });
    builder.addSink(() => undefined, { name: 'save', from: filled });
  }
}

const path = join(mkdtempSync(join(tmpdir(), 'lineage-')), 'lineage.ndjson');
const sink = new FileLineageSink({ path, maxBytes: 10_000_000 });
await runPipeline(Filled, { lineageSink: sink });

for await (const { outcome, path: node } of sink.read()) console.log(`${outcome} at ${node}`);
await sink.close();

// prints
// emitted at Filled/save
// filtered at Filled/filled
