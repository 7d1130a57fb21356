import { observers, runPipeline, type ExecutionObserver, type PipelineBuilder } from 'heirline';

class Numbers {
  define(builder: PipelineBuilder) {
    builder.addSink(() => undefined, { name: 'save', from: builder.addSource([1, 2], 'numbers') });
  }
}

const progress: ExecutionObserver = { nodeCompleted: ({ path, outcome }) => console.log(path, outcome) };
const ending: ExecutionObserver = {
  pipelineCompleted: ({ pipelineName }) => console.log(pipelineName, 'ended'),
};
await runPipeline(Numbers, { executionObserver: observers(progress, ending) });

// prints
// Numbers/numbers succeeded
// Numbers/save succeeded
// Numbers ended
