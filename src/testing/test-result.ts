import type { PipelineContext } from '../context/pipeline-context.js';
import type { Definition } from '../engine/pipeline-runner.js';
import type { RunResult } from '../engine/execution/run-result.js';
import type { PipelineError } from '../errors/pipeline-error.js';
import type { DeadLetterEnvelope } from '../ports/dead-letter-sink.js';
import type { SinkTarget } from './node-stub.js';
import type { AnyExecutionEvent } from './recording-observer.js';
import type { RecordedChild } from './tested-child.js';

/** What a test run came to. */
export interface TestResult<TOut = unknown> {
  /** Whether the run ended without an error; items may have been skipped or dead-lettered all the same. */
  readonly succeeded: boolean;
  /** What left the pipeline: a sub-pipeline's outputs, or what the sinks of a root took, in order. */
  readonly outputs: readonly TOut[];
  /** The error that ended the run, or kept it from starting; and a stub whose target was nowhere in the run. */
  readonly errors: readonly PipelineError[];
  /** What was sent to the test's own sink; a child that does not inherit it sends nothing here. */
  readonly deadLetters: readonly DeadLetterEnvelope[];
  /** In order, of every level; a child that does not inherit the observer is silent. */
  readonly events: readonly AnyExecutionEvent[];
  /** The run's root context; of a run that could not start, the one it would have been made from. */
  readonly context: PipelineContext;
  /** The result of the run, also of one that failed; without nodes where it could not start. */
  readonly result: RunResult;
  /**
   * What a sink of the root took; named by its class or its handle, with the type of its items.
   *
   * @throws `NODE_UNKNOWN`, a {@link PipelineError}, for what is no sink of the root, or was replaced; for a class that
   * is not that of exactly one sink.
   */
  sink<T>(which: SinkTarget<T>): readonly T[];
  /**
   * What a sink of the root took, by the sink's name.
   *
   * @throws `NODE_UNKNOWN`, a {@link PipelineError}, for what is no sink of the root, or was replaced.
   */
  sink(name: string): readonly unknown[];
  /**
   * What a stubbed sub-pipeline was given.
   *
   * @throws `NODE_UNKNOWN`, a {@link PipelineError}, for one that was not stubbed.
   */
  child<A, B>(definition: Definition<A, B>): RecordedChild<A>;
}
