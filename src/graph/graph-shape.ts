import type { NodeKind } from '../nodes/node-kind.js';

/** A node of a graph, as plain data. */
export interface GraphNode {
  readonly id: string;
  readonly kind: NodeKind;
  /** The options that were given, as data; for a composite also what its child inherits. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What `setNodeMetadata` put there. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A connection of two nodes, by id. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
}

/** A pipeline as a frozen value: what `define` described. */
export interface PipelineGraph {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** The graph of each composite's sub-pipeline, by the composite's id. */
  readonly childGraphs: ReadonlyMap<string, PipelineGraph>;
  /** The graph as a Mermaid flowchart, with children as subgraphs. */
  toMermaid(): string;
  /** The graph as an indented text: nodes, options, and what each child inherits. */
  describe(): string;
}
