import { MemoryLineageSink, runPipeline, SKIP, type PipelineBuilder } from 'heirline';

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

const lineageSink = new MemoryLineageSink();
await runPipeline(Filled, { lineageSink });
for (const { outcome, path, traversal } of lineageSink.records)
  console.log(`${outcome} at ${path}, passed`, traversal.map(({ nodeId }) => nodeId).join(', '));

// prints
// emitted at Filled/save, passed lines, filled, save
// filtered at Filled/filled, passed lines, filled
