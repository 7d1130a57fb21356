import { givenItems } from './given-items.js';
import { SourceNode } from '../nodes/source-node.js';

/**
 * A source with the items it was made with; it can be opened any number of times.
 *
 * @example
 * {@includeCode ../../examples/api/memory-nodes.ts}
 */
export class MemorySource<T> extends SourceNode<T> {
  readonly #items: readonly T[];

  /** @throws `OPTION_INVALID`, a `PipelineError`, for what cannot be iterated at once. */
  constructor(items: Iterable<T>) {
    super();
    this.#items = typeof items === 'string' ? Array.from<T>(items) : givenItems(items, 'new MemorySource');
  }

  override open(): Iterable<T> {
    return this.#items;
  }
}
