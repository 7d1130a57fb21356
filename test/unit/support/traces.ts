import { openLineage } from '../../../src/engine/execution/open-lineage.js';
import type { ItemTrace } from '../../../src/lineage/item-trace.js';
import { MemoryLineageSink } from '../../../src/lineage/memory-lineage-sink.js';
import type { RunLineage } from '../../../src/lineage/run-lineage.js';
import type { TracedSite } from '../../../src/lineage/traced-place.js';
import type { LineageOptions } from '../../../src/ports/lineage-options.js';
import type { LineageOutcome } from '../../../src/ports/lineage-sink.js';
import { root } from './frames.js';

/** The lineage of a run that is called `r1`, of a pipeline that is called `orders`. */
export class TracedRun {
  readonly sink = new MemoryLineageSink();
  readonly #root;
  readonly #sites = new Map<string, TracedSite>();
  readonly lineage: RunLineage;
  #taken = 0;

  constructor(options: Partial<LineageOptions> = {}) {
    this.#root = root({ lineage: { sink: this.sink, ...options }, run: { runId: 'r1' } }, 'orders');
    const lineage = openLineage(this.#root);
    if (lineage === undefined) throw new TypeError('the options ask for lineage');
    this.lineage = lineage;
  }

  /** The node at a path below the pipeline, in its root execution. */
  at(path: string): readonly [TracedSite, typeof this.frame] {
    let site = this.#sites.get(path);
    if (site === undefined) {
      site = { id: path.split('/').at(-1) ?? '', path: `orders/${path}` };
      this.#sites.set(path, site);
    }
    return [site, this.frame];
  }

  get frame() {
    return this.#root.frame;
  }

  /** Follows the next item. */
  follow(item: unknown = 'item'): ItemTrace {
    const trace = this.lineage.follow(item, this.#taken);
    this.#taken += 1;
    if (trace === undefined) throw new TypeError('the item is not sampled');
    return trace;
  }

  /** Ends a branch at a node. */
  end(trace: ItemTrace, outcome: LineageOutcome, path = 'save'): void {
    void trace.end(outcome, ...this.at(path), 1);
  }
}
