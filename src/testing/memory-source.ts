import { SourceNode } from '../nodes/source-node.js';

/** A source with the items it was made with; it can be opened any number of times. */
export class MemorySource<T> extends SourceNode<T> {
  readonly #items: readonly T[];

  constructor(items: Iterable<T>) {
    super();
    this.#items = [...items];
  }

  override open(): Iterable<T> {
    return this.#items;
  }
}
