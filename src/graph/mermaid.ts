import { fallbacksOf } from './fallbacks-of.js';
import type { GraphNode, PipelineGraph } from './graph-shape.js';
import { contractText } from './required-text.js';

/** Draws a graph as a Mermaid flowchart; a composite is a subgraph that holds its child's nodes. */
export function mermaidOf(graph: PipelineGraph): string {
  const title = withSettings(graph.name, graph);
  const header = title === graph.name ? [] : ['---', `title: ${JSON.stringify(title)}`, '---'];
  return [...header, 'flowchart LR', ...drawLevel(graph, 'n', '  ')].join('\n');
}

/** A pipeline's label with what was said about it as a whole: `orders (errorPolicy: * → skip)`. */
function withSettings(label: string, { settings }: PipelineGraph): string {
  const said = Object.entries(settings).map(([name, value]) => `${name}: ${value}`);
  return said.length === 0 ? label : `${label} (${said.join(', ')})`;
}

function drawLevel(graph: PipelineGraph, prefix: string, indent: string): string[] {
  const idOf = new Map(graph.nodes.map((node, index) => [node.id, `${prefix}${String(index)}`]));
  const nodes = graph.nodes.flatMap((node) => drawNode(graph, node, idOf.get(node.id) ?? prefix, indent));
  const edges = graph.edges.map(
    ({ from, to }) => `${indent}${idOf.get(from) ?? from} --> ${idOf.get(to) ?? to}`,
  );
  return [...nodes, ...edges];
}

function drawNode(graph: PipelineGraph, node: GraphNode, id: string, indent: string): string[] {
  const child = graph.childGraphs.get(node.id);
  const fallbacks = fallbacksOf(graph, node.id).flatMap(([name, fallback], index) => {
    const fallbackId = `${id}f${String(index)}`;
    return [
      ...drawPipeline(fallback, fallbackId, labelOf(name, fallback), indent),
      `${indent}${id} -. fails .-> ${fallbackId}`,
    ];
  });
  const drawn =
    child === undefined
      ? [`${indent}${id}${shapeOf(node)}`]
      : drawPipeline(child, id, withContract(labelOf(node.id, child), node), indent);
  return [...drawn, ...fallbacks];
}

/** A sub-pipeline as a subgraph that holds its nodes. */
function drawPipeline(pipeline: PipelineGraph, id: string, label: string, indent: string): string[] {
  return [
    `${indent}subgraph ${id}[${quoted(withSettings(label, pipeline))}]`,
    ...drawLevel(pipeline, `${id}_`, `${indent}  `),
    `${indent}end`,
  ];
}

function labelOf(id: string, { name }: PipelineGraph): string {
  return id === name ? id : `${id}: ${name}`;
}

/** A composite's label with the keys that its child gets since the child requires them. */
function withContract(label: string, node: GraphNode): string {
  const contract = contractText(node.options['contextConfiguration']);
  return contract === undefined ? label : `${label} (${contract})`;
}

function shapeOf(node: GraphNode): string {
  const label = quoted(withContract(node.id, node));
  switch (node.kind) {
    case 'source':
    case 'composite-input':
      return `([${label}])`;
    case 'sink':
    case 'composite-output':
      return `[(${label})]`;
    case 'composite':
      return `[[${label}]]`;
    default:
      return `[${label}]`;
  }
}

/** A label that Mermaid takes as it is: quotes and angle brackets as entities. */
function quoted(label: string): string {
  const escaped = label.replace(/[&"<>#]/g, (character) => `#${String(character.codePointAt(0))};`);
  return `"${escaped}"`;
}
