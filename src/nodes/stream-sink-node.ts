import type { PipelineContext } from '../context/pipeline-context.js';
import type { NodeLifecycle } from './node-lifecycle.js';

/**
 * Takes a whole stream out of a pipeline.
 *
 * @example
 * {@includeCode ../../examples/api/stream-sink-node.ts}
 */
export abstract class StreamSinkNode<TIn> implements NodeLifecycle {
  /** Awaited before the first item; called only on what the run made. */
  init?(context: PipelineContext): unknown;
  /** Awaited when the execution ends, or the run with `lifetime: 'run'`; called only on what the run made. */
  dispose?(): unknown;

  /** Called once per execution; the execution ends when the returned promise has settled. */
  abstract consume(items: AsyncIterable<TIn>, context: PipelineContext): unknown;
}
