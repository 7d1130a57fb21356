import type { GraphNode, PipelineGraph } from './graph-shape.js';

/** Describes a graph in indented lines: each node with its kind, options, metadata and where its items go. */
export function describeGraph(graph: PipelineGraph): string {
  return [graph.name, ...describeLevel(graph, '')].join('\n');
}

function describeLevel(graph: PipelineGraph, indent: string): string[] {
  return graph.nodes.flatMap((node, index) => {
    const isLast = index === graph.nodes.length - 1;
    const child = graph.childGraphs.get(node.id);
    const line = `${indent}${isLast ? '└─' : '├─'} ${describeNode(graph, node, child)}`;
    return child === undefined
      ? [line]
      : [line, ...describeLevel(child, `${indent}${isLast ? '   ' : '│  '}`)];
  });
}

function describeNode(graph: PipelineGraph, node: GraphNode, child: PipelineGraph | undefined): string {
  const targets = graph.edges.filter(({ from }) => from === node.id).map(({ to }) => to);
  return [
    node.id,
    `(${child === undefined || child.name === node.id ? node.kind : `${node.kind} ${child.name}`})`,
    ...describeEntries(node.options, ''),
    ...describeEntries(node.metadata, '#'),
    ...(targets.length === 0 ? [] : [`→ ${targets.join(', ')}`]),
  ].join(' ');
}

function describeEntries(entries: Readonly<Record<string, unknown>>, mark: string): string[] {
  const parts = Object.entries(entries).map(([key, value]) => `${mark}${key}=${describeValue(value)}`);
  return parts.length === 0 ? [] : [`[${parts.join(', ')}]`];
}

function describeValue(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
