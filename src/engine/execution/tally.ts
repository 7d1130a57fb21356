import type { NodeCounter } from './node-counter.js';
import type { SegmentEntry } from './path-ledger.js';

/** Counts the items that pass the nodes of a segment: once per item, at the place where it leaves them. */
export class Tally {
  /** For each node, and for the end: how many items came just so far, less those that went on from there. */
  readonly #reached: number[];

  constructor(private readonly segment: SegmentEntry) {
    this.#reached = [0, ...segment.nodes.map(() => 0)];
  }

  /** Counts an item that has passed the nodes from one place up to, and without, another. */
  passed(from: number, to: number): void {
    const reached = this.#reached;
    if (from > 0) reached[from] = (reached[from] ?? 0) - 1;
    reached[to] = (reached[to] ?? 0) + 1;
  }

  /** Counts items that have passed all nodes up to, and without, one. */
  allPassed(to: number, items: number): void {
    this.#reached[to] = (this.#reached[to] ?? 0) + items;
  }

  /** Adds what was counted to the counters of the nodes, and starts anew. */
  moveTo(counterOf: (node: number) => NodeCounter): void {
    const { nodes, hasSink } = this.segment;
    let beyond = 0;
    for (let at = nodes.length; at > 0; at -= 1) {
      beyond += this.#reached[at] ?? 0;
      const counter = counterOf(nodes[at - 1] ?? -1);
      counter.in += beyond;
      counter.out += beyond;
      if (!hasSink || at < nodes.length) counter.emitted += beyond;
    }
    this.#reached.fill(0);
  }
}
