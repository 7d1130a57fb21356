import type { OutputCardinality } from '../nodes/composite-options.js';
import type { Execution, OutputReceiver } from './execution/execution.js';
import type { Work } from './execution/work.js';

/** Keeps what a sub-pipeline gives for the one item it is run with. */
export class CollectedOutputs implements OutputReceiver {
  readonly #items: unknown[] = [];

  isClosed(): boolean {
    return false;
  }

  receive(execution: Execution, item: unknown): Work {
    execution.count += 1;
    this.#items.push(item);
    return undefined;
  }

  /** The outputs as a cardinality gives them. */
  under(cardinality: OutputCardinality): unknown {
    if (cardinality === 'many') return this.#items;
    return cardinality === 'last' ? this.#items.at(-1) : this.#items[0];
  }
}
