import { setTimeout as sleep } from 'node:timers/promises';
import { RunCancelledError, runPipeline, type PipelineBuilder, type PipelineContext } from 'heirline';

class Slow {
  define(builder: PipelineBuilder) {
    const wait = (item: number, { signal }: PipelineContext) => sleep(60_000, item, { signal });
    builder.addSink(wait, { name: 'wait', from: builder.addSource([1]) });
  }
}

try {
  await runPipeline(Slow, { run: { timeoutMs: 20 } });
} catch (error) {
  if (!(error instanceof RunCancelledError)) throw error;
  console.log(error.name, error.code, error.kind, error.result?.status);
}

// prints
// AbortError RUN_CANCELLED deadline cancelled
