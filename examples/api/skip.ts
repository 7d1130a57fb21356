import { runPipeline, SKIP, type PipelineBuilder } from 'heirline';

class Filled {
  define(builder: PipelineBuilder) {
    const lines = builder.addSource(['tea', '', 'rye'], 'lines');
    const filled = builder.addTransform((line) => (line === '' ? SKIP : line), {
      name: 'filled',
      from: lines,
    });
    builder.addSink((line) => console.log(line), { from: filled });
  }
}

const { nodes } = await runPipeline(Filled);
console.log(nodes.get('Filled/filled')?.filtered, 'filtered');

// prints
// tea
// rye
// 1 filtered
