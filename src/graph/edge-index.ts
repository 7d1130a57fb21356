import type { GraphEdge } from './graph-shape.js';

/** The edges of one graph, found by either end without a look at the others: a chain is walked in one pass. */
export class EdgeIndex {
  /** In the order in which they were added. */
  readonly edges: GraphEdge[] = [];
  readonly #from = new Map<string, GraphEdge[]>();
  readonly #inputs = new Map<string, number>();
  readonly #known = new Set<string>();

  constructor(edges: readonly GraphEdge[] = []) {
    for (const edge of edges) this.add(edge);
  }

  /** Adds an edge, unless it is there. */
  add(edge: GraphEdge): void {
    if (this.has(edge)) return;
    this.#known.add(nameOf(edge));
    const frozen = Object.freeze({ ...edge });
    const known = this.#from.get(edge.from);
    if (known === undefined) this.#from.set(edge.from, [frozen]);
    else known.push(frozen);
    this.#inputs.set(edge.to, this.inputsOf(edge.to) + 1);
    this.edges.push(frozen);
  }

  /** Whether one node is connected to another, by the same output and input. */
  has(edge: GraphEdge): boolean {
    return this.#known.has(nameOf(edge));
  }

  /** The edges that leave a node, in the order in which they were connected. */
  edgesOf(from: string): readonly GraphEdge[] {
    return this.#from.get(from) ?? NONE;
  }

  /** The nodes that the items of a node go to, each once, in the order in which they were connected. */
  targetsOf(from: string): ReadonlySet<string> {
    return new Set(this.edgesOf(from).map(({ to }) => to));
  }

  /** How many edges lead to a node. */
  inputsOf(to: string): number {
    return this.#inputs.get(to) ?? 0;
  }

  /** Whether some nodes get items from one node, however far before them; a node counts as before itself. */
  haveCommonOrigin(ids: readonly string[]): boolean {
    const into = new Map<string, string[]>();
    for (const { from, to } of this.edges) into.set(to, [...(into.get(to) ?? []), from]);
    const seen = new Set<string>();
    return ids.some((id) => {
      const origins = new Set([id]);
      // A Set is iterated in order of insertion, also over what is added meanwhile.
      for (const origin of origins) for (const before of into.get(origin) ?? []) origins.add(before);
      const isShared = [...origins].some((origin) => seen.has(origin));
      for (const origin of origins) seen.add(origin);
      return isShared;
    });
  }
}

const NONE: readonly GraphEdge[] = [];

function nameOf({ from, to, output, input }: GraphEdge): string {
  return JSON.stringify([from, to, output, input]);
}
