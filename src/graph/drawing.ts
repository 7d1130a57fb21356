import { printableText } from '../data/printable-text.js';
import type { NodeKind } from '../nodes/node-kind.js';
import type { ContextMapRow } from './context-map.js';
import { countLines } from './counts-text.js';
import { countsAt } from './drawing-options.js';
import type { DrawingOptions } from './drawing-options.js';
import type { GraphNode, PipelineGraph } from './graph-shape.js';
import { contractText } from './required-text.js';

/** A pipeline as every kind of drawing shows it. */
export interface DrawnLevel {
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

/** A node as every kind of drawing shows it. */
export interface DrawnNode {
  /** Unique in the drawing, in letters, digits and underscores. */
  readonly id: string;
  readonly kind: NodeKind;
  /** The node's id, and for a composite the name of the child where that differs; without control characters. */
  readonly name: string;
  /** More about the node, each to be shown in a line of its own. */
  readonly notes: readonly string[];
  /** The nodes of the child; undefined for other nodes, and for a child that is described when it runs. */
  readonly child: DrawnLevel | undefined;
}

/** A connection of two drawn nodes. */
export interface DrawnEdge {
  readonly from: DrawnNode;
  readonly to: DrawnNode;
}

/** Says what to draw; how is up to the language of the drawing. */
export function drawingOf(graph: PipelineGraph, options: DrawingOptions): DrawnLevel {
  const rows = options.keys === true ? graph.contextMap().rows : [];
  return new Drawing(options, new Map(rows.map((row) => [row.path, row]))).level(graph, graph.name, 'n');
}

/** So many nodes fit beside each other on a page. */
const MOST_IN_ROW = 8;

/** Whether the nodes of a level stand beside each other also where the drawing goes down: a short one without sub-pipelines. */
export function isRow({ nodes }: DrawnLevel): boolean {
  return nodes.length <= MOST_IN_ROW && nodes.every(({ child }) => child === undefined);
}

class Drawing {
  constructor(
    private readonly options: DrawingOptions,
    private readonly rows: ReadonlyMap<string, ContextMapRow>,
  ) {}

  level(graph: PipelineGraph, path: string, prefix: string): DrawnLevel {
    const nodes = new Map(
      graph.nodes.map((node, index) => [
        node.id,
        this.#node(node, graph.childGraphs.get(node.id), `${path}/${node.id}`, `${prefix}${String(index)}`),
      ]),
    );
    const edges = graph.edges.flatMap((edge) => {
      const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
      return from === undefined || to === undefined ? [] : [{ from, to }];
    });
    return { nodes: [...nodes.values()], edges };
  }

  #node(node: GraphNode, child: PipelineGraph | undefined, path: string, id: string): DrawnNode {
    const counts = countsAt(this.options.counts, path);
    const name = child === undefined || child.name === node.id ? node.id : `${node.id}: ${child.name}`;
    return {
      id,
      kind: node.kind,
      name: printable(name),
      notes: [...this.#keys(node, path), ...(counts === undefined ? [] : countLines(counts))].map(printable),
      child: child && this.level(child, path, `${id}_`),
    };
  }

  /** The keys that reach a composite's child: all on request, else those that the child requires. */
  #keys({ options }: GraphNode, path: string): string[] {
    const row = this.rows.get(path);
    if (row !== undefined) return (String(row) || 'no keys').split('\n');
    const contract = contractText(options['contextConfiguration']);
    return contract === undefined ? [] : [contract];
  }
}

/** A text in one line, without control characters. */
function printable(text: string): string {
  return printableText(text).replaceAll('\n', ' ');
}
