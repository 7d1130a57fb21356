import { SinkNode } from './sink-node.js';

/**
 * The node where a sub-pipeline hands its items back to the composite that runs it.
 *
 * @example
 * {@includeCode ../../examples/api/pipeline-bridges.ts}
 */
export class PipelineOutputSink<T> extends SinkNode<T> {
  /** Never called: the engine takes the items over. */
  override write(item: T): T {
    return item;
  }
}
