import type { NodeCounter } from './node-counter.js';
import type { SegmentEntry } from './path-ledger.js';

/** Counts items that pass the nodes of a segment, in one step per item, when it leaves the segment. */
export class Tally {
  /** Per node, and one more for the end: number of walks that stopped there, minus those begun there. */
  readonly #reached: number[];

  constructor(private readonly segment: SegmentEntry) {
    this.#reached = [0, ...segment.nodes.map(() => 0)];
  }

  /** Counts one item that has passed the nodes from index `from` up to `to`, `to` not included. */
  passed(from: number, to: number): void {
    const reached = this.#reached;
    if (from > 0) reached[from] = (reached[from] ?? 0) - 1;
    reached[to] = (reached[to] ?? 0) + 1;
  }

  /** Counts several items that have passed all nodes before index `to`. */
  allPassed(to: number, items: number): void {
    this.#reached[to] = (this.#reached[to] ?? 0) + items;
  }

  /** Adds the counts to the counters of the nodes, and resets them to zero. */
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
