import { PipelineRunner } from 'heirline';
import type {
  OutputHandle,
  PipelineBuilder,
  PipelineDefinition,
  PipelineRunnerOptions,
  RunContextSource,
} from 'heirline';
import { checksum } from '../harness/checksum.js';
import type { Run } from '../harness/contender.js';

/** A pipeline of numbers between a source and the sink that computes the checksum. */
export interface HeirlineWork {
  readonly source: Iterable<number>;
  /** Adds what is between the source and the sink. */
  readonly describe: (builder: PipelineBuilder, numbers: OutputHandle<number>) => OutputHandle<number>;
  readonly context?: RunContextSource | undefined;
  readonly runnerOptions?: PipelineRunnerOptions | undefined;
  /** How the checksum is computed. Default: depending on the order. */
  readonly add?: ((sum: number, output: number) => number) | undefined;
}

/** Runs a pipeline with a runner of its own, which compiles it once. */
export function heirlineRun({
  source,
  describe,
  context = {},
  runnerOptions,
  add = checksum,
}: HeirlineWork): Run {
  let sum = 0;
  class Numbers implements PipelineDefinition {
    define(builder: PipelineBuilder): void {
      const from = describe(builder, builder.addSource(source, 'numbers'));
      builder.addSink((output: number) => void (sum = add(sum, output)), { name: 'sum', from });
    }
  }
  const runner = new PipelineRunner(runnerOptions);
  return async () => {
    sum = 0;
    await runner.run(Numbers, context);
    return sum;
  };
}
