import { isRow } from './drawing.js';
import type { DrawnEdge, DrawnGraph, DrawnLevel, DrawnNode } from './drawing.js';
import type { DrawingDirection } from './drawing-options.js';

/** The fills of clusters, from the outermost; below the last they begin again. */
const fills = ['#f3f6fa', '#e4ebf4'] as const;

const style = [
  'graph [fontname="Helvetica", fontsize=11, ranksep=0.3, nodesep=0.25]',
  // The margin leaves room for fonts that are wider than the one that Graphviz reckons with.
  'node [shape=box, style=filled, fillcolor=white, color="#5b6b7f", fontname="Helvetica", fontsize=11, height=0.35, margin="0.2,0.07"]',
  'edge [color="#5b6b7f", arrowsize=0.7, fontname="Helvetica", fontsize=10]',
];

/** Draws a pipeline in the language of Graphviz; a composite is a cluster that holds its child's nodes. */
export function dotOf(drawing: DrawnGraph, direction: DrawingDirection): string {
  const direct = `graph [rankdir=${direction === 'down' ? 'TB' : 'LR'}, compound=true]`;
  const { name, notes } = drawing;
  const title = notes.length === 0 ? [] : [`label=${quoted(linesOf(drawing).join('\\n'))}; labelloc=t`];
  const lines = [direct, ...style, ...title, ...levelLines(drawing, 0, direction)];
  return [
    `digraph ${quoted(name.replaceAll('\\', '\\\\'))} {`,
    ...lines.map((line) => `  ${line}`),
    '}',
  ].join('\n');
}

function levelLines(level: DrawnLevel, depth: number, direction: DrawingDirection): string[] {
  const { nodes, edges } = level;
  return [
    ...nodes.flatMap((node) => [
      ...nodeLines(node, depth, direction),
      ...node.fallbacks.flatMap((fallback) => [
        ...nodeLines(fallback, depth, direction),
        failureEdge(node, fallback),
      ]),
    ]),
    ...edges.map(edgeText),
    ...(direction === 'down' && depth > 0 && isRow(level)
      ? [`{ rank=same; ${nodes.map(({ id }) => id).join('; ')} }`]
      : []),
  ];
}

function nodeLines(node: DrawnNode, depth: number, direction: DrawingDirection): string[] {
  const { id, child } = node;
  if (child === undefined) return [`${id} [label=${quoted(linesOf(node).join('\\n'))}${shapeOf(node)}]`];
  const label = quoted(
    linesOf(node)
      .map((line) => `${line}\\l`)
      .join(''),
  );
  const fill = fills[depth % fills.length] ?? fills[0];
  const lines = [
    `label=${label}; labeljust=${direction === 'down' ? 'r' : 'l'}; style=filled; color="#c3cfdd"; fillcolor="${fill}"`,
    ...levelLines(child, depth + 1, direction),
  ];
  return [`subgraph cluster_${id} {`, ...lines.map((line) => `  ${line}`), '}'];
}

/** Items enter a child at its input and leave it at its output, so that is where edges of a composite end. */
function edgeText({ from, to, label }: DrawnEdge): string {
  const edge = `${doorOf(from, 'composite-output')} -> ${doorOf(to, 'composite-input')}`;
  return label === '' ? edge : `${edge} [label=${quoted(escaped(` ${label}`))}]`;
}

/** From the node, or from the border of its cluster, to the input of the fallback. */
function failureEdge(node: DrawnNode, fallback: DrawnNode): string {
  const tail = node.child === undefined ? '' : `, ltail=cluster_${node.id}`;
  return `${doorOf(node, 'composite-output')} -> ${doorOf(fallback, 'composite-input')} [style=dashed, label=" fails"${tail}]`;
}

function doorOf({ id, child }: DrawnNode, kind: 'composite-input' | 'composite-output'): string {
  return child?.nodes.find((node) => node.kind === kind)?.id ?? id;
}

function linesOf({ name, notes }: Pick<DrawnGraph, 'name' | 'notes'>): string[] {
  return [name, ...notes].map(escaped);
}

function shapeOf({ kind }: DrawnNode): string {
  switch (kind) {
    case 'source':
    case 'composite-input':
      return ', style="filled,rounded"';
    case 'sink':
    case 'composite-output':
      return ', shape=cylinder';
    case 'composite':
      return ', peripheries=2';
    case 'route':
      return ', shape=diamond';
    case 'merge':
    case 'join':
      return ', shape=hexagon';
    default:
      return '';
  }
}

/** A text of which Graphviz reads nothing as its own: neither escapes nor entities. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('&', '&amp;');
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '\\"')}"`;
}
