import { MemoryLineageSink, redactKeys, runPipeline, type PipelineBuilder } from 'heirline';

class Import {
  define(builder: PipelineBuilder) {
    const orders = builder.addSource([{ id: 7, card: '4111 1111' }], 'orders');
    builder.addSink(() => undefined, { name: 'save', from: orders });
  }
}

const sink = new MemoryLineageSink();
await runPipeline(Import, { lineage: { sink, redact: redactKeys(['card']) } });

console.log(sink.records[0]?.output);

// prints
// { id: 7, card: '[redacted]' }
