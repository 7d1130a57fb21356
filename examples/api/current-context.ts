import { setTimeout as sleep } from 'node:timers/promises';
import { currentContext, requireContext, runPipeline, type PipelineBuilder } from 'heirline';

// Called from anywhere below a node, without being handed a context.
async function log(message: string) {
  await sleep(1);
  console.log(requireContext().path, message);
}

class Job {
  define(builder: PipelineBuilder) {
    builder.addSink((item: string) => log(`got ${item}`), { from: builder.addSource(['an order']) });
  }
}

await runPipeline(Job);
console.log(currentContext()); // outside of a run

// prints
// Job got an order
// undefined
