import { PipelineInputSource, PipelineOutputSink, PipelineRunner, type PipelineBuilder } from 'heirline';

class Double {
  define(builder: PipelineBuilder<number, number>) {
    const input = builder.addSource(PipelineInputSource<number>, 'input'); // the same as addCompositeInput()
    const output = builder.addSink(PipelineOutputSink<number>, 'output'); // the same as addCompositeOutput()
    builder.connect(
      builder.addTransform((item) => item * 2, { from: input }),
      output,
    );
  }
}

console.log(await new PipelineRunner().runItem(Double, 21));

// prints
// 42
