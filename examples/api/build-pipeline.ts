import { buildPipeline, type PipelineBuilder } from 'heirline';

class Orders {
  define(builder: PipelineBuilder) {
    const orders = builder.addSource([1, 2], 'orders');
    builder.addSink(() => undefined, { name: 'save', from: orders });
  }
}

const graph = buildPipeline(Orders); // nothing runs
console.log(graph.nodes.map(({ id, kind }) => `${id} is a ${kind}`).join(', '));
console.log(graph.toMermaid());

// prints
// orders is a source, save is a sink
// flowchart LR
//   n0(["orders"])
//   n1[("save")]
//   n0 --> n1
