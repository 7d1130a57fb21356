import { OpenLineageSink, runPipeline, type PipelineBuilder } from 'heirline';

class Orders {
  define(builder: PipelineBuilder) {
    const read = builder.addSource(['tea', 'milk'], 'read');
    builder.setNodeMetadata(read, 'openLineage', { namespace: 'postgres://db:5432', name: 'shop.orders' });
    builder.addSink(() => undefined, { name: 'save', from: read });
  }
}

const sink = new OpenLineageSink({
  namespace: 'shop',
  // Or a server: url: 'http://localhost:5000/api/v1/lineage'
  emit: ({ eventType, job, inputs, outputs }) => {
    console.log(
      eventType,
      job.name,
      inputs.map(({ name }) => name),
      outputs.map(({ name }) => name),
    );
  },
});
await runPipeline(Orders, { executionObserver: sink, lineageSink: sink });
await sink.flush();

// prints
// START Orders [] []
// COMPLETE Orders [ 'shop.orders' ] [ 'Orders.save' ]
