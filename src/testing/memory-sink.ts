import { SinkNode } from '../nodes/sink-node.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import type { Outcome } from '../ports/execution-observer.js';

/**
 * A sink that keeps the items it gets, in order, and the outcomes it was flushed with.
 *
 * @example
 * {@includeCode ../../examples/api/memory-nodes.ts}
 */
export class MemorySink<T> extends SinkNode<T> {
  /** In the order of their arrival, of all executions of this instance. */
  readonly items: T[] = [];
  /** One per execution that has ended: how it stood when the sink was flushed. */
  readonly flushes: Outcome[] = [];

  override write(item: T): void {
    this.items.push(item);
  }

  override flush(_context: PipelineContext, outcome: Outcome): void {
    this.flushes.push(outcome);
  }
}
