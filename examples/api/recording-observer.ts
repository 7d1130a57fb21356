import { runPipeline, type PipelineBuilder } from 'heirline';
import { RecordingObserver } from 'heirline/testing';

class Checked {
  define(builder: PipelineBuilder) {
    const check = (item: number) => {
      if (item === 2) throw new Error('two is odd');
    };
    builder.addSink(check, { name: 'check', from: builder.addSource([1, 2, 3]), errorPolicy: 'skip' });
  }
}

const executionObserver = new RecordingObserver();
await runPipeline(Checked, { executionObserver });
for (const { path, attempt, error } of executionObserver.of('itemFailed'))
  console.log(path, attempt, error.cause?.message);

// prints
// Checked/check 1 two is odd
