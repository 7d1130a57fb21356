import type { PipelineContext } from '../context/pipeline-context.js';
import type { Skip } from './skip.js';
import type { NodeLifecycle } from './node-lifecycle.js';

/**
 * Makes one item of another, or filters it out with `SKIP`.
 *
 * @example
 * {@includeCode ../../examples/api/transform-node.ts}
 */
export abstract class TransformNode<TIn, TOut> implements NodeLifecycle {
  /** Awaited before the first item; called only on what the run made. */
  init?(context: PipelineContext): unknown;
  /** Awaited when the execution ends, or the run with `lifetime: 'run'`; called only on what the run made. */
  dispose?(): unknown;

  /** Called once per item; with `concurrency` 1, the default, never twice at once in one execution. */
  abstract transform(item: TIn, context: PipelineContext): TOut | Skip | Promise<TOut | Skip>;
}
