import type { PipelineContext } from '../context/pipeline-context.js';
import type { NodeLifecycle } from './node-lifecycle.js';

/** Items to pull one at a time. */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Brings items into a pipeline; they are pulled one at a time, and the iterator is closed in every ending.
 *
 * @example
 * {@includeCode ../../examples/api/source-node.ts}
 */
export abstract class SourceNode<TOut> implements NodeLifecycle {
  /** Awaited before the first item; called only on what the run made. */
  init?(context: PipelineContext): unknown;
  /** Awaited when the execution ends, or the run with `lifetime: 'run'`; called only on what the run made. */
  dispose?(): unknown;

  /** Opens the source, once per execution. */
  abstract open(context: PipelineContext): Items<TOut> | Promise<Items<TOut>>;
}
