import type { PipelineContext } from '../context/pipeline-context.js';
import type { Outcome } from '../ports/execution-observer.js';
import type { NodeLifecycle } from './node-lifecycle.js';

/**
 * Takes items out of a pipeline.
 *
 * @example
 * {@includeCode ../../examples/api/sink-node.ts}
 */
export abstract class SinkNode<TIn> implements NodeLifecycle {
  /** Awaited before the first item; called only on what the run made. */
  init?(context: PipelineContext): unknown;
  /** Awaited when the execution ends, or the run with `lifetime: 'run'`; called only on what the run made. */
  dispose?(): unknown;

  /** Called once per item; a returned promise is awaited before the next one. */
  abstract write(item: TIn, context: PipelineContext): unknown;

  /** Called once at the end of the execution, in every ending, also on an instance that executions share. */
  flush?(context: PipelineContext, outcome: Outcome): unknown;
}
