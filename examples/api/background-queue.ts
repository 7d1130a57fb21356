import { BackgroundQueue, requireContext, runPipeline, type PipelineBuilder } from 'heirline';

const audit = new BackgroundQueue<string>({
  worker: (line) => console.log(`${line} of ${requireContext().run.tenantId}`),
});

class Order {
  define(builder: PipelineBuilder) {
    // Accepted, not done: the run does not wait for the worker.
    builder.addSink((line: string) => audit.enqueue(line), { from: builder.addSource(['an order']) });
  }
}

for (const tenantId of ['acme', 'globex']) await runPipeline(Order, { run: { tenantId } });
const { remaining } = await audit.close({ timeoutMs: 5_000 });
console.log(remaining.length, 'not done');

// prints
// an order of acme
// an order of globex
// 0 not done
