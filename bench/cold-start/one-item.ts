import { runPipeline } from 'heirline';
import type { PipelineBuilder } from 'heirline';

/** The least that a user can do: one item, one transform, one sink. */
class OneItem {
  define(builder: PipelineBuilder): void {
    const one = builder.addSource([1]);
    const two = builder.addTransform((item: number) => item + 1, { from: one });
    builder.addSink((item: number) => void (process.exitCode = item === 2 ? 0 : 1), { from: two });
  }
}

process.exitCode = 1;
await runPipeline(OneItem);
