import type { OutputCardinality } from '../nodes/composite-options.js';
import type { Execution, OutputReceiver } from './execution/execution.js';
import type { Work } from './execution/work.js';

/** Collects the outputs of a sub-pipeline that `runItem` runs for one item. */
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

  /** Returns the result of `runItem`: a list for `many`, else the first or last output. */
  under(cardinality: OutputCardinality): unknown {
    if (cardinality === 'many') return this.#items;
    return cardinality === 'last' ? this.#items.at(-1) : this.#items[0];
  }
}
