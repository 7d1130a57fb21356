import type { GraphEdge } from './graph-shape.js';

/** The edges of one graph, found by either end without a look at the others: a chain is walked in one pass. */
export class EdgeIndex {
  /** In the order in which they were added. */
  readonly edges: GraphEdge[] = [];
  readonly #targets = new Map<string, Set<string>>();
  readonly #inputs = new Map<string, number>();

  constructor(edges: readonly GraphEdge[] = []) {
    for (const { from, to } of edges) this.add(from, to);
  }

  /** Adds an edge, unless it is there. */
  add(from: string, to: string): void {
    if (this.has(from, to)) return;
    const targets = this.#targets.get(from);
    if (targets === undefined) this.#targets.set(from, new Set([to]));
    else targets.add(to);
    this.#inputs.set(to, this.inputsOf(to) + 1);
    this.edges.push(Object.freeze({ from, to }));
  }

  /** Whether one node is connected to another. */
  has(from: string, to: string): boolean {
    return this.targetsOf(from).has(to);
  }

  /** The nodes that the items of a node go to, in the order in which they were connected. */
  targetsOf(from: string): ReadonlySet<string> {
    return this.#targets.get(from) ?? NONE;
  }

  /** How many nodes are connected to a node. */
  inputsOf(to: string): number {
    return this.#inputs.get(to) ?? 0;
  }
}

const NONE: ReadonlySet<string> = new Set();
