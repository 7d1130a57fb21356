import { printableText } from '../data/printable-text.js';
import type { NodeKind } from '../nodes/node-kind.js';
import type { ContextMapRow } from './context-map.js';
import { countLines } from './counts-text.js';
import { countsAt } from './drawing-options.js';
import type { DrawingOptions } from './drawing-options.js';
import { fallbacksOf } from './fallbacks-of.js';
import type { GraphEdge, GraphNode, PipelineGraph } from './graph-shape.js';
import { contractText } from './required-text.js';

/** What every kind of drawing shows of a graph. */
export interface DrawnGraph extends DrawnLevel {
  readonly name: string;
  /** What was said about the pipeline as a whole. */
  readonly notes: readonly string[];
}

/** A pipeline as every kind of drawing shows it. */
export interface DrawnLevel {
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

/** A node as every kind of drawing shows it, or a sub-pipeline that is the fallback of one. */
export interface DrawnNode {
  /** Unique in the drawing, in letters, digits and underscores. */
  readonly id: string;
  readonly kind: NodeKind;
  /** The node's id, and the name of its child or the kind of its operator where that differs; without control characters. */
  readonly name: string;
  /** More about the node, each to be shown in a line of its own. */
  readonly notes: readonly string[];
  /** The nodes of the child; undefined for other nodes, and for a child that is described when it runs. */
  readonly child: DrawnLevel | undefined;
  /** The sub-pipelines that get what has failed at the node. */
  readonly fallbacks: readonly DrawnNode[];
}

/** A connection of two drawn nodes. */
export interface DrawnEdge {
  readonly from: DrawnNode;
  readonly to: DrawnNode;
  /** The output and input that it connects, of nodes that have several; empty for others. */
  readonly label: string;
}

/** Says what to draw; how is up to the language of the drawing. */
export function drawingOf(graph: PipelineGraph, options: DrawingOptions): DrawnGraph {
  const rows = options.keys === true ? graph.contextMap().rows : [];
  const drawing = new Drawing(options, new Map(rows.map((row) => [row.path, row])));
  return { name: printable(graph.name), notes: settingsOf(graph), ...drawing.level(graph, graph.name, 'n') };
}

/** So many nodes fit beside each other on a page. */
const MOST_IN_ROW = 8;

/** Whether the nodes of a level stand beside each other also where the drawing goes down: a short one without sub-pipelines. */
export function isRow({ nodes }: DrawnLevel): boolean {
  return (
    nodes.length <= MOST_IN_ROW &&
    nodes.every(({ child, fallbacks }) => child === undefined && fallbacks.length === 0)
  );
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
        this.#node(node, graph, `${path}/${node.id}`, `${prefix}${String(index)}`),
      ]),
    );
    const edges = graph.edges.flatMap((edge) => {
      const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
      return from === undefined || to === undefined ? [] : [{ from, to, label: labelOf(edge) }];
    });
    return { nodes: [...nodes.values()], edges };
  }

  #node(node: GraphNode, graph: PipelineGraph, path: string, id: string): DrawnNode {
    const fallbacks = fallbacksOf(graph, node.id).map(([name, fallback], index) =>
      this.#drawn(name, 'composite', fallback, `${path}/${name}`, `${id}f${String(index)}`, []),
    );
    const child = graph.childGraphs.get(node.id);
    const contract = contractText(node.options['contextConfiguration']);
    const required = contract === undefined ? [] : [contract];
    const drawn = this.#drawn(node.id, node.kind, child, path, id, required);
    return { ...drawn, name: nameWithOperator(drawn.name, node.options['operator']), fallbacks };
  }

  /** @param required the keys that a child requires, which are shown where not all are. */
  #drawn(
    nodeId: string,
    kind: NodeKind,
    child: PipelineGraph | undefined,
    path: string,
    id: string,
    required: readonly string[],
  ): DrawnNode {
    const row = this.rows.get(path);
    const keys = row === undefined ? required : (String(row) || 'no keys').split('\n');
    const counts = countsAt(this.options.counts, path);
    const counted = counts === undefined ? [] : countLines(counts);
    return {
      id,
      kind,
      name: printable(child === undefined || child.name === nodeId ? nodeId : `${nodeId}: ${child.name}`),
      notes: [...kindShown(kind), ...keys, ...(child === undefined ? [] : settingsOf(child)), ...counted].map(
        printable,
      ),
      child: child && this.level(child, path, `${id}_`),
      fallbacks: [],
    };
  }
}

function labelOf({ output = '', input = '' }: GraphEdge): string {
  return printable(output === '' || input === '' ? output + input : `${output} → ${input}`);
}

/** The name of a node, and what its operator is, where the name does not begin with that. */
function nameWithOperator(name: string, operator: unknown): string {
  return typeof operator !== 'string' || name.startsWith(operator) ? name : `${name}: ${printable(operator)}`;
}

function settingsOf({ settings }: PipelineGraph): string[] {
  return Object.entries(settings).map(([name, value]) => printable(`${name}: ${value}`));
}

/** What a junction is. */
function kindShown(kind: NodeKind): string[] {
  return junctions.has(kind) ? [kind] : [];
}

const junctions: ReadonlySet<NodeKind> = new Set(['tap', 'route', 'merge', 'join']);

/** A text in one line, without control characters. */
function printable(text: string): string {
  return printableText(text).replaceAll('\n', ' ');
}
