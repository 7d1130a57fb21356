import type { NodeKind } from '../nodes/node-kind.js';
import type { ContextMap } from './context-map.js';
import type { DrawingOptions } from './drawing-options.js';

/** A node of a graph, as plain data. */
export interface GraphNode {
  /** Unique in its graph; the graph of a child can have the same id. */
  readonly id: string;
  /** What the node does; a `composite` has an entry in `childGraphs`. */
  readonly kind: NodeKind;
  /** The options that were given, as data; for a composite also what its child inherits. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What `setNodeMetadata` put there. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A connection of two nodes, by id. */
export interface GraphEdge {
  /** The id of the node that items leave. */
  readonly from: string;
  /** The id of the node that items enter. */
  readonly to: string;
  /** The output that the items leave by, of a node that has several. */
  readonly output?: string;
  /** The input that the items enter by, of a node that has several. */
  readonly input?: string;
}

/** A pipeline as a frozen value: what `define` described. */
export interface PipelineGraph {
  /** The name of the definition; `pipeline` for a builder of your own. */
  readonly name: string;
  /** What the builder's `errorPolicy` and `tolerate` were given for the whole pipeline, in words, by these names. */
  readonly settings: Readonly<Record<string, string>>;
  /** In the order in which they were added. */
  readonly nodes: readonly GraphNode[];
  /** In the order in which they were connected; children's are in their own graphs. */
  readonly edges: readonly GraphEdge[];
  /** The graph of each composite's sub-pipeline, by the composite's id, and of fallbacks, by `<node>/fallback`. */
  readonly childGraphs: ReadonlyMap<string, PipelineGraph>;
  /**
   * The graph as a Mermaid flowchart, with children as subgraphs.
   *
   * @throws {@link PipelineError} `OPTION_INVALID`.
   */
  toMermaid(options?: DrawingOptions): string;
  /**
   * The graph in the DOT language of Graphviz, with children as clusters; {@link toSvg} makes a picture of it.
   *
   * @throws {@link PipelineError} `OPTION_INVALID`.
   */
  toDot(options?: DrawingOptions): string;
  /** Which keys can reach which sub-pipeline, all levels taken together. */
  contextMap(): ContextMap;
  /** The graph as an indented text: nodes, options, and what each child inherits. */
  describe(): string;
}
