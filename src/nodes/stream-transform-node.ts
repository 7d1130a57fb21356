import type { PipelineContext } from '../context/pipeline-context.js';
import type { NodeLifecycle } from './node-lifecycle.js';
import type { Items } from './source-node.js';

/**
 * Makes a stream of another one: batches, windows, joins.
 *
 * @example
 * {@includeCode ../../examples/api/stream-transform-node.ts}
 */
export abstract class StreamTransformNode<TIn, TOut> implements NodeLifecycle {
  /** Awaited before the first item; called only on what the run made. */
  init?(context: PipelineContext): unknown;
  /** Awaited when the execution ends, or the run with `lifetime: 'run'`; called only on what the run made. */
  dispose?(): unknown;

  /** Called once per execution. Asking for the next item lets the one before go; returning early ends the input. */
  abstract transform(items: AsyncIterable<TIn>, context: PipelineContext): Items<TOut> | Promise<Items<TOut>>;
}
