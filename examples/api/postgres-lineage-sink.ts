import { runPipeline, SKIP, type PipelineBuilder } from 'heirline';
import { postgresLineageSink } from 'heirline/postgres';

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

const sink = postgresLineageSink({ connectionString: process.env['DATABASE_URL'] });
await runPipeline(Filled, { lineageSink: sink });

for (const { outcome, path } of await sink.passedThrough('Filled/filled'))
  console.log(`${outcome} at ${path}`);
const day = 24 * 3600 * 1000;
console.log(await sink.prune({ before: Date.now() - 90 * day }), 'records pruned');
await sink.close();

// prints
// emitted at Filled/save
// filtered at Filled/filled
// 0 records pruned
