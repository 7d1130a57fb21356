import { progressBar, runPipeline, type PipelineBuilder } from 'heirline';

class Numbers {
  define(builder: PipelineBuilder) {
    builder.addSink(() => undefined, { name: 'save', from: builder.addSource([1, 2, 3], 'numbers') });
  }
}

const shown: string[] = [];
const stream = { isTTY: false, write: (text: string) => shown.push(text) }; // process.stderr by default
await runPipeline(Numbers, { executionObserver: progressBar(stream) });
console.log(shown.length, shown[0]?.replace(/\S+\/s\n/, '.../s'));

// prints
// 1 Numbers  3/3  100%  .../s
