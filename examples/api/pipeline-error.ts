import { PipelineError, runPipeline, type PipelineBuilder } from 'heirline';

class Orders {
  define(builder: PipelineBuilder) {
    const check = (order: number) => {
      if (order === 3) throw new RangeError('no such order');
    };
    builder.addSink(check, { name: 'check', from: builder.addSource([1, 2, 3, 4]) });
  }
}

try {
  await runPipeline(Orders);
} catch (error) {
  if (!(error instanceof PipelineError)) throw error;
  console.log(error.code, error.path, error.cause instanceof RangeError); // the cause as it was thrown
  console.log(error.result?.status, error.result?.nodes.get('Orders/check')?.out); // how far the run came
}

// prints
// NODE_FAILED Orders/check true
// failed 2
