import { runPipeline, type PipelineBuilder, type PipelineDefinition } from 'heirline';

// A sub-pipeline: it takes texts and gives numbers.
class Length implements PipelineDefinition<string, number> {
  define(builder: PipelineBuilder<string, number>) {
    const length = builder.addTransform((text) => text.length, { from: builder.addCompositeInput() });
    builder.connect(length, builder.addCompositeOutput());
  }
}

// A root: it takes and gives nothing.
class Lengths implements PipelineDefinition {
  define(builder: PipelineBuilder) {
    const lengths = builder.addComposite(Length, { from: builder.addSource(['tea', 'salt']) });
    builder.addSink((length) => console.log(length), { from: lengths });
  }
}

await runPipeline(Lengths);

// prints
// 3
// 4
