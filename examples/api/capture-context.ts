import { captureContext, requireContext, runPipeline, type PipelineBuilder } from 'heirline';

const batch: (() => void)[] = [];

class Save {
  define(builder: PipelineBuilder) {
    const save = (row: string) => {
      const captured = captureContext(); // while the node is called
      batch.push(() => captured.run(() => console.log(`${row} of ${requireContext().run.tenantId}`)));
    };
    builder.addSink(save, { from: builder.addSource(['row 1']) });
  }
}

for (const tenantId of ['acme', 'globex']) await runPipeline(Save, { run: { tenantId } });
for (const write of batch) write(); // later, each in the context that it was captured in

// prints
// row 1 of acme
// row 1 of globex
