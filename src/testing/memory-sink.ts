import { SinkNode } from '../nodes/sink-node.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import type { Outcome } from '../ports/execution-observer.js';

/** A sink that keeps the items it gets, in order, and the outcomes it was flushed with. */
export class MemorySink<T> extends SinkNode<T> {
  readonly items: T[] = [];
  readonly flushes: Outcome[] = [];

  override write(item: T): void {
    this.items.push(item);
  }

  override flush(_context: PipelineContext, outcome: Outcome): void {
    this.flushes.push(outcome);
  }
}
