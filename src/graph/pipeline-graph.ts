import { freeze } from 'immer';
import { describeGraph } from './describe-graph.js';
import type { GraphEdge, GraphNode, PipelineGraph } from './graph-shape.js';
import { mermaidOf } from './mermaid.js';

/** Freezes the parts of a graph into one. */
export function makeGraph(
  name: string,
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  childGraphs: ReadonlyMap<string, PipelineGraph>,
  settings: PipelineGraph['settings'] = Object.freeze({}),
): PipelineGraph {
  const graph: PipelineGraph = Object.freeze({
    name,
    settings,
    nodes: Object.freeze([...nodes]),
    edges: Object.freeze([...edges]),
    childGraphs: freeze(new Map(childGraphs)),
    toMermaid: () => mermaidOf(graph),
    describe: () => describeGraph(graph),
  });
  return graph;
}
