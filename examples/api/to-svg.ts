import { buildPipeline, toSvg, type PipelineBuilder } from 'heirline';

class Orders {
  define(builder: PipelineBuilder) {
    builder.addSink(() => undefined, { name: 'save', from: builder.addSource([1, 2], 'orders') });
  }
}

const svg = await toSvg(buildPipeline(Orders)); // write it to a file, or into a page
console.log([...svg.matchAll(/<text.*>(\w+)<\/text>/g)].map(([, text]) => text).join(' → '));

// prints
// orders → save
